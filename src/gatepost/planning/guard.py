"""Guards: named rules, each of which finds reasons to hold or refuse, and says by how much.

Shares are compared as exact fractions: exactly 30 % is not more than 30 %.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from math import ceil

from gatepost.model.address import Family, Prefix
from gatepost.model.answer import Accepted, Answer
from gatepost.model.entry import Entry
from gatepost.model.limits import FLOOR, Limits
from gatepost.model.plan import Cause, Current
from gatepost.model.reason import Reason
from gatepost.planning.aggregate import aggregate, count, to_ranges
from gatepost.planning.canonical import beyond
from gatepost.planning.measure import Comparison, Figures, Measure

PORTS_WIDEST = 1024
"""Ports of one range that pass without approval."""

_BASELINES = {"last": "the last accepted list", "held": "what it holds now"}

PUT_BACK: Mapping[Cause, str] = {
    Cause.ROLLBACK: "it was rolled back to an earlier serial{at}, and the list has another content since",
    Cause.REVERT: "its last change was taken back{at} because nobody confirmed it, and would be made again",
}
"""What stays until somebody says so."""

_NONE = Fraction(0)
_READ_MOST = 10**9


@dataclass(frozen=True, slots=True)
class _Rule:
    """A guard that compares shares."""

    guard: str
    limit: Fraction
    share: Callable[[Comparison, Measure], Fraction]
    """What counts; 0 where the change is too small to be judged."""
    words: Callable[[Measure], str]


_Found = tuple[Comparison, Measure, Fraction]


def shrink(subject: str, comparisons: Iterable[Comparison], limits: Limits) -> tuple[Reason, ...]:
    """Too large a share goes, and more than a few entries; of a list that loses all, one entry is enough."""

    def share(comparison: Comparison, measure: Measure) -> Fraction:
        many = measure.gone_entries > limits.max_removed_entries or comparison.shares_nothing
        return measure.removed_share if many else _NONE

    def words(measure: Measure) -> str:
        return f"{_many(measure.gone)} of {_many(measure.old)} {measure.kind} would go"

    return _worst(_Rule("shrink", _share(limits.max_removed), share, words), subject, comparisons)


def growth(subject: str, comparisons: Iterable[Comparison], limits: Limits) -> tuple[Reason, ...]:
    """Too much comes at once, and by more than a few entries. A first of its family is the family guard's."""

    def share(_: Comparison, measure: Measure) -> Fraction:
        many = measure.old > 0 and measure.come_entries > limits.max_added_entries
        return measure.added_share if many else _NONE

    def words(measure: Measure) -> str:
        return f"{_many(measure.come)} {measure.kind} would join {_many(measure.old)}"

    return _worst(_Rule("growth", _share(limits.max_added), share, words), subject, comparisons)


def churn(subject: str, comparisons: Iterable[Comparison], limits: Limits) -> tuple[Reason, ...]:
    """Old and new share too little although both are there: another list in the old one's place.

    Pure growth and pure shrink are the business of their own guards.
    """

    def share(_: Comparison, measure: Measure) -> Fraction:
        several = measure.gone_entries + measure.come_entries > limits.max_removed_entries
        many = measure.gone > 0 and measure.come > 0 and (several or measure.gone == measure.old)
        return measure.churned_share if many else _NONE

    def words(measure: Measure) -> str:
        gone, old, come = _many(measure.gone), _many(measure.old), _many(measure.come)
        return f"{gone} of {old} {measure.kind} would give way to {come} others"

    return _worst(_Rule("churn", _share(limits.max_churn), share, words), subject, comparisons)


def family(subject: str, comparisons: Iterable[Comparison], limits: Limits) -> tuple[Reason, ...]:
    """A family, or domains, appear for the first time or are all gone."""
    if limits.new_family == "allow":
        return ()
    found: dict[str, Reason] = {}
    for comparison in comparisons:
        for measure in comparison.measures:
            if bool(measure.old) == bool(measure.new) or measure.kind in found:
                continue
            what = (
                f"all {_many(measure.old)} {measure.kind} would go"
                if measure.old
                else f"{_many(measure.new)} {measure.kind} appear where there were none"
            )
            message = f"{subject}: {what}, measured against {_named(comparison)}."
            name, now = measure.kind.removesuffix(" addresses"), _many(measure.new)
            found[measure.kind] = Reason("family", f"{name}: {now}", _many(measure.old), message, subject)
    return tuple(found.values())


def widest(
    subject: str, entries: Iterable[Entry], known: Sequence[Entry], limits: Limits
) -> tuple[Reason, ...]:
    """A prefix wider than the limit whose addresses are not all in ``known`` already; one reason a family."""
    shortest = {Family.V4: limits.widest_v4, Family.V6: limits.widest_v6}
    new = beyond(wider(entries, limits), known)
    return _too_wide(subject, _prefixes(new), shortest)


def wider(entries: Iterable[Entry], limits: Limits) -> list[Entry]:
    """Those with a prefix wider than the limit."""
    v4, v6 = limits.widest_v4, limits.widest_v6
    return [
        entry
        for entry in entries
        if isinstance(entry.value, Prefix)
        and entry.value.length < (v4 if entry.value.family is Family.V4 else v6)
    ]


def unfamiliar(entries: Iterable[Entry], known: Figures, limits: Limits) -> list[Entry]:
    """Wide entries but those that an owner calls nothing new to a list (``widest_known``).

    A list that holds a /12 was looked at when the /12 came: another /12 or a /13 may pass
    in it, as long as all such together bring but a small part of what the list has.
    """
    share = _share(limits.widest_known)
    wide = wider(entries, limits)
    usual: set[Prefix] = set()
    for each in Family if wide and share else ():
        seen = {prefix for prefix in _prefixes(wide, each) if prefix.length >= known.shortest[each]}
        if count(seen) <= share * known.addresses[each]:
            usual |= seen
    return [entry for entry in wide if entry.value not in usual]


def floor(subject: str, entries: Iterable[Entry]) -> tuple[Reason, ...]:
    """Prefixes that no approval lets through, also where many small ones add up to one."""
    merged = aggregate(_prefixes(entries))
    return _too_wide(subject, merged, FLOOR, absolute=True)


def total(
    subject: str, entries: Sequence[Entry], known: Sequence[Entry], limits: Limits
) -> tuple[Reason, ...]:
    """More addresses than a list may hold.

    A list that held more before was approved with that many: it is judged again where it
    outgrows the next double of the limit, so that a large list is not held for every address.
    """
    sizes = {each: (count(_prefixes(entries, each)), count(_prefixes(known, each))) for each in Family}
    return totals(subject, sizes, limits)


def totals(subject: str, sizes: Mapping[Family, tuple[int, int]], limits: Limits) -> tuple[Reason, ...]:
    """As :func:`total`, of sizes: addresses now and before."""
    reasons = []
    for each, setting in ((Family.V4, limits.max_addresses_v4), (Family.V6, limits.max_addresses_v6)):
        size, before = sizes[each]
        limit = setting
        while limit < before:
            limit *= 2
        if size > limit:
            most = _many(limit)
            message = (
                f"{subject}: {_many(size)} IPv{each} addresses are more than the {most} a list may hold."
            )
            reasons.append(Reason("total", _many(size), most, message, subject))
    return tuple(reasons)


def ports(subject: str, entries: Sequence[Entry], known: Sequence[Entry]) -> tuple[Reason, ...]:
    """A range of ports so wide that it means any, where the list did not have it."""
    wide = {span for entry in entries for span in entry.ports if span[1] - span[0] >= PORTS_WIDEST}
    if wide:
        wide -= {port_range for entry in known for port_range in entry.ports}
    if not wide:
        return ()
    first, last = max(wide, key=lambda span: (span[1] - span[0], span))
    message = f"{subject}: ports {first} to {last} are more than the {PORTS_WIDEST} that pass in one range."
    return (Reason("ports", str(last - first + 1), str(PORTS_WIDEST), message, subject),)


def empty(subject: str, entries: Sequence[Entry]) -> tuple[Reason, ...]:
    """Nothing is left: never applied, whoever approves."""
    if entries:
        return ()
    message = f"{subject}: nothing would be left; an empty list is never applied."
    return (Reason("empty", "0", "1", message, subject, absolute=True),)


def max_entries(subject: str, entries: Sequence[Entry], limit: int) -> tuple[Reason, ...]:
    """More than a target has room for: approval makes no room."""
    if len(entries) <= limit:
        return ()
    message = f"{subject}: {len(entries)} entries are more than the {limit} this target can hold."
    return (Reason("max_entries", str(len(entries)), str(limit), message, subject, absolute=True),)


def max_ranges(subject: str, entries: Sequence[Entry], limits: Mapping[Family, int]) -> tuple[Reason, ...]:
    """More than a set of the target has room for, in one family: approval makes no room."""
    ranges = to_ranges(one.value for one in entries if isinstance(one.value, Prefix)) if limits else []
    found = ((family, limit, sum(one.family is family for one in ranges)) for family, limit in limits.items())
    return tuple(
        Reason(
            "max_entries",
            str(number),
            str(limit),
            f"{subject}: {number} ranges of IPv{family} are more than the {limit} this target can hold.",
            subject,
            absolute=True,
        )
        for family, limit, number in found
        if number > limit
    )


def incomplete(subject: str, remove: Sequence[Entry], missing: Sequence[str]) -> tuple[Reason, ...]:
    """Something would go while sources of the list were never read whole: it may well be theirs."""
    if not remove or not missing:
        return ()
    message = f"{subject}: {len(remove)} entries would go, but never yet read whole: {', '.join(missing)}."
    return (Reason("incomplete", str(len(remove)), "0", message, subject),)


def stranger(subject: str, add: Sequence[Entry], generation: int) -> tuple[Reason, ...]:
    """Something would come to a target that was written before, though never by this name.

    What is there may be there because somebody rolled it back.
    """
    if not add or not generation:
        return ()
    message = (
        f"{subject}: {len(add)} entries would come to a target at generation {generation}, of which "
        "the history knows nothing by this name: was the target renamed, or the history lost?"
    )
    return (Reason("history", str(len(add)), "0", message, subject),)


def history(subject: str, remove: Sequence[Entry], generation: int, *, known: bool) -> tuple[Reason, ...]:
    """Something would go from a target that was written before, and the history does not know by whom."""
    if known or not generation or not remove:
        return ()
    message = (
        f"{subject}: {len(remove)} entries would go that the history knows nothing of, "
        f"though the target is at generation {generation}: was the history lost?"
    )
    return (Reason("history", str(len(remove)), "0", message, subject),)


def drift(subject: str, current: Current, intended: Collection[str]) -> tuple[Reason, ...]:
    """The target does not hold what we left there: somebody's change is not undone without a word.

    ``intended``: digests of all that we may have left; with none, and where the
    place was wiped or our own write was cut off, there is nobody's wish to respect.
    """
    untouched = not intended or current.digest in intended
    if untouched or current.mixed or not current.generation:
        return ()
    message = f"{subject}: somebody else changed what it holds: {len(current.entries)} entries are there now."
    return (Reason("drift", "changed", "as we left it", message, subject),)


def standing(
    subject: str, cause: Cause, since: datetime | None = None, *, changes: bool
) -> tuple[Reason, ...]:
    """What holds now was put back on purpose: nothing takes its place without a word.

    ``since``: when; a word on it is none on the next time.
    """
    if not changes or cause not in PUT_BACK:
        return ()
    why = PUT_BACK[cause].format(at=f" at {since:%Y-%m-%d %H:%M:%S} UTC" if since else "")
    return (Reason(cause.value, "another list", "what was put back", f"{subject}: {why}.", subject),)


def unconfirmed(subject: str, until: datetime | None) -> tuple[Reason, ...]:
    """The last change may still be taken back by itself: nothing is changed on top of it."""
    if until is None:
        return ()
    message = f"{subject}: the last change waits to be confirmed until {until:%Y-%m-%d %H:%M:%S} UTC."
    return (Reason("unconfirmed", "waiting", "confirmed", message, subject, absolute=True),)


def quarantine(answer: Answer, limits: Limits) -> tuple[Reason, ...]:
    """More odd values than an answer may have: max(1, the share)."""
    odd = len(answer.quarantined)
    whole = odd + len(answer.entries)
    limit = _share(limits.quarantine)
    if odd <= max(Fraction(1), limit * whole):
        return ()
    message = (
        f"{answer.source}: {odd} of {whole} values are odd "
        f"(limit {_percent(limit)}, and always one); the whole answer is refused."
    )
    return (
        Reason("quarantine", f"{odd} of {whole}", _percent(limit), message, answer.source, absolute=True),
    )


def provenance(answer: Answer, previous: Accepted) -> tuple[Reason, ...]:
    """Another account, host, region or parameters than before: another list, to be looked at."""
    if answer.provenance == previous.provenance:
        return ()
    message = (
        f"{answer.source}: the answer comes from another account, host or parameters "
        "than the last accepted one: another list, to be looked at."
    )
    return (Reason("provenance", "another", "the same", message, answer.source),)


def _worst(rule: _Rule, subject: str, comparisons: Iterable[Comparison]) -> tuple[Reason, ...]:
    """One reason a kind, against the baseline that is farthest away."""
    worst: dict[str, _Found] = {}
    for comparison in comparisons:
        for measure in comparison.measures:
            share = rule.share(comparison, measure)
            known = worst.get(measure.kind)
            if share > rule.limit and (known is None or share > known[2]):
                worst[measure.kind] = comparison, measure, share
    return tuple(_too_far(rule, subject, found) for found in worst.values())


def _too_far(rule: _Rule, subject: str, found: _Found) -> Reason:
    comparison, measure, share = found
    measured, limit = _percent(share, above=rule.limit), _percent(rule.limit)
    message = (
        f"{subject}: {rule.words(measure)} ({measured}, limit {limit}), "
        f"measured against {_named(comparison)}."
    )
    return Reason(rule.guard, measured, limit, message, subject)


def _too_wide(
    subject: str, prefixes: Iterable[Prefix], shortest: dict[Family, int], *, absolute: bool = False
) -> tuple[Reason, ...]:
    reasons = []
    wide = [prefix for prefix in prefixes if prefix.length < shortest[prefix.family]]
    for each in sorted({prefix.family for prefix in wide}):
        of_family = sorted((prefix.length, prefix) for prefix in wide if prefix.family is each)
        length, first = of_family[0]
        limit = f"/{shortest[each]}"
        rest = f" and {len(of_family) - 1} more are" if len(of_family) > 1 else " is"
        end = "; that is refused whatever is approved" if absolute else ""
        message = f"{subject}: {first}{rest} wider than {limit}{end}."
        reasons.append(Reason("widest", f"/{length}", limit, message, subject, absolute))
    return tuple(reasons)


def _prefixes(entries: Iterable[Entry], only: Family | None = None) -> list[Prefix]:
    values = (entry.value for entry in entries)
    return [value for value in values if isinstance(value, Prefix) and only in (None, value.family)]


def _many(number: int) -> str:
    """Of IPv6, numbers that nobody reads: the power of two beside one says as much."""
    power = number.bit_length() - 1
    if number < _READ_MOST:
        return str(number)
    return f"2^{power}" if number == 1 << power else f"some 2^{power}"


def _named(comparison: Comparison) -> str:
    return _BASELINES.get(comparison.baseline, f"the list of {comparison.baseline} ago")


def _share(setting: float) -> Fraction:
    """A setting as the decimal it was written as: 0.3 is three tenths exactly."""
    return Fraction(str(setting))


def _percent(share: Fraction, above: Fraction | None = None) -> str:
    """``62 %``; with decimals where whole numbers would hide that it is above a limit."""
    whole = round(share * 100)
    if Fraction(whole, 100) == share or (above is not None and Fraction(whole, 100) > above):
        return f"{whole} %"
    return f"{ceil(share * 1000) / 10:g} %"
