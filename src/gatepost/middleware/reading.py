"""Bytes of a published list into a listing: whole and strict, or an error.

What is read here was judged when it was published. Still nothing is repaired:
a line that is no entry makes the file somebody else's.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime

import msgspec

from gatepost.errors import NotJson, SchemaMismatch, ValuesRefused, cut
from gatepost.gate.listing import Edition, Listing, Match
from gatepost.kit.json import decode_json
from gatepost.model.address import Prefix
from gatepost.planning.normalise import parse_value

BYTES_MAX = 32 * (1 << 20)
UNNAMED = "LIST"
"""Stands for the name of a list that nobody named."""

_NAME = re.compile(r"[a-z0-9-]{1,40}")
_BOM = b"\xef\xbb\xbf"


class _Row(msgspec.Struct):
    v4: str | None = msgspec.field(default=None, name="ipv4Prefix")
    v6: str | None = msgspec.field(default=None, name="ipv6Prefix")


class _Ours(msgspec.Struct):
    list: str
    serial: int


class _Document(msgspec.Struct):
    """The shape of Google's lists, and what gatepost writes beside it."""

    prefixes: list[_Row]
    created: str | None = msgspec.field(default=None, name="creationTime")
    gatepost: _Ours | None = None


def read_listing(data: bytes, place: str, name: str | None = None) -> Listing:
    """A listing of ``txt`` (a prefix or domain a line) or ``json`` (Google's shape), told by its first byte.

    Domains are passed over: a request has an address. ``name`` counts before what the list calls
    itself. Raises an AnswerRefused leaf that names ``place``.
    """
    body = data.removeprefix(_BOM)
    if body.lstrip()[:1] == b"{":
        return _json(body, place, name)
    return _text(body, place, name or name_of(place))


def name_of(place: str) -> str:
    """A list's name out of a path or URL: ``…/webhooks.txt`` is ``webhooks``."""
    last = place.partition("?")[0].rstrip("/").rpartition("/")[2].partition(".")[0]
    return last if _NAME.fullmatch(last) else UNNAMED


def _json(body: bytes, place: str, name: str | None) -> Listing:
    document = decode_json(body, _Document)
    ours = document.gatepost
    if ours is not None and not (_NAME.fullmatch(ours.list) and ours.serial > 0):
        msg = f"{place} names no list of gatepost"
        raise SchemaMismatch(msg)
    texts = [text for row in document.prefixes for text in _texts(row, place)]
    called = name or (ours.list if ours else name_of(place))
    return _listing(Edition(called, ours.serial if ours else None, _at(document.created)), texts, place)


def _texts(row: _Row, place: str) -> list[str]:
    found = [text for text in (row.v4, row.v6) if text is not None]
    if not found:
        msg = f"{place} holds an element without a prefix"
        raise SchemaMismatch(msg)
    return found


def _at(text: str | None) -> datetime | None:
    """Google writes its time without a zone: then it says nothing for sure."""
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo else None


def _text(body: bytes, place: str, name: str) -> Listing:
    if not body.endswith(b"\n") or body.lstrip()[:1] == b"<":
        msg = f"{place} is no list, or was cut off: its last line is not ended"
        raise NotJson(msg)
    try:
        lines = body.decode().split("\n")
    except UnicodeDecodeError as error:
        msg = f"{place} is not UTF-8: byte {error.start} is wrong"
        raise NotJson(msg) from None
    texts = [line.strip(" \t\r") for line in lines]
    return _listing(Edition(name), [text for text in texts if text and text[0] not in "#;"], place)


def _listing(edition: Edition, texts: Iterable[str], place: str) -> Listing:
    prefixes = [value for value in (_value(text, place) for text in texts) if value is not None]
    told = "\n".join(sorted(map(str, prefixes)))
    digest = f"sha256:{hashlib.sha256(told.encode()).hexdigest()}"
    return Listing.of(edition, digest, ((value, Match(str(value))) for value in prefixes), source=place)


def _value(text: str, place: str) -> Prefix | None:
    try:
        value = parse_value(text)
    except ValueError as error:
        msg = f"{place} holds {cut(text, 80)!r}, which is no entry of a list ({error})"
        raise ValuesRefused(msg) from None
    return value if isinstance(value, Prefix) else None
