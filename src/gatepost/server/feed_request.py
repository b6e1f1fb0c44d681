"""What a request for a feed asks for, and what a version has there."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from gatepost.errors import cut
from gatepost.refusals import NothingThere, RequestInvalid
from gatepost.server.consumers import Consumer
from gatepost.server.published import Published, Resource

Scope = MutableMapping[str, Any]
Key = tuple[frozenset[str] | None, str, bytes, str, bytes, bytes | None, bytes | None]

LISTS, ENDPOINTS, VERSION, CHANGES = "/v1/lists/", "/v1/endpoints/", "/v1/version", "/v1/changes/"
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


def route_of(path: str) -> tuple[str, str, str]:
    """Kind, list and the rest: the file ending, or the serial. Raises NothingThere."""
    for kind, mark in ((LISTS, "."), (ENDPOINTS, ""), (CHANGES, "/")):
        if path.startswith(kind):
            name, found, rest = path[len(kind) :].partition(mark) if mark else (path[len(kind) :], "", "")
            if name and bool(found) == bool(mark) == bool(rest):
                return kind, name, rest
            nothing(path)
    if path == VERSION:
        return VERSION, "", ""
    if path.startswith(f"{VERSION}/") and path[len(VERSION) + 1 :]:
        return VERSION, path[len(VERSION) + 1 :], ""
    return nothing(path)


def find_in(published: Published, kind: str, rest: str, asked: Asked) -> tuple[Resource, str]:
    """What a version has at a place, and by which name it is counted. Raises NothingThere, RequestInvalid."""
    if kind == CHANGES:
        return _changes(published, rest), "changes"
    if kind == VERSION:
        return published.version, "version"
    family = _family(asked.query)
    if kind == LISTS:
        resource, ending = published.resources.get((rest, family)), rest
    else:
        resource, ending = published.endpoints.get(family), "endpoints"
    if resource is None:
        what = f" of IPv{family}" if family else ""
        msg = f"the list {published.manifest.list} has nothing{what} as {cut(ending, 40)!r}"
        raise NothingThere(msg, hint="docs/feeds.md says which formats show what; keep what you have.")
    return resource, ending


def _changes(published: Published, since: str) -> Resource:
    good = since.isdecimal() and len(since) <= SERIAL_DIGITS
    body = published.changes.since(int(since)) if good else None
    if body is None:
        oldest = published.changes.oldest
        msg = f"changes are known from version {oldest:010d} on"
        raise NothingThere(msg, hint="Read /v1/endpoints anew, and ask for changes from its version on.")
    return Resource.of_document(body, published.since)


def _family(query: bytes) -> int | None:
    """Raises RequestInvalid for anything but 4 or 6; other parameters are of no matter here."""
    if not query:
        return None
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, max_num_fields=50)
    except ValueError:
        pairs = [("family", "")]
    values = [value for name, value in pairs if name == "family"]
    if not values:
        return None
    if len(values) > 1 or values[0] not in ("4", "6"):
        msg = "family is 4 or 6, once"
        raise RequestInvalid(msg)
    return int(values[0])


def nothing(path: str) -> NoReturn:
    """Raise NothingThere."""
    msg = f"there is no feed {cut(path, 120)!r}"
    raise NothingThere(msg, hint="A feed is /v1/lists/NAME.FORMAT; /v1/version names the lists.")


def client_of(scope: Scope) -> str:
    """The address of who asks."""
    client = scope.get("client")
    return client[0] if client else "unknown"
