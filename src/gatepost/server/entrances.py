"""Who logged in, failed to, or left: one line each in a file of the state directory, bounded."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from gatepost.engine.report import time_text
from gatepost.engine.state import folder, state_errors
from gatepost.errors import cut
from gatepost.kit.files import read_regular
from gatepost.server import answers

FILE_MOST = 1 << 20
"""Bytes after which the file is moved aside, over the one that was moved before."""
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
    """The book at the door. Writing blocks: call it beside the event loop."""

    def __init__(self, state: Path | None) -> None:
        """``state``: the site's state directory; None keeps no book. Raises StoreUnavailable."""
        place = folder(state, "server")
        self._file = None if place is None else place / "entrances.jsonl"
        self._lock = threading.Lock()

    def note(self, event: str, who: Who, address: str, at: datetime) -> None:
        """Add a line. Raises StoreUnavailable."""
        if self._file is None:
            return
        line = answers.Entrance(
            time_text(at) or "",
            event,
            cut(who.name, NAME_SHOWN),
            cut(address, NAME_SHOWN),
            cut(who.subject, SUBJECT_SHOWN),
            who.why,
        )
        data = msgspec.json.encode(line) + b"\n"
        with self._lock, state_errors():
            self._make_room()
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            handle = os.open(self._file, flags, 0o600)
            try:
                os.write(handle, data)
                os.fsync(handle)
            finally:
                os.close(handle)

    def last(self, most: int) -> list[answers.Entrance]:
        """The newest lines, newest first; a line cut off by a crash is left out. Raises StoreUnavailable."""
        if self._file is None:
            return []
        found: list[answers.Entrance] = []
        with state_errors():
            for place in (self._file, self._older):
                data = read_regular(place, 2 * FILE_MOST) or b""
                found += [one for line in reversed(data.splitlines()) if (one := _read(line)) is not None]
        return found[:most]

    def logins(self) -> tuple[tuple[str, str], ...]:
        """Name and address of each login by password, the oldest first. Raises StoreUnavailable."""
        found = self.last(2 * FILE_MOST)
        return tuple(
            (one.who, one.address) for one in reversed(found) if one.event == LOGIN and not one.subject
        )

    @property
    def _older(self) -> Path:
        assert self._file is not None  # noqa: S101 - asked only where there is a file
        return self._file.with_suffix(".1.jsonl")

    def _make_room(self) -> None:
        assert self._file is not None  # noqa: S101 - as above
        try:
            full = self._file.lstat().st_size > FILE_MOST
        except FileNotFoundError:
            return
        if full:
            self._file.rename(self._older)


def _read(line: bytes) -> answers.Entrance | None:
    try:
        return msgspec.json.decode(line, type=answers.Entrance)
    except msgspec.MsgspecError:
        return None
