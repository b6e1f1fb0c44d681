"""Who came, against what waits."""

from __future__ import annotations

import tracemalloc
from ipaddress import IPv6Address

import pytest

from gatepost.engine.access_log import Fields, LogFormat, reader_of
from gatepost.engine.approval import held_answers, newest_plans
from gatepost.engine.lockout import Change, Counting, Fate, changes, lockout_document
from gatepost.errors import UsageError
from gatepost.model.content import Override
from gatepost.model.entry import Direction, Entry, Protocol
from gatepost.planning.normalise import parse_value

pytestmark = pytest.mark.anyio

TEN = tuple(f"101.126.59.{n}" for n in range(10))
READER = reader_of(LogFormat.NGINX, Direction.INGRESS, Fields())


def line(client: str, second: int = 0) -> bytes:
    """One request."""
    return f'{client} - - [05/Jan/2026:12:00:{second:02} +0000] "GET / HTTP/1.1" 200 2'.encode()


def counted(found, *clients: str, most: int = 100):
    """The report on these requests, a second apart."""
    counting = Counting(found, most)
    counting.count((line(client, place % 60) for place, client in enumerate(clients)), READER)
    return counting.report


def fates(effect) -> dict[str, list[str]]:
    """Clients by fate, as text."""
    told = {fate: [str(one.value) for one in effect.ordered(fate)] for fate in effect.clients}
    return {fate: values for fate, values in told.items() if values}


def change(**sides: tuple[Entry, ...]) -> Change:
    """With nothing but these sides."""
    empty = dict.fromkeys(("add", "remove", "coming", "leaving", "stays", "others"), ())
    return Change("sha256:0", "edge", "changes", **empty | sides)


def entry(value: str, *ports: int) -> Entry:
    """One entry."""
    return Entry(parse_value(value), Protocol.TCP if ports else None, tuple((port, port) for port in ports))


async def test_a_change_that_waits(world):
    """Whom it adds gains, who stays stays, strangers are strangers; nobody is cut off."""
    await world.apply()
    world.answer(*TEN, "61.0.0.1")
    await world.plan()
    report = counted(changes(world.site, "webhooks"), TEN[0], "61.0.0.1", "9.9.9.9", "61.0.0.1")
    (effect,) = report.effects
    assert fates(effect) == {Fate.GAINS: ["61.0.0.1/32"]}
    assert effect.requests[Fate.GAINS] == 2
    assert (effect.requests[Fate.KEEPS], effect.requests[Fate.OUTSIDE]) == (1, 1)
    assert not report.cuts_off


async def test_an_exclusion_cuts_off_at_once(world):
    """What the owner takes out is lost with the plan, told with count, last time and entry."""
    await world.apply()
    changed = world.with_list(exclusions=(Override(parse_value(TEN[4]), "gone"),))
    await changed.plan()
    report = counted(changes(changed.site, "webhooks"), TEN[4], TEN[5], TEN[4])
    assert report.cuts_off
    document = lockout_document(report, {"list": "webhooks"})
    assert document["plans"][0]["clients"]["loses"] == [
        {
            "client": TEN[4],
            "requests": 2,
            "last_seen": "2026-01-05T12:00:02Z",
            "entry": f"{TEN[4]}/32",
        }
    ]
    await changed.apply()
    assert changes(changed.site, "webhooks") == (), "what was carried out waits no more"


async def test_a_held_answer_cuts_off_later(world):
    """Nine of ten go: they would be cut off after approval, say plan and answer."""
    await world.apply()
    world.answer(TEN[0])
    await world.plan()
    (plan,), (answer,) = newest_plans(world.site), held_answers(world.site)
    for digest in (None, plan.digest, answer.digest):
        report = counted(changes(world.site, "webhooks", digest), *TEN, TEN[9])
        (effect,) = report.effects
        assert report.cuts_off
        assert fates(effect)[Fate.LATER] == [f"{TEN[9]}/32", *(f"{one}/32" for one in TEN[1:9])]
        assert effect.requests[Fate.KEEPS] == 1


async def test_what_another_source_lists_stays(make_world):
    """Who is named by a source that is not held is not cut off by the one that is."""
    world = make_world("events", "more")
    await world.apply()
    world.answer(TEN[0])
    await world.plan()
    report = counted(changes(world.site, "webhooks"), *TEN)
    assert not report.cuts_off


async def test_a_held_growth_lets_in(world):
    """Whom a held answer would bring gains, before it is approved."""
    await world.apply()
    world.answer(*TEN, *(f"61.9.{n}.1" for n in range(40)))
    await world.plan()
    report = counted(changes(world.site, "webhooks"), "61.9.7.1", TEN[0])
    assert fates(report.effects[0]) == {Fate.GAINS: ["61.9.7.1/32"]}


async def test_names_that_are_not_there(world):
    """A list, a digest, a digest of another list: each its own word."""
    await world.apply()
    with pytest.raises(UsageError, match="there is no list 'nope'"):
        changes(world.site, "nope")
    with pytest.raises(UsageError, match="is no plan and no held answer"):
        changes(world.site, "webhooks", "sha256:" + "0" * 64)
    (plan,) = newest_plans(world.site)
    assert len(changes(world.site, "webhooks", plan.digest)) == 1


def test_ports_and_parts():
    """An address whose ports change is told apart; a part of a network that goes is found."""
    ports = change(add=(entry("61.0.0.1", 443),), remove=(entry("61.0.0.1", 80),))
    parts = change(remove=(entry("61.0.0.0/25"),), stays=(entry("61.0.0.128/25"),))
    report = counted([ports, parts], "61.0.0.1", "61.0.0.200", "::ffff:61.0.0.9")
    first, second = report.effects
    assert fates(first) == {Fate.PORTS: ["61.0.0.1/32"]}
    assert fates(second) == {Fate.LOSES: ["61.0.0.1/32", "61.0.0.9/32"]}
    assert second.requests[Fate.KEEPS] == 1


def test_lines_that_say_nothing():
    """They are counted as lines, not as read, and change nothing."""
    counting = Counting([change(remove=(entry("61.0.0.1"),))])
    counting.count([b"", b"garbage", b"\xff\xfe [05/Jan/2026:12:00:00 +0000]", line("61.0.0.1")], READER)
    assert (counting.report.lines, counting.report.read) == (4, 1)


def test_the_latest_time_counts():
    """Logs may come in any order."""
    counting = Counting([change(remove=(entry("61.0.0.1"),))])
    for second in (7, 3):
        counting.count([line("61.0.0.1", second)], READER)
    (client,) = counting.report.effects[0].ordered(Fate.LOSES)
    assert (client.requests, client.last.second) == (2, 7)


def test_memory_is_bounded():
    """20,000 strangers within a removed network: so many are kept as allowed, the rest is only counted."""
    counting = Counting([change(remove=(entry("2a00::/16"),))], most=200)
    first = int(IPv6Address("2a00::"))
    strangers = (line(str(IPv6Address(first + (n << 64)))) for n in range(20_000))
    tracemalloc.start()
    counting.count(strangers, READER)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    (effect,) = counting.report.effects
    assert len(effect.clients[Fate.LOSES]) == 200
    assert effect.requests[Fate.LOSES] == 20_000
    assert effect.uncounted[Fate.LOSES] == 19_800
    assert peak < 16_000_000
