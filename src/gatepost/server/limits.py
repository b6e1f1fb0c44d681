"""How often wrong passwords may come, and how much a request may be."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable

from gatepost.kit.clock import Clock
from gatepost.kit.hosts import is_loopback
from gatepost.model.address import Family, Prefix, parse_v6
from gatepost.refusals import TooManyLogins

WINDOW = 900.0
"""Seconds for which a wrong password is remembered."""
WRONG_BY_NAME = 5
"""Wrong passwords for one name from one network within the window."""
WRONG_BY_NETWORK = 20
"""Wrong passwords from one network, whatever the names."""
WRONG_BY_STRANGERS = 50
"""Wrong passwords for one name from all networks together that it never logged in from."""
REMEMBERED = 10_000
"""Counts that are remembered; the oldest make room."""
KNOWN_MOST = 20
"""Networks that are remembered of each name; those longest ago make room."""
NETWORK_V6 = 64
"""Bits of the network that one IPv6 client has: it may come from any address of it."""

TOO_MANY = "too many wrong passwords; wait before the next try"

URL_MOST = 4096
HEADERS_MOST = 16 * 1024
HEADERS_COUNT = 100
BODY_MOST = 64 * 1024
BODY_WITHIN = 10.0
"""Seconds in which a body must have come."""

Key = tuple[str, str]
"""Network and name; either may be empty: all of them."""


class LoginLimit:
    """Counts wrong passwords; a network that guesses waits, others are not kept out by it.

    Many networks that guess at one name wait together. Nobody is locked out by
    them: not where this name was let in before, and not on this host itself.
    For any thread.
    """

    def __init__(self, clock: Clock, told: str = TOO_MANY, known: Iterable[tuple[str, str]] = ()) -> None:
        """``told``: to whoever has to wait; ``known``: name and address of logins, the oldest first."""
        self._clock, self._told = clock, told
        self._lock = threading.Lock()
        self._wrong: dict[Key, list[float]] = {}
        self._known: dict[str, dict[str, None]] = {}
        for name, address in known:
            self._know(name, network_of(address))

    def enter(self, name: str, address: str) -> None:
        """Count a try, before it is verified: tries at once do not slip through.

        Raises TooManyLogins where none is allowed now.
        """
        now = self._clock.monotonic()
        with self._lock:
            keys = self._keys(name, network_of(address))
            recent = {key: _recent(self._wrong.get(key, ()), now) for key, _ in keys}
            for key, most in keys:
                if len(recent[key]) >= most:
                    wait = math.ceil(recent[key][-most] + WINDOW - now)
                    raise TooManyLogins(self._told, retry_after=max(1, wait))
            for key, _ in keys:
                self._wrong.pop(key, None)
                self._wrong[key] = [*recent[key], now]
            while len(self._wrong) > REMEMBERED:
                self._wrong.pop(next(iter(self._wrong)))

    def forgive(self, name: str, address: str) -> None:
        """It was the right one: it counts no more, nor does what came before for this name from there."""
        network = network_of(address)
        with self._lock:
            for key, _ in self._keys(name, network):
                if times := self._wrong.get(key):
                    times.pop()
            if name:
                self._wrong.pop((network, name), None)
                self._know(name, network)

    def _know(self, name: str, network: str) -> None:
        places = self._known.setdefault(name, {})
        places.pop(network, None)
        places[network] = None
        if len(places) > KNOWN_MOST:
            del places[next(iter(places))]

    def _keys(self, name: str, network: str) -> tuple[tuple[Key, int], ...]:
        """What a try counts for, and how many are allowed."""
        whole = ((network, ""), WRONG_BY_NETWORK)
        if not name:
            return (whole,)
        own = ((network, name), WRONG_BY_NAME)
        if network in self._known.get(name, ()) or is_loopback(network.partition("/")[0]):
            return own, whole
        return own, whole, (("", name), WRONG_BY_STRANGERS)


def network_of(address: str) -> str:
    """All addresses that one client may come from; what is no address stands for itself."""
    if ":" not in address:
        return address
    try:
        number = parse_v6(address)
    except (OSError, ValueError):
        return address
    if number == 1:
        return address  # loopback has no network
    rest = Family.V6.bits - NETWORK_V6
    return str(Prefix(Family.V6, number >> rest << rest, NETWORK_V6))


def _recent(times: Iterable[float], now: float) -> list[float]:
    return [at for at in times if now - at < WINDOW]
