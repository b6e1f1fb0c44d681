"""What a fault is: a named way in which an answer goes wrong, or why no server can make it go wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from gatepost.emulator.base import Answer, Call, Role
from gatepost.emulator.state import Json


@dataclass(slots=True)
class Strike:
    """A fault striking one call."""

    call: Call
    settings: dict[str, Json]
    turn: int
    """How often this rule has struck, this strike included."""
    asked: dict[str, str] = field(default_factory=dict)
    """Query of the call before the fault touched it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A catalogue entry; ``before`` changes what the platform sees, ``after`` what it answers."""

    id: str
    """Case of the safety catalogue; variants of one case are ``A3.gzip``."""
    name: str
    says: str
    """What goes wrong, in one sentence."""
    role: Role = Role.LIST
    """Requests it strikes unless the rule names a path."""
    before: Callable[[Strike], None] | None = None
    after: Callable[[Strike, Answer], Answer] | None = None
    success_only: bool = True
    """Whether ``after`` leaves the platform's own refusals alone."""
    pages_only: bool = False
    """Whether it needs a platform whose lists come in pages."""
    tolerable: bool = False
    """Whether a right client still takes the answer as whole."""
    unserved: str = ""
    """Why no server can produce it."""

    @property
    def case(self) -> str:
        """``A3`` of ``A3.gzip``."""
        return self.id.partition(".")[0]
