"""Who logged in, failed to, or left: one line each in files of the state directory, bounded."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path

import msgspec

from gatepost.engine.report import time_text
from gatepost.engine.state import folder, state_errors
from gatepost.errors import cut
from gatepost.kit.files import read_regular
from gatepost.server import answers_audit

FILE_MOST = 1 << 20
"""Bytes after which a file is moved aside, over the one that was moved before."""
NAME_SHOWN = 320
SUBJECT_SHOWN = 512

LOGIN, REFUSED, LOGOUT = "login", "refused", "logout"


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody at the door."""

    name: str
    subject: str = ""
    """Issuer and lasting name, where a login provider vouches."""
    why: str = ""
    """Kind of the error that kept somebody out who came by way of a login provider."""


class Entrances:
    """The book at the door: refusals in files of their own, since strangers can make any number of them.

    Writing blocks: call it beside the event loop.
    """

    def __init__(self, state: Path | None, file_most: int = FILE_MOST) -> None:
        """``state``: the site's state directory; None keeps no book. Raises StoreUnavailable."""
        place = folder(state, "server")
        self._came = None if place is None else _Pages(place / "entrances.jsonl", file_most)
        self._refused = None if place is None else _Pages(place / "refused.jsonl", file_most)
        self._turns = count(1)
        self._lock = threading.Lock()

    def note(self, event: str, who: Who, address: str, at: datetime) -> None:
        """Add a line. Raises StoreUnavailable."""
        pages = self._refused if event == REFUSED else self._came
        if pages is None:
            return
        with self._lock, state_errors():
            line = _Line(
                time_text(at) or "",
                event,
                cut(who.name, NAME_SHOWN),
                cut(address, NAME_SHOWN),
                cut(who.subject, SUBJECT_SHOWN),
                who.why,
                next(self._turns),
            )
            pages.add(msgspec.json.encode(line) + b"\n")

    def last(self, most: int) -> list[answers_audit.Entrance]:
        """The newest lines, newest first, at most half of them refusals; what a crash cut off is left out.

        Raises StoreUnavailable.
        """
        found = sorted(_lines(self._came) + _lines(self._refused), key=lambda one: (one.at, one.turn))
        refused = sum(one.event == REFUSED for one in found)
        hidden = max(0, refused - most // 2)
        passed = count()
        shown = [one for one in found if one.event != REFUSED or next(passed) >= hidden]
        return [one.entrance for one in reversed(shown[-most:])]

    def logins(self) -> tuple[tuple[str, str], ...]:
        """Name and address of each login by password, the oldest first. Raises StoreUnavailable."""
        found = _lines(self._came)
        return tuple((one.who, one.address) for one in found if one.event == LOGIN and not one.subject)


class _Line(answers_audit.Entrance):
    """As it is kept."""

    turn: int = 0
    """Orders what came within a second; 0 in older books, which hold refusals too."""

    @property
    def entrance(self) -> answers_audit.Entrance:
        return answers_audit.Entrance(
            *(getattr(self, one) for one in answers_audit.Entrance.__struct_fields__)
        )


class _Pages:
    """Lines of a file, and of the one that was moved aside."""

    def __init__(self, file: Path, most: int) -> None:
        self._file, self._older, self._most = file, file.with_suffix(".1.jsonl"), most

    def add(self, data: bytes) -> None:
        self._make_room()
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(self._file, flags, 0o600)
        try:
            os.write(handle, data)
            os.fsync(handle)
        finally:
            os.close(handle)

    def lines(self) -> list[bytes]:
        """The oldest first."""
        places = self._older, self._file
        return [
            line for place in places for line in (read_regular(place, 2 * self._most) or b"").splitlines()
        ]

    def _make_room(self) -> None:
        try:
            full = self._file.lstat().st_size > self._most
        except FileNotFoundError:
            return
        if full:
            self._file.rename(self._older)


def _lines(pages: _Pages | None) -> list[_Line]:
    """The oldest first."""
    if pages is None:
        return []
    with state_errors():
        return [one for line in pages.lines() if (one := _read(line)) is not None]


def _read(line: bytes) -> _Line | None:
    try:
        return msgspec.json.decode(line, type=_Line)
    except msgspec.MsgspecError:
        return None
