"""What a request for a feed asks for, and what a version has there."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from msgspec import UnsetType

from gatepost.errors import cut
from gatepost.formats.base import collapses
from gatepost.refusals import NothingThere, RequestInvalid
from gatepost.server.consumers import Consumer
from gatepost.server.feed_table import BESIDE, CHANGES, ENDPOINTS, FEED_ROUTES, FORMATS, VERSION, ListQuery
from gatepost.server.published import Published, Resource
from gatepost.server.raw_route import RawRoute

T = TypeVar("T")
Scope = MutableMapping[str, Any]
Key = tuple[frozenset[str] | None, str, bytes, str, bytes, bytes | None, bytes | None]

SERIAL_DIGITS = 10
WHOLE = "A part is never given: keep what you have; raise max only where the device holds more."
_HEADERS = frozenset({b"accept-encoding", b"if-none-match", b"if-modified-since", b"authorization"})


@dataclass(slots=True)
class Asked:
    """What of a request matters here."""

    path: str
    query: bytes
    method: str
    encoding: bytes = b""
    none_match: bytes | None = None
    since: bytes | None = None
    authorization: bytes = b""

    def key(self, who: Consumer | None) -> Key:
        """Equal requests of those who may fetch the same get the same answer."""
        lists = who.lists if who else None
        return lists, self.path, self.query, self.method, self.encoding, self.none_match, self.since


def asked_of(scope: Scope) -> Asked:
    """Headers of which a client sent several lines are one list (RFC 9110 §5.3)."""
    asked = Asked(scope["path"], scope["query_string"], scope["method"])
    for name, value in scope["headers"]:
        if name not in _HEADERS:
            continue
        match name:
            case b"accept-encoding":
                asked.encoding = asked.encoding + b"," + value if asked.encoding else value
            case b"if-none-match":
                asked.none_match = value if asked.none_match is None else asked.none_match + b"," + value
            case b"if-modified-since":
                asked.since = value
            case _:
                asked.authorization = value
    return asked


@dataclass(frozen=True, slots=True)
class Found:
    """What a version has at a place."""

    resource: Resource
    counted: str
    """The name by which it is counted."""
    serial: int | None
    """Whose holder has this version of the list; None for what is not the list itself."""


def route_of(path: str) -> tuple[RawRoute, Mapping[str, str]]:
    """The row of a path, and what stands at its places. Raises NothingThere."""
    for row in FEED_ROUTES:
        if (places := row.read(path)) is not None:
            return row, places
    return nothing(path)


def find_in(published: Published, row: RawRoute, places: Mapping[str, str], query: bytes) -> Found:
    """What a version has there. Raises NothingThere, RequestInvalid."""
    if row is CHANGES:
        return Found(_changes(published, places["serial"]), "changes", None)
    if row is VERSION:
        return Found(published.version, "version", None)
    if row is ENDPOINTS:
        family = _given(row.asked(query).family)
        found = published.endpoints.get(None if family is None else int(family))
        return Found(
            found or _lacking(published, family, "endpoints"), "endpoints", published.manifest.serial
        )
    ending = f"{places['format']}.{places['beside']}" if row is BESIDE else places["format"]
    resource = _listed(published, places["format"], ending, row.asked(query))
    return Found(resource, ending, None if row is BESIDE else published.manifest.serial)


def _listed(published: Published, form: str, ending: str, asked: ListQuery) -> Resource:
    """A list, or what stands beside it, whole or not at all: a device would not tell that it got a part."""
    family, collapse, most = _given(asked.family), _given(asked.collapse), _given(asked.max)
    if collapse and form in FORMATS and collapse not in (able := collapses(FORMATS[form].capabilities)):
        why = "tells ports, which merging would lose" if able else "has no addresses"
        msg = f"{form} {why}, so there is no collapse={collapse.value} of it"
        raise RequestInvalid(msg)
    found = published.resources.get((ending, None if family is None else int(family), collapse))
    if found is None:
        return _lacking(published, family, ending)
    if most is not None and not 0 < found.count <= most:
        many, name = found.count or "an unknown number of", published.manifest.list
        msg = f"the list {name} has {many} entries as {cut(ending, 40)!r}, more than max={most}"
        raise NothingThere(msg, hint=WHOLE)
    return found


def _lacking(published: Published, family: str | None, ending: str) -> NoReturn:
    what = f" of IPv{family}" if family else ""
    msg = f"the list {published.manifest.list} has nothing{what} as {cut(ending, 40)!r}"
    raise NothingThere(msg, hint="docs/feeds.md says which formats show what; keep what you have.")


def _given(value: T | UnsetType) -> T | None:
    return None if isinstance(value, UnsetType) else value


def _changes(published: Published, since: str) -> Resource:
    good = since.isascii() and since.isdecimal() and len(since) <= SERIAL_DIGITS
    body = published.changes.since(int(since)) if good else None
    if body is None:
        oldest = published.changes.oldest
        msg = f"changes are known from version {oldest:010d} on"
        raise NothingThere(msg, hint="Read /v1/endpoints anew, and ask for changes from its version on.")
    return Resource.of_document(body, published.since)


def nothing(path: str) -> NoReturn:
    """Raise NothingThere."""
    msg = f"there is no feed {cut(path, 120)!r}"
    raise NothingThere(msg, hint="A feed is /v1/lists/NAME.FORMAT; /v1/version names the lists.")


def client_of(scope: Scope) -> str:
    """The address of who asks."""
    client = scope.get("client")
    return client[0] if client else "unknown"
