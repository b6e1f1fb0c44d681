"""The audit says what was done, and not what something else would have done with the same outcome."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatepost.engine.leaving import plan_purge, purge
from gatepost.engine.rollback import earlier, roll_back
from gatepost.errors import TargetUnavailable
from gatepost.model.content import Override
from gatepost.planning.normalise import parse_value
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


async def back_to(house, serial: int) -> None:
    """A person wants an earlier serial of the list once more."""
    one = house.site.settings.lists["webhooks"]
    await roll_back(house.site, one, earlier(house.site, one, serial), who="me", why="not theirs")


async def test_a_rollback_is_no_approval(open_house):
    """Nothing was held: it is told of which list it was, on which target and to which serial."""
    await open_house.cycle(*TEN)
    await open_house.cycle(*TEN, "61.0.0.9")
    await back_to(open_house, 1)
    page = await audited(open_house)
    assert "rolled list webhooks back to serial 1 on edge, as serial 3" in page
    assert "approved what was held" not in page
    assert "by a rollback" in page
    assert "将 edge 上的名单 webhooks 回滚到序号 1" in await audited(open_house, "zh")
    document = (await open_house.get("/v1/audit")).json()
    (told,) = document["rollbacks"]
    assert (told["target"], told["list"], told["serial"], told["back_to"]) == ("edge", "webhooks", 3, 1)
    assert told["digest"] == document["words"][0]["digest"]


async def test_a_rollback_that_changed_nothing_is_told_too(open_house):
    """The target held that content already; the word says what was wanted."""
    await open_house.cycle(*TEN)
    await open_house.cycle(*TEN, "61.0.0.9")
    entries = open_house.site.targets["edge"].entries
    await back_to(open_house, 1)
    open_house.site.targets["edge"].entries = entries
    await back_to(open_house, 2)
    page = await audited(open_house)
    assert "back to serial 2 on edge" in page
    assert "approved what was held" not in page


async def test_a_rollback_under_other_exclusions_names_no_serial(open_house):
    """What is excluded today was never at a serial without it."""
    await open_house.cycle(*TEN)
    await open_house.cycle(*TEN, "61.0.0.9")
    one = open_house.site.settings.lists["webhooks"]
    out = replace(one.allowlist, exclusions=(Override(parse_value(TEN[0]), "ticket 7"),))
    one = replace(one, allowlist=out)
    await roll_back(open_house.site, one, earlier(open_house.site, one, 1), who="me", why="not theirs")
    assert "rolled list webhooks back to earlier content on edge, as serial 3" in await audited(open_house)
