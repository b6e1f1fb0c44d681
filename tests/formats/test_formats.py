"""Every format against its golden file; ``UPDATE_GOLDEN=1 pytest tests/formats`` writes them anew."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from gatepost.formats.base import Edition, Format, list_text, value_text
from gatepost.formats.json import Json
from gatepost.formats.txt import Txt
from gatepost.kit.discovery import plugins
from gatepost.model.entry import Domain, Entry, Protocol
from rigs.plans import entry

GOLDEN = Path(__file__).parents[1] / "golden" / "formats"
UPDATE = "UPDATE_GOLDEN" in os.environ
FORMATS = {found.name: found for found in plugins("gatepost.formats", Format)}
EDITION = Edition(
    list="webhooks",
    serial=7,
    at=datetime(2026, 1, 5, 16, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8))),
    entries=(
        entry("101.126.59.7/32"),
        Entry(
            entry("111.230.0.0/16").value, Protocol.TCP, ((80, 80), (443, 443), (8000, 8010)), necessary=True
        ),
        Entry(entry("203.205.128.0/19").value, Protocol.UDP, (), necessary=False),
        entry("2402:4e00::/32"),
        entry("2408:8756::5/128"),
        Entry(Domain("i.work.weixin.qq.com"), Protocol.TCP, ((443, 443),), necessary=True),
        Entry(Domain("xn--fiq228c.com")),
        Entry(Domain("work.weixin.qq.com", tree=True)),
    ),
)


@pytest.mark.parametrize("name", FORMATS)
def test_golden(name):
    """The bytes of each format are exactly the golden file's."""
    golden = GOLDEN / f"webhooks.{name}"
    rendered = FORMATS[name]().render(EDITION)
    if UPDATE:
        golden.write_bytes(rendered)
    assert rendered == golden.read_bytes()
    assert rendered.endswith(b"\n")


def test_no_golden_is_left_over():
    """Each golden file has its format."""
    assert {each.suffix[1:] for each in GOLDEN.iterdir()} == set(FORMATS)


def test_values_once():
    """An address with two protocols is one line where a format knows no protocols."""
    one = entry("8.8.8.8/32").value
    edition = Edition("webhooks", 1, EDITION.at, (Entry(one, Protocol.TCP), Entry(one, Protocol.UDP)))
    assert Txt().render(edition) == b"8.8.8.8/32\n"
    assert len(json.loads(Json().render(edition))["prefixes"]) == 1


def test_json_keeps_to_itself():
    """Beside the members that others publish there is one more, ours; its time is UTC."""
    document = json.loads(Json().render(EDITION))
    shape = {"formatVersion", "syncToken", "synctoken", "creationTime", "prefixes", "gatepost"}
    assert set(document) == shape
    assert document["creationTime"] == "2026-01-05T08:00:00Z"
    assert document["prefixes"][0] == {"ipv4Prefix": "101.126.59.7/32"}
    assert document["prefixes"][-1] == {"ipv6Prefix": "2408:8756::5/128"}
    assert document["syncToken"] == document["synctoken"] == "7"


@pytest.mark.parametrize(
    "name",
    [
        "a.com\n",
        "a.com;",
        "a..com",
        "com",
        "-a.com",
        "a-.com",
        "a.com.",
        "A.com",
        "é.com",
        "a." + "b" * 64,
        "",
        "1.2.3.4\n",
        "1.2.3.44",
    ],
)
def test_domains_of_wrong_form(name):
    """A domain that is not in A-label form is refused by whatever renders it."""
    with pytest.raises(ValueError, match="A-label"):
        value_text(Domain(name))


def test_list_of_wrong_form():
    """A list's name that is no configured name is refused."""
    assert list_text("webhooks-2") == "webhooks-2"
    for name in ("", "a b", "a\n", "A", "a" * 41):
        with pytest.raises(ValueError, match="name"):
            list_text(name)
