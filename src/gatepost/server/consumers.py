"""Who fetches feeds: their credentials, and which version each of them has.

Two credentials are good at once for each consumer, so that one can be exchanged
without a refused request: some devices stop enforcing a list the moment a login
fails.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import msgspec

from gatepost.kit.clock import Clock, SystemClock
from gatepost.kit.files import read_regular, write_atomic
from gatepost.kit.secret import Secret
from gatepost.kit.token_table import TokenTable

ROWS_MAX = 1000
"""Consumers times lists that are remembered; of more, those longest ago are forgotten."""
FILE_MAX = 1024 * 1024
SAVE_EVERY = 60.0
SAVE_SOON = 5.0
"""Seconds until what was fetched is on the disk: dates, and versions."""


@dataclass(frozen=True, slots=True)
class Consumer:
    """A device or program that fetches feeds."""

    name: str
    tokens: tuple[Secret, ...]
    """Any of them is good: the password of HTTP Basic, whatever the user's name, or a Bearer token."""
    lists: frozenset[str] = frozenset()
    """Lists it may fetch; none named: all."""

    def may(self, name: str) -> bool:
        """Whether a list is for it."""
        return not self.lists or name in self.lists


@dataclass(frozen=True, slots=True)
class Fetched:
    """Which version of a list a consumer has."""

    consumer: str
    """A consumer's name; where no credentials are asked for, ``address 192.0.2.1``."""
    list: str
    serial: int
    at: datetime
    """Of its last GET that was answered with this version, or with 304."""
    latest: int | None
    """Serial that is published now; None where nothing is."""
    behind: timedelta
    """For how long a later version than its own has been published."""


class Row(msgspec.Struct):
    """As kept in the file."""

    consumer: str
    list: str
    serial: int
    at: datetime


class Book(msgspec.Struct):
    """The file."""

    gatepost: Literal[1]
    fetched: list[Row]


@dataclass(slots=True)
class Consumers:
    """All of them. ``known`` is None while nobody knows them yet: then everybody is asked to come again.

    Without any consumer, feeds are open to whoever reaches the server.
    """

    known: tuple[Consumer, ...] | None = ()
    place: Path | None = None
    """File in which fetched versions outlive the process; None keeps them in memory alone."""
    clock: Clock = field(default_factory=SystemClock)
    _table: TokenTable[Consumer] = field(init=False, repr=False)
    _rows: dict[tuple[str, str], Row] = field(default_factory=dict, init=False, repr=False)
    _save_at: float | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        """Read the file, if it is there and ours; what it says is a convenience and never an error."""
        self.replace(self.known)
        with suppress(OSError, ValueError, msgspec.MsgspecError):
            data = read_regular(self.place, FILE_MAX) if self.place else None
            for row in msgspec.json.decode(data, type=Book).fetched if data else ():
                self._rows[row.consumer, row.list] = row

    def replace(self, known: Iterable[Consumer] | None) -> None:
        """Others from now on, all at once; None where they cannot be read and nobody may be refused."""
        found = None if known is None else tuple(known)
        self._table = TokenTable((token, one) for one in found or () for token in one.tokens)
        self.known = found

    @property
    def are_open(self) -> bool:
        """Whether no credentials are asked for."""
        return self.known == ()

    def identify(self, authorization: bytes) -> Consumer | None:
        """Whose credentials a header holds: Basic or Bearer; None for nobody's."""
        given = _token(authorization)
        return None if given is None else self._table.find(given)

    def note(self, consumer: str, name: str, serial: int) -> None:
        """A consumer has this version now."""
        row = self._rows.get((consumer, name))
        if row is None:
            self._make_room()
            row = self._rows[consumer, name] = Row(consumer, name, -1, self.clock.now())
        row.at = self.clock.now()
        wait = SAVE_EVERY if row.serial == serial else SAVE_SOON
        row.serial = serial
        save_at = self.clock.monotonic() + wait
        self._save_at = save_at if self._save_at is None else min(self._save_at, save_at)

    def fetched(self, published: Mapping[str, tuple[int, datetime]]) -> tuple[Fetched, ...]:
        """What each has; ``published``: serial by list, and since when it is there."""
        return tuple(self._fetched(row, published.get(row.list)) for _, row in sorted(self._rows.items()))

    def is_due(self, now: float) -> bool:
        """Whether there is something to save at a moment of the clock's monotonic seconds."""
        return self._save_at is not None and now >= self._save_at

    def save(self) -> None:
        """Write the file, whole or not at all; blocks. A full disk costs nothing but the memory of it."""
        self._save_at = None
        if self.place is not None:
            rows = [msgspec.structs.replace(row) for _, row in sorted(self._rows.items())]
            with suppress(OSError):
                write_atomic(self.place, msgspec.json.encode(Book(1, rows)), mode=0o600)

    def _fetched(self, row: Row, latest: tuple[int, datetime] | None) -> Fetched:
        behind = timedelta(0)
        if latest is not None and latest[0] != row.serial:
            behind = max(behind, self.clock.now() - latest[1])
        return Fetched(row.consumer, row.list, row.serial, row.at, latest[0] if latest else None, behind)

    def _make_room(self) -> None:
        if len(self._rows) >= ROWS_MAX:
            del self._rows[min(self._rows, key=lambda key: self._rows[key].at)]


def _token(authorization: bytes) -> str | None:
    scheme, _, rest = authorization.strip().partition(b" ")
    match scheme.lower():
        case b"bearer":
            found = rest.strip()
        case b"basic":
            try:
                found = base64.b64decode(rest.strip(), validate=True).partition(b":")[2]
            except (binascii.Error, ValueError):
                return None
        case _:
            return None
    try:
        return found.decode() or None
    except UnicodeDecodeError:
        return None
