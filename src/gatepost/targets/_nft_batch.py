"""The messages of the transactions at one place, in order.

The first of them compares the generation: deleting one that is not there
refuses the whole batch. The sets are never replaced, only their elements
change, so packets always meet the old or the new list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gatepost.kit import nftables_messages as messages
from gatepost.kit.netlink_messages import Message
from gatepost.kit.nftables_messages import IPV4, IPV6, MARK, KeyType, SetForm, SetName
from gatepost.model.address import Family, Range
from gatepost.planning.span import Span
from gatepost.targets._nft import OWNER, Change, Held, Note, Place, raised
from gatepost.targets._nft_parts import Step, steps

KEYS: Mapping[Family, KeyType] = {Family.V4: IPV4, Family.V6: IPV6}
_OVERHEAD = 1024
"""Bytes that a batch takes besides its ranges, more than it ever needs."""
_SET_OVERHEAD = 4
"""The same for each set that a step changes, in ranges."""
_STEPS_A_PART = 8
"""A part is put together of steps; the finer they are, the fuller it gets."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What is held, and the messages that change it."""

    place: Place
    held: Held

    def change(self, change: Change) -> list[Message]:
        """All of it at once. Raises TargetRejected where there is no later generation, as :meth:`parts`."""
        head = [*self._creation(change), *self._raised(self.held.generation, Note(change.digest))]
        return [*head, *(each for family in Family for each in self._changed(change, family))]

    def parts(self, change: Change, room: int) -> Iterator[list[Message]]:
        """In batches of at most ``room`` bytes, each at a generation of its own."""
        parts = _packed(change, max(1, (room - _OVERHEAD) // messages.range_size(IPV6)))
        for at, part in enumerate(parts):
            note = Note(change.digest, unfinished=at + 1 < len(parts))
            head = [
                *(self._creation(change) if at == 0 else ()),
                *self._raised(self.held.generation + at, note),
            ]
            yield [*head, *(each for step in part for each in self._stepped(step, first=not at))]

    def purge(self) -> Iterator[Message]:
        """Our sets; the owner's mark and the table only where nothing else is in it."""
        yield from self._numbered()
        yield from self._compared(self.held.generation)
        if not self.held.generation:
            yield messages.new_mark(self._generation, 1)
        for name in (*map(self.place.addresses, self.held.sets), self.place.generation):
            yield messages.delete_set(self._set(name))
        if self.held.alone:
            yield messages.delete_set(self._set(OWNER))
            yield messages.delete_table(self.place.table)

    def emptied(self) -> Iterator[Message]:
        """Our sets as they were declared: without an element, the generation's among them."""
        yield from self._compared(self.held.generation)
        for name in map(self.place.addresses, self.held.sets):
            yield messages.flush_set(self._set(name))

    def adoption(self, digest: str) -> Iterator[Message]:
        """The marks that are missing."""
        if not self.held.owned:
            yield self._new_set(SetForm(OWNER, MARK), 1)
        if self.held.filled and not self.held.generation:
            yield from self._numbered()
            yield messages.new_mark(self._generation, 1, str(Note(digest)))

    @property
    def _generation(self) -> SetName:
        return self._set(self.place.generation)

    def _set(self, name: str) -> SetName:
        return SetName(self.place.table, name)

    def _new_set(self, form: SetForm, number: int, *, exclusive: bool = False) -> Message:
        return messages.new_set(self.place.table, form, number, exclusive=exclusive)

    def _creation(self, change: Change) -> Iterator[Message]:
        """What is missing; where another writer made it first, the batch is refused."""
        if not self.held.exists:
            yield messages.new_table(self.place.table)
            yield self._new_set(SetForm(OWNER, MARK), 1)
        for family in Family:
            if family not in self.held.sets:
                name = self.place.addresses(family)
                form = SetForm(name, KEYS[family], interval=True, counters=change.counters)
                yield self._new_set(form, family, exclusive=True)
        yield from self._numbered()

    def _numbered(self) -> Iterator[Message]:
        if not self.held.numbered:
            yield self._new_set(SetForm(self.place.generation, MARK, size=1), 2, exclusive=True)

    def _compared(self, generation: int) -> Iterator[Message]:
        if generation:
            yield messages.delete_mark(self._generation, generation)

    def _raised(self, generation: int, note: Note) -> Iterator[Message]:
        number = raised(self.place, generation)
        yield from self._compared(generation)
        yield messages.new_mark(self._generation, number, str(note))

    def _changed(self, change: Change, family: Family) -> Iterator[Message]:
        """Emptied and filled anew where that is less to say; never where packets are counted that stay."""
        has, gone, new = change.held.ranges.get(family, ()), change.removals(family), change.additions(family)
        kept = len(has) - len(gone)
        if gone and kept < (1 if change.held.sets.get(family) else len(gone)):
            yield messages.flush_set(self._set(self.place.addresses(family)))
            yield from self._added(family, _spans(change.wanted[family]), empty=True)
            return
        yield from messages.delete_ranges(self._set(self.place.addresses(family)), KEYS[family], _spans(gone))
        yield from self._added(family, _spans(new), empty=not has)

    def _stepped(self, step: Step, *, first: bool) -> Iterator[Message]:
        place = self._set(self.place.addresses(step.family))
        yield from messages.delete_ranges(place, KEYS[step.family], step.remove)
        yield from self._added(step.family, step.add, empty=first and not self.held.ranges.get(step.family))

    def _added(self, family: Family, spans: Sequence[Span], *, empty: bool) -> Iterator[Message]:
        place = self._set(self.place.addresses(family))
        yield from messages.new_ranges(place, KEYS[family], spans, empty=empty)


def _spans(ranges: Sequence[Range]) -> list[Span]:
    return [(each.first, each.last) for each in ranges]


def _packed(change: Change, room: int) -> list[list[Step]]:
    """Steps put together to parts of at most ``room`` ranges."""
    held = {family: _spans(change.held.ranges.get(family, ())) for family in Family}
    wanted = {family: _spans(change.wanted[family]) for family in Family}
    parts: list[list[Step]] = [[]]
    for step in steps(held, wanted, max(1, room // _STEPS_A_PART)):
        if parts[-1] and sum(map(_weight, [*parts[-1], step])) > room:
            parts.append([])
        parts[-1].append(step)
    return parts


def _weight(step: Step) -> int:
    return len(step) + _SET_OVERHEAD
