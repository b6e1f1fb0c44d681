"""Sentences that are found again by their English text."""

from __future__ import annotations

import time

import pytest

from gatepost.kit.catalogue import catalogue, sentences
from gatepost.kit.sentences import Sentences

SAY = Sentences(
    {
        "{}: {}": "{}：{:~}",
        "there is no list {}": "没有名单 {}",
        "{} is at serial {}, not {}": "{0} 不是 {2}，而是 {1}",
        "{} is at serial {}": "{} 的序号是 {}",
        "nothing waits": "没有等待的",
        "a set {{}}": "集合 {{}}",
    }
)


@pytest.mark.parametrize(
    ("english", "told"),
    [
        ("nothing waits", "没有等待的"),
        ("there is no list x", "没有名单 x"),
        ("there is no list ", "没有名单 "),
        ("a is at serial 3, not 4", "a 不是 4，而是 3"),
        ("a is at serial 3", "a 的序号是 3"),
        ("edge: there is no list x", "edge：没有名单 x"),
        ("edge: a: nothing waits", "edge：a：没有等待的"),
        ("a set {}", "集合 {}"),
        ("unheard of", "unheard of"),
        ("", ""),
    ],
)
def test_a_sentence_is_told_with_its_values(english, told):
    """By the catalogue's sentence that says most; what is in none stays as it is."""
    assert SAY(english) == told


@pytest.mark.parametrize("value", ["{0}", "{}", "{now.__class__}", "there is no list x", "%s", "}{"])
def test_a_value_is_never_looked_into(value):
    """Foreign text that looks like a place for a value, or like one of our sentences, stays as it is."""
    assert SAY(f"there is no list {value}") == f"没有名单 {value}"


def test_a_hostile_text_costs_little():
    """No text makes looking for its sentence slow: what fits is never tried a second way."""
    say = sentences("zh")
    started = time.process_time()
    say(": " * 50_000)
    say("IPv4: " + " is at serial 3, not" * 20_000)
    assert time.process_time() - started < 5


def test_english_needs_no_catalogue():
    """What was made in English is English already."""
    assert catalogue("en") == {}
    assert sentences("en")("there is no list x") == "there is no list x"
