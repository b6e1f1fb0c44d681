"""How often wrong passwords may come, and how much a request may be."""

from __future__ import annotations

import math
from collections.abc import Iterable

from gatepost.kit.clock import Clock
from gatepost.refusals import TooManyLogins

WINDOW = 900.0
"""Seconds for which a wrong password is remembered."""
WRONG_BY_NAME = 5
"""Wrong passwords for one name from one address within the window."""
WRONG_BY_ADDRESS = 20
"""Wrong passwords from one address, whatever the names."""
REMEMBERED = 10_000
"""Pairs of address and name that are remembered; the oldest make room."""

TOO_MANY = "too many wrong passwords; wait before the next try"

URL_MOST = 4096
HEADERS_MOST = 16 * 1024
HEADERS_COUNT = 100
BODY_MOST = 64 * 1024
BODY_WITHIN = 10.0
"""Seconds in which a body must have come."""


class LoginLimit:
    """Counts wrong passwords; an address that guesses waits, others are not kept out by it."""

    def __init__(self, clock: Clock, told: str = TOO_MANY) -> None:
        """Remembers nothing; ``told``: to whoever has to wait."""
        self._clock, self._told = clock, told
        self._wrong: dict[tuple[str, str], list[float]] = {}

    def check(self, name: str, address: str) -> None:
        """Raise TooManyLogins where no further try is allowed now."""
        now = self._clock.monotonic()
        for key, most in _keys(name, address):
            recent = _recent(self._wrong.get(key, ()), now)
            if len(recent) >= most:
                wait = math.ceil(recent[-most] + WINDOW - now)
                raise TooManyLogins(self._told, retry_after=max(1, wait))

    def note(self, name: str, address: str) -> None:
        """A wrong password came. Counted before it is verified, so that tries at once do not slip through."""
        now = self._clock.monotonic()
        for key, most in _keys(name, address):
            recent = _recent(self._wrong.pop(key, ()), now)
            self._wrong[key] = [*recent, now][-most:]
        while len(self._wrong) > REMEMBERED:
            self._wrong.pop(next(iter(self._wrong)))

    def forgive(self, name: str, address: str) -> None:
        """The right one came: what was counted for it, and for this name from there, is forgotten."""
        for key, _ in _keys(name, address):
            if times := self._wrong.get(key):
                times.pop()
        if name:
            self._wrong.pop((address, name), None)


def _keys(name: str, address: str) -> Iterable[tuple[tuple[str, str], int]]:
    """Of an address, and of a name from it where one is told."""
    whole = ((address, ""), WRONG_BY_ADDRESS)
    return (((address, name), WRONG_BY_NAME), whole) if name else (whole,)


def _recent(times: Iterable[float], now: float) -> list[float]:
    return [at for at in times if now - at < WINDOW]
