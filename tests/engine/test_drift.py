"""Changes by others: seen, told, and undone only where somebody wants that."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatepost.engine.approval import give_word
from gatepost.engine.drift import look
from gatepost.engine.exits import Exit, exit_of
from gatepost.engine.health import health_of
from gatepost.model.plan import Outcome, Word
from gatepost.planning.normalise import Rules, normalise
from gatepost.targets.file import File
from gatepost.testing import MemoryTarget, raw

pytestmark = pytest.mark.anyio

FOREIGN = normalise(raw("203.0.112.7"), Rules()).entries


def repairing(world):
    """The same world with a target that is repaired without asking."""
    return world.with_target(repair=True)


def guards(report):
    """Names of the guards that hold the first plan."""
    return [reason.guard for reason in report.results[0].plan.reasons]


@pytest.mark.parametrize("change", ["taken", "added"])
async def test_drift_is_held(world, change):
    """What somebody took out or put in by hand is neither undone nor kept silently: it waits for a word."""
    await world.apply()
    entries = world.target.entries
    world.target.entries = entries[1:] if change == "taken" else (*entries, *FOREIGN)
    touched = world.target.entries
    report = await world.apply()
    assert (exit_of(report), guards(report)) == (Exit.HELD, ["drift"])
    assert world.target.entries == touched


async def test_word_repairs(world):
    """An approved repair puts back just what the list says."""
    await world.apply()
    clean, world.target.entries = world.target.entries, FOREIGN
    report = await world.apply()
    give_word(world.site, report.results[0].plan.digest, Word.APPROVE, who="me", why="nobody knows of it")
    assert (await world.apply()).results[0].outcome is Outcome.APPLIED
    assert world.target.entries == clean
    health = health_of(world.site)
    assert (health.drifted, health.held) == (False, ())
    assert await look(world.site, "edge") is None


async def test_repair_is_opt_in(world):
    """A target with ``repair = true`` is as the list says after the next cycle."""
    world = repairing(world)
    await world.apply()
    clean, world.target.entries = world.target.entries, world.target.entries[1:]
    report = await world.apply()
    assert (report.results[0].outcome, world.target.entries) == (Outcome.APPLIED, clean)


async def test_drift_says_what_changed(world):
    """A drift names what came, what went and whether anything is left, until the target is right again."""
    await world.apply()
    clean, world.target.entries = world.target.entries, (*world.target.entries[1:], *FOREIGN)
    drift = await look(world.site, "edge")
    assert (drift.added, drift.removed, drift.empty) == (FOREIGN, clean[:1], False)
    world.target.entries = ()
    assert (await look(world.site, "edge")).empty
    assert world.site.store.drift("edge").empty
    world.target.entries = clean
    assert await look(world.site, "edge") is None
    assert world.site.store.drift("edge") is None


@pytest.mark.parametrize(
    ("text", "changed", "said"),
    [
        (b"# a note\n%b", (0, 0), (False, False)),
        (b"%bnot an entry\n", (0, 0), (False, True)),
        (b"203.0.112.7\nnot an entry\n", (1, 1), (False, True)),
        (b"<html>\n", (0, 0), (False, True)),
        (b"# gone\n", (0, 1), (True, False)),
    ],
)
async def test_what_cannot_be_read_is_not_empty(world, tmp_path, text, changed, said):
    """An edited file is empty only where nothing is left in it; what is unreadable is said to be that."""
    edge = File("edge", File.Options(path=tmp_path / "list"))
    world = replace(world, site=replace(world.site, targets={"edge": edge}))
    await world.apply()
    clean = (await edge.current()).entries
    data = (tmp_path / "list").read_bytes()
    (tmp_path / "list").write_bytes(text % data if b"%b" in text else text)
    drift = await look(world.site, "edge")
    added, removed = changed
    assert (len(drift.added), len(drift.removed)) == (added, removed and len(clean))
    assert (drift.empty, drift.unread) == said


async def test_wiped_is_filled_again(world):
    """A place that was wiped, generation and all, as by a reboot, is filled at once."""
    await world.apply()
    clean, world.target.entries, world.target.generation = world.target.entries, (), 0
    report = await world.apply()
    assert (report.results[0].outcome, world.target.entries) == (Outcome.APPLIED, clean)


async def test_own_crash_is_no_drift(world):
    """What we wrote ourselves and could not record is recognised as ours."""
    await world.apply()
    world.answer(*(f"101.126.59.{n}" for n in range(11)))
    plan = (await world.plan()).results[0].plan
    world.site.store.record_intent(plan, world.clock.now())
    await world.target.apply(plan, world.site.store.snapshot("webhooks", 2).content.effective)
    assert await look(world.site, "edge") is None
    report = await world.apply()
    assert report.results[0].outcome is Outcome.UNCHANGED


class Overtaken(MemoryTarget):
    """Another run writes it just after it was read."""

    then = None

    async def current(self):
        """What was there before."""
        seen, then, self.then = await super().current(), self.then, None
        if then is not None:
            await then()
        return seen


async def test_whoever_was_overtaken_while_reading_sees_no_stranger(world):
    """What an apply beside us had left when the reading began is ours, whatever it has left since."""
    target = Overtaken("edge", MemoryTarget.Options())
    world = replace(world, site=replace(world.site, targets={"edge": target}), target=target)
    await world.apply()
    world.answer(*(f"101.126.59.{n}" for n in range(11)))
    target.then = world.apply
    report = await world.plan()
    assert (guards(report), target.generation) == ([], 2)
    assert world.site.store.drift("edge") is None
    assert not any(one.serial > 2 for one in world.site.store.serials("webhooks"))
