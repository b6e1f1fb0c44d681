"""A wrong choice, and a store that could not be opened, are told with what is right."""

from __future__ import annotations

import pytest

from config.good import changed
from gatepost.errors import ConfigInvalid


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("sources", "chat", "nettype"), 9, "expected one of 0, 1, 2, 3, 4, 5, 6"),
        (("notify", 0, "lang"), "fr", "expected one of 'en', 'zh'"),
        (("notify", 0, "form"), "bold", "expected one of 'card', 'text'"),
        (("targets", "edge", "backend"), "ipset", "expected one of 'auto', 'netlink', 'nft'"),
        (("server",), {"proxy_header": "x-real-ip"}, "expected one of 'x-forwarded-for', 'forwarded'"),
        (("accounts", "chat", "region"), "mars", "singapore"),
    ],
)
def test_a_wrong_choice_is_told_what_there_is(loading, path, value, told):
    """The key, what stands there, and every right value."""
    with pytest.raises(ConfigInvalid) as error:
        loading(changed(path, value))
    assert told in error.value.message


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql+psycopg://[::1/db", "cannot be read: write sqlite:///PATH or postgresql+psycopg://USER"),
        (
            "postgresql+psycopg://host:abc/db",
            "cannot be read: write sqlite:///PATH or postgresql+psycopg://USER",
        ),
        (
            "postgresql+psycopg://u:canary#@h:/db",
            "cannot be read: write sqlite:///PATH or postgresql+psycopg://USER",
        ),
        ("postgresql+psycopg://u:canary@w@h/db", "has an @ in its user or password: write %40 there"),
        ("sqlite:///x.db?mode=ro", "the store's url must be"),
        ("sqlite:///", "the path is missing"),
    ],
)
def test_a_store_that_could_not_be_opened_is_refused_with_its_line(loading, url, told):
    """By who opens it, before anything is opened; what to do stands with it, a password nowhere."""
    with pytest.raises(ConfigInvalid) as error:
        loading(changed(("store", "url"), url))
    assert "store.url: " in error.value.message
    assert told in error.value.message
    assert "canary" not in f"{error.value.message}{error.value.next_step}"
    for good in ("postgresql+psycopg://u:p@[::1]:5432/db", "postgresql+psycopg:///db?host=/run/pg"):
        assert loading(changed(("store", "url"), good)).store_url == good
