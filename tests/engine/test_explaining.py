"""Why a plan is held, and why an address is on a list or not."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import pytest

from gatepost.cli.language import translator
from gatepost.engine.approval import give_word, held_answers, newest_plans, waiting_for_word
from gatepost.engine.drift import look
from gatepost.engine.explaining import explain, is_digest, known_digest
from gatepost.engine.explaining_values import explain_value, span, value_document
from gatepost.engine.rollback import earlier, roll_back
from gatepost.engine.wording import ALL
from gatepost.errors import UsageError
from gatepost.model.content import Override
from gatepost.model.limits import Limits
from gatepost.model.plan import Word
from gatepost.planning.normalise import parse_value
from gatepost.testing import raw

pytestmark = pytest.mark.anyio

TEN = tuple(f"101.126.59.{n}" for n in range(10))
CHINESE = tomllib.loads(files("gatepost").joinpath("locale/zh.toml").read_text(encoding="utf-8"))


def told(world, value: str, say=str) -> str:
    """The paragraph on one value."""
    return explain_value(world.site, parse_value(value), (), say).paragraph


def document(world, value: str):
    """The twin of it, of the only list."""
    return value_document(explain_value(world.site, parse_value(value)))["lists"][0]


async def held(world) -> str:
    """Nine of ten go at once: the digest of the plan that is held."""
    await world.apply()
    world.answer(TEN[0])
    await world.plan()
    (plan,) = newest_plans(world.site)
    return plan.digest


async def test_a_held_plan_in_both_languages(world):
    """Guard, measure, limit, values and both commands; the Chinese paragraph holds no English sentence."""
    digest = await held(world)
    english = explain(world.site, digest).paragraph
    assert "It is held for a person's word." in english
    assert re.search(r"\(90 %, limit 30 %\), measured .*\(guard shrink\.\)", english), english
    assert f"gatepost approve {digest[:19]} --why" in english
    chinese = explain(world.site, digest, translator("zh")).paragraph
    assert re.search("关卡 shrink：[^。]*（90 %，上限 30 %）", chinese), chinese
    assert f"gatepost reject {digest[:19]} --why" in chinese
    assert not re.search(r"[a-z]+ [a-z]+ [a-z]+ [a-z]+", chinese), chinese
    assert "\n" not in english + chinese


async def test_the_word_ends_the_waiting(world):
    """Once somebody spoke, who and why are told, and of both commands only the one that takes it back."""
    digest = await held(world)
    give_word(world.site, digest, Word.REJECT, who="ann", why="ticket\n7")
    paragraph = explain(world.site, digest).paragraph
    assert "ann rejected it at" in paragraph
    assert r"ticket\n7" in paragraph
    assert "It waits until" not in paragraph
    assert "It is held for a person's word" not in paragraph
    assert "gatepost reject" not in paragraph
    assert paragraph.endswith(f'To take the rejection back: `gatepost approve {digest[:19]} --why "…"`.')
    (answer,) = held_answers(world.site)
    assert "ann rejected it at" in explain(world.site, answer.digest).paragraph
    give_word(world.site, answer.digest, Word.APPROVE, who="bob", why="it is so")
    for one in (digest, answer.digest):
        paragraph = explain(world.site, one).paragraph
        assert "bob approved it at" in paragraph
        assert "gatepost approve" not in paragraph


async def test_an_answer_that_waits_no_more(world):
    """A held answer that another replaced is still explained, as one that waits no more."""
    await held(world)
    (answer,) = held_answers(world.site)
    assert explain(world.site, answer.digest).status == "held"
    assert "Until then the last good answer stays in force." in explain(world.site, answer.digest).paragraph
    world.answer(*TEN)
    await world.apply()
    assert known_digest(world.site, answer.digest[:19]) == answer.digest, "called as status showed it"
    again = explain(world.site, answer.digest)
    assert again.status == "over"
    assert "It was held for a person's word." in again.paragraph
    assert "It does not wait any more" in again.paragraph
    assert "gatepost approve" not in again.paragraph


async def test_what_a_guard_measures_in_words(world):
    """What was rolled back waits for a word: told as one thing, not another, in both languages."""
    await world.apply()
    world.answer(*TEN, "101.126.60.1")
    await world.apply()
    one = world.site.settings.lists["webhooks"]
    await roll_back(world.site, one, earlier(world.site, one, 1), who="ann", why="look first")
    await world.plan()
    (plan,) = newest_plans(world.site)
    assert (
        "(guard rollback: another list, not what was put back.)" in explain(world.site, plan.digest).paragraph
    )
    chinese = explain(world.site, plan.digest, translator("zh")).paragraph
    assert "已回滚到较早的序号" in chinese
    assert "关卡 rollback（是另一份名单，不是放回去的那份）：" in chinese


async def test_what_a_guard_measures_is_said_once(world):
    """The exact sentence stands in both languages; what it says is not said again behind it."""
    digest = await held(world)
    english = explain(world.site, digest).paragraph
    chinese = explain(world.site, digest, translator("zh")).paragraph
    (reason,) = [one for one in explain(world.site, digest).reasons if one.guard == "shrink"]
    assert f"({reason.measured}, limit {reason.limit}), measured against" in english
    assert f"（{reason.measured}，上限 {reason.limit}），对照" in chinese
    assert english.count(reason.measured) == chinese.count(reason.measured) == 1
    assert "(guard shrink.)" in english
    assert "关卡 shrink：" in chinese


async def test_a_plan_that_was_overtaken(world):
    """No command that would be refused is told for it: only the newest plan can be approved."""
    digest = await held(world)
    world.answer(TEN[1])
    await world.plan()
    (newest,) = newest_plans(world.site)
    assert newest.digest != digest
    with pytest.raises(UsageError):
        give_word(world.site, digest, Word.APPROVE, who="ann", why="too late")
    paragraph = explain(world.site, digest).paragraph
    assert "It was held for a person's word." in paragraph
    assert paragraph.endswith("A newer plan has taken its place; this one can no longer be approved.")
    assert "gatepost approve" not in paragraph
    assert "It waits until" not in paragraph
    chinese = explain(world.site, digest, translator("zh")).paragraph
    assert chinese.endswith("已有更新的计划取代它；这一份不能再批准。")
    assert f"gatepost approve {newest.digest[:19]} --why" in explain(world.site, newest.digest).paragraph


async def test_an_absolute_guard_names_the_way_out(world):
    """No approval is offered where none helps; what helps is."""
    await world.apply()
    world.answer()
    await world.plan()
    (answer,) = held_answers(world.site)
    paragraph = explain(world.site, answer.digest).paragraph
    assert "No approval can change that: correct the source or the exclusions" in paragraph
    assert "gatepost approve" not in paragraph


async def test_digests(world):
    """Eight digits are enough where only one begins so; what nothing has is an error, not silence."""
    digest = await held(world)
    assert known_digest(world.site, digest.removeprefix("sha256:")[:8]) == digest
    assert known_digest(world.site, digest) == digest
    with pytest.raises(UsageError, match="the digest of no plan"):
        known_digest(world.site, "sha256:" + "0" * 64)
    assert explain(world.site, "sha256:" + "0" * 64) is None
    assert [
        is_digest(text) for text in ("abcdef12", "sha256:abcdef12", "10.1.2.3", "2001:db8::1", "a.b")
    ] == [
        True,
        True,
        False,
        False,
        False,
    ]


async def test_a_listed_address(world):
    """Source, since, and that the target has it; nothing is to be done."""
    await world.apply()
    paragraph = told(world, TEN[1])
    assert paragraph == (
        f"{TEN[1]} is allowed by the list webhooks (serial 1). {TEN[1]}/32 comes from the source events, "
        "since 2026-01-05T08:00:00Z. The target edge holds serial 1, verified at 2026-01-05T08:00:00Z: "
        "there it is allowed."
    )


async def test_absent_then_in_grace_then_gone(world):
    """Each stage says its own: how often absent, since when certain, until when kept, and what ran out."""
    await world.apply()
    world.answer(*TEN[1:])
    await world.apply()
    assert "The last whole answer of events was without 101.126.59.0/32; after 3" in told(world, TEN[0])
    assert "`gatepost pin webhooks 101.126.59.0" in told(world, TEN[0])
    for _ in range(2):
        world.clock.advance(timedelta(hours=1))
        await world.apply()
    stay = document(world, TEN[0])["stays"][0]
    assert stay["state"] == "grace"
    assert (stay["gone_at"], stay["kept_until"]) == ("2026-01-05T10:00:00Z", "2026-01-12T10:00:00Z")
    grace = told(world, TEN[0])
    assert "which was certain at 2026-01-05T10:00:00Z after 3 whole answers without it" in grace
    assert "its grace of 7d ends at 2026-01-12T10:00:00Z" in grace
    world.clock.advance(timedelta(days=8))
    assert "That has passed" in told(world, TEN[0])
    await world.days(1)
    gone = told(world, TEN[0])
    assert gone.startswith("101.126.59.0 is NOT allowed by the list webhooks (serial 2).")
    assert "It was there until" in gone
    assert "The source had stopped naming it at 2026-01-05T10:00:00Z; absences and grace ran out." in gone
    assert document(world, TEN[0])["left"]["source"] == "events"


async def test_an_address_that_is_held(world):
    """That a held answer would bring it or take it, by digest, and where to read more."""
    await held(world)
    (answer,) = held_answers(world.site)
    assert f"An answer of events that is held no longer names it ({answer.digest[:19]})." in told(
        world, TEN[3]
    )
    world.answer(*TEN, *(f"61.9.{n}.1" for n in range(40)))
    await world.plan()
    (answer,) = held_answers(world.site)
    paragraph = told(world, "61.9.7.1")
    assert f"would bring it ({answer.digest[:19]})" in paragraph
    assert paragraph.endswith(f"Next: `gatepost explain {answer.digest[:19]}`, then approve or reject it.")
    assert document(world, "61.9.7.1")["held"][0]["effect"] == "comes"


async def test_pins_and_exclusions(world):
    """The owner's own words and the end of them; one that is taken back is told as such."""
    until = datetime(2027, 1, 1, tzinfo=UTC)
    pins = (Override(parse_value("9.9.9.9"), "canary\x1b[31m", until),)
    exclusions = (Override(parse_value(TEN[4]), "ticket 42", until),)
    with_both = world.with_list(pins=pins, exclusions=exclusions)
    await with_both.apply()
    pinned = told(with_both, "9.9.9.9")
    assert r"is pinned by the owner of the list: canary\x1b[31m. That ends at 2027-01-01T00:00:00Z." in pinned
    excluded = told(with_both, TEN[4])
    assert "from events, is excluded by the owner of the list: ticket 42." in excluded
    assert "take the exclusion out" in excluded
    later = world.with_list(pins=())
    await later.apply()
    assert "Its pin ended or was taken away." in told(later, "9.9.9.9")


async def test_the_last_to_leave_is_told(world):
    """Of several entries that covered an address, the one that left last, not the one that came last."""
    wide, narrow = Override(parse_value("9.9.9.0/24"), "a"), Override(parse_value("9.9.9.9"), "b")
    for pins in ((wide,), (wide, narrow), (wide,), ()):
        world.clock.advance(timedelta(hours=1))
        await world.with_list(pins=pins).apply()
    assert document(world, "9.9.9.9")["left"]["value"] == "9.9.9.0/24"


async def test_a_part_cut_out(world):
    """An address that an exclusion takes out of a listed network is denied, and by what is told."""
    world.answer("61.0.0.0/24")
    exclusions = (Override(parse_value("61.0.0.7"), "scanner"),)
    changed = world.with_list(exclusions=exclusions)
    await changed.apply()
    paragraph = told(changed, "61.0.0.7")
    assert "61.0.0.7 is NOT allowed" in paragraph
    assert "An exclusion of the owner (61.0.0.7: scanner) takes it out." in paragraph
    assert "61.0.0.8 is allowed" in told(changed, "61.0.0.8")


async def test_never_there(world):
    """Whose answers never named it; why an odd value was left out; which source is silent."""
    world.answer(*TEN, "10.0.0.8")
    changed = world.with_list(only_necessary=True)
    await changed.apply()
    paragraph = told(changed, "9.9.9.9")
    assert "No accepted answer of its sources (events) ever named it there." in paragraph
    assert "takes only what the platform calls necessary" in paragraph
    assert 'If it must be allowed: `gatepost pin webhooks 9.9.9.9 --why "…"`.' in paragraph
    assert "named it, and it was left out: special" in told(changed, "10.0.0.8")


async def test_nothing_yet(world):
    """A list without a serial says so."""
    assert told(world, "9.9.9.9").startswith("The list webhooks has no serial yet")


async def test_a_source_taken_off_the_list(make_world):
    """What left with its source is told by that."""
    world = make_world("events", "more", limits=Limits(absences=1, grace=timedelta()))
    world.answer("61.0.0.1", source="more")
    await world.apply()
    changed = world.with_list(sources=("events",))
    await changed.apply()
    world.clock.advance(timedelta(days=3))
    await changed.apply()
    assert "The source more was taken off the list." in told(changed, "61.0.0.1")


async def test_a_target_that_lags(world):
    """What is on the list and not yet on its target is told apart."""
    await world.apply()
    world.answer(*TEN, "61.0.0.1")
    await world.plan()
    assert "The target edge holds serial 1, verified at 2026-01-05T08:00:00Z: there it is NOT" in told(
        world, "61.0.0.1"
    )


async def test_hostile_names_stay_text(world):
    """Who spoke is told, whatever their name holds, and never steers a terminal."""
    digest = await held(world)
    waits = next(iter(waiting_for_word(world.site)))
    give_word(world.site, waits, Word.REJECT, who="bob\x1b[31m\x07\u202e", why="no")
    told = explain(world.site, waits).paragraph + explain(world.site, digest).paragraph
    assert "bob\\x1b[31m" in told
    assert told.isprintable()


async def test_hostile_text_stays_text(world):
    """A quarantined text of the platform never comes into the paragraph; its fixed word does."""
    hostile = "101.126.59.77 <script>"
    world.sources["events"].answer = (*raw(*TEN), *raw(hostile))
    await world.apply()
    assert "script" not in told(world, "101.126.59.77")


@pytest.mark.parametrize(("days", "text"), [(7, "7d"), (0.5, "12h"), (0, "0s"), (1 / 1440, "1m")])
def test_spans(days, text):
    """Durations as the configuration writes them."""
    assert span(timedelta(days=days)) == text


def test_every_sentence_has_its_places():
    """No sentence names a place that its translation lacks; none stands twice."""
    english = [text for part in ALL for text in part.values()]
    assert len(english) == len({*english})
    for text in english:
        assert {*re.findall(r"{(\w+)}", text)} == {*re.findall(r"{(\w+)}", CHINESE[text])}


async def test_a_source_that_stopped_answering(world):
    """For what rests on a source that no longer answers, since when is told."""
    await world.apply()
    world.clock.advance(timedelta(days=2))
    assert "The source events has not answered well since 2026-01-05T08:00:00Z." in told(world, TEN[0])


async def test_an_exclusion_of_what_nobody_names_is_told_with_both_steps(world):
    """The exclusion by value, reason and end; then that it must go, and a pin must come, in this order."""
    until = datetime(2027, 1, 1, tzinfo=UTC)
    net = Override(parse_value("198.51.0.0/16"), "ticket 42", until)
    changed = world.with_list(exclusions=(net, Override(parse_value("9.9.9.9"), "ended", world.clock.now())))
    await changed.apply()
    for say, words in (
        (str, ("(198.51.0.0/16: ticket 42) keeps it out, whoever names it. That ends at 2027",)),
        (CHINESE.__getitem__, ("（198.51.0.0/16：ticket 42）把它挡在外面",)),
    ):
        paragraph = told(changed, "198.51.100.7", say)
        assert all(word in paragraph for word in words), paragraph
        assert "gatepost pin webhooks 198.51.100.7" in paragraph
    assert told(changed, "198.51.100.7").endswith(
        "If it must be allowed: take the exclusion out of the configuration. "
        'Then `gatepost pin webhooks 198.51.100.7 --why "…"`, as no source names it.'
    )
    assert document(changed, "198.51.100.7")["excluded_by"] == [
        {"value": "198.51.0.0/16", "why": "ticket 42", "until": "2027-01-01T00:00:00Z"}
    ]
    assert "exclusion" not in told(changed, "9.9.9.9")


async def test_all_exclusions_in_the_way_are_told(world):
    """Two of them, one of a part only: each is named, and that all must go; sources then name the rest."""
    world.answer("61.0.0.0/24")
    exclusions = (Override(parse_value("61.0.0.7"), "scanner"), Override(parse_value("61.0.0.0/29"), "lab"))
    changed = world.with_list(exclusions=exclusions)
    await changed.apply()
    one, both = told(changed, "61.0.0.3"), told(changed, "61.0.0.7")
    assert "scanner" not in one
    assert "(61.0.0.7: scanner) takes it out." in both
    assert "(61.0.0.0/29: lab) takes it out." in both
    assert both.endswith("take all 2 exclusions out of the configuration.")
    assert "(61.0.0.7: scanner) takes a part of it out." in told(changed, "61.0.0.0/24")


async def test_a_held_answer_and_an_exclusion_are_both_in_the_way(world):
    """What only a held answer names and an exclusion bars needs the word and the exclusion gone."""
    changed = world.with_list(exclusions=(Override(parse_value("61.9.7.0/24"), "lab"),))
    await changed.apply()
    world.answer(*TEN, *(f"61.9.{n}.1" for n in range(40)))
    await changed.plan()
    paragraph = told(changed, "61.9.7.1")
    assert "then approve or reject it. If it must be allowed: take the exclusion out" in paragraph
    assert "gatepost pin" not in paragraph


async def test_a_tree_loses_all_to_an_excluded_name_but_a_pin_brings_another_back(world):
    """The tree is out whole; for another name of it a pin helps as well, for the excluded one it does not."""
    world.sources["events"].answer = raw("*.example.com", *TEN)
    pins = (Override(parse_value("*.example.com"), "all of it"),)
    changed = world.with_list(pins=pins, exclusions=(Override(parse_value("a.example.com"), "leak"),))
    await changed.apply()
    assert told(changed, "b.example.com").endswith('or `gatepost pin webhooks b.example.com --why "…"`.')
    assert told(changed, "a.example.com").endswith("take the exclusion out of the configuration.")


async def test_what_is_configured_and_not_in_force_yet_is_told_as_such(world):
    """A new pin, a new exclusion, one that was taken out: the next apply brings it about, nothing else."""
    await world.apply()
    pinned = world.with_list(pins=(Override(parse_value("9.9.9.9"), "canary"),))
    assert "in force yet: `gatepost apply webhooks` brings it about." in told(pinned, "9.9.9.9")
    assert "gatepost pin" not in told(pinned, "9.9.9.9")
    barred = world.with_list(exclusions=(Override(parse_value(TEN[4]), "lab"),))
    assert "takes it out. So it is configured, and not in force yet" in told(barred, TEN[4])
    await barred.apply()
    freed = told(world, TEN[4])
    assert "was excluded when the list was last made" in freed
    assert "gatepost pin" not in freed


async def test_a_network_that_several_entries_cover_together(world):
    """Two halves of it are listed: it is allowed, and nobody says that it was never named."""
    world.answer("61.0.0.0/25", "61.0.0.128/25")
    await world.apply()
    paragraph = told(world, "61.0.0.0/24")
    assert "is allowed" in paragraph
    assert "several do together" in paragraph
    assert "ever named" not in paragraph


async def test_a_network_of_which_a_part_is_listed(world):
    """What of it is allowed is named; nobody says that it was never named, or advises to let all of it in."""
    await world.apply()
    paragraph = told(world, "101.126.59.0/24")
    assert "101.126.59.0/24 is NOT allowed by the list webhooks" in paragraph
    assert "A part of it is allowed: 101.126.59.0/29, 101.126.59.8/31." in paragraph
    assert "ever named" not in paragraph
    assert "gatepost pin" not in paragraph


async def test_a_target_that_others_changed(world):
    """What was verified there is told as that, with the change since and how to ask the device itself."""
    await world.apply()
    since = "Others changed edge since: `gatepost check 101.126.59.1 --target edge` asks it itself."
    assert since not in told(world, "101.126.59.1")
    world.target.entries = ()
    await look(world.site, "edge")
    assert f"there it is allowed. {since}" in told(world, "101.126.59.1")
