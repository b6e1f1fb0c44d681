"""One suite for every kind of target: a new kind brings ``tests/rigs/<module>.py``, nothing more.

A rig's module names in ``FORMS`` the ways in which the kind works, each of which runs the suite.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module

import anyio
import pytest

from gatepost.errors import StalePlan, TargetForeign, TargetRejected
from gatepost.kit.discovery import plugins
from gatepost.model.entry import Domain, Entry
from gatepost.targets.base import Target
from rigs.plans import entries, plan_for, put, texts

pytestmark = pytest.mark.anyio

KINDS = [found.__module__.rpartition(".")[2] for found in plugins("gatepost.targets", Target)]
RIGS = [(kind, form) for kind in (*KINDS, "memory") for form in import_module(f"rigs.{kind}").FORMS]
SOME = entries("8.8.4.0/24", "8.8.8.8/32", "2a00:1::/64", "2a00:2::/64")


@pytest.fixture(params=RIGS, ids="-".join)
def rig(request, tmp_path):
    kind, form = request.param
    with import_module(f"rigs.{kind}").rig(tmp_path, form) as made:
        yield made


async def test_fresh(rig):
    """Where we never wrote there is generation 0 and nothing."""
    held = await rig.target().current()
    assert (held.generation, held.entries) == (0, ())


async def test_reads_back(rig):
    """What was applied is what another object reads back, at the next generation."""
    plan = plan_for(await rig.target().current(), SOME)
    await rig.target().apply(plan, SOME)
    held = await rig.target().current()
    assert (held.generation, held.entries, held.digest) == (1, SOME, plan.desired)


async def test_changes(rig):
    """Entries come and go, down to a single one, and each write raises the generation by one."""
    await put(rig.target(), SOME)
    steps = [entries("8.8.4.0/23", "2a00:1::/65"), entries("8.8.8.8/32"), entries("2a00::/32"), SOME, SOME]
    for generation, wanted in enumerate(steps, start=2):
        held = await put(rig.target(), wanted)
        assert (held.generation, held.entries) == (generation, wanted)


async def test_stale(rig):
    """A plan is good for one apply: a second time it is refused and nothing moves."""
    plan = plan_for(await rig.target().current(), SOME)
    await rig.target().apply(plan, SOME)
    before = rig.state()
    with pytest.raises(StalePlan):
        await rig.target().apply(plan, SOME)
    assert rig.state() == before


async def test_old_content_new_generation(rig):
    """A plan made before the content went there and back again is refused."""
    held = await put(rig.target(), SOME)
    await put(rig.target(), entries("8.8.8.8/32"))
    await put(rig.target(), SOME)
    with pytest.raises(StalePlan):
        await rig.target().apply(plan_for(held, entries("8.8.4.4/32")), entries("8.8.4.4/32"))


async def test_content_of_another_plan(rig):
    """Content that is not the plan's is refused, and nothing is made."""
    before = rig.state()
    with pytest.raises(StalePlan):
        await rig.target().apply(plan_for(await rig.target().current(), SOME), SOME[:1])
    assert rig.state() == before


async def test_never_empty(rig):
    """An empty list never reaches a target."""
    held = await put(rig.target(), SOME)
    with pytest.raises(TargetRejected):
        await rig.target().apply(plan_for(held, ()), ())
    assert await rig.target().current() == held


async def test_beyond_capabilities(rig):
    """Entries of a kind that the target cannot hold, or more than it can, are refused, not left out."""
    target = rig.target()
    able = target.capabilities
    if not able.domains:
        wanted = (*SOME, Entry(Domain("example.com")))
    elif not able.ports:
        wanted = (*SOME, replace(SOME[0], ports=((443, 443),)))
    else:
        wanted = SOME[:1] * (able.max_entries + 1)
    with pytest.raises(TargetRejected):
        await target.apply(plan_for(await target.current(), wanted), wanted)
    assert (await target.current()).generation == 0


async def test_foreign(rig):
    """What does not carry our mark is neither read as ours nor changed."""
    fresh = await rig.target().current()
    rig.occupy()
    before = rig.state()
    with pytest.raises(TargetForeign):
        await rig.target().current()
    with pytest.raises(TargetForeign):
        await rig.target().apply(plan_for(fresh, SOME), SOME)
    assert rig.state() == before


async def test_drift(rig):
    """A change by hand is seen, makes older plans stale, and the next apply repairs it."""
    clean = await put(rig.target(), SOME)
    rig.edit()
    drifted = await rig.target().current()
    assert (drifted.generation, "9.9.9.9/32" in texts(drifted)) == (1, True)
    assert drifted.digest != clean.digest
    with pytest.raises(StalePlan):
        await rig.target().apply(plan_for(clean, SOME[:1]), SOME[:1])
    repaired = await put(rig.target(), SOME)
    assert (repaired.generation, repaired.entries) == (2, SOME)


@pytest.mark.parametrize("started", [False, True], ids=["first-write", "later-write"])
async def test_one_winner(rig, started):
    """Of several appliers at once exactly one wins, and its list is there unmixed."""
    if started:
        await put(rig.target(), entries("9.9.9.9/32"))
    held = await rig.target().current()
    kept = texts(held)
    rivals = [entries(*kept, f"8.{number}.0.0/24", f"2a00:{number}::/64") for number in range(1, 6)]
    won: list[int] = []

    async def compete(number: int) -> None:
        try:
            await rig.target().apply(plan_for(held, rivals[number]), rivals[number])
            won.append(number)
        except StalePlan:
            pass

    async with anyio.create_task_group() as group:
        for number in range(len(rivals)):
            group.start_soon(compete, number)
    after = await rig.target().current()
    assert len(won) == 1
    assert (after.generation, after.entries) == (held.generation + 1, rivals[won[0]])


async def test_purged(rig):
    """Purging leaves the place as if we had never been there, and it can be begun anew."""
    bare = rig.state()
    held = await put(rig.target(), SOME)
    await rig.target().purge(held)
    assert rig.state() == bare
    fresh = await rig.target().current()
    assert (fresh.generation, fresh.entries) == (0, ())
    assert (await put(rig.target(), SOME)).generation == 1


async def test_purge_of_nothing(rig):
    """Where we never wrote, purging does nothing, and twice is as good as once."""
    bare = rig.state()
    await rig.target().purge(await rig.target().current())
    held = await put(rig.target(), SOME)
    await rig.target().purge(held)
    await rig.target().purge(await rig.target().current())
    assert rig.state() == bare


async def test_purge_of_what_moved(rig):
    """What is no longer as it was when purging was decided stays, written by us or by hand."""
    held = await put(rig.target(), SOME)
    later = await put(rig.target(), SOME[:2])
    before = rig.state()
    with pytest.raises(StalePlan):
        await rig.target().purge(held)
    assert rig.state() == before
    rig.edit()
    before = rig.state()
    with pytest.raises(StalePlan):
        await rig.target().purge(later)
    assert rig.state() == before


async def test_emptied(rig):
    """Emptying takes every entry of ours away: it reads as before our first write, and can begin anew."""
    fresh = await rig.target().current()
    held = await put(rig.target(), SOME)
    await rig.target().empty(held)
    assert await rig.target().current() == fresh
    await rig.target().empty(await rig.target().current())
    assert await rig.target().current() == fresh
    again = await put(rig.target(), SOME[1:])
    assert (again.generation, again.entries) == (1, SOME[1:])


async def test_what_moved_is_not_emptied(rig):
    """What is no longer as it was when emptying was decided stays, written by us or by hand."""
    held = await put(rig.target(), SOME)
    later = await put(rig.target(), SOME[:2])
    before = rig.state()
    with pytest.raises(StalePlan):
        await rig.target().empty(held)
    assert rig.state() == before
    rig.edit()
    before = rig.state()
    with pytest.raises(StalePlan):
        await rig.target().empty(later)
    assert rig.state() == before


async def test_foreign_is_not_purged(rig):
    """What does not carry our mark is never removed."""
    fresh = await rig.target().current()
    rig.occupy()
    before = rig.state()
    for remove in (rig.target().purge, rig.target().empty):
        with pytest.raises(TargetForeign):
            await remove(fresh)
        assert rig.state() == before


async def test_adopted(rig):
    """What stands at the place without our mark becomes ours as it is, and is then changed as any other."""
    rig.orphan("8.8.4.0/24", "8.8.8.8/32", "2a00:1::/64")
    content = rig.content()
    with pytest.raises(TargetForeign):
        await rig.target().current()
    held = await rig.target().adopt()
    assert (held.generation, texts(held)) == (1, ["8.8.4.0/24", "8.8.8.8/32", "2a00:1::/64"])
    assert rig.content() == content
    assert await rig.target().current() == held
    changed = await put(rig.target(), SOME[1:])
    assert (changed.generation, changed.entries) == (2, SOME[1:])


async def test_nothing_to_adopt(rig):
    """Adopting what is ours already, or nothing, changes nothing."""
    fresh = await rig.target().current()
    assert await rig.target().adopt() == fresh
    held = await put(rig.target(), SOME)
    before = rig.state()
    assert await rig.target().adopt() == held
    assert rig.state() == before


async def test_stamp(rig):
    """A stamp, if any, stays while nothing happens and changes with every change, ours or not."""
    stamps = [await rig.target().stamp()]
    await put(rig.target(), SOME)
    stamps.append(await rig.target().stamp())
    await rig.target().current()
    assert await rig.target().stamp() == stamps[-1]
    await put(rig.target(), SOME[:2])
    stamps.append(await rig.target().stamp())
    rig.edit()
    stamps.append(await rig.target().stamp())
    assert stamps == [""] * 4 or len(set(stamps)) == 4


async def test_suspects(rig):
    """Whoever may have changed the content is told in sentences, or nobody is."""
    await put(rig.target(), SOME)
    rig.edit()
    for sentence in await rig.target().suspects():
        assert sentence.isprintable()


async def test_cut_off(rig):
    """A write that stopped after its first part reads as mixed, lost nothing, and the next apply ends it."""
    before = await put(rig.target(), entries("9.9.9.9/32"))
    if not await rig.cut_off(SOME):
        assert not (await rig.target().current()).mixed
        return
    mixed = await rig.target().current()
    assert mixed.mixed
    assert mixed.generation > before.generation
    assert "9.9.9.9/32" in texts(mixed)
    with pytest.raises(StalePlan):
        await rig.target().apply(plan_for(before, SOME), SOME)
    after = await put(rig.target(), SOME)
    assert (after.entries, after.mixed) == (SOME, False)
    assert after.generation > mixed.generation
