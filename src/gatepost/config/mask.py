"""URLs as they may be shown: a login or a query may hold a password, so neither is."""

from __future__ import annotations

import re

_APART = re.compile(r"(\s+)(?=\S*[A-Za-z][A-Za-z0-9+.-]*://)")
_AUTHORITY = re.compile(r"[/?#]")
_QUERY = re.compile(r"[?#]")


def masked(text: str) -> str:
    """Any text with each URL in it cut to scheme, host, port and path; text without a URL is unchanged.

    Where it is unclear whether an ``@`` ends a login or belongs to the path, the part before it is
    dropped: showing less is harmless.
    """
    return "".join(map(_masked_one, _APART.split(text)))


def _masked_one(piece: str) -> str:
    scheme, mark, rest = piece.partition("://")
    if not mark:
        return piece
    authority = _AUTHORITY.split(rest, maxsplit=1)[0]
    if "@" in authority:
        rest = authority.rpartition("@")[2] + rest[len(authority) :]
        authority = ""
    if ":" in authority:  # a password may hold / or ?, and only an @ far behind it tells
        rest = rest.rpartition("@")[2]
    return scheme + mark + _QUERY.split(rest, maxsplit=1)[0]
