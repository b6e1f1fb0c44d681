from __future__ import annotations

import json
import shutil
from datetime import timedelta

import anyio
import anyio.lowlevel
import pytest

from gatepost.formats.base import Format
from gatepost.kit.discovery import plugins
from gatepost.model.entry import Domain, Entry
from gatepost.server.feeds import LOOK_EVERY, RETRY_AFTER, TRY_EVERY
from rigs.devices import check_point, fortigate, junos, opn_sense, pan_os
from rigs.feeding import RICH, WIDE, Press, ask
from rigs.plans import entries, entry

pytestmark = pytest.mark.anyio
URL = "/v1/lists/webhooks.txt"


@pytest.fixture
def press(tmp_path, clock):
    """Nothing published yet."""
    return Press(tmp_path / "feed", clock)


@pytest.fixture
async def feeds(press):
    """A server of one published list."""
    await press.publish(WIDE)
    return press.feeds()


@pytest.mark.parametrize(
    "url",
    [
        URL,
        "/v1/lists/webhooks.json?family=6",
        "/v1/endpoints/webhooks",
        "/v1/version",
        "/v1/changes/webhooks/0",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_nothing_yet(press, url, method):
    """Before the first good list every feed is 503 with a time to come again, and never an empty 200."""
    answer = await ask(press.feeds(), url, method)
    assert (answer.status, answer.headers["retry-after"]) == (503, str(RETRY_AFTER))
    assert answer.headers["cache-control"] == "no-store"


async def test_first_good_list(press, clock):
    """The first good list is served within a second of being published."""
    feeds = press.feeds()
    await ask(feeds, URL)
    await press.publish(WIDE)
    assert (await ask(feeds, URL)).status == 503
    await clock.sleep(LOOK_EVERY)
    assert (await ask(feeds, URL)).text.splitlines() == [str(each.value) for each in WIDE]


@pytest.mark.parametrize(
    "url",
    [
        "/v1/lists/other.txt",
        "/v1/lists/webhooks",
        "/v1/lists/webhooks.",
        "/v1/lists/webhooks.exe",
        "/v1/lists/webhooks.txt/",
        "/v1/lists/../webhooks.txt",
        "/v1/lists/",
        "/v1/lists/webhooks.txt.minisig",
        "/v1/lists/webhooks.domains",
        "/v1/endpoints/",
        "/v1/endpoints/other",
        "/v1/endpoints/webhooks/",
        "/v1/version/other",
        "/v1/version/",
        "/v1/versions",
        "/v1/changes/webhooks",
        "/v1/changes/webhooks/",
        "/v1/changes/webhooks/x",
        "/v1/changes/webhooks/٠",
        "/v1/changes/webhooks/9",
        "/v1/changes/webhooks/" + "9" * 5000,
        "/elsewhere",
    ],
)
async def test_unknown(feeds, url):
    """What is not there is 404: not a redirect, not an empty list, not somebody else's."""
    answer = await ask(feeds, url)
    assert answer.status == 404
    assert json.loads(answer.body)["error"]["kind"] == "NothingThere"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
async def test_other_methods(feeds, method):
    """Feeds are read, and nothing else: the answer says how."""
    answer = await ask(feeds, URL, method)
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_headers(feeds):
    """A list has a type, a length, a strong tag, a date, what it varies by, and how long it may be kept."""
    answer = await ask(feeds, URL)
    assert {name: answer.headers[name] for name in answer.headers if name != "etag"} == {
        "content-type": "text/plain; charset=utf-8",
        "content-length": str(len(answer.body)),
        "last-modified": "Mon, 05 Jan 2026 08:00:00 GMT",
        "cache-control": "public, max-age=60",
        "vary": "accept-encoding",
        "x-content-type-options": "nosniff",
        "gatepost-serial": "1",
    }
    assert answer.etag.startswith('"')


async def test_encodings(feeds):
    """Each encoding has a tag of its own, and all of them are the same list."""
    plain = await ask(feeds, URL)
    zipped = await ask(feeds, URL, accept_encoding="gzip")
    newest = await ask(feeds, URL, accept_encoding="gzip, deflate, br, zstd")
    assert [each.headers.get("content-encoding") for each in (plain, zipped, newest)] == [
        None,
        "gzip",
        "zstd",
    ]
    assert len({each.etag for each in (plain, zipped, newest)}) == 3
    assert plain.text == zipped.text == newest.text
    assert len(newest.body) < len(plain.body) > len(zipped.body)


async def test_a_tag_of_another_encoding(feeds):
    """Whoever has the list in one encoding and asks for another gets that one."""
    plain = await ask(feeds, URL)
    assert (await ask(feeds, URL, if_none_match=plain.etag)).status == 304
    assert (await ask(feeds, URL, if_none_match=plain.etag, accept_encoding="gzip")).status == 200


async def test_unchanged(feeds):
    """304 has what a cache keeps with its copy, and no body; any one of several tags is enough."""
    first = await ask(feeds, URL)
    for tags in (first.etag, f'"a", W/{first.etag} , "b"', "*", f"W/{first.etag}"):
        answer = await ask(feeds, URL, if_none_match=tags)
        assert answer.status == 304
        assert {"etag", "last-modified", "vary", "cache-control"} <= set(answer.headers)
    for tags in ('"a"', first.etag.strip('"'), "", first.etag[:-2] + '"'):
        assert (await ask(feeds, URL, if_none_match=tags)).status == 200


async def test_unchanged_since(feeds):
    """A date is looked at where there is no tag: at or after the version's own it is 304."""
    date = (await ask(feeds, URL)).headers["last-modified"]
    assert (await ask(feeds, URL, if_modified_since=date)).status == 304
    assert (await ask(feeds, URL, if_modified_since="Mon, 05 Jan 2026 07:59:59 GMT")).status == 200
    assert (await ask(feeds, URL, if_modified_since="yesterday")).status == 200
    assert (await ask(feeds, URL, if_modified_since=date, if_none_match='"other"')).status == 200


async def test_head(feeds):
    """HEAD says of every feed what GET says, without the body."""
    endings = [found.name for found in plugins("gatepost.formats", Format)]
    for url in ["/v1/endpoints/webhooks", "/v1/version", *(f"/v1/lists/webhooks.{name}" for name in endings)]:
        got, head = await ask(feeds, url), await ask(feeds, url, "HEAD")
        assert (head.status, head.headers, head.body) == (got.status, got.headers, b"")


async def test_devices(feeds):
    """Each device's own reader takes its format."""
    bodies = {
        name: (await ask(feeds, f"/v1/lists/webhooks.{name}")).body for name in ("edl", "fortinet", "juniper")
    }
    assert (
        len(pan_os(bodies["edl"]))
        == len(fortigate(bodies["fortinet"]))
        == len(junos(bodies["juniper"]))
        == 257
    )
    (ranges,) = check_point((await ask(feeds, "/v1/lists/webhooks.gdc.json")).body).values()
    assert len(ranges) == 257
    document = json.loads((await ask(feeds, "/v1/lists/webhooks.json")).body)
    assert document["syncToken"] == "1"
    assert [*document["prefixes"][0]] == ["ipv4Prefix"]


async def test_families(feeds):
    """One family alone is a list of its own, with its own tag; anything else is asked back."""
    six = await ask(feeds, f"{URL}?family=6")
    assert six.text == "2402:4e00::/32\n"
    assert len((await ask(feeds, f"{URL}?family=4")).text.splitlines()) == 256
    assert (await ask(feeds, f"{URL}?family=6&cache=no", if_none_match=six.etag)).status == 304
    for query in ("family=5", "family=", "family=4&family=6", "family=%34%00", "family=\u0664"):
        assert (await ask(feeds, f"{URL}?{query}")).status == 400
    assert [one["ips"] for one in json.loads((await ask(feeds, "/v1/endpoints/webhooks?family=6")).body)] == [
        ["2402:4e00::/32"]
    ]


async def test_a_family_without_entries(press):
    """A family in which a list has nothing is 404: never an empty list, which a device would take for one."""
    await press.publish(entries("8.8.8.8/32"))
    feeds = press.feeds()
    assert (await ask(feeds, f"{URL}?family=4")).status == 200
    assert (await ask(feeds, f"{URL}?family=6")).status == 404
    assert (await ask(feeds, "/v1/endpoints/webhooks?family=6")).status == 404


async def test_checksums(feeds):
    """Beside each list stand the checksums that the usual programs verify."""
    answer = await ask(feeds, URL)
    summed = await ask(feeds, f"{URL}.sha256")
    assert summed.text == f"{answer.etag.strip(chr(34))}  webhooks.txt\n"
    assert len((await ask(feeds, f"{URL}.md5?family=4")).text.split()[0]) == 32


async def test_next_version(press, feeds, clock):
    """A new version is served within a second: other tag, later date, and the old tag is good no more."""
    first = await ask(feeds, URL)
    await press.publish(WIDE[:-1])
    await clock.sleep(LOOK_EVERY)
    second = await ask(feeds, URL, if_none_match=first.etag, if_modified_since=first.headers["last-modified"])
    assert (second.status, second.headers["gatepost-serial"]) == (200, "2")
    assert second.headers["last-modified"] > first.headers["last-modified"]
    assert len(second.text.splitlines()) == 256


async def test_two_versions_in_one_second(press, feeds, clock):
    """Two versions of one second still have two dates, so a date never hides a change."""
    await press.publish(WIDE[:-1])
    await press.publish(WIDE[:-2])
    await clock.sleep(LOOK_EVERY)
    assert (await ask(feeds, URL)).headers["last-modified"] == "Mon, 05 Jan 2026 08:00:02 GMT"


async def test_what_stays_keeps_its_date(press, feeds, clock):
    """A rendition whose bytes did not change keeps its date, so whoever looks at dates fetches nothing."""
    before = await ask(feeds, f"{URL}?family=6")
    await clock.sleep(3600)
    await press.publish(WIDE[1:])
    await clock.sleep(LOOK_EVERY)
    assert (await ask(feeds, f"{URL}?family=6")).headers["last-modified"] == before.headers["last-modified"]
    assert (await ask(feeds, URL)).headers["last-modified"] == "Mon, 05 Jan 2026 09:00:00 GMT"


async def test_last_good_list(press, feeds, clock):
    """Whatever becomes of the directory, the last good list is served, and the state says what is wrong."""
    good = await ask(feeds, URL)
    await press.publish(WIDE[:-1])
    with (press.folder / "current/webhooks.txt").open("a") as file:
        file.write("9.9.9.9/32\n")
    await clock.sleep(LOOK_EVERY)
    assert (await ask(feeds, URL)).body == good.body
    (state,) = feeds.states()
    assert (state.serial, "not as they were published" in (state.problem or "")) == (1, True)
    shutil.rmtree(press.folder)
    await clock.sleep(TRY_EVERY)
    assert (await ask(feeds, URL)).body == good.body
    (state,) = feeds.states()
    assert state.problem == "nothing is published there any more"


async def test_edited_while_served(press, feeds, clock):
    """What somebody writes into a file that is served reaches no device."""
    good = await ask(feeds, URL)
    with (press.folder / "current/webhooks.txt").open("a") as file:
        file.write("9.9.9.9/32\n")
    await clock.sleep(LOOK_EVERY)
    assert (await ask(feeds, URL)).body == good.body


async def test_mended(press, feeds, clock):
    """A version that could not be read is looked at again, and served once it can be."""
    await ask(feeds, URL)
    await press.publish(WIDE[:-1])
    place = press.folder / "current/webhooks.txt"
    whole = place.read_bytes()
    place.unlink()
    await clock.sleep(LOOK_EVERY)
    assert (await ask(feeds, URL)).headers["gatepost-serial"] == "1"
    place.write_bytes(whole)
    await clock.sleep(LOOK_EVERY)
    assert (await ask(feeds, URL)).headers["gatepost-serial"] == "1"
    await clock.sleep(TRY_EVERY)
    assert (await ask(feeds, URL)).headers["gatepost-serial"] == "2"
    assert feeds.states()[0].problem is None


async def test_a_list_in_the_wrong_directory(press, feeds):
    """A directory of another list is not served under this one's name."""
    feeds = type(feeds)({"other": press.folder}, clock=press.clock)
    assert (await ask(feeds, "/v1/lists/other.txt")).status == 503
    assert "not 'other'" in (feeds.states()[0].problem or "")


async def test_one_version_an_answer(press, clock):
    """While versions change, every answer of many readers at once is whole and has its own tag."""
    await press.publish(WIDE)
    feeds = press.feeds()
    seen: set[str] = set()
    going = [True]

    async def read() -> None:
        while going[0]:
            answer = await ask(feeds, URL, accept_encoding="gzip")
            seen.add(answer.headers["gatepost-serial"])
            assert len(answer.text.splitlines()) == 258 - int(answer.headers["gatepost-serial"])
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(read)
        for number in range(1, 6):
            await press.publish(WIDE[: 257 - number])
            await clock.sleep(LOOK_EVERY)
            await ask(feeds, URL)
        going[0] = False
    assert len(seen) > 3


async def test_memory_is_bounded(feeds):
    """A flood of requests that differ keeps no more answers ready than allowed, and long ones none."""
    for number in range(2100):
        await ask(feeds, f"{URL}?a={number}")
    assert len(feeds._memo) <= 2048
    feeds._memo.clear()
    await ask(feeds, URL, if_none_match='"' + "a" * 2000 + '"')
    assert feeds._memo == {}


async def test_counts(feeds):
    """Answers are counted by list, ending and status, those from memory too; refusals have no name."""
    for url in (URL, URL, "/v1/lists/nobody.txt", "/v1/version"):
        await ask(feeds, url)
    etag = (await ask(feeds, URL)).etag
    await ask(feeds, URL, if_none_match=etag)
    assert feeds.counts == {
        ("webhooks", "txt", 200): 3,
        ("webhooks", "txt", 304): 1,
        ("-", "version", 200): 1,
        ("-", "-", 404): 1,
    }


async def test_microsoft_shape(press, clock):
    """Endpoints, version and changes of a list with ports, domains and necessity, as others publish them."""
    await press.publish(RICH[:3], 7)
    feeds = press.feeds()
    await ask(feeds, URL)
    await press.publish(RICH, 9)
    await clock.sleep(timedelta(days=1).total_seconds())
    await press.publish((*RICH[:2], *RICH[3:]), 12)
    await clock.sleep(LOOK_EVERY)
    sets = json.loads((await ask(feeds, "/v1/endpoints/webhooks")).body)
    by_ports = {(one.get("tcpPorts"), one.get("udpPorts")): one for one in sets}
    assert by_ports["80,443,8000-8010", None]["ips"] == ["111.230.0.0/16"]
    assert by_ports["443", None]["urls"] == ["i.work.weixin.qq.com"]
    assert by_ports[None, None]["urls"] == ["*.work.weixin.qq.com"]
    assert by_ports[None, None]["ips"] == ["101.126.59.7/32", "2402:4e00::/32"]
    assert json.loads((await ask(feeds, "/v1/version")).body) == [
        {"instance": "webhooks", "latest": "0000000012"}
    ]
    known = json.loads((await ask(feeds, "/v1/version/webhooks")).body)["versions"]
    assert known == ["0000000012", "0000000009", "0000000007"]
    changes = json.loads((await ask(feeds, "/v1/changes/webhooks/0000000007")).body)
    assert [(one["version"], one["disposition"], one["impact"]) for one in changes[-1:]] == [
        ("0000000012", "remove", "RemovedIpOrUrl")
    ]
    assert changes[-1]["remove"] == {"effectiveDate": "20260106", "ips": ["203.205.128.0/19"]}
    assert json.loads((await ask(feeds, "/v1/changes/webhooks/9")).body) == changes[-1:]
    assert json.loads((await ask(feeds, "/v1/changes/webhooks/12")).body) == []
    assert json.loads((await ask(feeds, "/v1/changes/webhooks/0")).body) == changes
    assert (await ask(feeds, "/v1/changes/webhooks/8")).status == 404


async def test_domains_alone(press):
    """A list of domains is served in formats that can show them; the others are 404."""
    await press.publish((Entry(Domain("example.com")),))
    feeds = press.feeds()
    assert (await ask(feeds, "/v1/lists/webhooks.domains")).text == "example.com\n"
    for name in ("edl", "fortinet", "juniper", "f5", "rsc", "gdc.json"):
        assert (await ask(feeds, f"/v1/lists/webhooks.{name}")).status == 404


async def test_ports_merge_where_they_cannot_be_shown(press):
    """A format that knows no ports has each address once, disjoint; a format that knows them has all."""
    one = entry("8.8.0.0/16").value
    await press.publish((Entry(one), entry("8.9.0.0/16"), *RICH[1:2]))
    feeds = press.feeds()
    assert opn_sense((await ask(feeds, "/v1/lists/webhooks.txt")).body)[0].prefixlen == 15
