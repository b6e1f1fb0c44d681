"""Which packets a ruleset lets through: all of a kind at once, split wherever a rule tells some apart.

A state stands for all packets whose fields have the values that are known of
them. A rule that is true for some of these makes two states of one. What is
not known of a field may be anything, and what nobody can foretell (a limit, a
match of iptables) may be both. Chains are followed through jumps; base chains
of a hook in the order of their priority, where a drop is the end and an accept
only the end of that chain.

Reference: nft(8), "Chains" and "Verdict statements".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from gatepost.model.address import Family
from gatepost.targets._nft_expressions import UNKNOWN, Test, universe
from gatepost.targets._nft_rules import Branch, Chain, ChainId, Kind, Rule, Ruleset, Tracking, Verdict
from gatepost.targets._nft_values import LAST, Values

STATES_MAX = 512
"""Kinds of packets that are told apart at a time."""
STEPS_MAX = 500_000
"""Rules asked about states, in all; beyond it a ruleset is too much to be followed."""
BEFORE_TRANSLATION = {
    "ct original saddr": "saddr",
    "ct original daddr": "daddr",
    "ct original proto-src": "sport",
    "ct original proto-dst": "dport",
}
TRANSLATED = frozenset({*BEFORE_TRANSLATION, *BEFORE_TRANSLATION.values(), "ct status", "fib daddr type"})
"""Fields that are otherwise after a change of the destination."""
TRACKED_AT = -200
"""Priority at which a connection is looked up; ``notrack`` has an effect only before."""
TRACKED_IN = frozenset({"ingress", "prerouting", "output"})
NOTHING = Values.one(LAST)
"""Of a field that is not there: no value that a rule would name."""
UNTRACKED = {
    "ct state": Values.word("untracked"),
    **dict.fromkeys(("ct direction", "ct status", "ct mark", "ct zone", *BEFORE_TRANSLATION), NOTHING),
}
NFPROTO = {Family.V4: "ip", Family.V6: "ip6"}


class TooComplexError(Exception):
    """The walk was given up."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a base chain did: by a rule, or by its policy."""

    chain: Chain
    rule: Rule | None


@dataclass(frozen=True, slots=True)
class State:
    """Packets that are alike so far."""

    family: Family
    facts: Mapping[str, Values]
    """Values that a field may still have; all, where it is not named."""
    original: bool = True
    """Whether the connection's original destination is the packet's."""
    local: bool = True
    """Whether it is for this host."""
    asked: bool = False
    """Whether it has come to the rule that is watched."""
    tracked: bool = True
    """Whether it belongs to a connection; else it is never translated."""
    via: Rule | None = None
    """The rule that gave it another destination."""
    unsure: bool = False
    """Whether something was taken for true that nobody can foretell."""
    marked: frozenset[str] = frozenset()
    """Fields that rules have set."""
    chosen: frozenset[str] = frozenset()
    """Fields by which rules chose these packets out of others; not those of which others were taken out."""
    steps: tuple[Step, ...] = ()

    def known(self, name: str) -> Values:
        """What a field may be."""
        return self.facts.get(name) or universe(name, self.family)

    def setting(self, changes: Mapping[str, Values | None]) -> State:
        """With other facts; None for nothing known."""
        facts = {name: value for name, value in self.facts.items() if name not in changes}
        return replace(self, facts=facts | {name: each for name, each in changes.items() if each is not None})

    @property
    def arrived(self) -> Mapping[str, Values]:
        """What is known of them as they came, before their destination was changed; not what rules set."""
        own = {name: each for name, each in self.facts.items() if name not in self.marked}
        if self.via is None:
            return own
        before = {now: own[name] for name, now in BEFORE_TRANSLATION.items() if name in own}
        return {name: each for name, each in own.items() if name not in TRANSLATED} | before

    def split(self, tests: Sequence[Test]) -> tuple[State | None, list[State]]:
        """Those for which all tests are true, and the others."""
        others, state = [], self
        for test in tests:
            name = BEFORE_TRANSLATION.get(test.field, test.field) if state.original else test.field
            known = state.known(name)
            true = known & test.values
            if not true and known:
                return None, [self]
            false = known - test.values
            if false:
                apart = state.setting({name: false})
                others.append(replace(apart, unsure=self.unsure, chosen=self.chosen))
            unsure = state.unsure or (bool(false) and name.startswith(UNKNOWN))
            if false:
                chosen = state.chosen | {name}
                state = replace(state.setting({name: true}), unsure=unsure, chosen=chosen)
        return state, others


@dataclass(frozen=True, slots=True)
class Leaf:
    """What became of packets at the end."""

    state: State
    accepted: bool

    @property
    def last(self) -> Step | None:
        """What the last base chain did; None where there was none."""
        return self.state.steps[-1] if self.state.steps else None

    def step_of(self, chain: ChainId) -> Step | None:
        """What one base chain did."""
        return next((step for step in self.state.steps if step.chain.id == chain), None)


@dataclass(frozen=True, slots=True)
class _End:
    state: State
    kind: Kind
    rule: Rule | None
    verdict: Verdict | None = None


@dataclass(slots=True)
class Budget:
    """What walks may cost together."""

    left: int = STEPS_MAX

    def spend(self) -> None:
        """One step; raises TooComplexError."""
        self.left -= 1
        if self.left < 0:
            raise TooComplexError


@dataclass(slots=True)
class Walk:
    """Follows states through a ruleset; raises TooComplexError."""

    ruleset: Ruleset
    watched: Rule | None = None
    budget: Budget = field(default_factory=Budget)
    _stack: list[ChainId] = field(default_factory=list)
    _ends: list[Leaf] = field(default_factory=list)
    _kind: str = ""
    """Of the base chain that is walked: only one of type ``nat`` translates."""
    _early: bool = False
    """Whether that chain comes before connections are looked up."""

    def leaves(self, state: State, hooks: Sequence[str]) -> list[Leaf]:
        """All ends, past these hooks; ``routed`` stands for ``input``, or ``forward`` and what follows."""
        self._ends = []
        live = [state]
        for hook in hooks:
            live = [after for each in live for name in _hooks(hook, each) for after in self._hook(each, name)]
        return [*self._ends, *(Leaf(each, accepted=True) for each in live)]

    def _hook(self, state: State, hook: str) -> list[State]:
        live = [state]
        if hook == "forward":  # and what follows it
            live = [after for each in live for after in self._chains(each, hook)]
            hook = "postrouting"
        return [after for each in live for after in self._chains(each, hook)]

    def _chains(self, state: State, hook: str) -> list[State]:
        live = [state]
        for chain in self.ruleset.hooked(hook, NFPROTO[state.family]):
            live = [after for each in live for after in self._base(chain, each)]
        return live

    def _base(self, chain: Chain, state: State) -> list[State]:
        if chain.kind == "nat" and (state.via or not state.tracked):
            return [state]
        tests = (Test("iifname", chain.devices),) if chain.devices else ()
        inside, outside = state.split(tests)
        if inside is None:
            return outside
        self._kind = chain.kind
        self._early = chain.hook in TRACKED_IN and chain.priority < TRACKED_AT
        ends = self._chain(chain.id, inside)
        return [*outside, *(after for end in ends for after in self._ended(chain, end))]

    def _ended(self, chain: Chain, end: _End) -> list[State]:
        after = replace(end.state, steps=(*end.state.steps, Step(chain, end.rule)))
        kind = chain.policy if end.kind is Kind.FALL else end.kind
        if kind is Kind.DROP:
            self._ends.append(Leaf(after, accepted=False))
            return []
        if end.verdict and chain.hook == "prerouting":
            return [_translated(after, end)]
        return [after]

    def _chain(self, place: ChainId, state: State) -> list[_End]:
        """A chain that is not there, or that is walked already (the kernel has no circles), does nothing."""
        chain = self.ruleset.chains.get(place)
        if chain is None or place in self._stack:
            return [_End(state, Kind.FALL, None)]
        self._stack.append(place)
        ends: list[_End] = []
        live = [state]
        for rule in chain.rules:
            live = [after for each in live for after in self._rule(rule, each, ends)]
            if len(live) > STATES_MAX:
                raise TooComplexError
        self._stack.pop()
        return [*ends, *(_End(each, Kind.FALL, None) for each in live)]

    def _rule(self, rule: Rule, state: State, ends: list[_End]) -> list[State]:
        """States that go on to the next rule; the others are added to the ends."""
        self.budget.spend()
        if rule is self.watched:
            state = replace(state, asked=True)
        matched, others = state.split(rule.tests)
        tracking = rule.tracking if self._early else Tracking.KEPT
        if matched is None or not (rule.branches or rule.marks or tracking is not Tracking.KEPT):
            return [state]
        live, found = [_tracked(_marked(matched, rule), tracking)], len(ends)
        for branch in rule.branches:
            live = [after for each in live for after in self._branch(rule, branch, each, ends)]
        if len(ends) == found and all(_as_it_was(each, state) for each in live):
            return [state]  # it only went through chains that did nothing with it
        return [*live, *others]

    def _branch(self, rule: Rule, branch: Branch, state: State, ends: list[_End]) -> list[State]:
        matched, others = state.split(branch.tests)
        if matched is None:
            return others
        return [*self._verdict(rule, branch.verdict, matched, ends), *others]

    def _verdict(self, rule: Rule, verdict: Verdict, state: State, ends: list[_End]) -> list[State]:
        match verdict.kind:
            case Kind.JUMP | Kind.GOTO:
                return self._jump(rule, verdict, state, ends)
            case Kind.TRANSLATE if self._kind != "nat":
                return [state]
            case Kind.TRANSLATE:
                ends.append(_End(state, Kind.ACCEPT, rule, verdict))
            case Kind.UNKNOWN:
                unsure = replace(state, unsure=True)
                ends += [_End(unsure, Kind.ACCEPT, rule), _End(unsure, Kind.DROP, rule)]
            case _:
                ends.append(_End(state, verdict.kind, rule if verdict.kind is not Kind.FALL else None))
        return []

    def _jump(self, rule: Rule, verdict: Verdict, state: State, ends: list[_End]) -> list[State]:
        place = ChainId(rule.chain.family, rule.chain.table, verdict.target)
        back = []
        for end in self._chain(place, state):
            if end.kind is Kind.FALL and verdict.kind is Kind.JUMP:
                back.append(end.state)
            else:
                ends.append(end)
        return back


def _as_it_was(after: State, before: State) -> bool:
    return _of_rules(after) == _of_rules(before)


def _of_rules(state: State) -> tuple[object, ...]:
    """What rules made of it, beside telling it from others."""
    touched = {*state.marked, "ct state"}
    made = {name: state.facts[name] for name in touched if name in state.facts}
    return state.marked, state.asked, state.unsure, state.tracked, made


def _hooks(hook: str, state: State) -> tuple[str, ...]:
    if hook != "routed":
        return (hook,)
    return ("input",) if state.local else ("forward",)


def _marked(state: State, rule: Rule) -> State:
    if not rule.marks:
        return state
    return replace(state.setting(rule.marks), marked=state.marked | set(rule.marks))


def _tracked(state: State, tracking: Tracking) -> State:
    match tracking:
        case Tracking.ENDED:
            bare = state.setting(UNTRACKED)
            return replace(bare, original=False, tracked=False, marked=state.marked | set(UNTRACKED))
        case Tracking.TOUCHED:
            either = (*state.known("ct state").spans, *UNTRACKED["ct state"].spans)
            return state.setting({"ct state": Values.of(either)})
        case _:
            return state


def _translated(state: State, end: _End) -> State:
    """With the new destination; the old one is the connection's original."""
    verdict = end.verdict
    if verdict is None:
        msg = "a translation has a verdict"
        raise AssertionError(msg)
    originals = {name: state.known(now) for name, now in BEFORE_TRANSLATION.items()}
    port = verdict.port or (state.known("dport") if verdict.told else None)
    changed: dict[str, Values | None] = {
        **originals,
        "daddr": verdict.address,
        "dport": port,
        "ct status": Values.word("dnat"),
        "fib daddr type": Values.word("local") if verdict.local else None,
    }
    return replace(state.setting(changed), original=False, local=verdict.local, via=end.rule)
