"""Public lists: text and JSON, whole and strict."""

from __future__ import annotations

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.errors import (
    HostRefused,
    NotJson,
    PermissionDenied,
    PlatformBusy,
    RateLimited,
    RedirectRefused,
    RequestRejected,
    SchemaMismatch,
    TooLarge,
)
from gatepost.kit.http import Http, HttpSettings
from gatepost.model.entry import Direction, RawType
from gatepost.sources.url import JsonOptions, UrlJson, UrlText, parse_path

pytestmark = pytest.mark.anyio

URL = "https://lists.example/v1/ips?x=1"
GOOGLE = {
    "syncToken": "1",
    "prefixes": [
        {"ipv4Prefix": "8.8.4.0/24"},
        {"ipv6Prefix": "2001:4860::/32"},
        {"ipv4Prefix": "8.8.8.0/24"},
    ],
}
BOTH = ("prefixes[].ipv4Prefix", "prefixes[].ipv6Prefix")


@pytest.fixture
def fetch(clock):
    """Fetch a source from an answer."""

    async def run(plugin, answer, **options):
        made = plugin.Options(**{"url": URL, "direction": Direction.EGRESS} | options)
        transport = httpx2.MockTransport(answer if callable(answer) else lambda _: answer)
        async with Http(HttpSettings(plugin.hosts(made)), clock, transport) as http:
            return await plugin(made, http).fetch()

    return run


def values(fetched):
    return [entry.value for entry in fetched.entries]


async def test_lines_without_comments(fetch):
    """One entry a line; comments, blanks, carriage returns and one byte order mark are no entries."""
    text = "\ufeff# list\r\n192.0.2.0/24 # why\r\n\r\n;x\n\t2001:db8::1 ; y\nexample.com\n 010.8.8.8"
    fetched = await fetch(UrlText, httpx2.Response(200, content=text.encode()))
    assert values(fetched) == ["192.0.2.0/24", "2001:db8::1", "example.com", "010.8.8.8"]
    assert fetched.entries[2].type is RawType.DOMAIN
    assert fetched.requests == 1


async def test_odd_separators_stay_inside_their_entry(fetch):
    """Only a line feed ends a line: what other readers might split stays whole, for the parser to refuse."""
    fetched = await fetch(UrlText, httpx2.Response(200, content="1.1.1.1\u20282.2.2.2\x0b3.3.3.3\n".encode()))
    assert values(fetched) == ["1.1.1.1\u20282.2.2.2\x0b3.3.3.3"]


@pytest.mark.parametrize(
    ("body", "media"),
    [
        (b"<!DOCTYPE html><p>1.1.1.1", "text/plain"),
        (b"1.1.1.1", "text/html; charset=utf-8"),
        (b"\xff1.1.1.1", "text/plain"),
        ("1.1.1.1\n".encode("utf-16"), "text/plain"),
    ],
)
async def test_page_is_no_list(fetch, body, media):
    """A9, A12: HTML and other charsets are refused whole."""
    with pytest.raises(NotJson):
        await fetch(UrlText, httpx2.Response(200, content=body, headers={"content-type": media}))


async def test_several_paths(fetch):
    """Several paths read one document, each in its order."""
    fetched = await fetch(UrlJson, httpx2.Response(200, json=GOOGLE), path=BOTH)
    assert values(fetched) == ["8.8.4.0/24", "8.8.8.0/24", "2001:4860::/32"]


@pytest.mark.parametrize(
    ("path", "document", "expected"),
    [
        ("[]", ["a", "b"], ["a", "b"]),
        ("ips[]", {"ips": ["a"]}, ["a"]),
        ("a.b.c", {"a": {"b": {"c": "x"}}}, ["x"]),
        ("[].ips?[]", [{"ips": ["a"]}, {"urls": ["u"]}], ["a"]),
        ("[][]", [["a"], [], ["b", "c"]], ["a", "b", "c"]),
        ("a?.b", {}, []),
        ("x[].y[].z", {"x": [{"y": [{"z": "1"}, {"z": "2"}]}]}, ["1", "2"]),
        ("x[]", {"x": []}, []),
    ],
)
async def test_paths(fetch, path, document, expected):
    """Keys with dots, [] for each of an array, ? for what may be absent."""
    assert values(await fetch(UrlJson, httpx2.Response(200, json=document), path=path)) == expected


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("ips[]", {"addresses": ["a"]}),
        ("ips[]", {"ips": "a"}),
        ("ips[]", {"ips": ["a", 1]}),
        ("ips[]", {"ips": ["a", None]}),
        ("ips", {"ips": ["a"]}),
        ("ips[]", ["a"]),
        ("prefixes[].ipv4Prefix", GOOGLE),
        (BOTH, {"prefixes": [{"ipv4Prefix": "a"}, {"ipv4": "b"}]}),
        (BOTH, {"prefixes": [{"ipv4Prefix": 16909060}]}),
        (BOTH, {"prefixes": ["a"]}),
    ],
)
async def test_renamed_key_is_no_shorter_list(fetch, path, document):
    """A14: a key that is gone or of another type refuses the document; so does an element no path reads."""
    with pytest.raises(SchemaMismatch):
        await fetch(UrlJson, httpx2.Response(200, json=document), path=path)


@pytest.mark.parametrize(
    ("status", "leaf", "calls"),
    [
        (404, RequestRejected, 1),
        (403, PermissionDenied, 1),
        (503, PlatformBusy, 3),
        (429, RateLimited, 3),
        (302, RedirectRefused, 1),
        (204, RequestRejected, 1),
    ],
)
async def test_only_200_is_a_list(fetch, status, leaf, calls):
    """Another status is an error of its own, tried again only where that may help."""
    asked = []
    headers = {"location": "https://evil.example/?t=1"}
    with pytest.raises(leaf):
        await fetch(
            UrlText,
            lambda request: asked.append(request) or httpx2.Response(status, headers=headers, text="1.1.1.1"),
        )
    assert len(asked) == calls


async def test_entries_are_bounded(fetch):
    """A5: more entries than allowed refuse the list."""
    answer = httpx2.Response(200, text="1.1.1.1\n" * 11)
    with pytest.raises(TooLarge):
        await fetch(UrlText, answer, max_entries=10)
    assert len((await fetch(UrlText, answer, max_entries=11)).entries) == 11


async def test_plain_http_is_refused(fetch):
    """A18: a list is asked for over TLS, or on loopback; said when the configuration is read."""
    with pytest.raises(ValueError, match="url must be https"):
        await fetch(UrlText, httpx2.Response(200), url="http://lists.example/x")
    assert values(await fetch(UrlText, httpx2.Response(200, text="a.b"), url="http://127.0.0.1:8/x")) == [
        "a.b"
    ]


async def test_a_refused_host_is_told_a_step_that_a_list_can_take(clock):
    """A list has no account: the step names its url."""
    made = UrlText.Options(url=URL, direction=Direction.EGRESS)
    async with Http(HttpSettings(frozenset()), clock, httpx2.MockTransport(lambda _: None)) as http:
        with pytest.raises(HostRefused) as caught:
            await UrlText(made, http).fetch()
    assert "account" not in caught.value.next_step
    assert "url" in caught.value.next_step


@pytest.mark.parametrize(
    "url",
    [
        "lists.example",
        "http://x.example/",
        "ftp://x.example/",
        "https://",
        "https://u:p@x.example/",
        "https://ümlaut.example/",
    ],
)
def test_url_must_be_one(url):
    """A url that is none is refused with the configuration."""
    with pytest.raises(ValueError, match="url must"):
        UrlText.Options(url=url, direction=Direction.EGRESS)


@pytest.mark.parametrize("path", ["", "a..b", ".a", "a.", "a[0]", "a[", "a]b", "[]?", "a[]b", "?", "a??", ()])
def test_path_must_be_one(path):
    """A path that is none is refused with the configuration."""
    with pytest.raises(ValueError, match="path"):
        JsonOptions(url=URL, direction=Direction.EGRESS, path=path)


@given(st.text(alphabet="ab.[]?", max_size=12))
def test_path_is_parsed_or_refused(path):
    """Any text is steps that write the same path again, or a ValueError."""
    try:
        steps = parse_path(path)
    except ValueError:
        return
    assert ".".join(f"{s.key}{'?' * s.optional}{'[]' * s.arrays}" for s in steps) == path


def test_provenance_tells_lists_apart():
    """Another URL, query or path is another list; the query itself is not shown."""
    made = [
        UrlText(UrlText.Options(url=URL, direction=Direction.EGRESS), None),
        UrlText(UrlText.Options(url=URL + "2", direction=Direction.EGRESS), None),
        UrlJson(UrlJson.Options(url=URL, direction=Direction.EGRESS, path="a"), None),
        UrlJson(UrlJson.Options(url=URL, direction=Direction.EGRESS, path="b"), None),
    ]
    shown = {one.provenance for one in made}
    assert len(shown) == 4
    assert not any("x=1" in one for one in shown)
