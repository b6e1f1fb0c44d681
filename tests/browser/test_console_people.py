"""People at the console: a login, roles, and what became of lists at targets and consumers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import httpx2
import pytest
from playwright.sync_api import Browser

from gatepost.config.server_keys import ConsumerOptions, ConsumerSettings, ServerOptions, ServerSettings
from gatepost.errors import TargetUnavailable
from gatepost.kit.secret import Secret
from gatepost.model.drift import Drift
from gatepost.model.record import Failure
from gatepost.testing import raw
from rigs.browsing import Tab, chromium, tab
from rigs.console import CALLBACKS, EVENTS, Stage, stage
from rigs.plans import entries
from rigs.serving import PASSWORDS, people

FIREWALL = "firewall-token-number-1"
ANYWHERE = "127.0.0.1:0"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for the module."""
    with chromium() as made:
        yield made


def with_consumer(server: ServerSettings) -> ServerSettings:
    """A firewall that pulls."""
    options = ConsumerOptions(Secret(FIREWALL))
    return replace(server, consumers={"fw1": ConsumerSettings("fw1", (), lambda: options, {})})


def log_in(reader: Tab, name: str, password: str) -> None:
    """By the form that stands there."""
    reader.find("input[name=user]").fill(name)
    reader.find("input[name=password]").fill(password)
    reader.find("main button").click()


def test_whoever_logs_in_decides_by_role_and_is_named(browser, tmp_path):
    """Refused, let in, sent on to the page wanted; a viewer has no form, an approver's word has a name."""
    with stage(tmp_path, people(listen=ANYWHERE)) as site:
        site.cycle()
        site.say("wecom-callbacks", CALLBACKS[:5])
        site.cycle()
        with tab(browser, site.url, "zh") as reader:
            reader.go("/plans")
            assert reader.page.locator("[role=alert]").count() == 0
            reader.seen("20-login")
            log_in(reader, "vera", "not hers")
            reader.find("[role=alert]", "用户名或密码错误")
            reader.go("/plans")
            log_in(reader, "vera", PASSWORDS["vera"])
            reader.find("article.plan")
            assert reader.page.locator("form.word").count() == 0
            assert reader.reads("approver")
            reader.seen("21-viewer")
            reader.find(".look button").click()
            reader.find("input[name=password]")
            reader.go("/plans")
            log_in(reader, "bob", PASSWORDS["bob"])
            reader.find("input[name=why]").fill("工单 7")
            reader.find("button.yes").click()
            reader.page.wait_for_url("**/plans#*")
            reader.go("/audit")
            assert "bob@web" in reader.find("tr", "工单 7").inner_text()
            reader.seen("22-audit")


def test_trouble_at_targets_and_late_consumers_are_plain(browser, tmp_path):
    """Emptied comes first; opened, unreadable, failed and lagging each have a word and a shape."""
    with stage(tmp_path, with_consumer(ServerSettings(ServerOptions(listen=ANYWHERE)))) as site:
        site.cycle()
        fetched = httpx2.get(f"{site.url}/v1/lists/webhooks.txt", auth=("fw1", FIREWALL))
        assert fetched.status_code == 200
        site.say("feishu-events", EVENTS + raw("101.126.60.1"))
        site.cycle(5)
        trouble(site)
        with tab(browser, site.url, "en") as reader:
            reader.go("/")
            assert "emptied edge" in reader.find(".first.bad").inner_text()
            reader.seen("23-trouble")
            reader.go("/targets")
            assert "emptied" in reader.find("#edge").inner_text()
            assert "unreadable" in reader.find("#office-proxy").inner_text()
            assert "fw1" in reader.find("tr", "behind").inner_text()
            reader.seen("24-targets")


def trouble(site: Stage) -> None:
    """One target emptied, another not to be read."""
    now = site.clock.now()
    gone = site.targets["edge"].entries
    added = entries("0.0.0.0/1", "128.0.0.0/1")
    who = ("the process nft (pid 4711) of root, 3 s before",)
    store = site.site.store
    store.record_drift(
        Drift("edge", "webhooks", now, "sha256:" + "0" * 64, added, gone, empty=True, suspects=who)
    )
    failure = Failure.of(TargetUnavailable("the device did not answer within 30 s"))
    store.record_unread("office-proxy", failure, now)
