"""Whatever platforms, devices and people write stays text in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from gatepost.errors import PlatformBusy
from gatepost.model.entry import RawEntry, RawType
from gatepost.testing import raw
from rigs.browsing import chromium, tab
from rigs.console import CALLBACKS, CLIENTS, EVENTS, stage

HOSTILE = (
    "<script>window.ran = 1; alert(1)</script>",
    '"><img src=x onerror="window.ran = 1; alert(1)">',
    "'><svg onload='window.ran=1'></svg>",
    "</title></textarea></script><iframe src=//evil.example></iframe>",
    '<a href="javascript:window.ran=1" autofocus onfocus="window.ran=1">x</a>',
    "<div hx-get=//evil.example/ hx-trigger=load hx-on::load='window.ran=1'>x</div>",
    "<base href=//evil.example/><link rel=stylesheet href=//evil.example/a.css>",
    "<style>*{display:none}</style>",
    "<meta http-equiv=refresh content='0;url=//evil.example/'>",
    "{{ 7*7 }}{% for x in ().__class__.__mro__ %}{{ x }}{% endfor %}${window.ran=1}",
    "`<img src=x onerror=window.ran=1>` `",
    "\u202egpj.exe\u2066\x00\x1b[31m\r\nSet-Cookie: a=b",
    "x" * 5000,
)
LINKS = (
    "javascript:window.ran=1",
    "data:text/html,<script>window.ran=1</script>",
    'https://"onclick=window.ran=1',
)
PATHS = (
    "/",
    "/lists",
    "/lists/webhooks",
    "/lists/outbound",
    "/lists/outbound?find=script",
    "/lists/webhooks?find=101.126.59.7",
    "/lists/webhooks/history?from=1&to=1",
    "/check?value=118.26.157.16",
    "/check?value=182.254.88.9",
    "/plans",
    "/targets",
    "/audit",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for the module."""
    with chromium() as made:
        yield made


def test_hostile_text_in_every_field_runs_nothing(browser, tmp_path):
    """Notes, errors, log ids, links, suspects, reasons: no violation, no foreign request, no run."""
    with stage(tmp_path) as site:
        notes = tuple(
            RawEntry(f"182.254.{n}.0/24", RawType.ADDRESS, "tcp", ((443, 443),), note=text)
            for n, text in enumerate(HOSTILE)
        )
        site.say("wecom-clients", CLIENTS + notes)
        site.say(
            "wecom-callbacks", tuple(RawEntry(one.value, note=HOSTILE[0] + HOSTILE[1]) for one in CALLBACKS)
        )
        site.cycle()
        site.say("wecom-callbacks", CALLBACKS[:5])
        site.cycle()
        everything = " ".join(HOSTILE)
        site.say(
            "feishu-events", PlatformBusy(everything, code=1, links=LINKS, log_id=everything, hint=everything)
        )
        site.say("wecom-clients", raw(*HOSTILE))
        edge = site.targets["edge"]
        edge.failing = PlatformBusy(everything)  # as a device would that repeats what it was told
        edge.suspected = HOSTILE
        site.cycle(30)
        with tab(browser, site.url, "en", examined=False) as reader:
            for number, path in enumerate(PATHS):
                reader.go(path)
                assert reader.page.evaluate("window.ran") is None, path
                if path == "/plans":
                    reader.find("input[name=why]").fill(everything[:1900])
                    reader.find("button.no").click()
                    reader.page.wait_for_url("**/plans#*")
                    reader.find(".notice")
                assert (
                    reader.page.locator("main iframe, main img, main script, main style, main base").count()
                    == 0
                )
                assert reader.page.locator("a[href^='javascript:'], a[href^='data:']").count() == 0
                reader.seen(f"hostile-{number}") if number in {0, 3} else reader.check(path)
            assert EVENTS[0].value in reader.page.evaluate(
                "fetch('/v1/entries/webhooks').then((r) => r.text())"
            )


def test_a_violation_would_be_seen(browser, tmp_path):
    """The instruments work: a script put into a page is refused, and the refusal is counted."""
    with stage(tmp_path) as site, tab(browser, site.url, "en") as reader:
        reader.go("/")
        reader.page.evaluate(
            "() => { const one = document.createElement('script'); one.textContent = 'window.ran = 1';"
            " document.body.append(one); }"
        )
        reader.page.wait_for_function("window.violations.length > 0")
        assert reader.page.evaluate("window.ran") is None
        with pytest.raises(AssertionError):
            reader.check("planted")


def test_a_fault_of_accessibility_would_be_seen(browser, tmp_path):
    """A picture without words and pale text are serious."""
    with stage(tmp_path) as site, tab(browser, site.url, "en") as reader:
        reader.go("/")
        reader.page.evaluate(
            "() => { const one = document.createElement('p'); one.textContent = 'pale';"
            " one.style.color = '#eee'; one.style.background = '#fff';"
            " document.querySelector('main').append(one, new Image()); }"
        )
        with pytest.raises(AssertionError, match="color-contrast"):
            reader.check("planted")
