"""What a request for a feed asks for, and what a version has there."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, NoReturn

from msgspec import UNSET, UnsetType

from gatepost.errors import cut
from gatepost.refusals import NothingThere
from gatepost.server.consumers import Consumer
from gatepost.server.feed_table import BESIDE, CHANGES, ENDPOINTS, FEED_ROUTES, VERSION
from gatepost.server.published import Published, Resource
from gatepost.server.raw_route import RawRoute

Scope = MutableMapping[str, Any]
Key = tuple[frozenset[str] | None, str, bytes, str, bytes, bytes | None, bytes | None]

SERIAL_DIGITS = 10
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
    serial = published.manifest.serial
    if row is CHANGES:
        return Found(_changes(published, places["serial"]), "changes", None)
    if row is VERSION:
        return Found(published.version, "version", None)
    family = _family(row.asked(query).family)
    if row is ENDPOINTS:
        found, counted = published.endpoints.get(family), "endpoints"
    else:
        counted = f"{places['format']}.{places['beside']}" if row is BESIDE else places["format"]
        found = published.resources.get((counted, family))
    if found is None:
        what = f" of IPv{family}" if family else ""
        msg = f"the list {published.manifest.list} has nothing{what} as {cut(counted, 40)!r}"
        raise NothingThere(msg, hint="docs/feeds.md says which formats show what; keep what you have.")
    return Found(found, counted, None if row is BESIDE else serial)


def _family(asked: str | UnsetType) -> int | None:
    return None if asked is UNSET else int(asked)


def _changes(published: Published, since: str) -> Resource:
    good = since.isdecimal() and len(since) <= SERIAL_DIGITS
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
