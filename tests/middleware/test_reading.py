"""A published list is read whole and strictly, or not at all."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from gatepost.errors import AnswerRefused, EmptyAnswer, NotJson, SchemaMismatch, ValuesRefused
from gatepost.formats.base import Edition
from gatepost.formats.json import Json
from gatepost.formats.txt import Txt
from gatepost.middleware.reading import UNNAMED, name_of, read_listing
from rigs.answers import entries

AT = datetime(2026, 1, 5, 8, tzinfo=UTC)
OURS = Edition(
    "webhooks", 7, AT, entries("101.126.59.7", "101.126.60.0/24", "2400:da00::/48", "open.feishu.cn")
)


@pytest.mark.parametrize(
    "rendered", [Txt().render(OURS), Json().render(OURS), b"\xef\xbb\xbf" + Txt().render(OURS)]
)
def test_what_gatepost_writes_is_read(rendered):
    """Both formats give the same addresses; domains are passed over."""
    found = read_listing(rendered, "/srv/webhooks.txt")
    assert found.addresses == (257, 1 << 80)
    assert found.find("101.126.60.9").value == "101.126.60.0/24"
    assert found.find("open.feishu.cn") is None
    assert found.edition.list == "webhooks"
    assert found.digest == read_listing(Txt().render(OURS), "/srv/webhooks.txt").digest


def test_json_says_which_version_it_is():
    """Name, serial and time; a name given counts before the list's own."""
    found = read_listing(Json().render(OURS), "x")
    assert (found.edition.list, found.edition.serial, found.edition.at) == ("webhooks", 7, AT)
    assert read_listing(Json().render(OURS), "x", "mine").edition.list == "mine"


def test_googles_own_list_is_read():
    """Its shape without our member, with others beside, and a time without a zone."""
    rows = [{"ipv4Prefix": "34.1.0.0/20", "service": "Google Cloud"}, {"ipv6Prefix": "2600:1900::/35"}]
    document = {"syncToken": "1", "creationTime": "2026-01-05T08:00:00.123456", "prefixes": rows}
    found = read_listing(json.dumps(document).encode(), "https://www.gstatic.com/ipranges/goog.json?x=1")
    assert (found.edition.list, found.edition.serial, found.edition.at) == ("goog", None, None)
    assert found.entries == 2
    document["creationTime"] = "yesterday"
    assert read_listing(json.dumps(document).encode(), "x").edition.at is None


def test_lines_may_have_blanks_and_comments():
    """As others write them; carriage returns too."""
    text = b"# made by hand\r\n\r\n 101.126.59.7 \t\r\n; old style\n101.126.60.0/24\n"
    assert read_listing(text, "x").entries == 2


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", NotJson),
        (b"\n", EmptyAnswer),
        (b"# nothing\n", EmptyAnswer),
        (b"open.feishu.cn\n", EmptyAnswer),
        (b"101.126.59.7\n101.126.6", NotJson),
        (b"101.126.59.7\n101.126.60.7", NotJson),
        (b"101.126.59.7\n101.126.60\n", ValuesRefused),
        (b"101.126.59.7 # canary\n", ValuesRefused),
        (b"101.126.59.7\n0.0.0.0/0\n", ValuesRefused),
        (b"101.126.59.7/7\n", ValuesRefused),
        (b"101.126.59.7/24\n", ValuesRefused),
        (b"101.126.59.7,101.126.59.8\n", ValuesRefused),
        (b"<html><p>portal</p></html>\n", NotJson),
        (b"\xff\xfe1\n", NotJson),
        (b"101.126.59.7\xff\n", NotJson),
        (b'{"prefixes": [{"ipv4Prefix": "101.126.59.7/32"}]', NotJson),
        (b'{"prefixes": []}', EmptyAnswer),
        (b'{"prefixes": [{}]}', SchemaMismatch),
        (b'{"prefixes": [{"ipv4prefix": "1.1.1.1/32"}]}', SchemaMismatch),
        (b'{"prefixes": [{"ipv4Prefix": 7}]}', SchemaMismatch),
        (b'{"prefixes": null}', SchemaMismatch),
        (b'{"prefixes": [{"ipv4Prefix": "1.1.1.1/33"}]}', ValuesRefused),
        (b'{"prefixes": [], "prefixes": [{"ipv4Prefix": "1.1.1.1/32"}]}', NotJson),
        (
            b'{"prefixes": [{"ipv4Prefix":"1.1.1.1/32"}], "gatepost": {"list": "a;b", "serial": 1}}',
            SchemaMismatch,
        ),
        (
            b'{"prefixes": [{"ipv4Prefix":"1.1.1.1/32"}], "gatepost": {"list": "a", "serial": 0}}',
            SchemaMismatch,
        ),
    ],
)
def test_what_is_no_whole_list_is_refused(data, error):
    """Empty, cut off, a portal's page, a line that is no entry: nothing of it is used."""
    with pytest.raises(error) as refused:
        read_listing(data, "https://lists.example/webhooks.txt")
    assert isinstance(refused.value, AnswerRefused)


@pytest.mark.parametrize(
    ("place", "name"),
    [("/srv/webhooks.txt", "webhooks"), ("https://x/v1/lists/web-hooks.json?family=4", "web-hooks"),
     ("/srv/", "srv"), ("/srv/Web Hooks.txt", UNNAMED), ("/srv/a$(x).txt", UNNAMED), ("", UNNAMED)],
)  # fmt: skip
def test_a_list_is_called_as_its_file(place, name):
    """Only by a name that a list may have: it stands in a line that people paste."""
    assert name_of(place) == name
