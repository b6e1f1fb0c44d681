"""What was found about a rule that refers to a set, in words, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from gatepost.errors import cut
from gatepost.model.address import Family, format_address
from gatepost.model.finding import Finding, Severity
from gatepost.targets._nft_expressions import LIKELY, UNKNOWN, Test
from gatepost.targets._nft_openings import Opening
from gatepost.targets._nft_rules import Chain, ChainId, Rule
from gatepost.targets._nft_values import Values
from gatepost.targets._nft_walk import Leaf, Step

BLOCKING_MAX = 4
"""Rules that are told as dropping a part of the listed."""
NAME_MAX = 120
"""Characters of a chain's name."""
STEPS = {
    "effective": "",
    "empty": "Run `gatepost apply`; until then nobody is let through by the list.",
    "dormant": "Wake it: `nft add table` with its family and name.",
    "unreferenced": "Add the rules that docs/targets/nftables.md shows; `gatepost plan` never adds any.",
    "unreached": "Jump to that chain from a base chain, or give it a hook.",
    "wrong_side": "Match saddr in input for an ingress list, daddr in output for an egress list.",
    "shadowed": "Move the rule of the list before it, or narrow that rule.",
    "open_policy": "Drop what the list does not name: a drop after its rule, or policy drop.",
    "blocked": "Let these packets pass there too: a drop in any chain is final, whatever others accept.",
    "inverted": "Let the rule accept, or match with != before the drop.",
    "forward_bypass": "Match the set in forward too, with `ct original proto-dst PORT`, and drop the rest.",
    "ipv4_open": "Add the rule for IPv4, and drop what it does not accept.",
    "ipv6_open": "Add the rule for IPv6, and drop what it does not accept.",
    "ipv4_closed": "Add the rule for IPv4: the list has such addresses.",
    "ipv6_closed": "Add the rule for IPv6: the list has such addresses.",
    "partly": "Check that this is meant.",
    "confined": "Check that this is meant.",
    "unexamined": "Install the program nft: `gatepost doctor` reads the ruleset by it.",
    "uncertain": "Check it with a packet from an address that is not in the list.",
    "legacy_rules": "See `iptables-legacy-save`; move these rules to nftables, or check that they let pass.",
}
"""What to do about each kind of finding."""


def finding(kind: str, message: str, severity: Severity = Severity.WRONG) -> Finding:
    """With the next step of its kind."""
    return Finding(kind, severity, message, STEPS[kind])


@dataclass(frozen=True, slots=True)
class Case:
    """A rule that refers to a set, at a base chain from which packets come to it."""

    family: Family
    rule: Rule
    base: Chain
    tests: tuple[Test, ...]
    """What packets must be to come to the rule and to fit the rest of it."""

    @property
    def words(self) -> str:
        """For people."""
        return f"IPv{self.family}: {rule_shown(self.rule)}"


def _any_passes(leaves: Sequence[Leaf]) -> bool:
    """Whether any packets get through."""
    return any(leaf.accepted for leaf in leaves)


def no_effect(case: Case, ends: Sequence[tuple[Leaf, Sequence[Leaf]]], share: Fraction) -> Iterator[Finding]:
    """Unlisted and listed packets, and what becomes of both: not the one dropped and the other accepted.

    ``share`` of the unlisted addresses gets through.
    """
    inverted = [leaf for leaf, inside in ends if leaf.accepted and inside and not _any_passes(inside)]
    through = [leaf for leaf, _ in ends if leaf.accepted]
    dropped = [leaf for _, inside in ends for leaf in inside]
    blocked = sorted(dropped, key=_oddness)
    if inverted:
        how = decided_by(inverted[0].last)
        yield finding("inverted", f"{case.words} drops the listed, and the others pass by {how}")
    elif through:
        yield _opened(case, through, share)
    elif blocked:
        yield finding("blocked", f"{case.words}: listed addresses too are dropped, by {_how(blocked[0])}")


def _oddness(leaf: Leaf) -> tuple[bool, int]:
    """Least for what most packets do."""
    facts = leaf.state.facts.items()
    return leaf.state.unsure, sum(name.startswith(LIKELY) and value != Values.one(1) for name, value in facts)


def _how(leaf: Leaf) -> str:
    """What decided, and what sent the packets there."""
    decided = decided_by(leaf.last)
    return decided if leaf.state.via is None else f"{decided}, where {rule_shown(leaf.state.via)} sends them"


def blocked_in_part(case: Case, content: Values, ends: Sequence[tuple[Leaf, Values]]) -> Iterator[Finding]:
    """One for each rule or policy that drops listed addresses, whatever becomes of the other listed."""
    found: dict[str, list[Values]] = {}
    for leaf, part in sorted(ends, key=lambda end: _oddness(end[0])):
        found.setdefault(_how(leaf), []).append(part)
    for how, parts in [*found.items()][:BLOCKING_MAX]:
        some = _addresses(case, content, Values.union(parts))
        yield finding("blocked", f"{case.words}: {some} are dropped too, by {how}")


def depends(case: Case, content: Values, part: Values, leaf: Leaf) -> Finding:
    """Of listed addresses that get through perhaps."""
    how = decided_by(_deciding(case, leaf))
    message = f"{case.words}: for {_addresses(case, content, part)} it depends on whether {how} matches"
    return finding("uncertain", message, Severity.UNSURE)


def _addresses(case: Case, content: Values, part: Values) -> str:
    first, last = (format_address(case.family, each) for each in part.spans[0])
    example = first if first == last else f"{first}-{last}"
    return f"{part.size} of {content.size} listed addresses, such as {example},"


def _opened(case: Case, through: Sequence[Leaf], share: Fraction) -> Finding:
    """Told by the rule that lets in most."""
    leaf = max(through, key=lambda each: each.state.known("dport").size * _extent(each))
    step = leaf.step_of(case.base.id)
    others = {each.step_of(case.base.id) for each in through} - {step}
    how = f"{decided_by(step)}{' and others' if others else ''}"
    who = "everybody" if share == 1 else f"{share * 100 // 1} % of all who are not listed"
    if step is not None and step.rule is not None and not leaf.state.asked:
        asked = "is never asked" if share == 1 else "is not asked for all"
        return finding("shadowed", f"{case.words} {asked}: {how} lets {who} pass before")
    what = "changes nothing: all others pass" if share == 1 else f"changes little: {who} pass"
    return finding("open_policy", f"{case.words} {what} too, by {how}")


def _extent(leaf: Leaf) -> int:
    """Of the addresses that it is about."""
    return leaf.state.known("saddr").size * leaf.state.known("daddr").size


def bypasses(case: Case, through: Sequence[Leaf]) -> Iterator[Finding]:
    """One for each rule that sends packets elsewhere, told by the plainest rule that lets them pass."""
    found: dict[Rule, Finding] = {}
    for leaf in sorted(through, key=lambda each: _is_guess(_arrival(each))):
        if leaf.state.via is not None and leaf.state.via not in found:
            found[leaf.state.via] = _bypass(case, leaf, leaf.state.via)
    yield from found.values()


def _bypass(case: Case, leaf: Leaf, via: Rule) -> Finding:
    step = _arrival(leaf)
    how = f"{decided_by(step)} lets all pass" if step else "no chain checks them"
    where = "another port of this host" if leaf.state.local else "forward"
    message = f"{case.words} is bypassed: {rule_shown(via)} sends packets to {where}, where {how}"
    if _is_guess(step):
        return finding("uncertain", f"{message}, if it matches", Severity.UNSURE)
    return finding("forward_bypass", message)


def _arrival(leaf: Leaf) -> Step | None:
    """What the last chain did that packets with a new destination met."""
    hook = "input" if leaf.state.local else "forward"
    return next((step for step in reversed(leaf.state.steps) if step.chain.hook == hook), None)


def _is_guess(step: Step | None) -> bool:
    """Whether it decided by something that nobody can foretell."""
    if step is None or step.rule is None:
        return False
    tests = (*step.rule.tests, *(test for branch in step.rule.branches for test in branch.tests))
    return any(test.field.startswith(UNKNOWN) for test in tests)


def beside(case: Case, openings: Sequence[tuple[Leaf, Opening]]) -> Iterator[Finding]:
    """Rules by which some packets of the same service pass the list, or may."""
    for leaf, opening in openings:
        step = leaf.step_of(case.base.id)
        if opening is Opening.UNSURE:
            how = decided_by(_deciding(case, leaf))
            message = f"{case.words} may not be asked for all: it depends on whether {how} matches"
            yield finding("uncertain", message, Severity.UNSURE)
        elif step and step.rule:
            message = f"{case.words} is not asked for all: some pass by {decided_by(step)}"
            yield finding("partly", message, Severity.NOTE)


def _deciding(case: Case, leaf: Leaf) -> Step | None:
    """The step by a rule that let packets pass: in the chain of the list if there, else the last."""
    step = leaf.step_of(case.base.id)
    rules = [each for each in leaf.state.steps if each.rule]
    return step if step and step.rule else (rules[-1] if rules else leaf.last)


def decided_by(step: Step | None) -> str:
    """The rule or policy that decided."""
    if step is None:
        return "the absence of any chain"
    if step.rule is None:
        return f"the policy of chain {_name(step.chain.id)}"
    return rule_shown(step.rule)


def rule_shown(rule: Rule) -> str:
    """A rule with its place, by which nft can show and delete it."""
    return f"`{rule.words}` (chain {_name(rule.chain)}, handle {rule.handle})"


def _name(chain: ChainId) -> str:
    return cut(str(chain), NAME_MAX)
