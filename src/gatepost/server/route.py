"""One row of the route table: from it come the route, its guard and its description."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from gatepost.errors import GatepostError
from gatepost.model.role import Role
from gatepost.server.identity import Identity

if TYPE_CHECKING:
    from gatepost.server.desk import Desk

HTML = "text/html; charset=utf-8"


class Nothing(Struct, forbid_unknown_fields=True):
    """No parameters."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a handler is asked: everything checked, by types of the row."""

    params: Any
    """The row's ``asks``."""
    body: Any
    """The row's ``body``; None where it has none."""
    who: Identity
    address: str
    """Of whoever asks: the connection's other end, or who a trusted proxy says it is."""
    head: Mapping[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is not simply a JSON document with status 200."""

    body: bytes
    media: str = HTML
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Route:
    """A row. The handler is run beside the event loop; it may block, and raise any GatepostError."""

    method: str
    path: str
    role: Role | None
    """Least role; None: anybody, logged in or not."""
    handler: Callable[[Desk, Asked], Any]
    answer: type[Struct] | str
    """Type of the JSON document, or the media type of what is no JSON."""
    summary: str
    asks: type[Struct] = Nothing
    """Parameters of path and query; a member without default must be there."""
    body: type[Struct] | None = None
    """Members of the body, JSON or a form."""
    refusals: tuple[type[GatepostError], ...] = ()
    """What it may answer beside what every route may."""
    statuses: Mapping[int, str] = field(default_factory=dict)
    """Further statuses of the answer, with what they mean."""
