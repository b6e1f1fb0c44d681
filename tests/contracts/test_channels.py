"""One suite for every channel: a new one brings ``tests/rigs/channels/<module>.py``, nothing more.

A rig's module names in ``FORMS`` the forms of its messages, each of which runs the suite; ``active``
finds what of a message its platform would take for syntax.
"""

from __future__ import annotations

import re
from dataclasses import replace
from importlib import import_module

import pytest

from gatepost.cli.language import translator
from gatepost.errors import GatepostError
from gatepost.kit.discovery import plugins
from gatepost.model.event import About, Event, EventKind
from gatepost.notify.base import Channel
from rigs.notifiers import APPROVE, AT, HOSTILE, event, held, hostile, many, message, texts

pytestmark = pytest.mark.anyio

KINDS = [found.__module__.rpartition(".")[2] for found in plugins("gatepost.notify", Channel)]
RIGS = [(kind, form) for kind in KINDS for form in import_module(f"rigs.channels.{kind}").FORMS]
CONSOLE = "https://gate.example"
JSON = "webhook"
"""The channel that sends all there is, for programs."""


@pytest.fixture(params=RIGS, ids="-".join)
async def rig(request, tmp_path):
    kind, form = request.param
    async with import_module(f"rigs.channels.{kind}").rig(tmp_path, form) as made:
        yield made


@pytest.fixture
def kind(request):
    return request.node.callspec.params["rig"][0]


async def test_arrives(rig):
    """A message arrives once, with its headline and what came and went."""
    assert await rig.send(message()) == ()
    (content,) = rig.arrived()
    shown = texts(content)
    for told in ("webhooks: serial 7: 2 came, 1 went", "101.126.59.7/32", "*.feishu.cn", "8.8.8.0/24"):
        assert told in shown


async def test_a_thousand_changes(rig, kind):
    """A change of 1,000 entries is taken by the platform, and says how many it does not show."""
    await rig.send(message(event(added=many(1000, 11), removed=many(1000, 12))))
    (content,) = rig.arrived()
    shown = texts(content)
    assert "1000 came, 1000 went" in shown
    assert kind == JSON or [1000 - int(n) for n in re.findall(r"and (\d+) more", shown)] == [
        shown.count("+ 11."),
        shown.count("- 12."),
    ]


async def test_held_names_both_ways(rig, kind):
    """What is held carries the command for the host, and links to the console, whatever must be cut."""
    await rig.send(message(held(added=many(1000, 11), removed=many(1000, 12)), console=CONSOLE))
    (content,) = rig.arrived()
    shown = texts(content)
    if kind == JSON:
        assert content["events"][0]["may_be_approved"] is True
        return
    assert f'{APPROVE} --why "…"' in shown
    assert APPROVE.replace("approve", "reject") in shown
    assert shown.count(f"{CONSOLE}/plans#0123456789ab") == 2


async def test_held_without_a_console(rig, kind):
    """Without an address of the console the command is there all the same, and no link."""
    await rig.send(message(held()))
    (content,) = rig.arrived()
    assert APPROVE in texts(content) or kind == JSON
    assert "/plans#" not in texts(content)


async def test_no_word_where_none_helps(rig):
    """Where a guard is absolute no approval is offered."""
    reason = replace(held().reasons[0], absolute=True)
    await rig.send(message(held(reasons=(reason,)), console=CONSOLE))
    (content,) = rig.arrived()
    assert "gatepost approve" not in texts(content)
    assert "/plans#" not in texts(content)


async def test_hostile_text(rig, request):
    """Foreign text stays text: no mention, tag, link or emphasis of it is active anywhere."""
    module = import_module(f"rigs.channels.{request.node.callspec.params['rig'][0]}")
    await rig.send(message(hostile(), console=CONSOLE))
    await rig.send(message(hostile(), event(), hostile(), console=CONSOLE))
    first, second = rig.arrived()
    assert module.active(first) == []
    assert module.active(second) == []
    assert "everyone" in texts(first)


async def test_every_kind(rig):
    """Every kind of event is sent, begun and over, in both languages, with a headline of its own."""
    for lang in ("en", "zh"):
        made = [
            event(kind, about=about, over=over, previous=None if over else 6, mark=lang)
            for kind in EventKind
            for about in About
            for over in (False, True)
        ]
        await rig.send(message(*made, words=translator(lang), left_out=3))
    assert len(rig.arrived()) == 2


async def test_chinese(rig):
    """A notifier in Chinese speaks Chinese."""
    await rig.send(message(held(), words=translator("zh")))
    assert "已拦下" in texts(rig.arrived()[0])


async def test_many_events_in_one(rig):
    """Many events make one message, the newest first, with those not shown counted."""
    some = [held(name=f"list/{n}", added=many(300, n)) for n in range(60)]
    await rig.send(message(*some, left_out=4, console=CONSOLE))
    (content,) = rig.arrived()
    assert "list/59" in texts(content)


async def test_brief(rig):
    """A brief message has the headline, and nothing that was foreign."""
    await rig.send(message(hostile(), brief=True))
    (content,) = rig.arrived()
    assert "HELD" in texts(content)
    assert HOSTILE[-8:] not in texts(content)
    assert "everyone" not in texts(content)


async def test_trouble_of_the_platform(rig, caplog):
    """A platform in trouble is a transient error that holds no secret."""
    rig.break_down()
    with pytest.raises(GatepostError) as caught:
        await rig.send(message())
    assert caught.value.transient
    shown = f"{caught.value!r}{vars(caught.value)}{caplog.text}"
    assert [one for one in rig.secrets if one in shown] == []


async def test_a_wrong_secret(rig, tmp_path):
    """A secret that is not there is an error before anything is sent."""
    for place in tmp_path.iterdir():
        if place.suffix not in {".toml", ".db"} and place.is_file():
            place.unlink()
    with pytest.raises(GatepostError) as caught:
        await rig.send(message())
    assert caught.value.kind == "SecretUnavailable"
    assert rig.arrived() == []


async def test_test_message(rig):
    """A test message says that nothing happened."""
    test = Event(kind=EventKind.TEST, about=About.SERVICE, name="gatepost", at=AT)
    await rig.send(message(test))
    assert "nothing happened" in texts(rig.arrived()[0])
