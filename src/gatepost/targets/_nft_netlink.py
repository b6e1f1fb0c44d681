"""The kernel's nftables over netlink: no program, one datagram a transaction.

A change carries the number of the ruleset that it was read at, and the kernel
refuses it where anything was changed meanwhile; it is then read again and sent
again if what we hold is as it was. Besides, as with the program, deleting the
generation that is gone refuses the batch, whoever else may write.

What is read is kept with its number: as long as the kernel's is the same,
nothing has changed and nothing need be listed. What is written is never
believed, only what is read.

Reference: linux/netfilter/nf_tables.h.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import NoReturn
from weakref import finalize

from anyio import to_thread

from gatepost.errors import NetlinkFailed, StalePlan, TargetRejected, TargetUnavailable
from gatepost.kit import nftables_answers as answers
from gatepost.kit import nftables_messages as messages
from gatepost.kit.netlink import Netlink, Opener, SystemWire
from gatepost.kit.netlink_messages import Message, batch_size
from gatepost.kit.nftables_messages import MARK, SetFlag, SetName
from gatepost.model.address import Family, Range
from gatepost.targets._nft import OWNER, Change, Held, Note, Place, merging, referred_to
from gatepost.targets._nft_batch import KEYS, Batch
from gatepost.targets._nft_watch import Watch

TRIES = 20
"""Of reading or writing at one moment, where others change the ruleset all the while."""
_UNAVAILABLE = frozenset(
    {
        *(errno.EPERM, errno.EACCES, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT, errno.EBADMSG),
        *(errno.EINTR, errno.ERESTART, errno.EAGAIN, errno.ETIMEDOUT),
        *(errno.ENOBUFS, errno.ENOMEM, errno.EMFILE, errno.ENFILE),
    }
)
"""The kernel could not be asked, or what became of the question is not known; all else is its verdict."""


class Direct:
    """A :class:`gatepost.targets._nft.Kernel`."""

    def __init__(self, place: Place, opener: Opener = SystemWire, *, timeout: float = 30.0) -> None:
        """``opener`` makes the sockets; ``timeout`` in seconds, for one answer."""
        self._place = place
        self._opener = opener
        self._timeout = timeout
        self._known: _Known | None = None
        self._watch = Watch(place, opener)
        self._idle: list[Netlink] = []
        """Sockets kept open: closing one waits until the kernel has tidied up after the last change."""
        finalize(self, _close, self._idle)

    async def read(self) -> Held:
        """See :class:`Kernel`."""
        return await to_thread.run_sync(self._read)

    async def write(self, change: Change) -> None:
        """See :class:`Kernel`: whole, or in parts where the socket's buffer may not grow so far."""
        await to_thread.run_sync(self._write, change)

    async def purge(self, held: Held) -> None:
        """See :class:`Kernel`: the kernel itself refuses to delete a table with anything else in it."""
        await to_thread.run_sync(self._purge, held)

    async def empty(self, held: Held) -> None:
        """See :class:`Kernel`."""
        await to_thread.run_sync(self._empty, held)

    async def adopt(self, held: Held, digest: str) -> None:
        """See :class:`Kernel`."""
        await to_thread.run_sync(self._adopt, held, digest)

    async def stamp(self) -> str:
        """The number of the ruleset's last change: microseconds, so it is asked for at once."""
        with self._asking() as link:
            number = _generation(link)
        self._watch.follow()
        return str(number)

    async def suspects(self) -> tuple[str, ...]:
        """Who changed our sets since we did, of those that came since the first stamp was asked for."""
        return self._watch.told()

    def _read(self) -> Held:
        if self._known is not None and self._known.held.packets:
            self._known = None  # packets are counted without any change of the ruleset
        with self._asking() as link:
            return self._settled(link).held

    def _settled(self, link: Netlink) -> _Known:
        """Of one moment: nothing changed meanwhile, or twice the same, the generation read first."""
        last: Held | None = None
        for _ in range(TRIES):
            before = _generation(link)
            if self._known is not None and self._known.number == before:
                return self._known
            reading = _Reading(self._place, link)
            held = reading.held()
            if held is not None and not reading.torn and _generation(link) == before:
                self._known = _Known(before, held)
                return self._known
            if held is not None and last is not None and _same(held, last):
                return _Known(0, held)
            last = held
        msg = f"{self._place} cannot be read: the ruleset changes all the while"
        raise TargetUnavailable(msg)

    def _write(self, change: Change) -> None:
        batch = Batch(self._place, change.held)
        whole = batch.change(change)
        with self._asking() as link:
            if (room := link.room(whole)) >= batch_size(whole):
                self._commit(link, change.held, whole)
                return
            first, *rest = batch.parts(change, room)
            self._commit(link, change.held, first)
            for part in rest:
                self._send(link, part)

    def _purge(self, held: Held) -> None:
        with self._asking() as link:
            try:
                self._commit(link, held, [*Batch(self._place, held).purge()])
            except NetlinkFailed as error:
                if error.code == errno.EBUSY:
                    self._require_unused(link)
                raise

    def _empty(self, held: Held) -> None:
        with self._asking() as link:
            self._commit(link, held, [*Batch(self._place, held).emptied()])

    def _require_unused(self, link: Netlink) -> None:
        rules = map(answers.rule_found, link.dump(messages.get_rules(self._place.table))[0])
        referring = [(rule.chain, rule.handle) for rule in rules if rule.sets & self._place.names]
        if referring:
            raise referred_to(self._place, referring)

    def _adopt(self, held: Held, digest: str) -> None:
        with self._asking() as link:
            self._commit(link, held, [*Batch(self._place, held).adoption(digest)])

    def _commit(self, link: Netlink, held: Held, batch: Sequence[Message]) -> None:
        """Only while the ruleset is the one that was read, or what we hold in it is still the same."""
        for _ in range(TRIES):
            known = self._settled(link)
            if not _same(known.held, held):
                msg = f"{self._place} has changed since the plan was made"
                raise StalePlan(msg)
            try:
                self._send(link, batch, known.number)
            except NetlinkFailed as error:
                if error.code != errno.ERESTART:
                    raise
            else:
                return
        self._send(link, batch)

    def _send(self, link: Netlink, batch: Sequence[Message], generation: int = 0) -> None:
        self._watch.ours(link.port)
        link.commit(batch, generation)

    @contextmanager
    def _asking(self) -> Iterator[Netlink]:
        """A socket, not used again after a failure; failures as the target knows them."""
        link: Netlink | None = None
        try:
            link = self._link()
            yield link
            self._idle.append(link)
            link = None
        except NetlinkFailed as error:
            made = TargetRejected if _is_verdict(error) else TargetUnavailable
            msg = f"{self._place}: {error.message}"
            if made is TargetRejected:
                raise made(msg) from None
            raise made(msg, code=error.code, hint=error.next_step) from None
        finally:
            if link is not None:
                link.close()

    def _link(self) -> Netlink:
        try:
            return self._idle.pop()
        except IndexError:
            return Netlink(self._opener, patience=self._timeout)


def _is_verdict(error: NetlinkFailed) -> bool:
    """Whether the kernel has judged the change itself: ENFILE of one of its messages is a full set."""
    return error.code not in _UNAVAILABLE or (
        error.code == errno.ENFILE and max(error.places, default=-1) >= 0
    )


def _close(links: list[Netlink]) -> None:
    for link in links:
        link.close()


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read, and the number of the ruleset it was read at; 0: of no single one."""

    number: int
    held: Held


def _same(one: Held, other: Held) -> bool:
    """But for the packets counted meanwhile."""
    return one is other or replace(one, packets={}) == replace(other, packets={})


def _generation(link: Netlink) -> int:
    return answers.generation(link.ask(messages.get_generation())).number


class _StrangeError(Exception):
    """Something that gatepost did not make; the words go on from the table's name."""


@dataclass(slots=True)
class _Reading:
    """Facts, asked for one after the other; worth nothing where things change meanwhile."""

    place: Place
    link: Netlink
    torn: bool = False
    """Whether a listing says itself that something changed while it was made."""

    def held(self) -> Held | None:
        """With what is strange in words; None where it went away while we read."""
        try:
            table = answers.table_found(self.link.ask(messages.get_table(self.place.table)))
        except NetlinkFailed as error:
            return Held(exists=False) if error.code == errno.ENOENT else _raise(error)
        try:
            return self._of_table(table)
        except NetlinkFailed as error:
            return None if error.code in {errno.ENOENT, errno.EINTR} else _raise(error)

    def _of_table(self, table: answers.TableFound) -> Held:
        found = {
            each.name: each
            for each in map(answers.set_found, self._dump(messages.get_sets(self.place.table)))
        }
        sets = {name: each for name, each in found.items() if not each.flags & _MAPS}
        ours = sets.keys() & {OWNER, *self.place.names}
        alone = table.objects == len(ours)
        known = Held(exists=True, dormant=table.dormant, owned=OWNER in sets, alone=alone)
        if (found.keys() - sets.keys()) & self.place.names:
            return replace(known, strange=f"has a map of the name {self.place.set}_…")
        try:
            return self._of_sets(known, sets)
        except _StrangeError as error:
            return replace(known, strange=str(error))

    def _of_sets(self, known: Held, sets: Mapping[str, answers.SetFound]) -> Held:
        """The generation first: see :meth:`Direct._settled`."""
        number = sets.get(self.place.generation)
        generation, note = self._generation(number)
        mine = {family: sets.get(self.place.addresses(family)) for family in Family}
        elements = {family: self._elements(mine[family], family) for family in Family}
        return replace(
            known,
            sets={family: each.counters for family, each in mine.items() if each},
            sizes={family: each.size for family, each in mine.items() if each and each.size},
            numbered=number is not None,
            generation=generation,
            note=note,
            ranges={family: ranges for family, (ranges, _) in elements.items()},
            packets={each: count for _, counted in elements.values() for each, count in counted.items()},
        )

    def _elements(
        self, found: answers.SetFound | None, family: Family
    ) -> tuple[tuple[Range, ...], dict[Range, int]]:
        if found is None:
            return (), {}
        key = KEYS[family]
        form = (found.key_number, found.key_length, found.flags & ~SetFlag.EXPRESSION)
        if form != (key.number, key.length, SetFlag.INTERVAL):
            msg = f"has a set {found.name} of another type"
            raise _StrangeError(msg)
        if found.merges:
            raise _StrangeError(merging(found.name))
        try:
            bounds, packets = answers.ranges(self._dump(self._listing(found.name)), key.length)
        except ValueError:
            msg = "has an element that gatepost cannot read"
            raise _StrangeError(msg) from None
        ranges = tuple(Range(family, first, last) for first, last in bounds)
        return ranges, {Range(family, *bound): count for bound, count in packets.items()}

    def _generation(self, found: answers.SetFound | None) -> tuple[int, Note | None]:
        if found is None:
            return 0, None
        if (found.key_number, found.flags) == (MARK.number, 0):
            with suppress(ValueError):
                match answers.marks(self._dump(self._listing(found.name))):
                    case []:
                        return 0, None
                    case [answers.Marked(mark=mark, comment=comment)] if note := Note.parse(comment):
                        return mark, note
        msg = f"has a set {found.name} that gatepost did not write"
        raise _StrangeError(msg)

    def _listing(self, name: str) -> Message:
        return messages.get_elements(SetName(self.place.table, name))

    def _dump(self, message: Message) -> list[bytes]:
        found, torn = self.link.dump(message)
        self.torn = self.torn or torn
        return found


def _raise(error: NetlinkFailed) -> NoReturn:
    raise error


_MAPS = SetFlag.MAP | SetFlag.OBJECT
