"""One suite for every kind of target: a new kind brings ``tests/rigs/<module>.py``, nothing more."""

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
SOME = entries("8.8.4.0/24", "8.8.8.8/32", "2a00:1::/64", "2a00:2::/64")


@pytest.fixture(params=KINDS)
def rig(request, tmp_path):
    with import_module(f"rigs.{request.param}").rig(tmp_path) as made:
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
    """Entries of a kind that the target cannot hold are refused, not left out."""
    target = rig.target()
    odd = (
        Entry(Domain("example.com"))
        if not target.capabilities.domains
        else replace(SOME[0], ports=((443, 443),))
    )
    wanted = (*SOME, odd)
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
