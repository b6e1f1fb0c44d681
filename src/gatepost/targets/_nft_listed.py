"""What becomes of the listed where the unlisted are dropped: address for address, as intervals.

An address passes where an ordinary new connection from it surely does; it
passes perhaps where that hangs on what nobody can foretell, or on what most
connections do not have, such as a mark. All others are lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from gatepost.targets._nft_openings import PLACES, SERVICE, Strangers, is_unlikely
from gatepost.targets._nft_values import Values
from gatepost.targets._nft_walk import Leaf


@dataclass(frozen=True)
class Fate:
    """Of one kind of packets: how the unlisted end, and how the listed do."""

    strangers: Strangers
    outside: Leaf
    inside: Sequence[Leaf]

    @cached_property
    def passing(self) -> Values:
        """Listed addresses of which ordinary packets surely get through."""
        return self._values(self._surely)

    @cached_property
    def perhaps(self) -> tuple[Leaf, ...]:
        """Ends at which it depends on something whether they do."""
        sure = {id(leaf) for leaf in self._surely}
        return tuple(leaf for leaf in self.accepted if id(leaf) not in sure)

    @property
    def passing_perhaps(self) -> Values:
        """Addresses of those ends."""
        return self._values(self.perhaps)

    def losing(self, lost: Values) -> Iterator[tuple[Leaf, Values]]:
        """Ends at which some addresses, of which none passes, are dropped."""
        for leaf in self.inside:
            if not leaf.accepted and (part := leaf.state.known(self.strangers.side) & lost):
                yield leaf, part

    @property
    def is_of_the_list(self) -> bool:
        """Whether its own rule was asked about what passes; what is sent elsewhere may never come to it."""
        return self.outside.state.via is None or any(leaf.state.asked for leaf in self._surely)

    @cached_property
    def accepted(self) -> list[Leaf]:
        """Without those that pass for another service alone."""
        return [
            leaf for leaf in self.inside if leaf.accepted and (leaf.state.asked or not self._serves(leaf))
        ]

    @cached_property
    def _surely(self) -> list[Leaf]:
        return [leaf for leaf in self.accepted if not self._is_guess(leaf) and not self._conditions(leaf)]

    def _serves(self, leaf: Leaf) -> bool:
        return bool(self.strangers.asks(leaf.state) & SERVICE)

    def _conditions(self, leaf: Leaf) -> frozenset[str]:
        """What is asked besides the service; of packets that are sent on, no matter to which machine."""
        here = leaf.state.via is None and self.strangers.start.local
        return self.strangers.asks(leaf.state) - SERVICE - (frozenset() if here else PLACES)

    def _is_guess(self, leaf: Leaf) -> bool:
        return leaf.state.unsure or (is_unlikely(leaf.state) and not is_unlikely(self.outside.state))

    def _values(self, leaves: Sequence[Leaf]) -> Values:
        return Values.union(leaf.state.known(self.strangers.side) for leaf in leaves)
