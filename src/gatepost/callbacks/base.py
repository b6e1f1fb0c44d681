"""The door of the callbacks: a request in, what the platform says out, or a refusal."""

from __future__ import annotations

import hmac
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NoReturn
from urllib.parse import parse_qsl

from gatepost.errors import CallbackRefused, ConfigInvalid
from gatepost.model.incoming import Incoming

BODY_MAX = 1 << 20
"""Bytes of a body that is looked at."""
QUERY_MAX = 8_192
"""Bytes of a query that is looked at."""
WINDOW = 3_600.0
"""Seconds that a signature's time may be off ours. Feishu repeats after 15 s, 5 min, 1 h and 6 h and does not
say whether it signs anew; its own robots accept an hour."""

_TIME_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Received:
    """What a platform sent, verified. Its texts are the platform's: data, never syntax."""

    fields: Mapping[str, Any] = field(repr=False)
    """The message: members of its JSON object, or children of its XML root."""
    answer: str | None = None
    """What to answer at once, as the whole body: the platform is trying the address."""
    id: str | None = None
    """The same for each repetition of one event, where the platform says it: to act once."""


class Callback(ABC):
    """Reads one platform's callbacks, with the secrets it was given. Immutable; safe for several threads."""

    platform: ClassVar[str]

    def __init__(self, window: float) -> None:
        if not window > 0:
            msg = "a window is a number of seconds above 0"
            raise ConfigInvalid(msg)
        self.window = window

    @abstractmethod
    def read(self, incoming: Incoming, now: float) -> Received:
        """The message of a genuine request; ``now`` in seconds since 1970.

        Raises CallbackRefused for any other; what it says is for our log, not for the sender.
        """

    @abstractmethod
    def is_signed(self, incoming: Incoming) -> bool:
        """Whether header and query carry a signature at all; the body need not be there yet."""

    def is_genuine(self, incoming: Incoming, now: float) -> bool:
        """Whether :meth:`read` would read it: for a gate."""
        try:
            self.read(incoming, now)
        except CallbackRefused:
            return False
        return True

    def _require_fresh(self, timestamp: str, now: float) -> None:
        """Refuse a signature of another time: a recorded request must not work for ever."""
        if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= _TIME_DIGITS):
            refuse("its time is no number of seconds")
        if abs(now - int(timestamp)) > self.window:
            refuse("its time is too far from ours")


def refuse(what: str) -> NoReturn:
    """Raise CallbackRefused."""
    msg = f"the callback is refused: {what}"
    raise CallbackRefused(msg)


def require_equal(given: str, wanted: str, what: str) -> None:
    """Refuse what differs; takes as long wherever they differ."""
    if not hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode()):
        refuse(f"{what} is wrong")


def require_small(incoming: Incoming) -> None:
    """Refuse more than a platform ever sends."""
    if len(incoming.body) > BODY_MAX or len(incoming.query) > QUERY_MAX:
        refuse("it is too large")


def parameters(incoming: Incoming) -> dict[str, str]:
    """The query, decoded; one that stands twice is in nobody's hands and refused."""
    if len(incoming.query) > QUERY_MAX:
        refuse("it is too large")
    try:
        pairs = parse_qsl(
            incoming.query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=50
        )
    except ValueError:
        refuse("its query cannot be read")
    if len(dict(pairs)) != len(pairs):
        refuse("a parameter of its query stands twice")
    return dict(pairs)


def take(given: Mapping[str, str], *names: str) -> tuple[str, ...]:
    """These parameters; refuses where one is missing or empty."""
    found = tuple(given.get(name, "") for name in names)
    if not all(found):
        refuse(f"it lacks {' or '.join(names)}")
    return found
