"""What the lists hold, in memory: an address or name is answered without asking the history.

A table is made whole when a list moved and swapped in at once; it answers what
:func:`gatepost.engine.asking.ask` answers, for one address or one host name and
the present. Networks, trees of names and other times are the history's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gatepost.engine.asking import CheckAnswer, ListAnswer, bare
from gatepost.engine.site import Site
from gatepost.gate.matcher import Matcher
from gatepost.model.address import Prefix
from gatepost.model.entry import Direction, Domain
from gatepost.model.record import Hit, Standing

Value = Prefix | Domain
Version = tuple[int, int, int, str]

MEMO = 1024
"""Answers that a table remembers; whole answers are remembered by who gives them."""


class Table:
    """One list."""

    __slots__ = ("_chains", "_force", "direction", "name", "serial", "version")

    def __init__(
        self, name: str, direction: Direction | None, standing: Standing | None, version: Version | None
    ) -> None:
        """``standing``: None for a list that has no serial yet."""
        self.name, self.direction, self.version = name, direction, version
        self.serial = standing.serial if standing else None
        hits = standing.hits if standing else ()
        effective = standing.effective if standing else ()
        self._chains = Matcher(_chains(hits), memo=MEMO)
        self._force = Matcher(((entry.value, True) for entry in effective), memo=MEMO)

    def answer(self, text: str) -> ListAnswer:
        """For the canonical text of one address or host name."""
        hits = self._chains.find(text) or ()
        allowed = self._force.find(text) is not None
        return ListAnswer(self.name, self.direction, self.serial, allowed, hits)


@dataclass(frozen=True, slots=True)
class Lookup:
    """All lists at one moment."""

    tables: Mapping[str, Table]
    loaded: bool = True

    @classmethod
    def of_nothing(cls) -> Lookup:
        """Before anything was read: it answers nothing."""
        return cls({}, loaded=False)

    def answer(self, value: Value, names: Sequence[str], at: datetime) -> CheckAnswer | None:
        """What ``ask`` would say; None where the history must be asked."""
        asked = sorted({*names} or self.tables)
        if not self.loaded or not is_single(value) or any(name not in self.tables for name in asked):
            return None
        text = bare(value)
        answers = tuple(self.tables[name].answer(text) for name in asked)
        return CheckAnswer(value, at, tuple(one for one in answers if one.hits) or answers)


def is_single(value: Value) -> bool:
    """Whether it is one address or one host name."""
    return value.size == 1 if isinstance(value, Prefix) else not value.tree


def look_up(site: Site, before: Lookup) -> Lookup:
    """The lists as they stand in the history now; ``before`` itself where none of them moved.

    Blocks; raises StoreError.
    """
    versions = site.store.versions()
    names = sorted({*site.settings.lists, *versions})
    tables = {name: _table(site, name, versions.get(name), before.tables.get(name)) for name in names}
    if before.loaded and all(tables[name] is before.tables.get(name) for name in names):
        return before
    return Lookup(tables)


def _table(site: Site, name: str, version: Version | None, before: Table | None) -> Table:
    if before is not None and before.version == version:
        return before
    settings = site.settings.lists.get(name)
    direction = settings.allowlist.direction if settings else None
    return Table(name, direction, site.store.standing(name) if version else None, version)


def _chains(hits: Sequence[Hit]) -> Iterable[tuple[Value, tuple[Hit, ...]]]:
    """Each value with all that covers it, in the order of ``hits``: its own, and what is around it."""
    own: dict[Value, list[int]] = {}
    for place, hit in enumerate(hits):
        own.setdefault(hit.listed.entry.value, []).append(place)
    around = {**_around_prefixes([one for one in own if isinstance(one, Prefix)]), **_around_names(own)}
    for value, places in own.items():
        every = sorted(place for outer in around[value] for place in own[outer]) + places
        yield value, tuple(hits[place] for place in sorted(every))


def _around_prefixes(prefixes: list[Prefix]) -> dict[Value, tuple[Value, ...]]:
    found: dict[Value, tuple[Value, ...]] = {}
    stack: list[Prefix] = []
    for prefix in sorted(prefixes, key=lambda one: (one.family, one.network, one.length)):
        while stack and (stack[-1].family is not prefix.family or stack[-1].last < prefix.last):
            stack.pop()
        found[prefix] = tuple(stack)
        stack.append(prefix)
    return found


def _around_names(values: Iterable[Value]) -> dict[Value, tuple[Value, ...]]:
    known = {one for one in values if isinstance(one, Domain)}
    return {one: tuple(_trees_above(one, known)) for one in known}


def _trees_above(domain: Domain, known: set[Domain]) -> Iterable[Domain]:
    name = domain.name
    while "." in name:
        name = name.partition(".")[2]
        tree = Domain(name, tree=True)
        if tree in known and tree != domain:
            yield tree
