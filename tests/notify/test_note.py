"""Whatever there is to say, every platform's size is kept, and what matters is said."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.cli.language import translator
from gatepost.model.event import About, EventKind
from gatepost.model.reason import Reason
from gatepost.model.record import Failure
from gatepost.notify import feishu, feishu_bot
from gatepost.notify._lines import bracketed, text_of
from gatepost.notify._note import EVENTS_MOST, Command, Link, Tone, compose
from gatepost.platforms.feishu_message import app_content, webhook_body
from rigs.notifiers import AT, event, held, many, message, texts

FOREIGN = st.sampled_from(["", "x" * 900, '"\\' * 450, "门" * 900, "\U0001f600" * 900, "\n<at>" * 150])
MANY = {count: many(count, 111) for count in (0, 1, 30, 500)}


def told(kind, about, added, words, over):
    """An event that quotes as much as an event may."""
    return event(
        kind,
        about=about,
        over=over,
        name="a" * 40 + "/" + "b" * 40,
        list="c" * 40,
        digest=held().digest,
        added=MANY[added],
        removed=MANY[added],
        reasons=(Reason("shrink", words, words, words, words),) * 18,
        failure=Failure("NotJson", words, transient=True, hint=words, links=(words,) * 9),
        suspects=(words,) * 9,
    )


EVENTS = st.lists(
    st.builds(
        told,
        st.sampled_from(EventKind),
        st.sampled_from(About),
        st.sampled_from(sorted(MANY)),
        FOREIGN,
        st.booleans(),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=10)
@given(EVENTS, st.sampled_from(["en", "zh"]), st.integers(0, 100_000))
def test_every_size_is_kept(events, lang, left_out):
    """Whatever is to be said, each platform's message is within its bytes and has its first headline."""
    one = message(*events, words=translator(lang), left_out=left_out, console="https://gate.example")
    card = feishu.fitted_card(one)
    inner = msgspec.json.encode(app_content(card)).decode()
    request = {"receive_id": "oc_" + "x" * 60, "msg_type": "interactive", "content": inner, "uuid": "u" * 50}
    assert len(msgspec.json.encode(request)) <= feishu.BODY_MOST
    bot = webhook_body(feishu_bot.fitted_card(one, "门" * 60))
    signed = {"timestamp": "1700000000", "sign": "x" * 44, **bot}
    assert len(msgspec.json.encode(signed)) <= feishu_bot.BODY_MOST
    for limit in (2048, 4096):
        assert len(text_of(one, limit, bracketed, "**").encode()) <= limit
    title = compose(one, 0).title
    assert title in texts(json.loads(msgspec.json.encode(card.card)))


@pytest.mark.parametrize(
    ("one", "tone"),
    [
        (event(), Tone.NEWS),
        (held(), Tone.WARN),
        (held(over=True), Tone.GOOD),
        (event(EventKind.STALE), Tone.BAD),
        (event(EventKind.FAILED), Tone.BAD),
        (event(EventKind.DRIFT), Tone.WARN),
        (event(EventKind.DRIFT, wide=True), Tone.BAD),
        (event(EventKind.DRIFT, empty=True), Tone.BAD),
        (event(EventKind.APPLIED), Tone.GOOD),
        (event(EventKind.REVERTED), Tone.WARN),
    ],
)
def test_tone(one, tone):
    """How bad it is shows in the colour; of several events the worst counts."""
    assert compose(message(one), 0).tone is tone
    assert compose(message(event(EventKind.APPLIED), one), 0).tone is max(
        tone, Tone.GOOD, key=list(Tone).index
    )


def test_the_newest_are_named():
    """Of many events the newest are named, the newest first, and the others counted."""
    some = [event(list=f"l{n}", name=f"l{n}") for n in range(EVENTS_MOST + 7)]
    text = text_of(message(*some), 100_000)
    named = [int(one.removeprefix("l").partition(":")[0]) for one in text.split("\n") if one.startswith("l")]
    assert named == list(range(EVENTS_MOST + 6, 6, -1))
    assert "… and 7 earlier events" in text


def test_what_the_history_forgot():
    """A change of which the former content is no longer known says so, and counts nothing."""
    nothing = event().added.__class__()
    text = text_of(message(event(added=nothing, removed=nothing)), 4096)
    assert "no longer known" in text.split("\n")[0]
    assert AT.strftime("%Y-%m-%d %H:%M") in text


def test_what_no_approval_lifts_asks_for_no_word():
    """Neither the title nor a button: there is nothing to approve."""
    empty = Reason("empty", "0", "1", "the list would be empty", absolute=True)
    for about in (About.SOURCE, About.TARGET):
        one = event(EventKind.HELD, about=about, digest=held().digest, reasons=(empty,))
        made = compose(message(one, console="https://gate.example"), 5)
        assert "no approval" in made.title
        assert "waits for a word" not in made.title
        assert not any("pprove" in part.label for part in made.parts if isinstance(part, Link))
        assert not any(isinstance(part, Command) for part in made.parts)


def test_a_refused_answer_is_no_missing_one():
    """It came, and nothing of it is used: the title does not say that nothing came."""
    for kind, told in (("ValuesRefused", "answer was refused"), ("ConnectFailed", "gave nothing")):
        failure = Failure(kind, "x", transient=False, hint="y")
        one = event(EventKind.FAILED, about=About.SOURCE, failure=failure)
        assert told in compose(message(one), 5).title
