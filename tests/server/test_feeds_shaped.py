"""Lists in the shape that a device needs: merged or not, and never more than it holds."""

from __future__ import annotations

import json
from hashlib import md5

import pytest

from gatepost.formats.base import Format
from gatepost.kit.discovery import plugins
from gatepost.model.entry import Domain, Entry, Protocol
from gatepost.server.feeds import LOOK_EVERY
from rigs.devices import pan_os
from rigs.feeding import WIDE, Press, ask
from rigs.minisign import Pair, pair
from rigs.plans import entry

pytestmark = pytest.mark.anyio
LIST = "/v1/lists/webhooks"
PORTED = (
    entry("101.126.59.0/25"),
    Entry(entry("101.126.59.0/24").value, Protocol.TCP, ((443, 443),)),
    Entry(entry("203.205.128.0/20").value, Protocol.TCP, ((443, 443),)),
    Entry(entry("203.205.144.0/20").value, Protocol.UDP, ((53, 53),)),
    Entry(entry("2402:4e00::/32").value, Protocol.TCP, ((443, 443),)),
    Entry(Domain("i.work.weixin.qq.com")),
)
"""Some let in by every port, their neighbours by one: as a list has them, they are more than when merged."""
MERGED = ["101.126.59.0/24", "203.205.128.0/19", "2402:4e00::/32"]
APART = ["101.126.59.0/25", "101.126.59.0/24", "203.205.128.0/20", "203.205.144.0/20", "2402:4e00::/32"]
FORMS = {one.name: one for one in plugins("gatepost.formats", Format)}
PORTS = sorted(name for name, one in FORMS.items() if one.capabilities.ports)
PLAIN = sorted(name for name, one in FORMS.items() if one.capabilities.families and name not in PORTS)


@pytest.fixture
def press(tmp_path, clock):
    """Every format, signed."""
    options = {"proxy": "PROXY proxy.example.com:3128", "sign": pair(tmp_path).secret}
    return Press(tmp_path / "feed", clock, options=options)


@pytest.fixture
async def feeds(press):
    """A list whose addresses can be merged across ports."""
    await press.publish(PORTED)
    return press.feeds()


async def test_merged_and_as_listed(feeds):
    """cidr: the fewest prefixes, which is what is served without a word; none: as the list has them."""
    told = {
        way: (await ask(feeds, f"{LIST}.edl{way}")).text.splitlines()
        for way in ("", "?collapse=cidr", "?collapse=none")
    }
    assert told == {"": MERGED, "?collapse=cidr": MERGED, "?collapse=none": APART}


async def test_each_shape_is_a_list_of_its_own(feeds, press, tmp_path):
    """Tag, encodings, checksums and signature of each shape are its own, by family too."""
    seen = {}
    for query in ("collapse=cidr", "collapse=none", "collapse=none&family=4", "collapse=cidr&family=4"):
        plain = await ask(feeds, f"{LIST}.edl?{query}")
        seen[plain.etag] = plain.text
        for encoding in ("gzip", "zstd"):
            assert (await ask(feeds, f"{LIST}.edl?{query}", accept_encoding=encoding)).text == plain.text
        assert (await ask(feeds, f"{LIST}.edl?{query}", if_none_match=plain.etag)).status == 304
        assert (
            await ask(feeds, f"{LIST}.edl.sha256?{query}")
        ).text == f"{plain.etag.strip(chr(34))}  webhooks.edl\n"
        digest = md5(plain.body, usedforsecurity=False).hexdigest()
        assert (await ask(feeds, f"{LIST}.edl.md5?{query}")).text.split()[0] == digest
        signature = (await ask(feeds, f"{LIST}.edl.minisig?{query}")).body
        assert _verified(press, tmp_path, plain.body, signature)
    assert len(seen) == 4
    for etag in seen:
        statuses = [
            (await ask(feeds, f"{LIST}.edl?{query}", if_none_match=etag)).status
            for query in ("collapse=cidr", "collapse=none")
        ]
        assert statuses.count(304) <= 1


def _verified(press, folder, data, signature) -> bool:
    place = folder / "webhooks.edl"
    place.write_bytes(data)
    place.with_name("webhooks.edl.minisig").write_bytes(signature)
    return Pair(press.options["sign"], folder / "minisign.pub").verify(place)[0]


@pytest.mark.parametrize("name", PLAIN)
async def test_every_format_without_ports_is_merged_or_not(feeds, name):
    """Whatever tells no ports can be had merged, as it is without a word, and as listed."""
    default, merged, apart = [
        await ask(feeds, f"{LIST}.{name}{way}") for way in ("", "?collapse=cidr", "?collapse=none")
    ]
    assert (default.status, merged.status, apart.status) == (200, 200, 200)
    assert (default.etag, default.body) == (merged.etag, merged.body)
    assert len(apart.body) > len(merged.body)


@pytest.mark.parametrize("name", PORTS)
async def test_what_tells_ports_is_not_merged(feeds, name):
    """Merging would lose the ports, and lets in more than the list: the answer says so."""
    answer = await ask(feeds, f"{LIST}.{name}?collapse=cidr")
    assert answer.status == 400
    assert "tells ports, which merging would lose" in json.loads(answer.body)["detail"]
    assert (await ask(feeds, f"{LIST}.{name}?collapse=none")).body == (
        await ask(feeds, f"{LIST}.{name}")
    ).body


async def test_domains_have_no_addresses(feeds):
    """What has no addresses has none to merge or not."""
    for way in ("none", "cidr"):
        answer = await ask(feeds, f"{LIST}.domains?collapse={way}")
        assert (answer.status, "has no addresses" in json.loads(answer.body)["detail"]) == (400, True)
    assert (await ask(feeds, f"{LIST}.domains")).text == "i.work.weixin.qq.com\n"


@pytest.mark.parametrize(
    "query",
    [
        *("collapse=", "collapse=range", "collapse=CIDR", "collapse=none&collapse=none", "collapse=null"),
        *("max=", "max=0", "max=-1", "max=ten", "max=5&max=6", "max=100000001", "max=null", "max=0x10"),
        *("max=1e3", "max=1E3", "max=4.0", "max=05", "max=%2B5", "max=5%20", "max=1_0"),
    ],
)
async def test_unknown_values(feeds, query):
    """A value that is not one of those, or there twice, is asked back: a device never gets another list."""
    for suffix in ("", ".sha256"):
        assert (await ask(feeds, f"{LIST}.txt{suffix}?{query}")).status == 400


@pytest.mark.parametrize(
    ("name", "query", "count"),
    [
        ("txt", "", 4),
        ("txt", "&collapse=none", 6),
        ("edl", "", 3),
        ("edl", "&collapse=none", 5),
        ("edl", "&family=6", 1),
        ("rsc", "&family=4", 2),
        ("gdc.json", "", 3),
        ("json", "", 6),
        ("csv", "", 6),
        ("domains", "", 1),
    ],
)
async def test_capacity(feeds, name, query, count):
    """A list that fits is given whole; of one that has an entry more, nothing: the device keeps its own."""
    whole = await ask(feeds, f"{LIST}.{name}?max=100000{query}")
    assert whole.status == 200
    fits = await ask(feeds, f"{LIST}.{name}?max={count}{query}")
    assert (fits.status, fits.body, fits.etag) == (200, whole.body, whole.etag)
    assert (await ask(feeds, f"{LIST}.{name}.sha256?max={count}{query}")).status == 200
    if count > 1:
        for suffix, method in (("", "GET"), ("", "HEAD"), (".sha256", "GET"), (".minisig", "GET")):
            answer = await ask(
                feeds, f"{LIST}.{name}{suffix}?max={count - 1}{query}", method, if_none_match=whole.etag
            )
            assert (answer.status, answer.headers["cache-control"]) == (404, "no-store")
        said = json.loads((await ask(feeds, f"{LIST}.{name}?max={count - 1}{query}")).body)["detail"]
        assert f"has {count} entries" in said
        assert f"max={count - 1}" in said


async def test_a_list_that_grows_beyond_a_device(press, clock):
    """The device that had the list keeps it: no part is given, and it is known to have the old one."""
    await press.publish(WIDE[:4])
    feeds = press.feeds()
    assert len(pan_os((await ask(feeds, f"{LIST}.edl?max=4")).body)) == 4
    await press.publish(WIDE[:5])
    await clock.sleep(LOOK_EVERY)
    assert (await ask(feeds, f"{LIST}.edl?max=4")).status == 404
    (fetched,) = feeds.fetched()
    assert (fetched.serial, fetched.latest) == (1, 2)


async def test_what_is_the_same_is_kept_once(press):
    """Where merging changes nothing, no second file is written, and all ways give the same bytes."""
    await press.publish(WIDE)
    assert not (press.folder / "current" / "none").exists()
    feeds = press.feeds()
    bodies = [(await ask(feeds, f"{LIST}.edl{way}")).body for way in ("", "?collapse=cidr", "?collapse=none")]
    assert bodies[0] == bodies[1] == bodies[2]


async def test_a_date_hides_no_change_of_shape(press, clock):
    """Merged, a list may stay the same while its own prefixes change: who asks by date gets the change."""
    whole = entry("101.126.59.0/24")
    served = Entry(whole.value, Protocol.TCP, ((443, 443),))
    feeds, seen, date = press.feeds(), [], "Mon, 05 Jan 2026 07:00:00 GMT"
    for wanted in ((whole,), (entry("101.126.59.0/25"), served), (whole,)):
        await press.publish(wanted)
        await clock.sleep(3600)
        answer = await ask(feeds, f"{LIST}.edl?collapse=none", if_modified_since=date)
        assert answer.status == 200
        date = answer.headers["last-modified"]
        seen.append((answer.text, (await ask(feeds, f"{LIST}.edl")).text))
    assert [apart for apart, _ in seen] == [
        "101.126.59.0/24\n",
        "101.126.59.0/25\n101.126.59.0/24\n",
        "101.126.59.0/24\n",
    ]
    assert {merged for _, merged in seen} == {"101.126.59.0/24\n"}


async def test_shapes_are_few(feeds):
    """Requests that differ in what does not matter keep one body in memory."""
    bodies = set()
    for number in range(50):
        await ask(feeds, f"{LIST}.edl?collapse=none&max={1000 + number}&x={number}")
    bodies |= {id(made.wire.body) for made in feeds._memo.values()}
    assert len(bodies) == 1
