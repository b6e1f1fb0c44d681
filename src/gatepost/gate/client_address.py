"""Who is calling: from the connection's peer and all lines of one header, right to left.

Every proxy writes at the right end the address that it saw. What stands
further left came in with the request and may be anything. So the walk starts at
the right, goes on only while the address is one of our own proxies, and takes
the first that is not: the rest is never looked at. Whatever is in doubt on the
way is no address at all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from gatepost.gate.trust import Header, Trust
from gatepost.model.address import Family, format_address, parse_v4, parse_v6

HOPS_MAX = 32
"""Proxies of ours in a row; a longer chain is a loop."""
LINES_MAX = 8_192
"""Characters of all lines of the header together."""

_MAPPED = 0xFFFF
_PORT_MAX = 65_535
_V4 = re.compile(r"([0-9.]{7,15})(?::([0-9]{1,5}))?", re.ASCII)
_V6 = re.compile(r"\[(?=[^]]*:)([0-9A-Fa-f:.]{2,45})\](?::([0-9]{1,5}))?", re.ASCII)

_RUN = re.compile(r"[0-9A-Fa-f.:]{2,}", re.ASCII)
"""What could hold an address, and with it a port."""

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - RFC 9110's word for a word
_VALUE = rf'(?:{_TOKEN}|"[^"\\,;\x00-\x1f\x7f]*")'
_PAIR = rf"{_TOKEN}={_VALUE}"
_ELEMENT = re.compile(rf"{_PAIR}(?:;{_PAIR})*", re.ASCII)
"""An element of a Forwarded header. Quoted commas, semicolons and backslashes are not understood on
purpose: nothing that a client wrote can then swallow what a proxy put behind it."""


class Doubt(StrEnum):
    """Why there is no address."""

    NO_PEER = "no-peer"
    """The server names no peer: a Unix socket that is not trusted, or a server that does not tell."""
    PEER = "peer-not-an-address"
    REWRITTEN = "peer-rewritten"
    """The server put another address in the peer's place already: trusted twice is trusted blindly."""
    NO_HEADER = "no-header"
    """A proxy of ours came without the header: it made the request itself, or does not write it."""
    MALFORMED = "malformed"
    OBFUSCATED = "obfuscated"
    """``unknown`` or ``_hidden`` (RFC 7239 §6)."""
    TOO_LONG = "too-long"
    ONLY_PROXIES = "only-proxies"
    """Nobody but our own proxies, up to the left end."""


class Client(NamedTuple):
    """An address, or the doubt in its place."""

    address: str | None
    """Canonical text; IPv4 where it was IPv4-mapped."""
    doubt: Doubt | None = None
    hops: int = 0
    """Trusted hops that were walked through."""


_Address = tuple[Family, int, str]
"""One address, read once: its number, and its canonical text."""


def find_client(trust: Trust, peer: str | None, port: int | None, lines: Sequence[str]) -> Client:
    """Who is calling.

    ``peer``, ``port``: the connection's other end, None for a Unix socket;
    ``lines``: all values of ``trust.header``, in the order they came.
    """
    if port == 0:
        return Client(None, Doubt.REWRITTEN)
    text = lines[0] if len(lines) == 1 else ",".join(lines)
    if len(text) > LINES_MAX:
        return Client(None, Doubt.TOO_LONG)
    if peer and peer not in trust.met:
        found = _address(peer)
        if found is None:
            return Client(None, Doubt.PEER)
        if not trust.trusts(found[0], found[1]):
            return Client(None, Doubt.REWRITTEN) if _names(text, found) else Client(found[2])
        trust.meet(peer)
    elif not peer and not trust.unix_socket:
        return Client(None, Doubt.NO_PEER)
    return _walk(trust, text) if lines else Client(None, Doubt.NO_HEADER)


def _walk(trust: Trust, text: str) -> Client:
    read = _forwarded if trust.header is Header.FORWARDED else _node
    rest = text
    for hop in range(1, HOPS_MAX + 1):
        rest, comma, element = rest.rpartition(",")
        found = read(element.strip(" \t"))
        if isinstance(found, Doubt):
            return Client(None, found)
        if not trust.trusts(found[0], found[1]):
            return Client(found[2], None, hop)
        if not comma:
            return Client(None, Doubt.ONLY_PROXIES)
    return Client(None, Doubt.TOO_LONG)


def _forwarded(element: str) -> _Address | Doubt:
    """The one ``for`` of an element; a parameter that stands twice is in doubt."""
    if not _ELEMENT.fullmatch(element):
        return Doubt.MALFORMED
    pairs = [pair.partition("=") for pair in element.split(";")]
    names = [name.lower() for name, _, _ in pairs]
    if names.count("for") != 1 or len(set(names)) != len(names):
        return Doubt.MALFORMED
    node = pairs[names.index("for")][2].strip('"')
    bare = node.count(":") > 1 and not node.startswith("[")  # RFC 7239 §6: brackets, or it is no port
    return Doubt.MALFORMED if bare else _node(node)


def _node(text: str) -> _Address | Doubt:
    """An address with or without a port, as proxies write it."""
    return _address(text) or _odd_node(text)


def _odd_node(text: str) -> _Address | Doubt:
    found = _V4.fullmatch(text) or _V6.fullmatch(text)
    if found is None:
        return Doubt.OBFUSCATED if text.lower() == "unknown" or text.startswith("_") else Doubt.MALFORMED
    if found[2] is not None and not 0 < int(found[2]) <= _PORT_MAX:
        return Doubt.MALFORMED
    return _address(found[1]) or Doubt.MALFORMED


def _names(text: str, peer: _Address) -> bool:
    """Whether the peer's own address stands in the header: a server may have taken it from there.

    However a server reads an element, and whatever it takes for a port, the address is in it. More
    elements than any honest chain has are not looked through.
    """
    runs = [run for run in _RUN.findall(text) if "." in run or ":" in run]
    if len(runs) > 2 * HOPS_MAX:
        return True
    parts = (part for run in runs for part in (run, run.rpartition(":")[0]))
    return any(_address(part) == peer for part in parts)


def _address(text: str) -> _Address | None:
    """An address without anything beside it: no zone, no port, no bracket. IPv4-mapped is IPv4."""
    try:
        if ":" not in text:
            return Family.V4, parse_v4(text), text  # only its one spelling is read
        number = parse_v6(text)
    except (OSError, ValueError):
        return None
    if number >> 32 == _MAPPED:
        number &= 0xFFFFFFFF
        return Family.V4, number, format_address(Family.V4, number)
    return Family.V6, number, format_address(Family.V6, number)
