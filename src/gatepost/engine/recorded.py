"""Recorded histories of lists: JSON lines, plain or gzip, read as a stream and within bounds.

A line is ``{"at": time, "added": [text…], "removed": [text…], "size": entries after it}``, oldest
first; the first line adds the whole first list. A line that does not fit the list before it
is refused with its number: what follows would be a list that never was.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, NoReturn, cast

import msgspec

from gatepost.errors import AnswerRefused, NotJson, SchemaMismatch, TooLarge, UsageError, cut
from gatepost.kit.json import decode_json
from gatepost.model.entry import RawEntry
from gatepost.sources.base import written

LINE_MOST = 16 << 20
"""Bytes of one line, decoded."""
TEXT_MOST = 4096
"""Characters of one item."""
ITEMS_MOST = 200_000
"""Items that a list may hold at any time."""

_GZIP = b"\x1f\x8b"
_HINT = "A line holds at, added, removed and size, oldest first: see docs/replay.md."


class _Line(msgspec.Struct):
    """As written."""

    at: str
    added: list[str]
    removed: list[str]
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a history."""

    line: int
    """From 1."""
    at: datetime
    added: tuple[RawEntry, ...]
    removed: tuple[RawEntry, ...]


def read_history(path: Path, tell: Callable[[float], None] = lambda _: None) -> Iterator[Change]:
    """Its changes in order; ``tell`` hears the share of the file that was read.

    Raises UsageError where there is no such file; NotJson, SchemaMismatch or TooLarge, with the
    number of the line, where it is no history.
    """
    try:
        with path.open("rb") as file:
            size = path.stat().st_size or 1
            yield from _changes(path.name, file, lambda: tell(file.tell() / size))
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}"
        raise UsageError(msg, hint="Name a file that this user may read.") from None


def _changes(name: str, file: IO[bytes], tell: Callable[[], None]) -> Iterator[Change]:
    listed: set[str] = set()
    before: datetime | None = None
    number = 0
    for number, raw in enumerate(_lines(name, file), 1):
        place = f"{cut(name)}:{number}"
        line = _parse(place, raw)
        at = _time(place, line.at, before)
        _follow(place, line, listed)
        yield Change(number, at, tuple(map(written, line.added)), tuple(map(written, line.removed)))
        before = at
        tell()
    if not number:
        _refuse(SchemaMismatch, cut(name), "there is no line in it")


def _lines(name: str, file: IO[bytes]) -> Iterator[bytes]:
    """Lines as they are, each bounded, whether the file is compressed or not."""
    packed = file.read(len(_GZIP)) == _GZIP
    file.seek(0)
    number = 1
    try:
        stream = cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if packed else file
        while line := stream.readline(LINE_MOST + 1):
            if len(line) > LINE_MOST:
                _refuse(TooLarge, f"{cut(name)}:{number}", f"more than {LINE_MOST} bytes in one line")
            yield line
            number += 1
    except (EOFError, gzip.BadGzipFile, zlib.error):
        _refuse(NotJson, f"{cut(name)}:{number}", "from here on the file is cut off or damaged (gzip)")


def _parse(place: str, raw: bytes) -> _Line:
    try:
        return decode_json(raw, _Line)
    except AnswerRefused as error:
        _refuse(type(error), place, error.message.replace("the answer", "the line", 1))


def _time(place: str, text: str, before: datetime | None) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            _refuse(SchemaMismatch, place, f"{cut(text)!r} names no offset from UTC")
        at = at.astimezone(UTC)
    except (ValueError, OverflowError):
        _refuse(SchemaMismatch, place, f"{cut(text)!r} is no RFC 3339 time")
    if before is not None and at <= before:
        _refuse(SchemaMismatch, place, f"{cut(text)!r} is not later than the line before")
    return at


def _follow(place: str, line: _Line, listed: set[str]) -> None:
    """Carry a line out on the texts listed; refuse one that does not fit."""
    long = next((text for text in line.added if len(text) > TEXT_MOST), None)
    if long is not None:
        _refuse(TooLarge, place, f"an item of more than {TEXT_MOST} characters: {cut(long, 64)}")
    for text in line.removed:
        if text not in listed:
            _refuse(SchemaMismatch, place, f"removes what is not listed: {cut(text)}")
        listed.remove(text)
    for text in line.added:
        if text in listed:
            _refuse(SchemaMismatch, place, f"adds what is listed already: {cut(text)}")
        listed.add(text)
    if len(listed) > ITEMS_MOST:
        _refuse(TooLarge, place, f"more than {ITEMS_MOST} items in the list")
    if line.size is not None and line.size != len(listed):
        _refuse(SchemaMismatch, place, f"says {line.size} items; with it there are {len(listed)}")


def _refuse(kind: type[AnswerRefused], place: str, what: str) -> NoReturn:
    msg = f"{place}: {what}"
    raise kind(msg, hint=_HINT)
