"""The audit says what was done, and not what something else would have done with the same outcome."""

from __future__ import annotations

import pytest

from gatepost.engine.leaving import plan_purge, purge
from gatepost.errors import TargetUnavailable
from rigs.serving import TEN

pytestmark = pytest.mark.anyio


async def audited(house, language="en") -> str:
    """The page."""
    return (await house.get("/audit", accept="text/html", accept_language=language)).text


async def test_an_apply_is_told_as_one(open_house):
    """With list, serial and target."""
    await open_house.cycle(*TEN)
    assert "list webhooks, serial 1, was applied to edge" in await audited(open_house)


async def test_a_purge_is_no_apply(open_house):
    """What was removed is told as removed; the only apply stays the one that was."""
    await open_house.cycle(*TEN)
    await purge(open_house.site, await plan_purge(open_house.site, "edge"))
    page = await audited(open_house)
    assert "what was ours was removed from edge" in page
    assert "by a purge" in page
    assert page.count("was applied to edge") == 1
    chinese = await audited(open_house, "zh")
    assert "已从 edge 移除我们写入的内容" in chinese
    assert "由清除触发" in chinese


async def test_a_purge_that_failed_is_told_as_such(open_house):
    """Nothing could be removed; nothing was to be applied."""
    await open_house.cycle(*TEN)
    plan = await plan_purge(open_house.site, "edge")
    open_house.site.targets["edge"].failing = TargetUnavailable("the socket is gone")
    await purge(open_house.site, plan)
    page = await audited(open_house)
    assert "what is ours could not be removed from edge" in page
    assert "could not be applied" not in page
