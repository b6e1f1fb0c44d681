"""Sentences that explain, in English; whoever shows them hands in how they are translated.

What stands here is the key of its translation (``gatepost/locale``); places in braces
are filled with numbers, names of the configuration and canonical values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from gatepost.engine.report import values_document
from gatepost.model.entry import Entry
from gatepost.model.reason import Reason
from gatepost.planning.guard_text import GUARDS

Say = Callable[[str], str]
"""An English text in the language of whoever reads it."""

SHOWN = 5
"""Values that a sentence names; the others are counted."""
SHORT = len("sha256:") + 12
"""Characters of a digest that a command shows."""

WAYS: Mapping[str, str] = {
    "unconfirmed": "`gatepost confirm` keeps the last change; else it is taken back by itself, then go on",
    "protected": (
        "list what would be cut off (`pin`), or take it out of [protect] if nobody needs it any more"
    ),
    "widest": "nothing so wide is ever applied: correct the source, or exclude it (`exclude`)",
    "empty": "correct the source or the exclusions: something must be left",
    "max_entries": "give this target a shorter list, or one that can hold more",
    "quarantine": "see the odd values with `gatepost fetch`, and correct the source",
}
"""What helps where a guard is absolute, so that no approval does."""
STAYS = "the last good list stays in force"

OF_PLANS: Mapping[str, str] = {
    "plan": "This plan brings the target {target} to serial {serial} of the list {list}: {change}.",
    "answer": "The last answer of the source {source} would change the list {list}: {change}.",
    "one-comes": "1 entry comes ({values})",
    "come": "{count} entries come ({values})",
    "one-goes": "1 entry goes ({values})",
    "go": "{count} entries go ({values})",
    "nothing": "nothing changes",
    "comma": ", ",
    "more": "{values} and {rest} more",
    "leaving": "Once approved, and after absences and grace, {count} more would go ({values}).",
    "free": "No guard holds it.",
    "held": "It is held for a person's word.",
    "was-held": "It was held for a person's word.",
    "reason": "{message} (guard {guard}: {measured}, limit {limit}.)",
    "reason-alone": "{message} (guard {guard}.)",
    "reason-words": "{message} (guard {guard}: {measured}, not {limit}.)",
    "absolute": "No approval can change that: {way}.",
    "word": "It waits until somebody approves or rejects exactly it.",
    "way": (
        'If it is right: `gatepost approve {digest} --why "…"`; '
        'if it is not: `gatepost reject {digest} --why "…"`.'
    ),
    "rejected-stays": "It changes nothing in force; another answer or plan will be asked about anew.",
    "take-back": 'To take the rejection back: `gatepost approve {digest} --why "…"`.',
    "good": "Until then the last good answer stays in force.",
    "approved": "{who} approved it at {at}: {why}",
    "rejected": "{who} rejected it at {at}: {why}.",
    "older": "A newer plan has taken its place; this one can no longer be approved.",
    "waits-no-more": "It does not wait any more: another answer has taken its place, or it was accepted.",
}

OF_VALUES: Mapping[str, str] = {
    "allowed": "{value} is allowed by the list {list} (serial {serial}).",
    "denied": "{value} is NOT allowed by the list {list} (serial {serial}).",
    "no-serial": "The list {list} has no serial yet, as no source was ever accepted: {value} is not allowed.",
    "source": "{entry} comes from the source {source}, since {since}.",
    "pinned": "{entry} is pinned by the owner of the list: {why}.",
    "until": "That ends at {until}.",
    "excluded": "{entry}, from {source}, is excluded by the owner of the list: {why}.",
    "cut": "An exclusion of the owner ({exclusion}: {why}) takes it out.",
    "cut-part": "An exclusion of the owner ({exclusion}: {why}) takes a part of it out.",
    "barred": "An exclusion of the owner ({exclusion}: {why}) keeps it out, whoever names it.",
    "barred-part": "An exclusion of the owner ({exclusion}: {why}) keeps a part of it out, whoever names it.",
    "was-excluded": (
        "{entry}, from {source}, was excluded when the list was last made; it no longer is by the "
        "configuration: `gatepost apply {list}` lets it in."
    ),
    "soon": "So it is configured, and not in force yet: `gatepost apply {list}` brings it about.",
    "together": "No single entry covers it: several do together.",
    "parts": "A part of it is allowed: {values}.",
    "absent-once": (
        "The last whole answer of {source} was without {entry}; after {absences} it counts as "
        "gone, and stays for {grace} from then on."
    ),
    "absent": (
        "The last {absent} whole answers of {source} were without {entry}; after {absences} it counts as "
        "gone, and stays for {grace} from then on."
    ),
    "grace": (
        "{entry} is kept for now: the source {source} no longer names it, which was certain at {gone} after "
        "{absences} whole answers without it; its grace of {grace} ends at {until}."
    ),
    "passed": (
        "That has passed: it leaves with the next accepted answers, or, while a device still counts packets "
        "on it, at {until} at the latest."
    ),
    "never": "No accepted answer of its sources ({sources}) ever named it there.",
    "unnecessary": (
        "This list takes only what the platform calls necessary; `gatepost fetch` shows what that leaves out."
    ),
    "odd": "The last answer of {source} named it, and it was left out: {reason}.",
    "left": "It was there until {at}, from the source {source}.",
    "ran-out": "The source had stopped naming it at {gone}; absences and grace ran out.",
    "unpinned": "Its pin ended or was taken away.",
    "unlisted": "The source {source} was taken off the list.",
    "other-place": "Its source gave another answer then, which was accepted.",
    "would-come": "An answer of {source} that is held would bring it ({digest}).",
    "would-go": "An answer of {source} that is held no longer names it ({digest}).",
    "stale": "The source {source} has not answered well since {since}.",
    "silent": "The source {source} has never answered well.",
    "on-target": "The target {target} holds serial {serial}, verified at {at}: there it is allowed.",
    "off-target": "The target {target} holds serial {serial}, verified at {at}: there it is NOT allowed.",
    "drifted": "Others changed {target} since: `gatepost check {value} --target {target}` asks it itself.",
    "no-target": "Nothing of it is on the target {target}.",
    "no-domains": "The target {target} holds no domains.",
    "do-word": "Next: `gatepost explain {digest}`, then approve or reject it.",
    "do-pin": 'If it must be allowed: `gatepost pin {list} {value} --why "…"`.',
    "do-keep": 'If it must stay: `gatepost pin {list} {value} --why "…"`.',
    "do-exclusion": "If it must be allowed: take the exclusion out of the configuration.",
    "do-exclusions": "If it must be allowed: take all {count} exclusions out of the configuration.",
    "do-then-pin": 'Then `gatepost pin {list} {value} --why "…"`, as no source names it.',
    "do-either": (
        "If it must be allowed: take the exclusion out of the configuration, "
        'or `gatepost pin {list} {value} --why "…"`.'
    ),
}


MEASURES: Mapping[str, str] = {
    text: text
    for text in (
        "another list", "what was put back", "waiting", "confirmed", "changed", "as we left it", "another",
        "the same",
    )
}  # fmt: skip
"""What guards measure that is no number."""

ALL = (GUARDS, WAYS, OF_PLANS, OF_VALUES, MEASURES)


def as_written(text: str) -> str:
    """English."""
    return text


def joined(sentences: Iterable[str]) -> str:
    """One paragraph; Chinese sentences have no blank between them."""
    return " ".join(one for one in sentences if one).replace("。 ", "。")


def some(say: Say, entries: Sequence[Entry]) -> str:
    """The first values, and how many more."""
    values = values_document(entries)
    shown, rest = ", ".join(values[:SHOWN]), len(values) - SHOWN
    return say(OF_PLANS["more"]).format(values=shown, rest=rest) if rest > 0 else shown


def ways_out(say: Say, reasons: Iterable[Reason]) -> list[str]:
    """What helps where a guard is absolute; nothing where an approval does."""
    absolute = dict.fromkeys(reason.guard for reason in reasons if reason.absolute)
    return [say(WAYS.get(guard, STAYS)) for guard in absolute]
