"""An earlier serial comes back as a new one, and stays until a person's word."""

from __future__ import annotations

import pytest

from gatepost.engine.approval import give_word
from gatepost.engine.rollback import earlier, preview, roll_back
from gatepost.errors import UsageError
from gatepost.model.content import Override
from gatepost.model.plan import Cause, Outcome, Word
from gatepost.planning.normalise import parse_value

pytestmark = pytest.mark.anyio

MORE = tuple(f"101.126.59.{n}" for n in range(12))


async def two_serials(world):
    """A list at serial 2."""
    await world.apply()
    first = world.target.entries
    world.answer(*MORE)
    await world.apply()
    return first


async def back(world, serial=1, why="not theirs"):
    """Roll the list back."""
    one = world.site.settings.lists["webhooks"]
    return await roll_back(world.site, one, earlier(world.site, one, serial), who="me", why=why)


async def test_higher_serial(world):
    """The old content is back on the target at a higher serial and generation, with who and why."""
    first = await two_serials(world)
    results = await back(world)
    assert [one.outcome for one in results] == [Outcome.APPLIED]
    assert (world.target.entries, world.target.generation) == (first, 3)
    assert world.site.store.latest("webhooks").serial == 3
    word = world.site.store.word(results[0].plan.digest)
    assert (word.who, word.why) == ("me", "not theirs")
    assert world.site.store.applied("edge").cause is Cause.ROLLBACK


async def test_stays(world):
    """What the sources say afterwards waits for a word, cycle after cycle."""
    first = await two_serials(world)
    await back(world)
    for _ in range(3):
        report = await world.apply()
        assert [reason.guard for reason in report.results[0].plan.reasons] == ["rollback"]
        assert world.target.entries == first
    give_word(world.site, report.results[0].plan.digest, Word.APPROVE, who="me", why="it was right after all")
    assert (await world.apply()).results[0].outcome is Outcome.APPLIED
    assert (await world.apply()).results[0].outcome is Outcome.UNCHANGED


async def test_already_there(world):
    """Rolling back to what is there changes nothing and still keeps it there."""
    first = await two_serials(world)
    await back(world)
    assert [one.outcome for one in await back(world)] == [Outcome.UNCHANGED]
    await world.apply()
    assert world.target.entries == first


async def test_exclusions_of_today(world):
    """What is excluded today does not come back with an old serial."""
    await two_serials(world)
    today = world.with_list(exclusions=(Override(parse_value("101.126.59.3"), "abused"),))
    await back(today)
    assert (
        all(entry.value.network <= 0x657E3B03 <= entry.value.last for entry in world.target.entries) is False
    )
    assert sum(entry.value.size for entry in world.target.entries) == 9


async def test_never_empty(world):
    """An old serial that would be empty under today's exclusions is refused."""
    await two_serials(world)
    today = world.with_list(exclusions=(Override(parse_value("101.126.59.0/24"), "all of it"),))
    with pytest.raises(UsageError, match="empty"):
        await back(today)


@pytest.mark.parametrize(("serial", "why"), [(9, "x"), (1, " ")], ids=["unknown-serial", "no-reason"])
async def test_refused(world, serial, why):
    """An unknown serial and a missing reason are refused, and nothing is changed."""
    await two_serials(world)
    before = world.target.entries, world.target.generation
    with pytest.raises(UsageError):
        await back(world, serial, why)
    assert (world.target.entries, world.target.generation) == before
    assert world.site.store.latest("webhooks").serial == 2


async def test_preview_changes_nothing(world):
    """Looking at a rollback records no serial and writes nothing."""
    await two_serials(world)
    one = world.site.settings.lists["webhooks"]
    plans = await preview(world.site, one, earlier(world.site, one, 1))
    assert [len(plan.remove) for plan in plans] == [1]
    assert (world.site.store.latest("webhooks").serial, world.target.generation) == (2, 2)
