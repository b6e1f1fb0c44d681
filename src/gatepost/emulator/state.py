"""What the emulated platforms know: a clock that can be stepped, apps, tokens, rates, lists.

Everything is in memory and belongs to one :class:`State`; platforms keep nothing of their own.
Times are seconds since the epoch, by the emulator's clock.
"""

from __future__ import annotations

import copy
import hashlib
import ipaddress
import math
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

from gatepost.kit.clock import Clock, SystemClock

Json: TypeAlias = Any
"""A JSON value: what ``json.loads`` gives."""


class SteppedClock:
    """The emulator's time: a base clock, moved by whoever holds the control API."""

    def __init__(self, base: Clock | None = None) -> None:
        self.base: Clock = base or SystemClock()
        self.offset = 0.0
        self.frozen_at: float | None = None

    def now(self) -> float:
        """Seconds since the epoch."""
        standing = self.base.now().timestamp() if self.frozen_at is None else self.frozen_at
        return standing + self.offset

    def advance(self, seconds: float) -> None:
        """Move, also backwards."""
        self.offset += seconds

    def set(self, when: float) -> None:
        """Make it ``when``."""
        self.offset += when - self.now()

    def freeze(self, *, still: bool) -> None:
        """Stand still at this moment, or run on from it."""
        now = self.now()
        self.frozen_at = self.base.now().timestamp() if still else None
        self.set(now)

    def text(self) -> str:
        """RFC 3339, UTC."""
        return datetime.fromtimestamp(self.now(), UTC).isoformat(timespec="milliseconds")


@dataclass(slots=True, kw_only=True)
class App:
    """An app, account, group robot or webhook that a platform knows; platforms add fields."""

    id: str
    kind: str = "app"
    secrets: list[str] = field(default_factory=list)
    """All of them are valid: two while a secret is being rotated."""
    enabled: bool = True
    scopes: list[str] = field(default_factory=list)
    allowed_callers: list[str] | None = None
    """Caller addresses the app admits; None: the setting is off."""
    token_life: int = 7200
    """Seconds that a new token lives."""
    token_mark: str = ""
    """Text put into every token of this app, so that a test can look for leaks."""
    limits: dict[str, list[int]] = field(default_factory=dict)
    """API name to [calls, seconds], in place of the platform's own."""

    def admits(self, caller: str) -> bool:
        """Whether a call may come from this address."""
        return self.allowed_callers is None or any(_covers(entry, caller) for entry in self.allowed_callers)


def _covers(entry: str, caller: str) -> bool:
    if entry.endswith(".*"):
        return caller.startswith(entry[:-1])
    try:
        return ipaddress.ip_address(caller) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return entry == caller


@dataclass(slots=True)
class Token:
    """An issued token; ``line`` names the kind of token that replaces another."""

    value: str
    app: str
    line: str
    expires: float
    revoked: bool = False

    def left(self, now: float) -> int:
        """Whole seconds of life, never negative."""
        return max(0, math.ceil(self.expires - now))

    def valid(self, now: float) -> bool:
        """Neither expired nor revoked."""
        return not self.revoked and self.expires > now


class TokenBook:
    """All tokens ever issued: an expired one answers differently from an unknown one."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self.issued: list[Token] = []

    def issue(self, app: App, line: str, expires: float, prefix: str, size: int = 30) -> Token:
        """A new token of ``size`` random bytes in hex, after prefix and mark."""
        noise = hashlib.shake_128(f"{self._seed}:{len(self.issued)}".encode()).hexdigest(size)
        token = Token(prefix + app.token_mark + noise, app.id, line, expires)
        self.issued.append(token)
        return token

    def find(self, value: str) -> Token | None:
        """The token of this value, valid or not."""
        return next((token for token in self.issued if token.value == value), None)

    def newest(self, app: App, line: str) -> Token | None:
        """The last token issued on a line."""
        return next((t for t in reversed(self.issued) if (t.app, t.line) == (app.id, line)), None)

    def of(self, app: App) -> Iterator[Token]:
        """Every token of an app."""
        return (token for token in self.issued if token.app == app.id)


class Meter:
    """Counts calls in fixed windows."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, int], tuple[int, int]] = {}

    def hit(self, key: str, calls: int, seconds: int, now: float) -> float:
        """Count one call; seconds to wait where the window is full, else 0."""
        window = int(now // seconds)
        number, used = self._windows.get((key, seconds), (window, 0))
        used = used + 1 if number == window else 1
        self._windows[key, seconds] = (window, used)
        return (window + 1) * seconds - now if used > calls else 0.0

    def used(self, key: str, seconds: int, now: float) -> int:
        """Calls counted in the present window."""
        number, used = self._windows.get((key, seconds), (0, 0))
        return used if number == int(now // seconds) else 0


@dataclass(frozen=True, slots=True)
class ListChange:
    """A change of one list: everything replaced, or elements added and removed."""

    replace: list[Json] | None = None
    add: tuple[Json, ...] = ()
    remove: tuple[Json, ...] = ()

    def applied_to(self, values: list[Json]) -> list[Json]:
        """The list afterwards; what was there keeps its order."""
        if self.replace is not None:
            return copy.deepcopy(self.replace)
        return [value for value in values if value not in self.remove] + list(self.add)


@dataclass(slots=True)
class PublishedList:
    """One list of a platform, verbatim, and what is to happen to it."""

    values: list[Json]
    scheduled: list[tuple[float, ListChange]] = field(default_factory=list)

    def change(self, change: ListChange) -> None:
        """Carry it out now."""
        self.values = change.applied_to(self.values)

    def schedule(self, at: float, change: ListChange) -> None:
        """Carry it out once the clock has passed ``at``."""
        self.scheduled = sorted([*self.scheduled, (at, change)], key=lambda item: item[0])

    def at(self, now: float) -> list[Json]:
        """The elements as published at this moment."""
        while self.scheduled and self.scheduled[0][0] <= now:
            self.change(self.scheduled.pop(0)[1])
        return self.values


class State:
    """All that is known, of all platforms."""

    def __init__(self, clock: Clock | None = None, seed: str | None = None) -> None:
        """``seed`` makes tokens and ids repeatable; random by default."""
        self.clock = SteppedClock(clock)
        self._seed = seed or secrets.token_hex(16)
        self._marks = 0
        self.tokens = TokenBook(self._seed)
        self.meter = Meter()
        self.apps: dict[str, dict[str, App]] = {}
        self.lists: dict[str, dict[str, PublishedList]] = {}
        self.settings: dict[str, Json] = {"caller": None}
        """``caller``: the address all callers seem to have; None: their own."""
        self.messages: list[dict[str, Json]] = []
        """What was sent through the platforms, oldest first."""
        self.outbox: list[dict[str, Json]] = []
        """Events the platforms would have pushed to the apps' webhooks."""

    def mark(self, size: int = 16) -> str:
        """A new id of ``size`` bytes, in hex."""
        self._marks += 1
        return hashlib.shake_128(f"{self._seed}#{self._marks}".encode()).hexdigest(size)

    def add_app(self, platform: str, app: App) -> None:
        """Make an app known."""
        self.apps.setdefault(platform, {})[app.id] = app

    def add_list(self, platform: str, name: str, values: list[Json]) -> None:
        """Publish a list."""
        self.lists.setdefault(platform, {})[name] = PublishedList(copy.deepcopy(values))
