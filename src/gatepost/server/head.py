"""The head of a request, read once: only what the door looks at, within bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gatepost.refusals import RequestInvalid, RequestTooLarge
from gatepost.server.limits import HEADERS_COUNT, HEADERS_MOST, URL_MOST

Scope = Mapping[str, Any]

_ONCE = frozenset({b"host", b"authorization", b"origin", b"content-length", b"content-type", b"x-csrf-token"})


def head_of(scope: Scope) -> dict[bytes, bytes]:
    """Headers by lower-case name; cookies of several lines joined.

    Raises RequestTooLarge beyond the bounds, RequestInvalid for a second of what
    may be there once: two readers could each believe another.
    """
    headers = scope["headers"]
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > URL_MOST:
        msg = f"an address has at most {URL_MOST} bytes"
        raise RequestTooLarge(msg)
    if len(headers) > HEADERS_COUNT or sum(len(name) + len(value) for name, value in headers) > HEADERS_MOST:
        msg = f"a request has at most {HEADERS_COUNT} headers and {HEADERS_MOST} bytes of them"
        raise RequestTooLarge(msg)
    found: dict[bytes, bytes] = dict(headers)
    if len(found) < len(headers):
        _join_cookies(found, headers)
    return found


def _join_cookies(found: dict[bytes, bytes], headers: list[tuple[bytes, bytes]]) -> None:
    names = [name for name, _ in headers]
    twice = next((name for name in _ONCE if names.count(name) > 1), None)
    if twice is not None:
        msg = f"the header {twice.decode()} is there twice"
        raise RequestInvalid(msg)
    cookies = [value for name, value in headers if name == b"cookie"]
    if cookies:
        found[b"cookie"] = b"; ".join(cookies)


def cookie(head: Mapping[bytes, bytes], name: str) -> str | None:
    """A cookie's value; None where it is not there, or there twice with two values."""
    wanted = name.encode()
    pairs = (part.strip().partition(b"=") for part in head.get(b"cookie", b"").split(b";"))
    values = {value for key, _, value in pairs if key == wanted}
    return values.pop().decode("latin-1") if len(values) == 1 else None


def bearer(head: Mapping[bytes, bytes]) -> str | None:
    """A bearer token; None where there is none."""
    scheme, _, token = head.get(b"authorization", b"").partition(b" ")
    return token.strip().decode("latin-1") if scheme.lower() == b"bearer" and token.strip() else None
