"""How often wrong passwords may come, and how much a request may be."""

from __future__ import annotations

import math
import threading
from collections.abc import Collection, Iterable

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
"""Counts of each kind that strangers can make more of; the oldest make room."""
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
    What counts for a name that somebody has is forgotten with time alone,
    however many other names and networks there are. For any thread.
    """

    def __init__(
        self,
        clock: Clock,
        told: str = TOO_MANY,
        *,
        names: Collection[str] = (),
        known: Iterable[tuple[str, str]] = (),
    ) -> None:
        """``told``: to whoever has to wait; ``known``: name and address of logins, the oldest first."""
        self._clock, self._told, self._names = clock, told, frozenset(names)
        self._lock = threading.Lock()
        self._of_networks, self._of_pairs = _Counts(REMEMBERED), _Counts(REMEMBERED)
        self._of_nobody = _Counts(REMEMBERED)
        self._of_users = _Counts(len(self._names) * (KNOWN_MOST + 3))
        """Of all strangers, of two loopbacks, and of the networks that each name is known in."""
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
            for counts, key, most in keys:
                if len(recent := counts.recent(key, now)) >= most:
                    wait = math.ceil(recent[-most] + WINDOW - now)
                    raise TooManyLogins(self._told, retry_after=max(1, wait))
            for counts, key, _ in keys:
                counts.add(key, now)

    def knows(self, name: str, address: str) -> bool:
        """Whether this name was let in from there before, or there is this host itself."""
        with self._lock:
            return self._is_near(name, network_of(address))

    def withdraw(self, name: str, address: str) -> None:
        """It was not verified after all: it counts no more."""
        with self._lock:
            self._withdraw(name, network_of(address))

    def forgive(self, name: str, address: str) -> None:
        """It was the right one: it counts no more, nor does what came before for this name from there."""
        network = network_of(address)
        with self._lock:
            self._withdraw(name, network)
            if name:
                self._of_pairs.drop((network, name))
                self._of_users.drop((network, name))
                self._know(name, network)

    def _withdraw(self, name: str, network: str) -> None:
        for counts, key, _ in self._keys(name, network):
            counts.take(key)

    def _know(self, name: str, network: str) -> None:
        places = self._known.setdefault(name, {})
        places.pop(network, None)
        places[network] = None
        if len(places) > KNOWN_MOST:
            del places[next(iter(places))]

    def _is_near(self, name: str, network: str) -> bool:
        return network in self._known.get(name, ()) or is_loopback(network)

    def _keys(self, name: str, network: str) -> tuple[tuple[_Counts, Key, int], ...]:
        """What a try counts for, and how many are allowed."""
        whole = (self._of_networks, (network, ""), WRONG_BY_NETWORK)
        if not name:
            return (whole,)
        near, own = self._is_near(name, network), name in self._names
        pairs = self._of_users if own and near else self._of_pairs
        pair = (pairs, (network, name), WRONG_BY_NAME)
        if near:
            return pair, whole
        strangers = self._of_users if own else self._of_nobody
        return pair, whole, (strangers, ("", name), WRONG_BY_STRANGERS)


class _Counts:
    """When tries came, by what they count for; beyond so many the oldest make room."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._times: dict[Key, list[float]] = {}

    def recent(self, key: Key, now: float) -> list[float]:
        return [at for at in self._times.get(key, ()) if now - at < WINDOW]

    def add(self, key: Key, now: float) -> None:
        recent = self.recent(key, now)
        self.drop(key)
        self._times[key] = [*recent, now]
        if len(self._times) > self._most:
            self.drop(next(iter(self._times)))

    def take(self, key: Key) -> None:
        """The last one back."""
        if times := self._times.get(key):
            times.pop()

    def drop(self, key: Key) -> None:
        self._times.pop(key, None)


def network_of(address: str) -> str:
    """All addresses that one client may come from; what is no address stands for itself."""
    if ":" not in address:
        return "127.0.0.1" if is_loopback(address) else address
    try:
        number = parse_v6(address)
    except (OSError, ValueError):
        return address
    if number == 1:
        return address  # loopback has no network
    rest = Family.V6.bits - NETWORK_V6
    return str(Prefix(Family.V6, number >> rest << rest, NETWORK_V6))
