"""`config show` tells everything but what could be a secret."""

from __future__ import annotations

import json
from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.good import changed
from gatepost.cli.config import effective
from gatepost.config.mask import masked
from gatepost.errors import ConfigInvalid

SECRET = "canary-9f3a"
LOCAL = datetime.fromisoformat("2027-01-01T10:00:00")
"""TOML has times without a zone."""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://host/path", "https://host/path"),
        ("https://host:8443/path", "https://host:8443/path"),
        ("https://host/@user/list", "https://host/@user/list"),
        (f"http://u:{SECRET}@host:3128", "http://host:3128"),
        (f"http://{SECRET}@host/p", "http://host/p"),
        (f"https://host/p?key={SECRET}", "https://host/p"),
        (f"https://host/p#{SECRET}", "https://host/p"),
        (f"https://host?a=b@{SECRET}", "https://host"),
        (f"url:https://host/p?key={SECRET}", "url:https://host/p"),
        (f"postgresql+psycopg://u:{SECRET}@h/db?password={SECRET}", "postgresql+psycopg://h/db"),
        (f"postgresql+psycopg://u:a/{SECRET}@h/db", "postgresql+psycopg://h/db"),
        (f"postgresql+psycopg://u:a?{SECRET}@h/db", "postgresql+psycopg://h/db"),
        (f"postgresql+psycopg://u:a {SECRET}@h/db", "postgresql+psycopg://h/db"),
        (f"http://u:a@{SECRET}@h/db", "http://h/db"),
        (f"--proxy=http://u:{SECRET}@h", "--proxy=http://h"),
        (f"get https://a/x https://u:{SECRET}@b/y", "get https://a/x https://b/y"),
        (f"https://a/x?next=https://b/{SECRET}", "https://a/x"),
        ("sqlite:////var/lib/x.db", "sqlite:////var/lib/x.db"),
        ("no address: a@b?", "no address: a@b?"),
    ],
)
def test_a_url_without_login_and_query(text, shown):
    """Scheme, host, port and path stay; login, query and fragment go."""
    assert masked(text) == shown
    assert masked(shown) == shown


@given(st.text(st.characters(codec="utf-8", exclude_characters="@"), max_size=12), st.sampled_from("?#"))
def test_no_login_and_no_query_survives(text, mark):
    """Whatever a password or a query is made of, nothing of it is shown."""
    assert masked(f"https://u:{SECRET}{text}{SECRET}@host/p{mark}k={SECRET}{text}") == "https://host/p"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("accounts", "wechat-mp", "token"), f"url:https://tokens.example/now?key={SECRET}"),
        (("accounts", "wechat-mp", "token"), f"url:https://u:{SECRET}@tokens.example/now"),
        (("sources", "text", "url"), f"https://lists.example/a.txt?token={SECRET}"),
        (("sources", "json", "url"), f"https://lists.example/a.json?token={SECRET}"),
        (("store", "url"), f"postgresql+psycopg://u:{SECRET}@h/db"),
        (("targets", "text", "reload"), ["curl", f"https://u:{SECRET}@h/reload?token={SECRET}"]),
        (("lists", "webhooks", "pin", 0, "why"), f"see https://u:{SECRET}@h/"),
        (("notify", 1, "secret"), f"env:{SECRET}"),
        (("notify", 1, "url"), f"keyring:{SECRET}/x"),
        (("accounts", "corp", "corpsecret"), f"file:/{SECRET}"),
    ],
    ids=str,
)
def test_show_shows_no_secret(loading, path, value):
    """Wherever a URL or a reference may stand, what could be a secret in it is not shown."""
    assert SECRET not in json.dumps(effective(loading(changed(path, value))))


@pytest.mark.parametrize(
    "proxy",
    [
        f"http://u:{SECRET}@h:3128",
        f"http://{SECRET}@h",
        f"http://u:/{SECRET}@h",
        f"http://h/?token={SECRET}",
        f"u:{SECRET}@h:3128",
        f"socks5://u:{SECRET}@h",
        f"http://[{SECRET}",
        f"http://h:{SECRET}",
        "",
    ],
)
def test_a_proxy_has_no_login(loading, proxy):
    """A login in a proxy's URL is refused, with the key for it, and is not repeated."""
    with pytest.raises(
        ConfigInvalid, match=r"gatepost\.toml:\d+: accounts\.feishu-main\.proxy: .*proxy_login"
    ) as caught:
        loading(changed(("accounts", "feishu-main", "proxy"), proxy))
    assert SECRET not in caught.value.message


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("secret", SECRET),
        ("secret", "env:"),
        ("secret", 12345),
        ("sign_secret", SECRET),
        ("token", SECRET),
        ("bot-token", SECRET),
        ("password", SECRET),
        ("key", SECRET),
        ("apiKey", SECRET),
        ("webhook", f"https://open.feishu.cn/open-apis/bot/v2/hook/{SECRET}"),
        ("url", f"https://h/hook?key={SECRET}"),
        ("url", f"https://u:{SECRET}@h/hook"),
        ("to", f"mailto://u:{SECRET}@h"),
        ("headers", {"x-token": SECRET}),
        ("headers", {"tokens": [{"of": SECRET}]}),
        ("urls", ["https://h/", f"https://h/?{SECRET}"]),
        ("password", 12345),
        ("token", "env:"),
        ("token", f"keyring:{SECRET}"),
    ],
)
def test_a_notifier_holds_no_literal_secret(loading, key, value):
    """A member that holds a secret must be a reference; a literal is refused and not repeated."""
    with pytest.raises(ConfigInvalid, match=r"gatepost\.toml:\d+: notify\[1\]") as caught:
        loading(changed(("notify", 1, key), value))
    assert key in caught.value.message
    assert SECRET not in caught.value.message


@pytest.mark.parametrize("value", [date(2027, 1, 1), LOCAL, time(10), 10**30, {"a": [1.5]}])
@pytest.mark.parametrize("key", ["since", "on", "lang", "digest", "to", "kind", "account", "form"])
def test_a_notifier_of_odd_members_is_refused(loading, key, value):
    """Whatever stands where a notifier's members are is read strictly: refused, with file and line."""
    with pytest.raises(ConfigInvalid, match=r"gatepost\.toml:\d+: notify\[0\]"):
        loading(changed(("notify", 0, key), value))


def test_a_notifier_is_shown(loading):
    """What is in force of a notifier is shown, defaults included, secrets as their references' scheme."""
    _, shown = effective(loading(changed(("notify", 1, "on"), ["held"])))["notify"]
    assert shown == {
        "kind": "webhook",
        "account": None,
        "on": ["held"],
        "lang": "en",
        "digest": "3600s",
        "options": {"url": "file:***", "secret": "env:***"},
    }
