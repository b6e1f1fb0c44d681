"""Lines of access logs and connection tables: who, and when; nothing else of a line is believed or kept.

A line is the work of strangers. Bounded in length, matched from its beginning
by patterns that do not backtrack far; what does not fit tells nothing and is counted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from functools import partial
from itertools import islice
from typing import Any, BinaryIO

import msgspec

from gatepost.model.address import Family, Prefix, parse_v4, parse_v6
from gatepost.model.entry import Direction, Domain
from gatepost.planning.normalise import parse_value

LINE_MOST = 64 << 10
"""Bytes of the longest line that is looked at."""
PROBED = 50
"""Lines by which the format of a log is found."""
FIELDS = ("remote_addr", "client_ip", "clientip", "client.ip", "remote_ip", "ip")
"""Members of a JSON line that may hold the client, the first that is there."""
DESTINATIONS = ("dst_ip", "dest_ip", "destination.ip", "destination", "host")
"""The same for the list of where we go."""
TIMES = ("time_iso8601", "time", "timestamp", "@timestamp", "time_local", "msec", "ts")

_MAPPED = 0xFFFF
_MONTHS = {
    name: number for number, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)
}
_CLF = rb"(\d{2})/([A-Z][a-z]{2})/(\d{4}):(\d{2}):(\d{2}):(\d{2})(?:\.\d{1,6})?(?: ([+-])(\d{2})(\d{2}))?"
_CLF_TIME = re.compile(_CLF)
_NGINX = re.compile(rb"\[(" + _CLF + rb")\]")
_HAPROXY = re.compile(rb"(?:^| )([0-9A-Fa-f.:]{2,45}):\d{1,5} \[(" + _CLF + rb")\] ")
_CONNTRACK = re.compile(rb"(?:^|\s)src=([0-9A-Fa-f.:]{2,45}) dst=([0-9A-Fa-f.:]{2,45})(?:\s|$)")
_STAMP = re.compile(rb"\s*\[(\d{9,11}\.\d{1,9})\s*\]")
_PORTED = re.compile(r"\[([0-9A-Fa-f.:]{2,45})\](?::\d{1,5})?|([0-9.]{7,15}):\d{1,5}", re.ASCII)
_MILLISECONDS = 1e11
"""A larger number of seconds since 1970 is one of milliseconds."""

Value = Prefix | Domain


class LogFormat(StrEnum):
    """What a line is written in."""

    NGINX = "nginx"
    """``combined``, also Apache's: the client first, the time in brackets."""
    HAPROXY = "haproxy"
    """Its own HTTP and TCP formats, behind a syslog head or not: ``client:port [time]``."""
    JSON = "json"
    """One object a line."""
    CONNTRACK = "conntrack"
    """``conntrack -L``, or ``/proc/net/nf_conntrack``."""


@dataclass(frozen=True, slots=True)
class Fields:
    """Members of a JSON line; a dot leads into an object. None: what is usual."""

    client: str | None = None
    time: str | None = None


Spotted = tuple[bytes, bytes | None]
"""Who, and when: as the line writes it."""
Reader = Callable[[bytes], Spotted | None]
"""None for a line that does not say who."""


def reader_of(format_: LogFormat, direction: Direction, fields: Fields) -> Reader:
    """How lines are read; ``direction`` of the list: of a connection, who came, or where we went."""
    match format_:
        case LogFormat.NGINX:
            return _nginx
        case LogFormat.HAPROXY:
            return _haproxy
        case LogFormat.CONNTRACK:
            return partial(_conntrack, 1 if direction is Direction.INGRESS else 2)
        case LogFormat.JSON:
            usual = FIELDS if direction is Direction.INGRESS else DESTINATIONS
            clients = (fields.client,) if fields.client else usual
            times = (fields.time,) if fields.time else TIMES
            return partial(_json, tuple(map(_path, clients)), tuple(map(_path, times)))


def lines(file: BinaryIO) -> Iterator[bytes]:
    """Lines without their end, blank ones left out; of one that is too long, an empty one."""
    while line := file.readline(LINE_MOST + 1):
        if len(line) <= LINE_MOST or line.endswith(b"\n"):
            if not line.isspace():
                yield line.rstrip(b"\r\n")
            continue
        while (rest := file.readline(LINE_MOST)) and not rest.endswith(b"\n"):
            pass
        yield b""


def probe(first: Iterable[bytes], direction: Direction, fields: Fields) -> LogFormat | None:
    """The format that reads most of the first lines; None where none reads any."""
    known = [line for line in islice(first, PROBED) if line]
    read = {one: _reads(reader_of(one, direction, fields), known) for one in LogFormat}
    best = max(LogFormat, key=lambda one: read[one])
    return best if read[best] else None


def _reads(reader: Reader, known: Sequence[bytes]) -> int:
    found = (reader(line) for line in known)
    return sum(one is not None and value_in(one[0]) is not None for one in found)


def _nginx(line: bytes) -> Spotted | None:
    client, blank, rest = line.partition(b" ")
    found = _NGINX.search(rest) if blank else None
    return (client, found[1]) if found else None


def _haproxy(line: bytes) -> Spotted | None:
    found = _HAPROXY.search(line)
    return (found[1], found[2]) if found else None


def _conntrack(side: int, line: bytes) -> Spotted | None:
    """The first pair is of whoever began the connection."""
    found = _CONNTRACK.search(line)
    stamp = _STAMP.match(line) if found else None
    return (found[side], stamp[1] if stamp else None) if found else None


_Path = tuple[str, ...]


def _path(name: str) -> _Path:
    return tuple(name.split("."))


def _json(clients: Sequence[_Path], times: Sequence[_Path], line: bytes) -> Spotted | None:
    try:
        document = _decoded(line)
    except (ValueError, RecursionError):
        return None
    client = next((found for one in clients if (found := _member(document, one))), None)
    when = next((found for one in times if (found := _member(document, one))), None)
    return (client, when) if client else None


def _decoded(line: bytes) -> Any:
    """NaN, Infinity and numbers beyond all floats, as many programs write, hide nobody. Raises ValueError."""
    try:
        return msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return json.loads(line)


def _member(document: Any, path: _Path) -> bytes | None:
    """Text or a number; a member may itself be named with dots."""
    found = document.get(".".join(path)) if isinstance(document, dict) else None
    if found is None:
        found = document
        for name in path:
            found = found.get(name) if isinstance(found, dict) else None
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        return None
    return str(found).encode("utf-8", "surrogatepass")


def value_in(text: bytes) -> Value | None:
    """An address, with a port or in brackets or not, or a host name; None for anything else."""
    try:
        said = text.decode("ascii")
    except UnicodeDecodeError:
        return None
    ported = _PORTED.fullmatch(said)
    if ported:
        said = ported[1] or ported[2]
    return _address(said) or _name(said)


def _address(text: str) -> Prefix | None:
    """An IPv4-mapped address is its IPv4 address: so sockets of both families write it."""
    try:
        if ":" not in text:
            return Prefix(Family.V4, parse_v4(text), 32)
        number = parse_v6(text)
    except (OSError, ValueError):
        return None
    if number >> 32 == _MAPPED:
        return Prefix(Family.V4, number & 0xFFFFFFFF, 32)
    return Prefix(Family.V6, number, 128)


def _name(text: str) -> Domain | None:
    try:
        found = parse_value(text.lower()) if "." in text and not text.startswith("*") else None
    except ValueError:
        return None
    return found if isinstance(found, Domain) else None


def moment_in(text: bytes | None) -> datetime | None:
    """When: as web servers write it (without a zone: this host's), RFC 3339, or seconds since 1970."""
    if text is None:
        return None
    found = _CLF_TIME.fullmatch(text)
    try:
        return _clf(found) if found else _other_time(text.decode("ascii"))
    except (ValueError, OverflowError, OSError):
        return None


def _clf(found: re.Match[bytes]) -> datetime | None:
    day, month, year, hour, minute, second, sign, *zone = found.groups()
    if month not in _MONTHS:
        return None
    parts = (int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second))
    if sign is None:
        return datetime(*parts).astimezone(UTC)
    off = timedelta(hours=int(zone[0]), minutes=int(zone[1])) * (-1 if sign == b"-" else 1)
    return datetime(*parts, tzinfo=timezone(off)).astimezone(UTC)


def _other_time(text: str) -> datetime:
    if re.fullmatch(r"\d{9,14}(\.\d{1,9})?", text, re.ASCII):
        seconds = float(text)
        return datetime.fromtimestamp(seconds / 1000 if seconds > _MILLISECONDS else seconds, UTC)
    return datetime.fromisoformat(text).astimezone(UTC)
