"""A listing of ``nft -j list ruleset`` as typed values: chains of rules, each a test of fields and a verdict.

Names and comments in it are of other people and may hold anything. What is
not understood becomes a test whose outcome is unknown, never an error; only a
listing that is none is refused.

Reference: libnftables-json(5). Matches and targets of iptables show as ``xt``
with their name alone; before nft 1.0.6 without it, and the last of such a rule
is then taken for a ``DNAT``, which counts in chains of type ``nat`` alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product
from typing import Any

import msgspec

from gatepost.errors import TargetUnavailable
from gatepost.targets._nft_expressions import LIKELY, Reader, Test
from gatepost.targets._nft_values import Values
from gatepost.targets._nft_words import rule_words

ALTERNATIVES_MAX = 256
"""Elements of a set of concatenations that are told apart; a longer one is unknown."""
FAMILIES = frozenset({"ip", "ip6", "inet", "netdev"})
"""``arp`` and ``bridge`` see no packets that are routed or for this host."""


class Kind(StrEnum):
    """What a rule does with a packet."""

    ACCEPT = "accept"
    DROP = "drop"
    """Or ``reject``: it does not arrive."""
    FALL = "fall"
    """``return``: back to the chain that jumped, or to the policy."""
    JUMP = "jump"
    GOTO = "goto"
    TRANSLATE = "translate"
    """Another destination: ``dnat`` and ``redirect``."""
    UNKNOWN = "unknown"
    """Handed to a program: it may come back or not."""


class Tracking(StrEnum):
    """What a rule does about the tracking of connections."""

    KEPT = "kept"
    ENDED = "ended"
    """``notrack``, before connections are looked up."""
    TOUCHED = "touched"
    """The target ``CT`` of iptables, of which nft does not tell whether it is ``--notrack``."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a packet, and of its destination."""

    kind: Kind
    target: str = ""
    """The chain jumped to."""
    local: bool = False
    """Of a translation: it stays on this host."""
    address: Values | None = None
    """Of a translation: the new destination; None where it is not told."""
    port: Values | None = None
    """As ``address``; the port stays where neither is told."""
    told: bool = True
    """Of a translation: whether its values are known at all."""


@dataclass(frozen=True, slots=True)
class Branch:
    """Further tests of a rule, and what follows; ``vmap`` has several."""

    tests: tuple[Test, ...]
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class ChainId:
    """Family, table and name."""

    family: str
    table: str
    name: str

    def __str__(self) -> str:
        """As nft takes it."""
        return f"{self.family} {self.table} {self.name}"


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A line of a chain."""

    chain: ChainId
    handle: int
    tests: tuple[Test, ...]
    branches: tuple[Branch, ...]
    """The first that fits; none where the rule only counts, logs or marks."""
    marks: Mapping[str, Values | None]
    """Fields that it sets, None where to something unknown."""
    words: str
    """Much as nft shows it; foreign text, cut."""
    tracking: Tracking = Tracking.KEPT

    @property
    def sets(self) -> frozenset[tuple[str, str]]:
        """Field and name of each set that it asks."""
        parts = (*self.tests, *(test for branch in self.branches for test in branch.tests))
        return frozenset((test.field, test.set) for test in parts if test.set)


@dataclass(frozen=True, slots=True)
class Chain:
    """Rules in their order; hooked into the way of the packets where it is a base chain."""

    id: ChainId
    rules: tuple[Rule, ...]
    hook: str = ""
    kind: str = ""
    """``filter``, ``nat`` or ``route``."""
    priority: int = 0
    policy: Kind = Kind.ACCEPT
    devices: Values | None = None
    """Of a hook at a device: its packets alone come."""


@dataclass(frozen=True, slots=True)
class Ruleset:
    """All of a network namespace that can concern an address."""

    chains: Mapping[ChainId, Chain]
    sets: Mapping[tuple[str, str, str], Sequence[Any]]
    """Elements by family, table and name, as listed."""
    known: dict[tuple[str, str, str], Values | None] = field(default_factory=dict)
    """See :class:`Reader`."""

    def hooked(self, hook: str, nfproto: str) -> list[Chain]:
        """Base chains that packets of a family meet at a hook, in their order."""
        families = {nfproto, "inet", "netdev"}
        found = [each for each in self.chains.values() if each.hook == hook and each.id.family in families]
        return sorted(found, key=lambda each: each.priority)

    def rules(self) -> Iterator[Rule]:
        """All of them."""
        return (rule for chain in self.chains.values() for rule in chain.rules)


class _Chain(msgspec.Struct):
    family: str
    table: str
    name: str
    type: str = ""
    hook: str = ""
    prio: int = 0
    policy: str = "accept"
    dev: str | list[str] | None = None


class _Rule(msgspec.Struct):
    family: str
    table: str
    chain: str
    handle: int = 0
    expr: list[Any] = []


class _Set(msgspec.Struct):
    family: str
    table: str
    name: str
    elem: list[Any] = []


class _Object(msgspec.Struct):
    """One of the keys, or a kind that decides nothing."""

    chain: _Chain | None = None
    rule: _Rule | None = None
    set: _Set | None = None
    map: _Set | None = None


class _Listing(msgspec.Struct):
    nftables: list[_Object]


def decode(listing: bytes) -> Ruleset:
    """Raises TargetUnavailable for what is no listing of nft."""
    try:
        objects = msgspec.json.decode(listing, type=_Listing).nftables
        return _Decoding(objects).ruleset()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        msg = "nft gave no listing of the ruleset that gatepost can read"
        raise TargetUnavailable(msg) from None


@dataclass(slots=True)
class _Decoding:
    objects: list[_Object]
    sets: dict[tuple[str, str, str], list[Any]] = field(default_factory=dict)
    known: dict[tuple[str, str, str], Values | None] = field(default_factory=dict)

    def ruleset(self) -> Ruleset:
        """Of all objects; rules without a chain are nobody's."""
        for one in (found for each in self.objects if (found := each.set or each.map)):
            self.sets[one.family, one.table, one.name] = one.elem
        rules: dict[ChainId, list[Rule]] = {}
        for rule in (each.rule for each in self.objects if each.rule and each.rule.family in FAMILIES):
            reader = Reader(rule.family, rule.table, rule.handle, self.sets, self.known)
            place = ChainId(rule.family, rule.table, rule.chain)
            rules.setdefault(place, []).append(_Statements(reader, rule).rule())
        chains = [each.chain for each in self.objects if each.chain and each.chain.family in FAMILIES]
        made = [_chain(each, rules) for each in chains]
        return Ruleset({each.id: each for each in made}, self.sets, self.known)


def _chain(raw: _Chain, rules: Mapping[ChainId, list[Rule]]) -> Chain:
    place = ChainId(raw.family, raw.table, raw.name)
    devices = [raw.dev] if isinstance(raw.dev, str) else raw.dev
    return Chain(
        place,
        tuple(rules.get(place, ())),
        raw.hook,
        raw.type,
        raw.prio,
        Kind.DROP if raw.policy == "drop" else Kind.ACCEPT,
        Values.of(span for name in devices for span in Values.word(name).spans) if devices else None,
    )


@dataclass(slots=True)
class _Statements:
    """Reads the expressions of one rule, one after the other."""

    reader: Reader
    raw: _Rule
    tests: list[Test] = field(default_factory=list)
    alternatives: list[tuple[Test, ...]] = field(default_factory=lambda: [()])
    branches: list[Branch] = field(default_factory=list)
    marks: dict[str, Values | None] = field(default_factory=dict)
    tracking: Tracking = Tracking.KEPT

    def rule(self) -> Rule:
        """The whole of it."""
        for expression in _plain(self.raw.expr):
            self._statement(expression)
        if not self.branches and self.raw.expr and self.raw.expr[-1] == {"xt": None}:
            self.branches.append(Branch((), XT_TARGETS["DNAT"]))
        both = product(self.alternatives, self.branches)
        branches = tuple(Branch((*some, *branch.tests), branch.verdict) for some, branch in both)
        place = ChainId(self.raw.family, self.raw.table, self.raw.chain)
        words = rule_words(self.raw.expr)
        return Rule(place, self.raw.handle, tuple(self.tests), branches, self.marks, words, self.tracking)

    def _statement(self, expression: Any) -> None:
        match expression:
            case {"match": {"left": {"concat": list() as left}, "right": right, "op": "==" | "in"}}:
                self._concatenation(left, right)
            case {"match": dict() as match}:
                self.tests += self.reader.tests(match)
            case {"vmap": {"key": key, "data": data}}:
                self._map(key, data)
            case {"mangle": {"key": key, "value": value}}:
                self._mark(key, value)
            case {"notrack": _} | {"xt": {"type": "target", "name": "NOTRACK"}}:
                self.tracking = Tracking.ENDED
            case {"xt": {"type": "target", "name": "CT"}}:
                self.tracking = Tracking.TOUCHED
            case _ if verdict := _verdict(expression, self.reader):
                self.branches.append(Branch((), verdict))
            case {"xt": {"type": "match", "name": "addrtype"}}:
                self.tests.append(self.reader.unknown(len(self.tests), LIKELY))
            case dict() if _undecided(expression):
                self.tests.append(self.reader.unknown(len(self.tests)))

    def _concatenation(self, left: list[Any], right: Any) -> None:
        rows = [_concat(row) for row in self.reader.elements(right)]
        if len(rows) > ALTERNATIVES_MAX or not all(row and len(row) == len(left) for row in rows):
            self.tests.append(self.reader.unknown(len(self.tests)))
            return
        self.alternatives = [
            tuple(
                test
                for one, value in zip(left, row, strict=True)
                for test in self.reader.tests({"op": "==", "left": one, "right": value})
            )
            for row in rows
        ]

    def _map(self, key: Any, data: Any) -> None:
        rows = self.reader.elements(data)
        for row in rows:
            match row:
                case [value, action] if verdict := _verdict(action, self.reader):
                    value = self.reader.bare(value)
                    tests = self.reader.tests({"op": "==", "left": key, "right": value})
                    self.branches.append(Branch(tuple(tests), verdict))

    def _mark(self, key: Any, value: Any) -> None:
        if name := self.reader.field(key):
            self.marks[name] = Values.one(value) if isinstance(value, int) else None


ANSWERS = {"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": ["established", "related"]}}


def _plain(expressions: list[Any]) -> list[Any]:
    """With the bare ``-m conntrack … -j ACCEPT`` of iptables in nft's words: for new connections it is none.

    Its arguments are not listed; a rule that let in all new ones would need no other.
    """
    match [each for each in expressions if not (isinstance(each, dict) and "counter" in each)]:
        case [{"xt": {"type": "match", "name": "conntrack" | "state"}}, {"accept": _} as accept]:
            return [ANSWERS, accept]
        case _:
            return expressions


def _concat(row: Any) -> list[Any]:
    match row:
        case {"concat": list() as parts}:
            return parts
        case {"elem": {"val": value}}:
            return _concat(value)
        case _:
            return []


PLAIN = {
    "accept": Verdict(Kind.ACCEPT),
    "drop": Verdict(Kind.DROP),
    "reject": Verdict(Kind.DROP),
    "return": Verdict(Kind.FALL),
    "queue": Verdict(Kind.UNKNOWN),
    "masquerade": Verdict(Kind.ACCEPT),
    "snat": Verdict(Kind.ACCEPT),
    "tproxy": Verdict(Kind.ACCEPT),
    "synproxy": Verdict(Kind.DROP),
    "fwd": Verdict(Kind.DROP),
}
XT_TARGETS = {
    "DNAT": Verdict(Kind.TRANSLATE, told=False),
    "REDIRECT": Verdict(Kind.TRANSLATE, local=True, told=False),
    "MASQUERADE": Verdict(Kind.ACCEPT),
    "SNAT": Verdict(Kind.ACCEPT),
    "NFQUEUE": Verdict(Kind.UNKNOWN),
    "REJECT": Verdict(Kind.DROP),
}
NEUTRAL = {"counter", "log", "comment", "flow", "dup", "set", "continue", "last", "secmark"}
NEUTRAL |= {"ct helper", "ct timeout", "ct expectation"}


def _verdict(expression: Any, reader: Reader) -> Verdict | None:
    match expression:
        case {"jump": {"target": str() as target}}:
            return Verdict(Kind.JUMP, target)
        case {"goto": {"target": str() as target}}:
            return Verdict(Kind.GOTO, target)
        case {"dnat": change}:
            return _translation(change, reader, local=False)
        case {"redirect": change}:
            return _translation(change, reader, local=True)
        case {"xt": {"type": "target", "name": str() as name}}:
            return XT_TARGETS.get(name)
        case dict() if len(expression) == 1:
            return PLAIN.get(next(iter(expression)))
        case str():
            return PLAIN.get(expression)
        case _:
            return None


def _translation(change: Any, reader: Reader, *, local: bool) -> Verdict:
    told = change if isinstance(change, dict) else {}
    address = reader.values("daddr", told.get("addr")) if "addr" in told else None
    port = reader.values("dport", told.get("port")) if "port" in told else None
    unread = ("addr" in told and address is None) or ("port" in told and port is None)
    home = address is not None and bool(address & LOOPBACK)
    return Verdict(Kind.TRANSLATE, "", local or home, address, port, told=not unread)


LOOPBACK = Values.of([(0x7F000000, 0x7FFFFFFF), (1, 1)])


def _undecided(expression: Mapping[str, Any]) -> bool:
    """Whether a statement may end the rule for some packets: ``limit``, ``quota``, matches of iptables."""
    match expression:
        case {"xt": {"type": "target"}}:
            return False
        case {"set": {"stmt": list()}}:
            return True
        case _:
            return not NEUTRAL & set(expression)
