"""The protected set: gathered from what is around, and in the way of whoever would cut it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gatepost.config.settings import AccountSettings, ProtectSettings, Settings
from gatepost.engine.approval import give_word
from gatepost.engine.exits import Exit, exit_of
from gatepost.engine.protecting import Unknown, gather
from gatepost.errors import UsageError
from gatepost.kit.surroundings import KnownSurroundings
from gatepost.model.content import Override
from gatepost.model.entry import Direction
from gatepost.model.limits import Limits
from gatepost.model.plan import Outcome, PlanStatus, Word
from gatepost.model.protect import Protected
from gatepost.planning.normalise import parse_value
from gatepost.platforms.feishu import Feishu
from gatepost.sources.url import TextOptions, UrlText
from rigs.exactly import carry_out_exactly

pytestmark = pytest.mark.anyio

TEN = tuple(f"101.126.59.{n}" for n in range(10))
AT_ONCE = Limits(absences=1, grace=timedelta(0))
"""What is gone upstream goes at once."""
EVERYTHING = KnownSurroundings(
    coming=("203.0.113.7",),
    naming=("8.8.8.8",),
    timing=("203.0.113.123", "ntp.example.com"),
    names={
        "ntp.example.com": ("203.0.113.124", "2001:db8::124"),
        "open.feishu.cn": ("101.126.60.1",),
        "lists.example.com": ("203.0.113.80",),
        "db.example.com": ("203.0.113.54",),
    },
)


@pytest.fixture
def place(make_world: Callable[..., Any]) -> Callable[..., Any]:
    """A world in other surroundings, protecting other things; ``direction`` of its only list."""

    def make(
        around: KnownSurroundings = EVERYTHING,
        protect: ProtectSettings | None = None,
        direction: Direction = Direction.EGRESS,
        **settings: Any,
    ) -> Any:
        world = make_world(limits=AT_ONCE).with_list(direction=direction)
        changed = replace(world.site.settings, protect=protect or ProtectSettings(), **settings)
        return replace(world, site=replace(world.site, settings=changed, surroundings=around))

    return make


def told(gathered: Any) -> dict[str, str]:
    """Values with their reasons."""
    return {str(one.value): one.why for one in gathered.protected}


async def test_who_comes_to_us(place):
    """For a list of who may come: the SSH session. Where we go does not matter there."""
    gathered = await gather(place(direction=Direction.INGRESS).site)
    assert told(gathered) == {"203.0.113.7/32": "the SSH session that runs this"}
    assert [one.direction for one in gathered.protected] == [Direction.INGRESS]


async def test_where_we_go(place):
    """For a list of where we may go: name servers, and time servers with the addresses of their names."""
    gathered = await gather(place().site)
    assert told(gathered) == {
        "8.8.8.8/32": "a name server of this host",
        "203.0.113.123/32": "a time server of this host",
        "ntp.example.com": "a time server of this host",
        "203.0.113.124/32": "a time server of this host, ntp.example.com",
        "2001:db8::124/128": "a time server of this host, ntp.example.com",
    }
    assert {one.direction for one in gathered.protected} == {Direction.EGRESS}
    assert gathered.unknown == ()


async def test_hosts_of_accounts_and_lists(place):
    """The hosts that accounts and public lists are asked at, with their addresses."""
    account = AccountSettings("main", Feishu, dict, {}, frozenset({"open.feishu.cn"}))
    around = replace(EVERYTHING, naming=(), timing=())
    world = place(around, accounts={"main": account})
    source = world.site.settings.sources["events"]
    options = TextOptions(url="https://lists.example.com/a.txt", direction=Direction.EGRESS)
    world = place(
        around,
        accounts={"main": account},
        sources={"events": replace(source, plugin=UrlText, options=options)},
    )
    assert told(await gather(world.site)) == {
        "open.feishu.cn": "account main",
        "101.126.60.1/32": "account main, open.feishu.cn",
        "lists.example.com": "source events",
        "203.0.113.80/32": "source events, lists.example.com",
    }


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("me:p%40ss@db.example.com:5432/gatepost", {"db.example.com", "203.0.113.54/32"}),
        ("me@203.0.113.55/gatepost", {"203.0.113.55/32"}),
        ("me@[2001:db8::55]:5432/gatepost", {"2001:db8::55/128"}),
        ("me@/g?host=203.0.113.56:5432&host=203.0.113.57", {"203.0.113.56/32", "203.0.113.57/32"}),
        ("me@/g?host=203.0.113.56,2001:db8::7", {"203.0.113.56/32", "2001:db8::7/128"}),
        ("me@/g?host=/run/postgresql", set()),
        ("me@localhost/g", set()),
            ],
)  # fmt: skip
async def test_the_stores_server(place, url: str, hosts: set[str]):
    """The host of a PostgreSQL store, wherever its URL names it."""
    around = replace(EVERYTHING, naming=(), timing=())
    assert set(told(await gather(place(around, store_url=f"postgresql+psycopg://{url}").site))) == hosts
    assert told(await gather(place(around, store_url="sqlite:////var/lib/gatepost.db").site)) == {}


async def test_what_the_owner_lists(place):
    """Networks, names and trees, for both directions; a name counts with its addresses, a tree has none."""
    values = ("203.0.113.0/24", "db.example.com", "*.example.com")
    own = ProtectSettings(tuple(Protected(parse_value(one), "ours") for one in values), session=False)
    gathered = await gather(place(protect=own, direction=Direction.INGRESS).site)
    assert told(gathered) == dict.fromkeys(values, "ours") | {"203.0.113.54/32": "ours, db.example.com"}
    assert {one.direction for one in gathered.protected} == {None}


@pytest.mark.parametrize(
    ("part", "gone"),
    [
        ("dns", {"8.8.8.8/32"}),
        ("ntp", {"203.0.113.123/32", "ntp.example.com", "203.0.113.124/32", "2001:db8::124/128"}),
        ("platforms", {"open.feishu.cn", "101.126.60.1/32"}),
        ("control_plane", {"db.example.com", "203.0.113.54/32"}),
    ],
)
async def test_each_part_can_be_switched_off(place, part: str, gone: set[str]):
    """One setting takes out its own part and nothing else."""
    settings: dict[str, Any] = {
        "accounts": {"main": AccountSettings("main", Feishu, dict, {}, frozenset({"open.feishu.cn"}))},
        "store_url": "postgresql+psycopg://db.example.com/g",
    }
    whole = set(told(await gather(place(**settings).site)))
    rest = set(told(await gather(place(protect=ProtectSettings(**{part: False}), **settings).site)))
    assert whole - rest == gone


async def test_the_session_can_be_switched_off(place):
    """Then nothing of it is protected."""
    world = place(protect=ProtectSettings(session=False), direction=Direction.INGRESS)
    assert (await gather(world.site)).protected == ()


async def test_a_list_without_target_concerns_nobody(place):
    """Nothing is sought, and no name asked for, where nothing can be cut."""
    assert (await gather(place(targets={}).site)).protected == ()


async def test_this_very_host_is_left_out(place):
    """Loopback and unspecified addresses are not protected, whatever names them."""
    here = ("127.0.0.53", "::1", "0.0.0.0", "localhost", "::ffff:127.0.0.1", "::")
    around = KnownSurroundings(naming=here, timing=("ntp.example.com",), names={"ntp.example.com": here})
    assert told(await gather(place(around).site)) == {"ntp.example.com": "a time server of this host"}


async def test_foreign_text_is_named_and_nothing_else(place):
    """What is not one address or host name is told, cut and escaped, and protects nothing."""
    odd = (
        "10.0.0.0/8",
        "*.example.com",
        "010.8.8.8",
        "fe80::1%eth0",
        "a\n\x1b[2Jb",
        "x" * 5000,
        "0x7f.1",
        "::g",
    )
    gathered = await gather(place(KnownSurroundings(timing=odd)).site)
    assert gathered.protected == ()
    assert len(gathered.unknown) == len(odd)
    assert all(one.text.isprintable() and len(one.text) <= 256 for one in gathered.unknown)


async def test_a_name_without_address(place):
    """It stays protected as a name, and is told; names of one's own network may have one label."""
    around = KnownSurroundings(
        timing=("ntp.example.com", "NTP", "time_1.local"), names={"ntp": ("203.0.113.1",)}
    )
    gathered = await gather(place(around).site)
    assert set(told(gathered)) == {"ntp.example.com", "203.0.113.1/32"}
    assert gathered.unknown == (
        Unknown("ntp.example.com", "a time server of this host"),
        Unknown("time_1.local", "a time server of this host"),
    )


async def test_an_answer_that_is_no_address(place):
    """A resolver's answer is foreign text as well."""
    around = KnownSurroundings(
        timing=("a.example.com",), names={"a.example.com": ("0.0.0.0/0", "x", "8.8.8.8")}
    )
    assert set(told(await gather(place(around).site))) == {"a.example.com", "8.8.8.8/32"}


def coming_from(world: Any, *addresses: str) -> Any:
    """The same world, run from another session."""
    return replace(world, site=replace(world.site, surroundings=KnownSurroundings(coming=addresses)))


async def test_a_plan_that_cuts_the_session_is_refused(place):
    """The platform drops the address that we come from: nothing changes, and nobody can approve it."""
    world = place(KnownSurroundings(coming=("101.126.59.7",)), direction=Direction.INGRESS)
    await world.apply()
    world.answer(*(one for one in TEN if one != "101.126.59.7"), "101.126.60.1")
    report = await world.apply()
    (result,) = report.results
    assert (exit_of(report), result.outcome) == (Exit.HELD, Outcome.HELD)
    (reason,) = result.plan.reasons
    assert (reason.guard, reason.measured, reason.absolute) == ("protected", "101.126.59.7/32", True)
    assert "the SSH session that runs this" in reason.message
    with pytest.raises(UsageError, match="No approval can change that"):
        give_word(world.site, result.plan.digest, Word.APPROVE, who="me", why="I insist")
    assert (world.target.writes, len(world.held_there)) == (1, 2)
    assert "101.126.60.1/32" not in world.held_there


async def test_what_is_kept_by_a_pin_is_not_cut(place):
    """The sentence's advice works: with a pin the rest of the plan is carried out."""
    world = place(KnownSurroundings(coming=("101.126.59.7",)), direction=Direction.INGRESS)
    await world.apply()
    world.answer(*(one for one in TEN if one != "101.126.59.7"))
    assert exit_of(await world.apply()) is Exit.HELD
    pinned = world.with_list(pins=(Override(parse_value("101.126.59.7"), "our session"),))
    assert exit_of(await pinned.apply()) is Exit.DONE


async def test_an_exclusion_that_cuts_an_owners_value_is_refused(place):
    """The owner's own mistake as well as the platform's."""
    own = ProtectSettings((Protected(parse_value("101.126.59.8/29"), "office"),))
    world = place(KnownSurroundings(), own)
    await world.apply()
    careless = world.with_list(exclusions=(Override(parse_value("101.126.59.9"), "oops"),))
    (result,) = (await careless.apply()).results
    assert [reason.measured for reason in result.plan.reasons] == ["101.126.59.9/32"]
    assert result.outcome is Outcome.HELD


async def test_a_plan_made_elsewhere_is_judged_where_it_is_applied(place):
    """A plan of the service, which has no session, is refused to the session that it would cut."""
    world = place(KnownSurroundings(), direction=Direction.INGRESS)
    await world.apply()
    world.answer(*TEN[:9])
    plan = (await world.plan()).results[0].plan
    assert plan.status is PlanStatus.CHANGES
    cut = await carry_out_exactly(coming_from(world, "101.126.59.9").site, plan)
    assert (cut.outcome, [one.guard for one in cut.plan.reasons]) == (Outcome.HELD, ["protected"])
    assert world.target.writes == 1
    free = await carry_out_exactly(coming_from(world, "101.126.59.8").site, plan)
    assert free.outcome is Outcome.APPLIED


async def test_an_approved_plan_is_judged_once_more(place):
    """An approval given elsewhere does not cover what the guard finds here."""
    world = place(KnownSurroundings(), direction=Direction.INGRESS)
    await world.apply()
    careless = world.with_list(exclusions=(Override(parse_value("101.126.59.0/29"), "oops"),))
    plan = (await careless.plan()).results[0].plan
    assert plan.status is PlanStatus.HELD
    give_word(careless.site, plan.digest, Word.APPROVE, who="me", why="meant")
    cut = await carry_out_exactly(coming_from(careless, "101.126.59.1").site, plan)
    assert (cut.outcome, world.target.writes) == (Outcome.HELD, 1)
    assert (await carry_out_exactly(careless.site, plan)).outcome is Outcome.APPLIED


def test_settings_protect_by_default():
    """Nobody needs to write the table to be protected."""
    found = next(one for one in Settings.__dataclass_fields__.values() if one.name == "protect")
    assert found.default_factory is ProtectSettings
    assert all(
        getattr(ProtectSettings(), name) for name in ("session", "control_plane", "dns", "ntp", "platforms")
    )
