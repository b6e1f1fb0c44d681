"""What is loaded at boot: the last content that was read back, and nothing else."""

from __future__ import annotations

import pytest

from gatepost.engine.last import last_of, load_last
from gatepost.errors import StoreCorrupt
from gatepost.model.plan import Outcome
from gatepost.planning.normalise import Rules, normalise
from gatepost.testing import MemoryTarget, raw

pytestmark = pytest.mark.anyio


def kept(world):
    """What boot would load."""
    return last_of(world.site.settings.state, "edge")


async def test_boot(world):
    """After a reboot the target holds again what was last applied, without history and network."""
    await world.apply()
    before = world.target.entries
    target = MemoryTarget("edge", MemoryTarget.Options())
    result = await load_last(target, kept(world))
    assert (result.outcome, target.entries) == (Outcome.APPLIED, before)


async def test_loaded_is_in_step(world):
    """The first cycle after boot finds the target in step and writes nothing."""
    await world.apply()
    world.target.entries, world.target.generation = (), 0
    await load_last(world.target, kept(world))
    writes = world.target.writes
    assert (await world.apply()).results[0].outcome is Outcome.UNCHANGED
    assert world.target.writes == writes


@pytest.mark.parametrize("values", [("203.0.112.7",), ()], ids=["other-content", "emptied-by-hand"])
async def test_leaves_what_is_there(world, values):
    """Where anything of ours is already, right or wrong, boot changes nothing."""
    await world.apply()
    world.target.entries = there = normalise(raw(*values), Rules()).entries
    result = await load_last(world.target, kept(world))
    assert (result.outcome, world.target.entries) == (Outcome.UNCHANGED, there)


async def test_other_place(world):
    """A target that moved to another place is not filled with what the old place held."""
    await world.apply()
    moved = MemoryTarget("elsewhere", MemoryTarget.Options())
    assert (await load_last(moved, kept(world))).outcome is Outcome.UNCHANGED
    assert moved.entries == ()


@pytest.mark.parametrize("how", ["cut", "changed", "other"])
async def test_tampered(world, how):
    """A file that was cut off or edited is refused: its digest does not fit."""
    await world.apply()
    path = world.site.settings.state / "last" / "edge.json"
    text = path.read_text()
    new = {"cut": text[:-20], "changed": text.replace("101.126.59", "101.126.60"), "other": "[]"}[how]
    path.write_text(new)
    with pytest.raises(StoreCorrupt):
        kept(world)


async def test_unverified_is_not_kept(world):
    """What could not be read back is never what boot loads."""
    world.target.forgetful = True
    await world.apply()
    assert kept(world) is None
