"""What is in force is shown by the names that the file has for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from config.good import GOOD, changed
from gatepost.cli.config import effective
from gatepost.config import schema
from gatepost.errors import ConfigInvalid


def names(schema_: Any) -> Iterator[str]:
    """Every key that a schema knows, however deep."""
    match schema_:
        case Mapping():
            properties = schema_.get("properties")
            yield from properties if isinstance(properties, Mapping) else ()
            for one in schema_.values():
                yield from names(one)
        case list():
            for one in schema_:
                yield from names(one)


def shown(value: Any, *, named: bool = False) -> Iterator[str]:
    """Every key that is shown; ``named``: the first are names that their owner chose."""
    match value:
        case Mapping():
            yield from () if named else value
            for one in value.values():
                yield from shown(one)
        case list():
            for one in value:
                yield from shown(one)


@pytest.mark.parametrize("section", sorted({*GOOD}))
def test_each_key_is_one_that_the_file_may_have(loading, section):
    """In its own section: whoever copies it from there into the file is understood."""
    found = effective(loading(GOOD))[section]
    named = section in ("accounts", "sources", "lists", "targets")
    assert {*shown(found, named=named)} <= {*names(schema()["properties"][section])}


def test_what_is_shown_of_a_list_is_what_was_written(loading):
    """Pins, exclusions, the widest prefixes and baselines too."""
    found = effective(loading(GOOD))
    assert found["guards"]["widest"] == ["/12", "/32"]
    assert found["guards"]["baseline"] == ["86400s", "2592000s"]
    (pin,) = found["lists"]["webhooks"]["pin"]
    assert (pin["value"], pin["why"]) == ("203.0.113.7/32", "canary")
    (excluded,) = found["lists"]["webhooks"]["exclude"]
    assert excluded["value"] == "198.51.100.0/24"


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
