"""A change that waits to be confirmed, in a world in memory."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from gatepost.engine.confirming import Armed, revert
from gatepost.engine.cycle import CycleReport, apply_to_confirm
from gatepost.model.plan import Result

FIVE = timedelta(minutes=5)
NEW = tuple(f"101.126.59.{n}" for n in range(12))


async def no_timer(_id: str, _within: timedelta) -> str:
    """A timer that a test rings itself."""
    return "the test"


@contextmanager
def nothing_written() -> Iterator[None]:
    """Every byte that a file would get is refused, as on a full disk; names can be changed."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


async def risk(world: Any, *values: str) -> tuple[Armed | None, CycleReport]:
    """Apply other values, to be confirmed within five minutes."""
    world.answer(*(values or NEW))
    report = await world.plan()
    done, armed = await apply_to_confirm(world.site, report, FIVE, who="me", start=no_timer)
    return armed, done


async def back(world: Any, armed: Armed) -> tuple[Result, ...]:
    """The timer rings."""
    return await revert(world.site.settings.state, world.site.targets, armed.id)


def wipe(world: Any) -> None:
    """As a reboot does, or `nft flush ruleset`."""
    world.target.entries, world.target.generation = (), 0
