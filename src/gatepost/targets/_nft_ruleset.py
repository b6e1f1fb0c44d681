"""Whether the sets have the effect that their owner thinks, judged from the whole ruleset.

For each rule that refers to a set, packets that fit the rest of the rule are
followed from the first hook to the last, twice: with an address outside the
set and with one inside. The set has an effect where the one is dropped and the
other accepted. Where it has none, the rule to blame is the one that decided
otherwise.

The packets are first ones of new connections of TCP or UDP, from another host.
Of the interfaces it is known which ones default routes go by, and of this
namespace only its nftables: what the legacy ``iptables`` holds is named, not
followed. A way past the rule is told too, see
:mod:`gatepost.targets._nft_openings`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from operator import and_

from gatepost.model.address import Family
from gatepost.model.entry import Direction
from gatepost.model.finding import Finding, Severity
from gatepost.targets._nft import Place
from gatepost.targets._nft_expressions import ADDRESSES, LIKELY, UNKNOWN, Reader, Test, universe
from gatepost.targets._nft_listed import Fate
from gatepost.targets._nft_openings import LOOPBACK, PROTOCOL, SERVICE, Opening, Strangers, new_connection
from gatepost.targets._nft_rules import Chain, ChainId, Kind, Rule, Ruleset, decode
from gatepost.targets._nft_telling import (
    Case,
    beside,
    blocked_in_part,
    bypasses,
    decided_by,
    depends,
    finding,
    no_effect,
    rule_shown,
)
from gatepost.targets._nft_values import LAST, Values
from gatepost.targets._nft_walk import Budget, Leaf, State, TooComplexError, Walk

LEAVES_MAX = 16
"""Ends of unlisted packets for which it is looked at what becomes of listed ones."""
WAYS_MAX = 16
"""Ways by which jumps lead to a chain, beyond which no more are looked at."""

HOOKS = {
    Direction.INGRESS: frozenset({"ingress", "prerouting", "input", "forward"}),
    Direction.EGRESS: frozenset({"output", "postrouting", "egress", "forward", "prerouting"}),
}
OF_FAMILY = ADDRESSES | {"nfproto", "ip version", "ip6 version"}
"""Fields that are otherwise in packets of the other family."""
OF_SERVICE = OF_FAMILY | SERVICE | {PROTOCOL, "tcp flags", "iifname", "oifname", "pkttype"}
OF_SERVICE |= {"ct state", "ct direction", "ct status", "skuid", "skgid"}
"""Fields by which a rule says which new connections it is about; ``fib`` besides."""
DEVICES = {Direction.INGRESS: "iifname", Direction.EGRESS: "oifname"}
"""By which strangers come, or leave for them."""
ANY_DEVICE = Values.upto(LAST) - Values.word(LOOPBACK)
SIDES = {Direction.INGRESS: "saddr", Direction.EGRESS: "daddr"}


@dataclass(frozen=True, slots=True)
class Around:
    """What else there is in the network namespace."""

    legacy: tuple[str, ...] = ()
    """Tables that the legacy iptables holds."""
    devices: Values | None = None
    """Those by which strangers come, as :func:`gatepost.targets._nft_openings.uplinks` tells."""
    present: Values | None = None
    """All that are there but loopback; None where nobody tells."""


def examine(
    listing: bytes, place: Place, direction: Direction, around: Around | None = None
) -> tuple[Finding, ...]:
    """Findings on the sets of a place.

    ``listing`` is what ``nft -j list ruleset`` prints. Raises TargetUnavailable for
    a listing that cannot be read.
    """
    ruleset, around = decode(listing), around or Around()
    try:
        found = [*_Examination(ruleset, place, direction, around).findings()]
    except TooComplexError:
        found = [finding("uncertain", "the ruleset has too many branches to be followed", Severity.UNSURE)]
    return tuple(dict.fromkeys([*found, *_legacy(around.legacy)]))


def _legacy(tables: Sequence[str]) -> Iterator[Finding]:
    if tables:
        message = f"legacy iptables holds {', '.join(tables)}: what it drops or forwards was not looked at"
        yield finding("legacy_rules", message, Severity.NOTE)


@dataclass(frozen=True)
class _Examination:
    ruleset: Ruleset
    place: Place
    direction: Direction
    around: Around
    budget: Budget = field(default_factory=Budget)
    effects: list[tuple[Case, State]] = field(default_factory=list)
    """Cases that have an effect, with packets that show it."""

    @property
    def side(self) -> str:
        """The field that the list is about."""
        return SIDES[self.direction]

    @cached_property
    def contents(self) -> dict[Family, Values]:
        """Addresses that the kernel holds."""
        reader = Reader("inet", self.place.table, 0, self.ruleset.sets, self.ruleset.known)
        return {each: reader.values("saddr", f"@{self.place.addresses(each)}") or Values() for each in Family}

    def findings(self) -> Iterator[Finding]:
        """All, worst and best, in the order of the families."""
        if not any(self.contents.values()):
            yield finding("empty", f"{self.place}: both sets are empty or not there")
        referring = {family: self._referring(family) for family in Family}
        if not any(referring.values()):
            yield finding("unreferenced", f"no rule of table inet {self.place.table} refers to the sets")
            return
        cases = {family: [*self._cases(family, rules)] for family, rules in referring.items()}
        for family in Family:
            yield from self._of_family(referring[family], cases[family])
        for family in Family:
            if not referring[family]:
                yield from self._other_family(family)

    def _referring(self, family: Family) -> list[Rule]:
        name = self.place.addresses(family)
        ours = (each for each in self.ruleset.rules() if each.chain.table == self.place.table)
        return [each for each in ours if any(asked == name for _, asked in each.sets)]

    def _cases(self, family: Family, rules: Sequence[Rule]) -> Iterator[Case]:
        for rule in rules:
            if any(SIDES[self.direction] in named for named, asked in rule.sets if self._is_ours(asked)):
                for base, tests in _Ways(self.ruleset).to(rule):
                    yield Case(family, rule, base, (*tests, *rule.tests))

    def _is_ours(self, asked: str) -> bool:
        return asked in self.place.names

    def _of_family(self, rules: Sequence[Rule], cases: Sequence[Case]) -> Iterator[Finding]:
        right = [case for case in cases if case.base.hook in HOOKS[self.direction]]
        starts = [(case, start) for case in right if (start := self._start(case, case.tests)) is not None]
        if not rules:
            return
        if not starts:
            yield self._misplaced(rules, cases, right)
        found = [each for case, start in starts for each in self._judge(case, start)]
        if starts and not found and any(self.contents.values()):
            message = f"new connections are sent elsewhere before they come to {rule_shown(rules[0])}"
            found = [finding("unreached", message)]
        yield from found

    def _misplaced(self, rules: Sequence[Rule], cases: Sequence[Case], right: Sequence[Case]) -> Finding:
        """Rules refer to the set, but none where new packets of this direction come by."""
        named = rule_shown(rules[0])
        if right:
            return finding("unreached", f"no new connection comes to {named}")
        if cases:
            hooks = ", ".join(sorted({case.base.hook for case in cases}))
            return finding("wrong_side", f"the list is {self.direction}, but {named} is asked in {hooks}")
        if any(True for rule in rules for _ in _Ways(self.ruleset).to(rule)):
            message = f"the list is {self.direction}: its side is {self.side}, not that of {named}"
            return finding("wrong_side", message)
        return finding("unreached", f"no base chain leads to {named}")

    def _start(self, case: Case, tests: Sequence[Test]) -> State | None:
        """Packets of unlisted addresses that fit; None where no new connection does."""
        gaps = universe(self.side, case.family) - self.contents[case.family]
        tests = [test for test in tests if test.field != self.side and self._is_of_service(test.field)]
        named = {test.field for test in tests}
        facts = {name: each for name, each in new_connection(case.family).items() if name not in named}
        facts |= {
            "nfproto": Values.one(case.family),
            "ct state": Values.word("new"),
            "ct direction": Values.word("original"),
            "pkttype": Values.word("unicast"),
            **{f"ip{mark} version": Values.one(case.family) for mark in ("", "6")},
            self.side: gaps,
        }
        facts[DEVICES[self.direction]] = ANY_DEVICE
        routed = case.base.hook == "forward"
        if not routed:
            facts |= {"ct status": Values.word("none"), "fib daddr type": Values.word("local")}
        state = State(case.family, facts, original=not routed, local=not routed)
        fitting, _ = state.split(tests)
        return None if fitting is None else replace(fitting, unsure=False, chosen=frozenset())

    def _is_of_service(self, name: str) -> bool:
        """Whether a field tells what is asked for, or what every new connection has; others are followed."""
        if name in self._set_by_rules or name.startswith(UNKNOWN):
            return False
        return name in OF_SERVICE or name.startswith(("fib ", LIKELY))

    @cached_property
    def _set_by_rules(self) -> frozenset[str]:
        return frozenset(name for rule in self.ruleset.rules() for name in rule.marks)

    def _way(self, case: Case) -> tuple[str, ...]:
        if case.base.hook == "forward":
            return ("forward",)
        if self.direction is Direction.EGRESS:
            return ("output", "postrouting")
        return ("ingress", "prerouting", "routed")

    def _judge(self, case: Case, start: State) -> Iterator[Finding]:
        leaves = self._leaves(case, start)
        yield from self._verdict(case, start, leaves)
        yield from bypasses(case, [leaf for leaf in leaves if leaf.state.via and leaf.accepted])

    def _leaves(self, case: Case, start: State) -> list[Leaf]:
        return Walk(self.ruleset, case.rule, self.budget).leaves(start, self._way(case))

    def _verdict(self, case: Case, start: State, leaves: Sequence[Leaf]) -> Iterator[Finding]:
        strangers = self._strangers(case, start)
        openings = strangers.openings([leaf for leaf in leaves if leaf.state.via is None])
        opened = [leaf for leaf, found in openings if found is Opening.ALL]
        unsure = [leaf for leaf, found in openings if found is Opening.UNSURE]
        real = [leaf for leaf in leaves if not leaf.accepted and strangers.has(leaf.state.arrived)]
        fates = [Fate(strangers, leaf, self._listed(case, start, leaf)) for leaf in self._foremost(real)]
        sure = [fate for fate in fates if self._is_sure(case, fate)]
        if sure and not opened:
            yield from self._effect(case, sure, fates)
            yield from beside(case, openings)
        elif doubtful := ([] if sure else self._doubts(case, fates)) or ([] if opened else unsure):
            message = f"{case.words}: it depends on whether {decided_by(doubtful[0].last)} matches"
            yield finding("uncertain", message, Severity.UNSURE)
        else:
            plain = [leaf for leaf in leaves if leaf.accepted and leaf.state.via is None]
            through = (opened or self._foremost(plain))[:LEAVES_MAX]
            passing = [(leaf, self._listed(case, start, leaf)) for leaf in through]
            ends = [*passing, *((fate.outside, fate.inside) for fate in fates)]
            yield from no_effect(case, ends, strangers.share(leaf.state for leaf in opened or through))

    def _strangers(self, case: Case, start: State) -> Strangers:
        return Strangers(self.side, start, self.around.devices, self.contents[case.family])

    def _effect(self, case: Case, sure: Sequence[Fate], fates: Sequence[Fate]) -> Iterator[Finding]:
        """Unlisted are dropped; whether all that are listed get through, each address by itself."""
        ours = [fate for fate in sure if fate.is_of_the_list]
        if not ours:
            return
        shown = min(ours, key=lambda fate: fate.outside.state.via is not None)
        self.effects.append((case, shown.outside.state))
        content, known = self.contents[case.family], [fate for fate in fates if not fate.outside.state.unsure]
        passing = Values.union(fate.passing for fate in known)
        perhaps = Values.union(fate.passing_perhaps for fate in known) - passing
        if lost := content - passing - perhaps:
            ends = [end for fate in known for end in fate.losing(lost)]
            yield from blocked_in_part(case, content, ends)
        else:
            yield from self._good(case, shown.outside)
        if perhaps:
            ends = [(leaf, perhaps) for fate in known for leaf in fate.perhaps]
            yield depends(case, content, perhaps, ends[0][0])
        yield from self._confined(case)

    def _confined(self, case: Case) -> Iterator[Finding]:
        """Where the rule is about devices alone by which no stranger comes."""
        asked = [test.values for test in case.tests if test.field == DEVICES[self.direction]]
        wanted = reduce(and_, asked, ANY_DEVICE)
        if self.around.present is not None and asked and not self.around.present & wanted:
            message = f"{case.words} is about packets of a device that is not there"
            yield finding("uncertain", message, Severity.UNSURE)
        elif self.around.devices is not None and not self.around.devices & wanted:
            message = f"{case.words} is about packets of devices that no default route goes by"
            yield finding("confined", message, Severity.NOTE)

    def _doubts(self, case: Case, fates: Sequence[Fate]) -> list[Leaf]:
        """What it depends on whether unlisted are dropped, and listed are not."""
        found = (self._doubt(case, fate) for fate in fates)
        return [leaf for leaf in found if leaf]

    def _foremost(self, leaves: Sequence[Leaf]) -> list[Leaf]:
        """Those that stand for most addresses: single ones come after, and are too many to look at all."""
        order = sorted(leaves, key=lambda leaf: (leaf.state.unsure, -leaf.state.known(self.side).size))
        return order[:LEAVES_MAX]

    def _is_sure(self, case: Case, fate: Fate) -> bool:
        """Whether unlisted are dropped and listed get through, whatever cannot be foretold."""
        return not fate.outside.state.unsure and bool(fate.passing or not self.contents[case.family])

    def _doubt(self, case: Case, fate: Fate) -> Leaf | None:
        """Of unlisted that are dropped: what else has to be so for the list to have an effect."""
        if fate.outside.state.unsure and (fate.accepted or not self.contents[case.family]):
            return fate.outside
        return fate.accepted[0] if fate.accepted else None

    def _good(self, case: Case, leaf: Leaf) -> Iterator[Finding]:
        if self.contents[case.family]:
            message = f"{case.words} lets the listed pass, all others are dropped by {decided_by(leaf.last)}"
            yield finding("effective", message, Severity.GOOD)
        elif any(self.contents.values()):
            how = decided_by(leaf.last)
            message = f"{case.words}: the list has none of IPv{case.family}, all are dropped by {how}"
            yield finding("effective", message, Severity.GOOD)

    def _listed(self, case: Case, start: State, leaf: Leaf) -> list[Leaf]:
        """What becomes of the same packets from addresses in the set."""
        content = self.contents[case.family]
        if not content:
            return []
        facts = {**start.facts, **leaf.state.arrived, self.side: content}
        return self._leaves(case, replace(start, facts=facts))

    def _other_family(self, family: Family) -> Iterator[Finding]:
        """Of a family that no rule refers to: what becomes of packets for which the list has an effect."""
        for case, shown in self.effects:
            tests = [
                Test(name, values)
                for name, values in shown.facts.items()
                if name not in OF_FAMILY | shown.marked and not name.startswith((UNKNOWN, LIKELY))
            ]
            other = replace(case, family=family)
            if start := self._start(other, tests):
                yield from self._of_other(other, start)

    def _of_other(self, case: Case, start: State) -> Iterator[Finding]:
        leaves = self._leaves(case, start)
        name, every = self.place.addresses(case.family), f"IPv{case.family}"
        openings = self._strangers(case, start).openings(leaves)
        opened = [leaf for leaf, found in openings if found is Opening.ALL]
        unsure = [leaf for leaf, found in openings if found is Opening.UNSURE]
        dropped = [leaf for leaf in leaves if not leaf.accepted]
        if opened:
            message = f"no rule refers to {name}, and all {every} passes by {decided_by(opened[0].last)}"
            yield finding(f"ipv{case.family}_open", message)
        elif unsure:
            how = decided_by(unsure[0].last)
            message = f"no rule refers to {name}, and whether {every} passes depends on whether {how} matches"
            yield finding("uncertain", message, Severity.UNSURE)
        elif dropped and self.contents[case.family]:
            how = decided_by(dropped[0].last)
            message = f"no rule refers to {name}, which has addresses: they are dropped by {how}"
            yield finding(f"ipv{case.family}_closed", message)


@dataclass(frozen=True, slots=True)
class _Ways:
    """Jumps, followed backwards."""

    ruleset: Ruleset

    def to(self, rule: Rule) -> list[tuple[Chain, tuple[Test, ...]]]:
        """Base chains from which packets come to a rule, with what they must be."""
        found: list[tuple[Chain, tuple[Test, ...]]] = []
        self._follow(rule.chain, (), (rule.chain,), found)
        return found

    def _follow(
        self,
        place: ChainId,
        tests: tuple[Test, ...],
        passed: tuple[ChainId, ...],
        found: list[tuple[Chain, tuple[Test, ...]]],
    ) -> None:
        chain = self.ruleset.chains.get(place)
        if chain and chain.hook and len(found) < WAYS_MAX:
            found.append((chain, tests))
        for jump, needed in self._jumps(place):
            if jump.chain not in passed and len(found) < WAYS_MAX:
                self._follow(jump.chain, (*needed, *tests), (*passed, jump.chain), found)

    def _jumps(self, place: ChainId) -> Iterator[tuple[Rule, tuple[Test, ...]]]:
        for rule in self.ruleset.rules():
            for branch in rule.branches:
                here = (rule.chain.family, rule.chain.table, branch.verdict.target)
                if branch.verdict.kind in {Kind.JUMP, Kind.GOTO} and ChainId(*here) == place:
                    yield rule, (*rule.tests, *branch.tests)
