from __future__ import annotations

import gzip
import json
import re
import zlib
from pathlib import Path

import anyio
import httpx2
import pytest

from gatepost.emulator.app import Emulator
from gatepost.emulator.fault_bodies import BIG, gzip_bomb, zstd_bomb
from gatepost.emulator.faults import CATALOGUE, find
from gatepost.emulator.serve import serving
from gatepost.errors import UsageError

pytestmark = pytest.mark.anyio

IPS = "/feishu/open-apis/event/v1/outbound_ip"
CALLBACK = "/wechat/cgi-bin/getcallbackip"
SERVERS = "/wecom/cgi-bin/security/get_server_domain_ip"
SERVED = [fault.id for fault in CATALOGUE.values() if not fault.unserved]
LINE = {"A2", "A2.chunked", "A2.reset", "A2.length", "A4", "A4.hang", "A4.headers"}
"""Faults of the line: they need a connection."""


def test_every_case_is_in_the_catalogue():
    """A1 to A28 are all there: served, or with the reason why no server can."""
    assert {fault.case for fault in CATALOGUE.values()} == {f"A{n}" for n in range(1, 29)}
    for fault in CATALOGUE.values():
        assert bool(fault.unserved) != bool(fault.before or fault.after)
        assert fault.says.endswith(".")
    assert {f.case for f in CATALOGUE.values() if f.unserved} == {
        "A16", "A17", "A18", "A19", "A21", "A22", "A23", "A26",
    }  # fmt: skip


def test_found_by_id_and_by_name():
    """A fault has one id and one name; both find it."""
    assert len({fault.name for fault in CATALOGUE.values()}) == len(CATALOGUE)
    assert all(find(fault.name) is fault is find(fault.id) for fault in CATALOGUE.values())
    assert find("A99") is None


def test_what_cannot_be_served_is_refused(emulator):
    """A fault that no server can produce cannot be put in force; nor an unknown one."""
    with pytest.raises(UsageError, match="environment"):
        emulator.inject("A16")
    with pytest.raises(UsageError, match="no fault"):
        emulator.inject("A99")


async def _afflicted(ask, fault, **settings):
    headers = await ask.feishu_token()
    await ask.control("POST", "faults", {"fault": fault, **settings})
    return await ask("GET", IPS, headers=headers, params={"page_size": 50})


@pytest.mark.parametrize(
    "fault", sorted(set(SERVED) - LINE - {"A3", "A3.gzip", "A3.brotli", "A3.zstd", "A3.nested"})
)
async def test_every_fault_strikes(ask, fault):
    """Each fault changes an answer: of a list, or of a token where it is the token's."""
    headers = await ask.feishu_token()
    plain = await ask("GET", IPS, headers=headers, params={"page_size": 50})
    await ask.control("POST", "faults", {"fault": fault, "path": "*"})
    struck = await ask("GET", IPS, headers=headers, params={"page_size": 50})
    assert (struck.content, struck.headers["date"]) != (plain.content, plain.headers["date"])
    assert (await ask.control("GET", "journal"))[-1]["fault"] == fault


async def test_empty_list(ask):
    """A1: a success with nothing in it, on every platform's lists."""
    reply = (await _afflicted(ask, "empty-list")).json()
    assert (reply["code"], reply["data"]["ip_list"], reply["data"]["has_more"]) == (0, [], False)
    wecom = await ask.json("GET", SERVERS, params={"access_token": await ask.wecom_token()})
    assert (wecom["errcode"], wecom["ip_list"], wecom["domain_list"]) == (0, [], [])
    wechat = await ask.json("GET", CALLBACK, params={"access_token": await ask.wechat_token()})
    assert wechat == {"ip_list": []}


async def test_bombs(ask):
    """A3: small bodies that grow, whole and decodable by their own rules."""
    size = 2 * 1024 * 1024
    headers = await ask.feishu_token()
    for fault, decode in (
        ("A3.gzip", gzip.decompress),
        ("A3.nested", lambda b: gzip.decompress(gzip.decompress(b))),
    ):
        await ask.control("DELETE", "faults")
        await ask.control("POST", "faults", {"fault": fault, "size": size})
        async with ask.http.stream("GET", IPS, headers=headers) as reply:
            raw = b"".join([part async for part in reply.aiter_raw()])
        assert json.loads(decode(raw))["code"] == 0
        assert len(raw) < 4096


def test_gzip_bomb_is_small_and_true():
    """200 kB of gzip become 200 MiB."""
    packed = gzip_bomb(b"{", b"}", BIG)
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 16)
    unpacked = 0
    while packed and not unpack.eof:
        unpacked += len(unpack.decompress(packed, 1 << 20))
        packed = unpack.unconsumed_tail
    assert unpacked == BIG + 2
    assert unpack.eof


def test_zstd_bomb_is_small():
    """A few kB of Zstandard."""
    assert len(zstd_bomb(b"{}", 200 * 1024 * 1024)) < 8000


async def test_endless_pages(ask):
    """A5: always one more page, of ever new entries, by ever new tokens."""
    headers = await ask.feishu_token()
    emulated = [(await _page(ask, headers, fault="A5"))["data"]]
    for _ in range(5):
        emulated.append((await _page(ask, headers, emulated[-1]["page_token"]))["data"])
    assert all(page["has_more"] is True for page in emulated)
    assert len({page["page_token"] for page in emulated}) == 6
    assert len({ip for page in emulated for ip in page["ip_list"]}) == 60


async def _page(ask, headers, token=None, fault=None):
    if fault:
        await ask.control("POST", "faults", {"fault": fault})
    query = {"page_size": 50} | ({"page_token": token} if token else {})
    return await ask.json("GET", IPS, headers=headers, params=query)


@pytest.mark.parametrize(("fault", "tokens"), [("A6", 1), ("A6.cycle", 3)])
async def test_tokens_go_round(ask, fault, tokens):
    """A6: the same token again, or a circle of three."""
    headers = await ask.feishu_token()
    pages = [(await _page(ask, headers, fault=fault))["data"]]
    for _ in range(6):
        pages.append((await _page(ask, headers, pages[-1]["page_token"]))["data"])
    assert len({page["page_token"] for page in pages}) == tokens


async def test_pages_overlap_or_move(ask):
    """A7: the second page repeats entries of the first, or misses one."""
    headers = await ask.feishu_token()
    sizes = {}
    for fault in ("A7", "A7.moving"):
        await ask.control("DELETE", "faults")
        first = (await _page(ask, headers, fault=fault))["data"]
        second = (await _page(ask, headers, first["page_token"]))["data"]
        assert (first["has_more"], second["has_more"]) == (True, False)
        listed = first["ip_list"] + second["ip_list"]
        sizes[fault] = (len(listed), len(set(listed)))
    assert sizes == {"A7": (61, 58), "A7.moving": (57, 57)}


async def test_has_more(ask):
    """A8: a token beside the end; has_more missing; has_more as a text."""
    data = {}
    for fault in ("A8", "A8.missing", "A8.text"):
        await ask.control("DELETE", "faults")
        data[fault] = (await _afflicted(ask, fault)).json()["data"]
    assert (data["A8"]["page_token"], data["A8"]["has_more"], len(data["A8"]["ip_list"])) == (
        "xxx",
        False,
        58,
    )
    assert "has_more" not in data["A8.missing"]
    assert data["A8.text"]["has_more"] == "false"


async def test_business_error(ask):
    """A10: a refusal under HTTP 200; A11: with the list beside it, or a success without one."""
    plain = await _afflicted(ask, "A10")
    assert (plain.status_code, plain.json()["code"]) == (200, 1500)
    await ask.control("DELETE", "faults")
    both = (await _afflicted(ask, "A11")).json()
    assert both["code"] == 1500
    assert both["data"]["ip_list"]
    await ask.control("DELETE", "faults")
    neither = (await _afflicted(ask, "A11.success")).json()
    assert neither["code"] == 0
    assert "ip_list" not in neither["data"]


async def test_encodings(ask):
    """A12: a mark before the JSON, foreign charsets, broken UTF-8, half a surrogate pair."""
    bodies = {}
    for fault in ("A12", "A12.gbk", "A12.bom", "A12.utf8", "A12.surrogate"):
        await ask.control("DELETE", "faults")
        bodies[fault] = (await _afflicted(ask, fault)).content
    assert json.loads(bodies["A12"].decode("utf-16"))["code"] == 0
    assert json.loads(bodies["A12.gbk"].decode("gbk"))["notice"] == "企业微信"
    assert bodies["A12.bom"].startswith(b"\xef\xbb\xbf{")
    with pytest.raises(UnicodeDecodeError):
        bodies["A12.utf8"].decode()
    assert rb"\ud800" in bodies["A12.surrogate"]


async def test_json_abuse(ask):
    """A13: a key twice, NaN, 100,000 arrays in one another, 5,000 digits."""
    bodies = {}
    for fault in ("A13", "A13.nan", "A13.depth", "A13.digits"):
        await ask.control("DELETE", "faults")
        bodies[fault] = (await _afflicted(ask, fault)).text
    assert bodies["A13"].count('"ip_list"') == 2
    assert "NaN" in bodies["A13.nan"]
    assert "[" * 100_000 in bodies["A13.depth"]
    assert re.search(r"\D9{5000}\D", bodies["A13.digits"])
    with pytest.raises(RecursionError):
        json.loads(bodies["A13.depth"])


@pytest.mark.parametrize(
    ("fault", "status", "start"),
    [
        ("A15", 302, "https://elsewhere.example/"),
        ("A15.http", 308, "http://elsewhere.example/"),
        ("A15.metadata", 307, "http://169.254.169.254/"),
    ],
)
async def test_redirects(ask, fault, status, start):
    """A15: to another host, to plain HTTP, to a metadata address."""
    reply = await _afflicted(ask, fault)
    assert reply.status_code == status
    assert reply.headers["location"].startswith(start)


async def test_refusals_in_each_platforms_words(ask):
    """A20, A24: each platform refuses in its own words, with its own code."""
    codes = {}
    for fault in ("A20", "A20.quota", "A20.caller", "A24", "A24.early"):
        await ask.control("DELETE", "faults")
        await ask.control(
            "POST", "faults", {"fault": fault, "path": "*", "address": "8.217.51.178", "seconds": 7}
        )
        replies = [
            await ask("GET", IPS),
            await ask("GET", CALLBACK),
            await ask("GET", "/wecom/cgi-bin/getcallbackip"),
            await ask("POST", "/chat/v4/ConfigSvc/GetIPList"),
        ]
        codes[fault] = [_code(reply.json()) for reply in replies]
        assert {reply.headers.get("retry-after") for reply in replies} == {"7" if fault == "A20" else None}
    assert codes == {
        "A20": [99991400, 45011, 45009, 60007],
        "A20.quota": [99991403, 45009, 45009, 60020],
        "A20.caller": [99991401, 40164, 60020, 60021],
        "A24": [10014, 40125, 40001, 70009],
        "A24.early": [99991663, 42001, 42001, 70001],
    }


def _code(reply):
    return next(reply[key] for key in ("code", "errcode", "ErrorCode") if key in reply)


async def test_samples_and_elsewhere(ask):
    """A27, A28: another region's list; the examples' addresses, as objects where elements are objects."""
    token = await ask.wecom_token()
    await ask.control("POST", "faults", {"fault": "A28"})
    reply = await ask.json("GET", SERVERS, params={"access_token": token})
    assert [element["ip"] for element in reply["ip_list"]] == ["1.2.3.4", "2.3.3.3"]
    await ask.control("DELETE", "faults")
    normal = (await _page(ask, await ask.feishu_token()))["data"]["ip_list"]
    foreign = (await _page(ask, await ask.feishu_token(), fault="A27"))["data"]["ip_list"]
    assert foreign
    assert not set(normal) & set(foreign)


async def test_skewed_date(ask):
    """A25: the Date header is an hour ahead of the emulator's clock."""
    reply = await _afflicted(ask, "A25")
    assert reply.headers["date"] == "Mon, 05 Jan 2026 09:00:00 GMT"


async def test_nth_and_count(ask):
    """A rule may begin with the nth call and end after some."""
    headers = await ask.feishu_token()
    await ask.control("POST", "faults", {"fault": "A10", "nth": 2, "count": 2})
    codes = [(await ask.json("GET", IPS, headers=headers))["code"] for _ in range(5)]
    assert codes == [0, 1500, 1500, 0, 0]


async def test_only_where_it_belongs(ask):
    """A rule strikes one platform, one path; token requests are left alone by faults of lists."""
    await ask.control("POST", "faults", {"fault": "A9", "platform": "wechat", "path": "*/getcallbackip"})
    token = await ask.wechat_token()
    portal = await ask("GET", CALLBACK, params={"access_token": token})
    assert (portal.status_code, portal.headers["content-type"]) == (200, "text/html")
    assert "ip_list" in await ask.json(
        "GET", "/wechat/cgi-bin/get_api_domain_ip", params={"access_token": token}
    )
    assert (await ask.json("GET", IPS, headers=await ask.feishu_token()))["code"] == 0


async def test_faults_end(ask):
    """A rule can be taken away by its number."""
    headers = await ask.feishu_token()
    number = (await ask.control("POST", "faults", {"fault": "A10"}))["number"]
    assert [rule["number"] for rule in await ask.control("GET", "faults")] == [number]
    await ask.control("DELETE", f"faults/{number}")
    assert (await ask.json("GET", IPS, headers=headers))["code"] == 0


async def test_a_refusal_stays_a_refusal(ask):
    """Faults of lists do not touch the platform's own refusal."""
    await ask.control("POST", "faults", {"fault": "A2"})
    assert (await ask.json("GET", IPS))["code"] == 99991661


BROKEN = {
    "A2": httpx2.RemoteProtocolError,
    "A2.chunked": httpx2.RemoteProtocolError,
    "A2.length": httpx2.RemoteProtocolError,
    "A2.reset": httpx2.ReadError,
}


@pytest.fixture
async def wire():
    """A served emulator, its HTTP client, and a token."""
    emulator = Emulator()
    async with serving(emulator) as url, httpx2.AsyncClient(base_url=url, timeout=0.2) as http:
        yield emulator, http


async def test_broken_connections(wire):
    """A2: on a port, each break is what HTTP calls it; in-process it is a ConnectionResetError."""
    emulator, http = wire
    for fault, error in BROKEN.items():
        emulator.faults.remove()
        emulator.inject(fault, path="*")
        headers = await _wire_token(emulator, http)
        with pytest.raises(error):
            await http.get(IPS, headers=headers)


async def _wire_token(emulator, http):
    rules, emulator.faults.rules = emulator.faults.rules, []
    app = {"app_id": "cli_a1b2c3d4e5f60001", "app_secret": "feishu-demo-app-secret-0000001"}
    token = (await http.post("/feishu/open-apis/auth/v3/tenant_access_token/internal", json=app)).json()
    emulator.faults.rules = rules
    return {"Authorization": f"Bearer {token['tenant_access_token']}"}


@pytest.mark.parametrize("fault", ["A4", "A4.hang", "A4.headers", "A3"])
async def test_only_a_total_deadline_ends_them(wire, fault):
    """A3, A4: each drop is in time, the whole never; the emulator goes on serving others meanwhile."""
    emulator, http = wire
    headers = await _wire_token(emulator, http)
    emulator.inject(fault, count=1, interval=0.01, size=10**12)
    with anyio.move_on_after(0.3) as deadline:
        async with http.stream("GET", IPS, headers=headers, timeout=5) as reply:
            async for _ in reply.aiter_raw():
                pass
    assert deadline.cancelled_caught
    assert (await http.get(IPS, headers=headers)).json()["code"] == 0


async def test_in_process_a_break_is_a_reset(ask):
    """Without a connection a broken line is a ConnectionResetError."""
    with pytest.raises(ConnectionResetError):
        await _afflicted(ask, "A2")


def test_the_page_lists_every_fault():
    """The table of docs/emulator.md is the catalogue."""
    page = (Path(__file__).parents[2] / "docs" / "emulator.md").read_text()
    rows = [row.split("|")[1:4] for row in page.splitlines() if re.match(r"\| A\d", row)]
    served = {
        fault.id: f" Not served: {fault.unserved}" if fault.unserved else "" for fault in CATALOGUE.values()
    }
    told = [[f.id, f"`{f.name}`", f.says + served[f.id]] for f in CATALOGUE.values()]
    assert [[cell.strip() for cell in row] for row in rows] == told
