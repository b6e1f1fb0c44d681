"""Whose address counts: the connection's other end, or who a proxy of ours says is calling.

The header is read by the gate's own rules. What is in doubt there gives no other
address: the proxy itself counts then, so that a forged header blames nobody else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gatepost.gate.client_address import Doubt, find_client
from gatepost.gate.trust import Trust
from gatepost.refusals import RequestTooLarge

Scope = Mapping[str, Any]
Peer = tuple[str, int]

_NOBODY = Trust()


class Clients:
    """Knows the proxies in front."""

    __slots__ = ("_name", "_trust")

    def __init__(self, trust: Trust) -> None:
        """Without proxies no header is looked at."""
        self._trust = trust
        self._name = trust.header.value.encode() if trust.reads_header else None

    def of(self, scope: Scope) -> str:
        """The address of who asks, canonical.

        Raises RequestTooLarge for a header longer than any honest chain is: only the client can have
        filled it, to be taken for the proxy.
        """
        peer: Peer | None = scope.get("client")
        if self._name is None or peer is None:
            return peer_address(peer)
        lines = [value.decode("latin-1") for name, value in scope["headers"] if name == self._name]
        found = find_client(self._trust, *peer, lines)
        if found.doubt is Doubt.TOO_LONG:
            msg = f"the header {self._trust.header} is longer than any chain of proxies"
            raise RequestTooLarge(msg)
        return found.address or peer_address(peer)


def peer_address(peer: Peer | None) -> str:
    """Of the connection's other end alone; IPv4 where it is IPv4-mapped."""
    if peer is None:
        return "unknown"
    return find_client(_NOBODY, peer[0], None, ()).address or peer[0]
