"""What one receiver was told, and what still waits to be sent to it: on the disk, bounded.

Both are in one file that is written whole, so no crash can lose a word that
counts as told, or say it twice because it does not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path

import anyio
import msgspec

from gatepost.engine.telling import LookBack, Seen, news
from gatepost.kit.files import read_regular, write_atomic
from gatepost.model.event import NOTHING, Event

PENDING_MOST = 100
"""Events that wait at most."""
BYTES_MOST = 4 << 20
"""Bytes of the file from which waiting events lose their values, the oldest first."""
READ_MOST = 4 * BYTES_MOST
BURST = 5
"""More waiting events than this go out as one message."""


class _File(msgspec.Struct):
    """As it is on the disk."""

    told: dict[str, str]
    pending: list[Event]
    left_out: int = 0
    version: int = 1


class Mailbox:
    """Of one notifier."""

    def __init__(self, place: Path | None) -> None:
        """What is in the file; anew where none can be read, and :attr:`trouble` says so."""
        self._place = place
        self._event = anyio.Event()
        self.trouble: str | None = None
        """What the disk said last."""
        kept = self._read()
        self.told, self.pending, self.left_out = kept.told, kept.pending, kept.left_out
        if self.pending:
            self._event.set()

    def take_in(self, seen: Seen, look_back: LookBack, on: Collection[str]) -> None:
        """Have what is news, and wanted, wait to be sent. Never raises for the disk."""
        events, told = news(self.told, seen, look_back)
        wanted = [event for event in events if event.kind.value in on]
        if not wanted and told == self.told:
            return
        self.told = told
        self.pending += wanted
        self._bound()
        self._write()
        if self.pending:
            self._event.set()

    async def wait(self) -> None:
        """Until something waits to be sent."""
        await self._event.wait()

    def batch(self, *, whole: bool) -> tuple[Event, ...]:
        """What goes out next: one event; all of them where that is wanted, or where many piled up."""
        together = whole or len(self.pending) > BURST
        return tuple(self.pending) if together else tuple(self.pending[:1])

    def done(self, batch: Iterable[Event], said: int) -> None:
        """These were sent, and that so many were left out was said."""
        self._take_out(batch)
        self.left_out -= said
        self._settle()

    def drop(self, batch: Iterable[Event]) -> None:
        """These will not be sent."""
        self.left_out += self._take_out(batch)
        self._settle()

    def _take_out(self, batch: Iterable[Event]) -> int:
        """By their ids: what waits may have lost its values since. How many there were."""
        gone, before = {event.id for event in batch}, len(self.pending)
        self.pending = [event for event in self.pending if event.id not in gone]
        return before - len(self.pending)

    def _settle(self) -> None:
        self._write()
        if not self.pending:
            self._event = anyio.Event()

    def _bound(self) -> None:
        """Drop the oldest that is not the last word on its subject, else the oldest."""
        while len(self.pending) > PENDING_MOST:
            later = {event.key: number for number, event in enumerate(self.pending)}
            stale = (number for number, event in enumerate(self.pending) if later[event.key] != number)
            del self.pending[next(stale, 0)]
            self.left_out += 1

    def _encoded(self) -> bytes:
        data = msgspec.json.encode(_File(self.told, self.pending, self.left_out))
        for number, event in enumerate(self.pending):
            if len(data) <= BYTES_MOST:
                break
            bare = replace(
                event,
                added=replace(NOTHING, total=event.added.total),
                removed=replace(NOTHING, total=event.removed.total),
            )
            self.pending[number] = bare
            data = msgspec.json.encode(_File(self.told, self.pending, self.left_out))
        return data

    def _write(self) -> None:
        data = self._encoded()
        if self._place is None:
            return
        try:
            write_atomic(self._place, data, mode=0o600)
            self.trouble = None
        except OSError as error:
            self.trouble = f"{self._place.name}: {error.strerror or type(error).__name__}"

    def _read(self) -> _File:
        try:
            data = read_regular(self._place, READ_MOST) if self._place else None
            return msgspec.json.decode(data, type=_File) if data else _File({}, [])
        except (OSError, ValueError) as error:  # what msgspec raises is a ValueError
            place = self._place.name if self._place else ""
            self.trouble = f"{place}: cannot be read ({type(error).__name__}); what waited in it is not known"
            return _File({}, [])
