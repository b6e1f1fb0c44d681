"""One look at every target: what it sees, what it notes, and whom it never delays."""

from __future__ import annotations

import errno
import threading
from dataclasses import replace
from functools import partial

import pytest
from anyio import to_thread

from gatepost.config.settings import TargetSettings
from gatepost.engine.drift import look
from gatepost.engine.exits import Exit, exit_of
from gatepost.engine.health import health_document, health_of
from gatepost.engine.seeing import drifts_of, note_unplanned, see_all
from gatepost.engine.watching import Watch
from gatepost.errors import StoreUnavailable, TargetForeign, TargetUnavailable
from gatepost.planning.normalise import Rules, normalise
from gatepost.testing import MemoryTarget, raw

pytestmark = pytest.mark.anyio

FOREIGN = normalise(raw("203.0.112.7"), Rules()).entries
WIDE = normalise(raw("64.0.0.0/15"), Rules()).entries
DENIED = TargetUnavailable("the kernel said no", code=errno.EPERM)
BROKEN = TargetUnavailable("the program is missing")


async def ignore(_):
    """Tell nobody."""


def beside(world, target):
    """The same world with a second target of the same list."""
    settings = world.site.settings
    extra = TargetSettings("other", type(target), target.options, "webhooks")
    targets = {**settings.targets, "other": extra}
    site = replace(
        world.site,
        settings=replace(settings, targets=targets),
        targets={**world.site.targets, "other": target},
    )
    return replace(world, site=site)


async def seen(world, seconds=30.0):
    """Health with a look, and the targets' document."""
    sights = await to_thread.run_sync(partial(see_all, world.site, seconds))
    health = health_of(world.site, sights)
    return health, {one["target"]: one for one in health_document(health)["targets"]}


async def test_as_it_should_be(world):
    """A target that holds its list is in step, and was looked at."""
    await world.apply()
    health, targets = await seen(world)
    assert (health.urgent, health.drifted) == (False, False)
    assert (targets["edge"]["in_step"], targets["edge"]["looked"]) == (True, True)
    assert health_document(health_of(world.site))["targets"][0]["looked"] is False


@pytest.mark.parametrize("wiped", [True, False])
async def test_emptied_is_seen_at_once(world, wiped):
    """What somebody emptied, with or without the generation, is red in the first look after it."""
    await world.apply()
    world.target.entries, world.target.generation = (), 0 if wiped else world.target.generation
    assert not health_of(world.site).empty, "nobody has looked yet"
    health, targets = await seen(world)
    assert (health.urgent, health.empty, targets["edge"]["in_step"]) == (True, True, False)
    assert world.site.store.drift("edge").empty, "noted as by other looks"
    assert health_of(world.site).empty


async def test_opened_wide_is_as_urgent(world):
    """A wide network that a stranger added is no small drift."""
    await world.apply()
    world.target.entries = (*WIDE, *world.target.entries)
    health, targets = await seen(world)
    assert (health.urgent, health.empty, targets["edge"]["drift"]["wide"]) == (True, False, True)
    world.target.entries = (*FOREIGN, *world.target.entries[1:])
    health, targets = await seen(world)
    assert (health.urgent, health.drifted, targets["edge"]["in_step"]) == (False, True, False)


@pytest.mark.parametrize("error", [BROKEN, TargetForeign("the mark is gone")])
async def test_what_cannot_be_read_is_red(world, error):
    """Nobody knows what is in force there: it is not in step, and the history says so until it is read."""
    await world.apply()
    world.target.failing = error
    health, targets = await seen(world)
    assert (health.urgent, targets["edge"]["in_step"]) == (True, False)
    assert targets["edge"]["unread"]["error"]["kind"] == error.kind
    assert health_of(world.site).urgent, "for who reads the history alone"
    world.target.failing = None
    assert (await seen(world))[1]["edge"]["in_step"] is True
    assert not health_of(world.site).urgent


async def test_since_when_it_is_unread_stays(world):
    """Other words of the same trouble do not make it younger."""
    await world.apply()
    world.target.failing = BROKEN
    first = (await seen(world))[1]["edge"]["unread"]["at"]
    world.clock.advance(world.site.settings.sources["events"].every)
    world.target.failing = TargetUnavailable("another word")
    unread = (await seen(world))[1]["edge"]["unread"]
    assert (unread["at"], unread["error"]["message"]) == (first, "another word")
    assert health_document(health_of(world.site))["targets"][0]["unread"] == unread


async def test_who_may_not_look_says_so(world):
    """A missing right of who looks says nothing of the target: it is told, and the history is believed."""
    await world.apply()
    world.target.failing = DENIED
    health, targets = await seen(world)
    one = targets["edge"]
    assert (health.urgent, one["in_step"], one["looked"], one["unread"]) == (False, True, False, None)
    assert one["not_looked"]["message"] == DENIED.message
    assert not health_of(world.site).urgent


async def test_who_may_not_look_believes_a_red_history(world):
    """What others saw before stays red for who cannot look."""
    await world.apply()
    world.target.entries = ()
    await seen(world)
    world.target.failing = DENIED
    assert (await seen(world))[0].empty


class Hanging(MemoryTarget):
    """Waits for a dead disk: cannot even be cancelled."""

    dead = threading.Event()

    async def current(self):
        """Never."""
        await to_thread.run_sync(self.dead.wait)
        return await super().current()


class Buggy(MemoryTarget):
    """Fails as no target may."""

    async def current(self):
        """Badly."""
        raise KeyError(self.name)


async def test_one_that_hangs_hides_no_other(world):
    """A target that does not answer is red by itself; what others say is there in time."""
    world = beside(world, Hanging("other", MemoryTarget.Options()))
    try:
        health, targets = await seen(world, 0.2)
    finally:
        Hanging.dead.set()
    assert (targets["edge"]["looked"], targets["edge"]["unread"]) == (True, None)
    assert "did not answer in time" in targets["other"]["unread"]["error"]["message"]
    assert health.urgent
    assert not health_of(world.site).urgent, "our impatience is no fact about the target"


async def test_one_that_breaks_hides_no_other(world):
    """A target with a bug is told as one, beside the others."""
    world = beside(world, Buggy("other", MemoryTarget.Options()))
    _, targets = await seen(world)
    assert (targets["edge"]["unread"], targets["other"]["unread"]["error"]["kind"]) == (None, "Unexpected")


class Full:
    """A history on a full disk: it can be read."""

    def __init__(self, store):
        self.store = store

    def __getattr__(self, name):
        """Everything but writing."""
        return self._refuse if name.startswith(("record_", "end_")) else getattr(self.store, name)

    def _refuse(self, *_):
        msg = "disk full"
        raise StoreUnavailable(msg)


@pytest.mark.parametrize("failing", [None, BROKEN])
async def test_a_history_that_cannot_be_written_keeps_nobody_from_seeing(world, failing):
    """A full disk hides neither an emptied target nor one that cannot be read."""
    await world.apply()
    world.target.entries, world.target.failing = (), failing
    full = replace(world, site=replace(world.site, store=Full(world.site.store)))
    assert (await seen(full))[0].urgent
    assert not health_of(world.site).urgent, "nothing was noted"


class Overtaken(MemoryTarget):
    """Is read before something happens, and has told by then."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.meanwhile = self.nothing

    @staticmethod
    async def nothing():
        """Nothing happens."""

    async def current(self):
        """As it was when it was asked."""
        held, meanwhile = await super().current(), self.meanwhile
        self.meanwhile = type(self).nothing
        await meanwhile()
        return held


@pytest.mark.parametrize("see", [seen, lambda world: look(world.site, "edge")])
async def test_an_apply_beside_the_look_is_no_drift(world, see):
    """What was ours when the reading began is ours, although other content was applied until it ended."""
    target = Overtaken("edge", MemoryTarget.Options())
    world = replace(world, target=target, site=replace(world.site, targets={"edge": target}))
    await world.apply()
    world.answer(*(f"101.126.59.{n}" for n in range(11)))
    target.meanwhile = world.apply
    await see(world)
    assert (target.generation, world.site.store.drift("edge")) == (2, None)


async def test_the_service_notes_what_it_cannot_read(world):
    """The service notes an unreadable target, its own missing right too, and that it is read again."""
    await world.apply()
    watch = Watch(world.site)
    for error in (BROKEN, DENIED):
        world.target.failing = error
        watch.read_at.clear()
        with pytest.raises(TargetUnavailable):
            await watch.look("edge", ignore)
        assert health_of(world.site).targets[0].unread.failure.message == error.message
    world.target.failing = None
    watch.read_at.clear()
    await watch.look("edge", ignore)
    assert health_of(world.site).targets[0].unread is None


async def test_a_look_notes_what_it_cannot_read(world):
    """As every look does."""
    world.target.failing = BROKEN
    with pytest.raises(TargetUnavailable):
        await look(world.site, "edge")
    assert health_of(world.site).urgent


@pytest.mark.parametrize(
    ("error", "denied", "noted"), [(BROKEN, False, True), (DENIED, False, False), (DENIED, True, True)]
)
async def test_a_cycle_notes_what_it_could_not_read(world, error, denied, noted):
    """Who only plans may lack a right that the service has; whatever else kept it from reading is noted."""
    world.target.failing = error
    report = await world.plan()
    note_unplanned(world.site, report, denied=denied)
    assert exit_of(report) is Exit.FAILED
    assert (world.site.store.unread("edge") is not None) is noted


async def test_a_cycle_shows_what_it_found(world):
    """The drift that a cycle found is there to be shown with its plans."""
    await world.apply()
    assert drifts_of(world.site, await world.plan()) == {}
    world.target.entries = ()
    assert drifts_of(world.site, await world.plan())["edge"].empty
