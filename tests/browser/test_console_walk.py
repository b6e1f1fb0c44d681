"""A person walks the console in a real browser, in both languages: from the first minute to an error."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from gatepost.errors import PermissionDenied
from gatepost.testing import raw
from rigs.browsing import PHONE, Tab, chromium, tab
from rigs.console import CALLBACKS, EVENTS, Stage, stage

LANGUAGES = ("en", "zh")
"""axe examines the wide, light pages in English and the narrow, dark ones in Chinese: the markup is one."""
SAID = {
    "nothing": ("Nothing is configured yet.", "还没有任何配置。"),
    "not-asked": ("3 sources have not been asked yet.", "有 3 个来源还没有询问过。"),
    "good": ("There is nothing to do.", "一切一致，无事可做。"),
    "held": ("A new answer of wecom-callbacks is held", "wecom-callbacks 的新答复被拦下"),
    "shrink": ("too much would go at once", "一次移除得太多"),
    "approved": ("approved what was held", "批准了被拦下的内容"),
    "no-more": ("Nothing waits for a person.", "没有等待人工决定的事项。"),
    "allowed": ("is allowed by the list webhooks", "放行 101.126.59.7"),
    "excluded": ("is excluded by the owner of the list", "ticket 42"),
    "stale": ("has not answered well for too long", "太久没有可靠的答复"),
    "gone": ("To the first page", "回到首页"),
}


def said(key: str, language: str) -> str:
    """What a reader of the language reads."""
    return SAID[key][LANGUAGES.index(language)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for the module: nothing else may turn in this thread while it is open."""
    with chromium() as made:
        yield made


@pytest.fixture
def site(tmp_path) -> Iterator[Stage]:
    """Configured, nothing asked yet."""
    with stage(tmp_path) as made:
        yield made


@pytest.mark.parametrize("language", LANGUAGES)
def test_with_nothing_configured_it_says_what_to_do(browser, tmp_path, language):
    """The very first minute."""
    with (
        stage(tmp_path, bare=True) as bare,
        tab(browser, bare.url, language, examined=language == "en") as reader,
    ):
        reader.go("/")
        assert reader.reads(said("nothing", language))
        assert reader.reads("gatepost init")
        reader.seen("01-nothing-yet")
        reader.examined = False  # they are examined when they are full
        for path in ("/lists", "/plans", "/targets", "/audit", "/check"):
            reader.go(path)
            reader.find(".empty")
            reader.check(path)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_console_is_walked(browser, site, language):
    """First run, a change, a held plan approved, an address explained, a stale source, an error."""
    with tab(browser, site.url, language, examined=language == "en") as reader:
        first_run(reader, site)
        a_change(reader, site)
        a_held_plan(reader, site)
        an_address(reader)
        a_stale_source(reader, site)
        an_error(reader)


def first_run(reader: Tab, site: Stage) -> None:
    """Before and after the sources were asked."""
    reader.go("/")
    assert reader.reads(said("not-asked", reader.language))
    reader.seen("02-first-run")
    site.cycle()
    reader.go("/")
    assert reader.reads(said("good", reader.language))
    reader.seen("03-all-in-step")


def a_change(reader: Tab, site: Stage) -> None:
    """Two more addresses: on the list, in the history, drawn and side by side."""
    site.say("feishu-events", EVENTS + raw("101.126.60.1", "101.126.60.2"))
    site.cycle(47)
    reader.go("/lists")
    reader.find("a", "webhooks").click()
    reader.find(".entries")
    reader.seen("04-list")
    reader.find("main a[href$='/history']").click()
    reader.find("#timeline[data-drawn='2'] canvas")
    reader.find("td.come a", "+2").click()
    reader.find(".compare")
    assert reader.page.locator("table.diff.come tr").count() == 2
    reader.find("#timeline[data-drawn='2'] canvas")
    reader.seen("05-history")


def a_held_plan(reader: Tab, site: Stage) -> None:
    """Most of a source's addresses go: held, told first, approved with a reason, carried out."""
    site.say("wecom-callbacks", CALLBACKS[:5])
    site.cycle()
    reader.go("/")
    assert said("held", reader.language) in reader.find(".first").inner_text()
    reader.seen("06-held")
    reader.find(".first a.button").click()
    plan = reader.find("article.plan")
    assert said("shrink", reader.language) in plan.inner_text()
    assert "118.26.157.12/32" in plan.inner_text()
    reader.seen("07-plan")
    reader.find("input[name=why]").fill("announced, ticket 7")
    reader.find("button.yes").click()
    reader.page.wait_for_url("**/plans#*")
    assert reader.page.locator("article.plan").count() == 0
    assert reader.reads(said("no-more", reader.language))
    reader.seen("08-approved")
    reader.go("/audit")
    row = reader.find("tr", "announced, ticket 7")
    assert said("approved", reader.language) in row.inner_text()
    reader.seen("09-audit")


def an_address(reader: Tab) -> None:
    """From the field on every page, and while typing on a list's own page."""
    reader.go("/targets")
    reader.seen("10-targets")
    reader.find("#ask").fill("101.126.59.7")
    reader.find("#ask").press("Enter")
    assert said("allowed", reader.language) in reader.find(".why.ok").inner_text()
    reader.seen("11-explained")
    reader.go("/lists/webhooks")
    reader.find("#find").press_sequentially("118.26.157.16")
    why = reader.find("#found .why.bad")
    assert said("excluded", reader.language) in why.inner_text()
    assert reader.page.locator(".entries tbody tr").count() == 1
    reader.page.wait_for_url("**find=118.26.157.16**")
    reader.seen("12-excluded")
    reader.go("/lists/outbound")
    reader.find("td.note", "长连接")
    reader.seen("13-outbound")


def a_stale_source(reader: Tab, site: Stage) -> None:
    """A platform refuses for longer than a day."""
    link = "https://open.work.weixin.qq.com/devtool/query?e=60020"
    site.say("wecom-clients", PermissionDenied("not allow to access from your ip", code=60020, links=(link,)))
    site.cycle(25)
    reader.go("/")
    assert said("stale", reader.language) in reader.find(".first.stale").inner_text()
    assert reader.reads("60020")
    assert reader.find(f"a[href='{link}']").get_attribute("rel") == "noreferrer noopener"
    reader.seen("14-stale")


def an_error(reader: Tab) -> None:
    """What is not there says so, and leads back."""
    reader.go("/lists/none-such")
    reader.seen("15-error")
    reader.find("a.button", said("gone", reader.language)).click()
    reader.find(".first")


PHONE_LINE = 180
"""Pixels that a sentence of the audit has, at least."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_fits_a_phone_in_the_dark(browser, site, language):
    """Every page at 360 pixels, dark: nothing is wider, nothing is hard to read."""
    site.cycle()
    site.say("wecom-callbacks", CALLBACKS[:5])
    site.cycle()
    site.targets["edge"].entries = site.targets["edge"].entries[:-1]
    options = {"size": PHONE, "color_scheme": "dark", "examined": language == "zh"}
    with tab(browser, site.url, language, **options) as reader:
        for number, path in enumerate(
            (
                "/",
                "/lists",
                "/lists/webhooks",
                "/lists/outbound",
                "/lists/webhooks/history?from=1&to=1",
                "/check?value=118.26.157.16",
                "/plans",
                "/targets",
                "/audit",
            )
        ):
            reader.go(path)
            reader.seen(f"phone-{number}")
        room = "each => Math.min(...each.map(one => one.getBoundingClientRect().width))"
        assert reader.page.locator("td.did > span").evaluate_all(room) > PHONE_LINE


def test_language_and_theme_change_with_a_click_and_stay(browser, site):
    """On the page one is on; the next page has them too."""
    with tab(browser, site.url, "en") as reader:
        reader.go("/plans")
        reader.find(".look a", "中文").click()
        reader.page.wait_for_url("**/plans")
        reader.find("h1", "计划")
        reader.find(".look a", "自动").click()
        reader.find("html[data-theme=light]")
        reader.find(".look a", "浅色").click()
        reader.find("html[data-theme=dark]")
        reader.go("/audit")
        reader.find("html[data-theme=dark] h1", "审计")
        paper = reader.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert paper == "rgb(18, 21, 24)"
        reader.check("chosen")


def test_it_works_without_a_script(browser, site):
    """Searching, comparing and approving are links and forms."""
    site.cycle()
    site.say("wecom-callbacks", CALLBACKS[:5])
    site.cycle()
    with tab(browser, site.url, "en", java_script_enabled=False) as reader:
        reader.go("/lists/webhooks")
        reader.find("#find").fill("101.126.59.7")
        reader.find("main form button").click()
        reader.find(".why.ok")
        reader.go("/lists/webhooks/history")
        assert not reader.page.locator(".chart").is_visible()
        reader.find("#serials")
        reader.go("/plans")
        reader.find("input[name=why]").fill("seen")
        reader.find("button.no").click()
        reader.page.wait_for_url("**/plans#*")
        reader.find(".notice", "rejected")
