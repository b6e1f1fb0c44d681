"""Whose word about the client counts: the proxies in front of us, and the one header they write."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from gatepost.errors import ConfigInvalid, cut
from gatepost.model.address import Family, Prefix, parse_v4, parse_v6
from gatepost.model.limits import is_too_wide

TOTAL_MAX = {Family.V4: 1 << 25, Family.V6: 1 << 112}
"""Addresses of all proxies together: the private networks whole and a large CDN beside them fit."""

MET_MAX = 4_096
"""Proxies known again without reading their address."""


class Header(StrEnum):
    """The one header that is read; all others of its kind are ignored."""

    X_FORWARDED_FOR = "x-forwarded-for"
    FORWARDED = "forwarded"
    """RFC 7239."""


class Trust:
    """Never changes. Without proxies no header is ever read: the client is the peer of the connection.

    Raises ConfigInvalid for ``*``, a name, host bits, and networks so wide
    (wider than /8 or /16, or 2^25 IPv4 addresses together) that a client could
    stand among the proxies.
    """

    __slots__ = ("header", "met", "proxies", "trusts", "unix_socket")

    def __init__(
        self,
        proxies: Iterable[str] = (),
        *,
        header: Header | str = Header.X_FORWARDED_FOR,
        unix_socket: bool = False,
    ) -> None:
        """``proxies``: addresses and networks; ``unix_socket``: who connects through one is a proxy too."""
        if isinstance(proxies, str):
            msg = "trusted proxies are a list of addresses and networks, not one text"
            raise ConfigInvalid(msg)
        self.proxies = tuple(dict.fromkeys(_prefix(text) for text in proxies))
        """As configured, each once."""
        _refuse_wide(self.proxies)
        self.header = _header(header)
        self.unix_socket = unix_socket
        self.trusts = _Membership(self.proxies).holds
        """``trusts(family, number)``: whether an address is one of the proxies."""
        self.met: set[str] = set()
        """Texts of peers that are proxies: they come with every request."""

    def meet(self, peer: str) -> None:
        """Know it again without reading it; at most so many."""
        if len(self.met) < MET_MAX:
            self.met.add(peer)

    @property
    def reads_header(self) -> bool:
        """Whether any peer's header counts."""
        return bool(self.proxies) or self.unix_socket


class _Membership:
    """A handful of networks, as shifted numbers."""

    __slots__ = ("_v4", "_v6")

    def __init__(self, prefixes: Iterable[Prefix]) -> None:
        self._v4: list[tuple[int, int]] = []
        self._v6: list[tuple[int, int]] = []
        for each in prefixes:
            shift = each.family.bits - each.length
            (self._v4 if each.family is Family.V4 else self._v6).append((shift, each.network >> shift))

    def holds(self, family: Family, number: int) -> bool:
        for shift, top in self._v4 if family is _V4 else self._v6:  # noqa: SIM110 - any() costs three times as much
            if number >> shift == top:
                return True
        return False


_V4 = Family.V4


def _header(header: Header | str) -> Header:
    try:
        return Header(header.lower())
    except ValueError:
        msg = f"the header {cut(header, 40)!r} is not read; choose {' or '.join(Header)}"
        raise ConfigInvalid(msg) from None


def _prefix(text: str) -> Prefix:
    address, slash, length = text.partition("/")
    try:
        family, number = (Family.V6, parse_v6(address)) if ":" in address else (Family.V4, parse_v4(address))
        return Prefix(family, number, _length(length) if slash else family.bits)
    except (OSError, ValueError):
        msg = f"the trusted proxy {cut(text, 60)!r} is not an address or network such as 10.0.0.0/24"
    raise ConfigInvalid(msg)


def _length(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(text)
    return int(text)


def _refuse_wide(prefixes: Iterable[Prefix]) -> None:
    total = dict.fromkeys(Family, 0)
    for prefix in prefixes:
        if is_too_wide(prefix):
            msg = f"the trusted proxy {prefix} is too wide: name the proxies' own addresses"
            raise ConfigInvalid(msg)
        total[prefix.family] += prefix.size
    if any(total[family] > TOTAL_MAX[family] for family in Family):
        msg = "the trusted proxies together are too wide: name the proxies' own addresses"
        raise ConfigInvalid(msg)
