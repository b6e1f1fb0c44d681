"""Which hosts a request may go to, and at which addresses.

A platform's secrets go to its own hosts, to loopback where the URL says so
literally, and elsewhere only where the owner allowed it: then over TLS, to a
public address that is resolved once and connected to by number, so that no
second DNS answer can lead the request into private space.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Awaitable, Callable
from urllib.parse import SplitResult, urlsplit

import anyio

from gatepost.errors import ConnectFailed, HostRefused, cut

Resolver = Callable[[str, int], Awaitable[tuple[str, ...]]]
"""Name and port to address texts, in the order to try."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


async def resolve(host: str, port: int) -> tuple[str, ...]:
    """Ask the system's resolver. Raises ConnectFailed where the name has no address."""
    try:
        found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        failure = ConnectFailed(f"the name {cut(host)} has no address")
    else:
        return tuple(dict.fromkeys(str(place[0]) for *_, place in found))
    raise failure


def parts_of(url: str) -> SplitResult:
    """Of a URL; of what cannot be one, such as ``http://[::1``, none."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def is_loopback(host: str) -> bool:
    """Whether a URL's host says loopback literally: ``localhost``, ``127.…`` or ``::1``."""
    address = _address(host)
    return host == "localhost" if address is None else address.is_loopback


def is_public(host: str) -> bool:
    """Whether an address is globally reachable, and any IPv4 address inside it (RFC 6890, 6052)."""
    address = _address(host)
    if address is None or "%" in host:
        return False
    inner = _embedded(address)
    return address.is_global and not address.is_multicast and (inner is None or is_public(str(inner)))


def require_public(host: str, addresses: tuple[str, ...]) -> tuple[str, ...]:
    """The addresses, if each is public. Raises HostRefused: one private answer makes all suspect."""
    return _require(host, addresses, is_public, "a private or reserved address")


def require_loopback(host: str, addresses: tuple[str, ...]) -> tuple[str, ...]:
    """The addresses, if each is loopback. Raises HostRefused."""
    return _require(host, addresses, is_loopback, "an address that is not loopback")


def _require(
    host: str, addresses: tuple[str, ...], allowed: Callable[[str], bool], otherwise: str
) -> tuple[str, ...]:
    for address in addresses:
        if not allowed(address):
            msg = f"{cut(host)} leads to {otherwise}: {cut(address)}"
            raise HostRefused(msg)
    return addresses


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _embedded(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
