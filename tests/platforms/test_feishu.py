"""The list is read whole, from the right place, or not at all."""

from __future__ import annotations

import json

import httpx2
import pytest

from gatepost.errors import (
    CredentialsRejected,
    HostRefused,
    PagingBroken,
    PermissionDenied,
    SchemaMismatch,
    TooLarge,
)
from gatepost.kit.secret import Secret
from gatepost.platforms import Feishu, Lark
from gatepost.platforms.base import Bounds
from gatepost.platforms.feishu import Text
from platforms.feishu_script import (
    CANARY,
    CUSTOM,
    LIST,
    SEND,
    TOKEN,
    page,
    reply,
)

pytestmark = pytest.mark.anyio


async def test_list_of_one_page(feishu, script):
    """One page is read with the largest page size and a tenant token."""
    script.on(LIST, reply(page("101.126.59.7", "101.126.59.8")))
    async with feishu() as client:
        assert await client.outbound_ip() == ("101.126.59.7", "101.126.59.8")
        assert client.requests == 2
    (token, first) = script.seen
    assert json.loads(token.content) == {"app_id": "cli_a", "app_secret": CANARY}
    assert str(first.url) == f"https://open.feishu.cn{LIST}?page_size=50"
    assert first.headers["authorization"] == f"Bearer {TOKEN}"


async def test_pages_are_followed_in_order(feishu, script):
    """Pages are followed by their tokens, and a token beside has_more: false ends the list."""
    script.on(
        LIST,
        reply(page("1.0.0.1", more=True, token="p2")),
        reply(page(more=True, token="p3")),
        reply(page("1.0.0.2", token="xxx")),
    )
    async with feishu() as client:
        assert await client.outbound_ip() == ("1.0.0.1", "1.0.0.2")
    assert [one.url.params.get("page_token") for one in script.asked(LIST)] == [None, "p2", "p3"]


async def test_repeats_within_a_page_are_the_platforms_own(feishu, script):
    """A page may hold an entry twice: text goes out as it came."""
    script.on(LIST, reply(page("1.0.0.1", "1.0.0.1")))
    async with feishu() as client:
        assert await client.outbound_ip() == ("1.0.0.1", "1.0.0.1")


MOVED = {
    "entry": [page("1.0.0.1", more=True, token="p2"), page("1.0.0.1")],
    "token": [page("1.0.0.1", more=True, token="p2"), page("1.0.0.2", more=True, token="p2")],
    "circle": [
        page("1.0.0.1", more=True, token="p2"),
        page("1.0.0.2", more=True, token="p3"),
        page("1.0.0.3", more=True, token="p2"),
    ],
    "forgotten": [page("1.0.0.1", more=True, token="p2"), {"code": 1810001, "msg": "param is invalid"}],
}


@pytest.mark.parametrize("moved", MOVED.values(), ids=MOVED)
async def test_moving_list_is_read_once_more(feishu, script, moved):
    """A6, A7: a list that moves while it is read is read once more from the start."""
    script.on(LIST, *map(reply, moved), reply(page("1.0.0.9")))
    async with feishu() as client:
        assert await client.outbound_ip() == ("1.0.0.9",)
    assert len(script.asked(LIST)) == len(moved) + 1


@pytest.mark.parametrize("moved", MOVED.values(), ids=MOVED)
async def test_list_that_keeps_moving_fails(feishu, script, moved):
    """A6, A7: a list that moves twice is PagingBroken, never a part of it."""
    script.on(LIST, *map(reply, moved * 2))
    async with feishu() as client:
        with pytest.raises(PagingBroken):
            await client.outbound_ip()
    assert len(script.asked(LIST)) == len(moved) * 2


async def test_endless_pages_are_bounded(feishu, script):
    """A5: has_more for ever ends at the bound of pages, and nothing is used."""

    def more(request):
        number = int(request.url.params.get("page_token", "0")) + 1
        return httpx2.Response(200, json=page(more=True, token=str(number)))

    script.on(LIST, more)
    async with feishu(bounds=Bounds(max_pages=7)) as client:
        with pytest.raises(TooLarge):
            await client.outbound_ip()
    assert len(script.asked(LIST)) == 7


async def test_entries_are_bounded(feishu, script):
    """A5: more entries than the bound refuse the answer."""
    script.on(LIST, reply(page(*(f"1.0.0.{n}" for n in range(11)))))
    async with feishu(bounds=Bounds(max_entries=10)) as client:
        with pytest.raises(TooLarge):
            await client.outbound_ip()


@pytest.mark.parametrize(
    "data",
    [
        {"ip_list": ["1.0.0.1"], "has_more": "false"},
        {"ip_list": ["1.0.0.1"], "has_more": "false", "page_token": "next"},
        {"ip_list": ["1.0.0.1"], "has_more": 0},
        {"ip_list": ["1.0.0.1"]},
        {"has_more": False},
        {"ip_list": "1.0.0.1", "has_more": False},
        {"ip_list": [16843009], "has_more": False},
        {"ip_list": ["1.0.0.1"], "has_more": True},
        {"ip_list": ["1.0.0.1"], "has_more": True, "page_token": ""},
        None,
    ],
)
async def test_odd_page_is_refused(feishu, script, data):
    """A8, A11, A14: a key that is missing or of another type refuses the whole answer."""
    script.on(LIST, reply({"code": 0, "msg": "success"} | ({} if data is None else {"data": data})))
    async with feishu() as client:
        with pytest.raises(SchemaMismatch):
            await client.outbound_ip()


async def test_error_beside_a_list_is_an_error(feishu, script):
    """A11: a list that comes with an error code is not used."""
    script.on(LIST, reply(page("1.0.0.1") | {"code": 99991672}))
    async with feishu() as client:
        with pytest.raises(PermissionDenied):
            await client.outbound_ip()


@pytest.mark.parametrize(
    "body", [{"msg": "success", "data": {}}, {"code": "0"}, {"code": None}, {"code": True}, []]
)
async def test_answer_without_a_code_is_refused(feishu, script, body):
    """Success is code 0 and nothing else: not a message, not a status, not a missing code."""
    script.on(LIST, reply(body))
    async with feishu() as client:
        with pytest.raises(SchemaMismatch):
            await client.outbound_ip()


async def test_code_decides_not_status_or_message(feishu, script):
    """Code 0 under HTTP 500 with an alarming message is a success; code 230002 under 200 "success" is not."""
    script.on(LIST, reply(page("1.0.0.1") | {"msg": "error"}, 500))
    script.on(SEND, reply({"code": 230002, "msg": "success"}))
    async with feishu() as client:
        assert await client.outbound_ip() == ("1.0.0.1",)
        with pytest.raises(CredentialsRejected):
            await client.send_message("oc_1", Text("x"))


async def test_lark_is_another_platform(feishu, script):
    """Lark's account asks Lark's host, and never shares Feishu's token or provenance."""
    script.on(LIST, reply(page("1.0.0.1")))
    async with feishu(platform=Lark) as lark, feishu() as client:
        await lark.outbound_ip()
        assert {one.url.host for one in script.seen} == {"open.larksuite.com"}
        assert lark.provenance == "lark open.larksuite.com cli_a"
        assert client.provenance == "feishu open.feishu.cn cli_a"


@pytest.mark.parametrize(
    "base", ["https://evil.example", "http://open.feishu.cn", "https://open.larksuite.com"]
)
async def test_secrets_go_home_only(feishu, script, base):
    """A18: another host gets nothing unless the account allows it."""
    account = Feishu.Account(app_id="cli_a", app_secret=Secret(CANARY), base_url=base)
    async with feishu(account) as client:
        with pytest.raises(HostRefused):
            await client.outbound_ip()
    assert script.seen == []


async def test_base_url_with_a_path(feishu, script):
    """An emulator or gateway below a path on loopback is asked there."""
    script.on("/feishu" + CUSTOM, reply({"code": 0, "tenant_access_token": TOKEN, "expire": 7200}))
    script.on("/feishu" + LIST, reply(page("1.0.0.1")))
    account = Feishu.Account(app_id="cli_a", app_secret=Secret(CANARY), base_url="http://127.0.0.1:8/feishu/")
    async with feishu(account) as client:
        assert await client.outbound_ip() == ("1.0.0.1",)
        assert client.provenance == "feishu 127.0.0.1:8/feishu cli_a"


@pytest.mark.parametrize(
    "base", ["open.feishu.cn", "ftp://x", "https://", "https://u:p@x.example", "https://x.example/?a=b"]
)
def test_base_url_must_be_one(base):
    """A base_url that is none is refused with the account."""
    with pytest.raises(ValueError, match="base_url"):
        Feishu.Account(app_id="cli_a", app_secret=Secret(CANARY), base_url=base)
