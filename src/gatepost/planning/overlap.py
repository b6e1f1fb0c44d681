"""How two values lie to one another: an address to a network, a name to the tree above it."""

from __future__ import annotations

from gatepost.model.address import Prefix
from gatepost.model.entry import Domain


def contains(outer: Prefix | Domain, inner: Prefix | Domain) -> bool:
    """Whether all that belongs to one belongs to the other. A tree does not hold its own name."""
    match outer, inner:
        case Prefix(), Prefix():
            return (
                outer.family is inner.family and outer.network <= inner.network and inner.last <= outer.last
            )
        case Domain(), Domain():
            return outer == inner or (outer.tree and inner.name.endswith(f".{outer.name}"))
    return False


def overlaps(one: Prefix | Domain, other: Prefix | Domain) -> bool:
    """Whether any address or host name belongs to both."""
    return contains(one, other) or contains(other, one)
