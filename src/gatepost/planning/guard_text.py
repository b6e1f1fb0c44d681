"""What each guard means, in short words; whoever shows them hands in how they are translated.

A text here is the key of its translation (``gatepost/locale``); places in braces
are filled with what the guard measured, and its limit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gatepost.model.reason import Reason

GUARDS: Mapping[str, str] = {
    "shrink": "too much would go at once: {measured}, limit {limit}",
    "growth": "too much would come at once: {measured}, limit {limit}",
    "churn": "too little stays the same: {measured} differ, limit {limit}",
    "family": "an address family appears or vanishes: {measured}",
    "widest": "a network is too wide: {measured}, limit {limit}",
    "total": "too many addresses in all: {measured}, limit {limit}",
    "protected": "a protected address or name would be cut off: {measured}",
    "drift": "somebody else changed what the target holds",
    "rollback": "the target was rolled back; what the sources say waits for a word",
    "revert": "this change was taken back because nobody confirmed it",
    "unconfirmed": "the last change still waits to be confirmed: run `gatepost confirm`",
    "ports": "a range of ports is too wide: {measured}, limit {limit}",
    "quarantine": "too many odd values, so nothing of it is used: {measured}, limit {limit}",
    "empty": "an empty list is never applied",
    "provenance": "the answer comes from another account or place than before",
    "history": "the target was written before, but the history knows nothing of it",
    "incomplete": "a source has never answered, so nothing may be removed",
    "max_entries": "more entries than the target can hold: {measured}, limit {limit}",
}
"""Short words in English, by the guard's name."""


def guard_words(say: Callable[[str], str], reason: Reason) -> str:
    """What a guard found, short; nothing for a guard that has no words."""
    known = GUARDS.get(reason.guard)
    return say(known).format(measured=reason.measured, limit=reason.limit) if known else ""


def guard_text(say: Callable[[str], str], reason: Reason) -> str:
    """What a guard found: its exact sentence, or the short words where they are translated."""
    known = GUARDS.get(reason.guard)
    if known is None or say(known) == known:
        return reason.message
    return guard_words(say, reason)
