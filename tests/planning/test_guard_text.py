"""Short words for what a guard found, in any language."""

from __future__ import annotations

import pytest

from gatepost.model.reason import Reason
from gatepost.planning.guard_text import GUARDS, guard_text, guard_words

FOUND = Reason("shrink", "62 %", "30 %", "The answer has 62 % fewer addresses.", "events")
UNKNOWN = Reason("of-a-plugin", "{measured}", "1", "It is odd.")
SHOUTED = {
    text: text.upper().replace("{MEASURED}", "{measured}").replace("{LIMIT}", "{limit}")
    for text in GUARDS.values()
}


def english(text):
    return text


@pytest.mark.parametrize(
    ("say", "reason", "short", "text"),
    [
        (english, FOUND, "too much would go at once: 62 %, limit 30 %", FOUND.message),
        (SHOUTED.get, FOUND, *["TOO MUCH WOULD GO AT ONCE: 62 %, LIMIT 30 %"] * 2),
        (english, UNKNOWN, "", "It is odd."),
        (SHOUTED.get, UNKNOWN, "", "It is odd."),
    ],
)
def test_words(say, reason, short, text):
    """Short words in any language; in place of the exact sentence only where they are translated."""
    assert (guard_words(say, reason), guard_text(say, reason)) == (short, text)


@pytest.mark.parametrize("guard", GUARDS)
def test_every_text_can_be_filled(guard):
    """What was measured and its limit are all that a text asks for; values are never looked into."""
    told = guard_words(english, Reason(guard, "{0.__class__}", "{limit}", ""))
    assert told == GUARDS[guard].replace("{measured}", "{0.__class__}")
