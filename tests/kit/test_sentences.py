"""Sentences that are found again by their English text."""

from __future__ import annotations

import pytest

from gatepost.kit.catalogue import catalogue, sentences
from gatepost.kit.sentences import LONGEST, MOST, Sentences

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


@pytest.mark.parametrize(
    ("english", "told"),
    [
        ("it answered: x is at serial 3, not 4", "它答复：x is at serial 3, not 4"),
        ("it answered 'x is at serial 3, not 4' twice", "它两次答复 'x is at serial 3, not 4'"),
        ("of 'x is at serial 3' we know", "of 'x is at serial 3' we know"),
        ('it answered "x isn\'t at serial 3" twice', '它两次答复 "x isn\'t at serial 3"'),
        ("it failed: nothing waits", "失败：没有等待的"),
        ("it failed: there is no list x", "失败：there is no list x"),
        ("table x", "表 x"),
        ("table x of mine", "table x of mine"),
    ],
)
def test_the_first_words_decide(english, told):
    """What stands behind a sentence's own words, or in quotes, is never taken for another sentence."""
    assert HEARING(english) == told


HEARING = Sentences(
    {
        "{} is at serial {}, not {}": "{0:~} 不是 {2}，而是 {1}",
        "of {} is at serial {}": "{} 的序号是 {}",
        "it answered: {}": "它答复：{}",
        "it answered {} twice": "它两次答复 {}",
        "it failed: {}": "失败：{:=}",
        "there is no list {}": "没有名单 {}",
        "nothing waits": "没有等待的",
        "table {}": "表 {:.}",
    }
)


def test_only_so_many_sentences_are_looked_for_in_one_text():
    """However many a text seems to hold, beside or within each other; a very long one is left as it is."""
    say = Counting({"held by {}": "被 {:~,} 占用", "{}; {}": "{:~}；{:~}"})
    for text in ("held by " + "a, " * 1000, "; " * 1500, "held by " * 400):
        say.asked = 0
        say(text)
        assert 1 < say.asked <= MOST
    say.asked = 0
    assert say("held by " + "a, " * LONGEST) == "held by " + "a, " * LONGEST
    assert say.asked == 0


class Counting(Sentences):
    """Counts its searches."""

    asked = 0

    def found(self, text):
        """See Sentences."""
        self.asked += 1
        return super().found(text)


@pytest.mark.parametrize(
    ("english", "told"),
    [
        ("held by nothing waits for you", "被没有等待的占用"),
        ("held by sda1 for you", "被 sda1 占用"),
        ("of 名 nothing", "关于 名 没有"),
    ],
)
def test_no_space_between_chinese_of_ours(english, told):
    """Where a value is told in Chinese it joins the sentence's; around names the space stays."""
    catalogue = {
        "held by {} for you": "被 {:~} 占用",
        "of {} nothing": "关于 {} 没有",
        "nothing waits": "没有等待的",
    }
    assert Sentences(catalogue)(english) == told


def test_english_needs_no_catalogue():
    """What was made in English is English already."""
    assert catalogue("en") == {}
    assert sentences("en")("there is no list x") == "there is no list x"
