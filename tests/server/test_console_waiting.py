"""What waits for a person, and how targets stand: the same on every page that tells it."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from gatepost.config.settings import ListSettings, TargetSettings
from gatepost.engine.approval import give_word, own_plans
from gatepost.engine.cycle import CycleReport, apply_cycle, apply_to_confirm, plan_cycle
from gatepost.engine.drift import look
from gatepost.engine.rollback import earlier, roll_back
from gatepost.model.content import Allowlist
from gatepost.model.entry import Direction
from gatepost.model.limits import Limits
from gatepost.model.plan import Word
from gatepost.server.app import Server
from gatepost.testing import MemorySource, MemoryTarget, raw
from rigs.serving import TEN, House
from rigs.unconfirmed import FIVE, back, no_timer

pytestmark = pytest.mark.anyio

OFFICES = tuple(f"61.9.9.{n}" for n in range(12))


@dataclass
class Two:
    """A house of two lists, each with its source and its target."""

    house: House
    offices: MemorySource

    @property
    def site(self):
        """The house's."""
        return self.house.site

    async def plan(self) -> CycleReport:
        """Of both lists."""
        self.house.clock.advance(timedelta(hours=1))
        return await plan_cycle(self.site, tuple(self.site.settings.lists.values()))

    async def apply(self) -> CycleReport:
        """Both lists."""
        return await apply_cycle(self.site, await self.plan())

    async def back(self) -> None:
        """The list of offices once more as it was at first."""
        one = self.site.settings.lists["offices"]
        await roll_back(self.site, one, earlier(self.site, one, 1), who="me", why="not theirs")

    async def page(self, path: str, language: str = "en") -> str:
        """As a browser sees it."""
        return (await self.house.get(path, accept="text/html", accept_language=language)).text

    async def word(self, target: str, language: str = "en") -> str:
        """For a target's state; the first page and that of targets tell the same."""
        row = (await self.page("/", language)).partition(f'"/targets#{target}"')[0].rpartition("<tr>")[2]
        article = (await self.page("/targets", language)).partition(f'id="{target}"')[2].partition("<h3>")[0]
        told = {re.search(r"<span>([^<]+)</span>", one)[1] for one in (row, article)}
        assert len(told) == 1
        return told.pop()


@pytest.fixture
def two(open_house) -> Two:
    """Nothing fetched yet."""
    site, settings = open_house.site, open_house.site.settings
    sources = {"events": open_house.source, "places": MemorySource(MemorySource.Options(), raw(*OFFICES))}
    places = replace(settings.sources["events"], name="places")
    offices = ListSettings(Allowlist("offices", Direction.INGRESS, ("places",)), Limits())
    roof = TargetSettings("roof", MemoryTarget, MemoryTarget.Options(), "offices")

    @asynccontextmanager
    async def open_source(one):
        yield sources[one.name]

    open_house.site = replace(
        site,
        settings=replace(
            settings,
            sources={**settings.sources, "places": places},
            lists={"webhooks": settings.lists["webhooks"], "offices": offices},
            targets={**settings.targets, "roof": roof},
        ),
        open_source=open_source,
        targets={**site.targets, "roof": MemoryTarget("roof", MemoryTarget.Options())},
    )
    open_house.desk = replace(open_house.desk, site=open_house.site)
    open_house.server = Server(open_house.desk)
    return Two(open_house, sources["places"])


async def test_all_that_waits_is_told_everywhere(two):
    """A held answer of one list hides no held plan of another's target; the number counts both."""
    await two.apply()
    two.offices.answer = raw(*OFFICES, "61.9.9.99")
    await two.apply()
    await two.back()
    two.house.source.answer = raw(TEN[0])
    await two.apply()
    (plan,) = own_plans(two.site)
    assert (plan.target, [one.guard for one in plan.reasons]) == ("roof", ["rollback"])
    now, plans = await two.page("/"), await two.page("/plans")
    assert "A new answer of events is held" in now
    assert "A plan for roof is held" in now
    assert "A plan for edge is held" not in now
    assert plans.count('<article class="plan"') == 2
    for page in (now, plans, await two.page("/audit")):
        assert '<span class="count">2<' in page


async def test_an_answer_that_no_approval_helps_is_told_once(two):
    """An empty answer is held by itself, and nobody asked for a word; its list's plan says nothing more."""
    await two.apply()
    two.house.source.answer = ()
    await two.apply()
    assert own_plans(two.site) == ()
    page, now = await two.page("/plans"), await two.page("/")
    assert page.count('<article class="plan"') == 1
    assert "No approval lifts this" in page
    assert "If approved" not in page
    assert "A new answer of events is not used, and no approval lets it through." in now
    assert "approve or reject" not in now
    for one in (page, now):
        assert 'class="count"' not in one


async def test_a_plan_that_no_approval_helps_asks_for_no_word(two):
    """A change that waits to be confirmed keeps the next one back: that is told, with nothing to approve."""
    await two.apply()
    two.offices.answer = raw(*OFFICES, "61.9.9.99")
    await apply_to_confirm(two.site, await two.plan(), FIVE, who="me", start=no_timer)
    two.offices.answer = raw(*OFFICES, "61.9.9.98")
    await plan_cycle(two.site, tuple(two.site.settings.lists.values()))
    now = await two.page("/")
    assert "A plan for roof is held, and no approval lifts it." in now
    assert 'class="count"' not in now


async def test_a_target_that_is_held_says_so(two):
    """Behind, and not by itself: its plan waits. One that holds its list is in step, whatever else waits."""
    await two.apply()
    two.offices.answer = raw(*OFFICES, "61.9.9.99")
    await two.apply()
    await two.back()
    two.house.source.answer = raw(TEN[0])
    await two.apply()
    assert await two.word("roof") == "held"
    assert await two.word("edge") == "in step"


async def test_a_target_that_was_taken_back_says_so(two):
    """Until somebody gives a word, in the reader's language; while it waits to be confirmed that is told."""
    await two.apply()
    two.offices.answer = raw(*OFFICES, "61.9.9.99")
    _, armed = await apply_to_confirm(two.site, await two.plan(), FIVE, who="me", start=no_timer)
    assert await two.word("roof") == "to be confirmed"
    await back(two, armed)
    await two.apply()
    assert await two.word("roof") == "taken back"
    assert await two.word("roof", "zh") == "已撤回"
    assert await two.word("edge") == "in step"


async def drifted(two) -> str:
    """Somebody took an address out of `roof`, and a look saw it; its article on the page of targets."""
    target = two.site.targets["roof"]
    target.entries = target.entries[1:]
    await look(two.site, "roof")
    return await article(two)


async def article(two, language: str = "en") -> str:
    """What the page of targets says of `roof`."""
    return (await two.page("/targets", language)).partition('id="roof"')[2].partition("</article>")[0]


async def test_a_changed_target_says_what_puts_it_back(two):
    """`gatepost apply` alone does not: its plan is held, and to be approved where it stands."""
    await two.apply()
    told = await drifted(two)
    assert "or holds the plan that does for a person" in told
    assert "no more: it was changed since" in told
    report = await two.apply()
    (plan,) = (one.plan for one in report.results if one.plan.target == "roof")
    assert [reason.guard for reason in plan.reasons] == ["drift"]
    link = f'href="/plans#{plan.digest[7:19]}"'
    for page in (await two.page("/"), await article(two)):
        assert "is held: approve it, and it is carried out" in page
        assert link in page
    assert "恢复它的计划已被拦下" in await article(two, "zh")
    for word, said in (
        (Word.REJECT, "was rejected: nothing changes until"),
        (Word.APPROVE, "is approved: the"),
    ):
        give_word(two.site, plan.digest, word, who="me", why="ours")
        assert said in await article(two)
    await two.apply()
    assert "Find out who" not in await two.page("/targets")
    assert "<dd>yes</dd>" in await article(two)


async def test_a_changed_target_that_is_repaired_says_so(two):
    """With ``repair`` nobody need do anything but find out who."""
    await two.apply()
    settings = two.site.settings
    targets = {**settings.targets, "roof": replace(settings.targets["roof"], repair=True)}
    two.house.desk = replace(
        two.house.desk, site=replace(two.site, settings=replace(settings, targets=targets))
    )
    two.house.server = Server(two.house.desk)
    assert "the service puts it back by itself" in await drifted(two)


def row(page: str, table: str, name: str) -> str:
    """The words of a thing's row in one of a page's tables."""
    rows = page.partition(f'id="{table}"')[2].partition("</table>")[0].split("<tr")
    return next(one for one in rows if re.search(rf'scope="row">(<a[^>]*>)?{name}<', one))


async def test_what_was_spoken_on_is_not_called_held(two):
    """The list says the word that stands; what was carried out says that."""
    await two.apply()
    two.house.source.answer = raw(TEN[0])
    report = await two.apply()
    (held,) = (one for turn in report.turns for one in turn.held)
    assert "<span>held</span>" in row(await two.page("/"), "lists", "webhooks")
    for word, told in ((Word.REJECT, "rejected"), (Word.APPROVE, "approved")):
        give_word(two.site, held.digest, word, who="me", why="so it is")
        for page in (await two.page("/"), (await two.page("/lists")).replace("<h1>", '<h1 id="lists">')):
            assert f"<span>{told}</span>" in row(page, "lists", "webhooks")
        plans = await two.page("/plans")
        assert f"<span>{told}</span></span>\n<h2" in plans
        assert "Why it was held" in plans
        assert "<span>held</span>" not in plans


async def test_a_plan_that_was_carried_out_says_so(two):
    """It no longer says what it would change."""
    await two.apply()
    plans = await two.page("/plans")
    assert plans.count("<span>applied</span>") == 2
    assert "<span>changes</span>" not in plans
    two.offices.answer = raw(*OFFICES, "61.9.9.99")
    await two.plan()
    assert "<span>changes</span>" in await two.page("/plans")


async def test_a_source_whose_answer_is_refused_is_not_fresh(two):
    """It answers, and gives what no list may use."""
    await two.apply()
    assert "<span>fresh</span>" in row(await two.page("/"), "sources", "places")
    two.offices.answer = raw("0.0.0.0/0")
    await two.apply()
    assert "<span>answer refused</span>" in row(await two.page("/"), "sources", "places")
