"""A real browser logs in at a login provider: another site, cookies as it keeps them, our pages' policy."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from rigs.browsing import Tab, chromium, tab
from rigs.openid import ANNA
from rigs.vouched import Street, street


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for the module."""
    with chromium() as made:
        yield made


def to_the_provider(reader: Tab, town: Street, page: str) -> None:
    """By the link of the login page, up to the provider's own page."""
    reader.go(page)
    reader.find("main a.button", "Office").click()
    reader.page.wait_for_url(f"{town.provider.issuer}/authorize?**")
    reader.wrong = [one for one in reader.wrong if not one.startswith(f"asks {town.provider.url}/")]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_whoever_agrees_at_the_provider_is_on_the_page_wanted(browser, tmp_path, language):
    """From another site's page, through ours, to the page asked for; a word of theirs bears name and host."""
    with street(tmp_path, title="Office") as town, tab(browser, town.url, language) as reader:
        town.provider.asks, town.provider.person = True, dict(ANNA)
        reader.go("/plans")
        reader.seen("25-login-provider")
        to_the_provider(reader, town, "/plans")
        reader.page.get_by_text("It is me").click()
        reader.page.wait_for_url(f"{town.url}/plans")
        assert "anna@localhost" in reader.find(".look form").inner_text()
        reader.wrong = [one for one in reader.wrong if not one.startswith(f"asks {town.provider.url}/")]
        reader.seen("26-logged-in-by-provider")
        reader.page.go_back()
        reader.page.wait_for_load_state()
        assert "code=" not in reader.page.url.partition(town.url)[2]
        reader.go("/audit")
        assert "anna@localhost" in reader.find("table").inner_text()
        reader.find(".look button").click()
        reader.find("main a.button", "Office")


def test_what_goes_wrong_at_the_provider_is_told_on_the_login_page(browser, tmp_path):
    """With what to do, the way to try again, and the form of local users."""
    with street(tmp_path, title="Office") as town, tab(browser, town.url, "zh") as reader:
        town.provider.asks, town.provider.fault = True, "nonce"
        to_the_provider(reader, town, "/plans")
        reader.page.get_by_text("It is me").click()
        assert "声明 nonce 有误" in reader.find("[role=alert]").inner_text()
        reader.find("main a.button", "Office")
        reader.find("input[name=password]")
        reader.wrong = [one for one in reader.wrong if not one.startswith(f"asks {town.provider.url}/")]
        reader.seen("27-provider-refused")
