from __future__ import annotations

from datetime import timedelta

import pytest

pytestmark = pytest.mark.anyio

BASE = "/wecom/cgi-bin"
APP = "wwa1b2c3d4e5f60001"


async def _list(ask, path, **query):
    query = query or {"access_token": await ask.wecom_token()}
    return await ask.json("GET", f"{BASE}/{path}", params=query)


async def test_same_token_on_repeat(ask, clock):
    """Within its life every call gives the same token."""
    first = await ask.json("GET", f"{BASE}/gettoken", params=ask.WECOM)
    clock.advance(timedelta(hours=1))
    again = await ask.json("GET", f"{BASE}/gettoken", params=ask.WECOM)
    assert (first["errcode"], first["expires_in"]) == (0, 7200)
    assert first["access_token"] == again["access_token"]
    clock.advance(timedelta(hours=1))
    assert await ask.wecom_token() != first["access_token"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"corpid": "ww0"}, 40013),
        ({"corpsecret": "x"}, 40001),
        ({"corpid": ""}, 41002),
        ({"corpsecret": ""}, 41004),
    ],
)
async def test_wrong_credentials(ask, changed, code):
    """Each wrong credential has its code, under HTTP 200."""
    reply = await ask("GET", f"{BASE}/gettoken", params=ask.WECOM | changed)
    assert (reply.status_code, reply.json()["errcode"]) == (200, code)


async def test_flood_of_wrong_secrets(ask):
    """After a hundred wrong secrets an address is blocked."""
    wrong = ask.WECOM | {"corpsecret": "x"}
    codes = [(await ask.json("GET", f"{BASE}/gettoken", params=wrong))["errcode"] for _ in range(101)]
    assert codes == [40001] * 100 + [45009]


@pytest.mark.parametrize("path", ["get_api_domain_ip", "getcallbackip"])
async def test_errors_carry_an_empty_list(ask, clock, path):
    """An error of the plain lists has ip_list [] beside its errcode."""
    token = await ask.wecom_token()
    clock.advance(timedelta(hours=2))
    for query, code in (
        ({"access_token": token}, 42001),
        ({"access_token": "x"}, 40014),
        ({"a": "b"}, 41001),
    ):
        reply = await _list(ask, path, **query)
        assert (reply["errcode"], reply["ip_list"]) == (code, [])


async def test_headers_repeat_the_code(ask):
    """Every JSON answer has error-code and error-msg as headers."""
    token = await ask.wecom_token()
    good = await ask("GET", f"{BASE}/getcallbackip", params={"access_token": token})
    bad = await ask("GET", f"{BASE}/getcallbackip", params={"access_token": "x"})
    assert (good.headers["error-code"], good.headers["error-msg"]) == ("0", "ok")
    assert bad.headers["error-code"] == "40014"


async def test_caller_not_trusted(ask, emulator):
    """60020 names the caller and a page; gettoken itself is free."""
    emulator.state.apps["wecom"][APP].allowed_callers = ["8.8.4.4"]
    await ask.control("PATCH", "settings", {"caller": "8.217.51.178"})
    reply = await _list(ask, "getcallbackip")
    assert reply["errcode"] == 60020
    assert reply["errmsg"].startswith("not allow to access from your ip, hint: [")
    end = ", from ip: 8.217.51.178, more info at https://open.work.weixin.qq.com/devtool/query?e=60020"
    assert reply["errmsg"].endswith(end)


async def test_wildcards(ask):
    """The callback list has a.b.c.* beside plain addresses."""
    reply = await _list(ask, "getcallbackip")
    assert reply["errcode"] == 0
    assert any(value.endswith(".*") for value in reply["ip_list"])
    assert any("*" not in value for value in reply["ip_list"])


async def test_server_domain_ip(ask):
    """Elements are objects: port an array of ints, is_necessary 0 or 1, universal_domian so spelt."""
    reply = await _list(ask, "security/get_server_domain_ip")
    assert {e["is_necessary"] for e in reply["domain_list"] + reply["ip_list"]} == {0, 1}
    assert all(isinstance(port, int) for e in reply["ip_list"] for port in e["port"])
    assert reply["domain_list"][0]["universal_domian"] == "work.weixin.qq.com"
    assert {e["protocol"] for e in reply["ip_list"]} == {"TCP", "UDP"}


async def test_server_domain_ip_needs_permission(ask, emulator):
    """An app that is not listed under Domain IP gets 48002."""
    emulator.state.apps["wecom"][APP].domain_ip = False
    assert (await _list(ask, "security/get_server_domain_ip"))["errcode"] == 48002


async def test_rate(ask):
    """Beyond the calls of a minute: 45009."""
    await ask.control("PATCH", f"apps/wecom/{APP}", {"limits": {"callback_ip": [1, 60]}})
    assert [(await _list(ask, "getcallbackip"))["errcode"] for _ in range(2)] == [0, 45009]


async def _send(ask, **changed):
    body = {
        "touser": "zhangsan|Nobody",
        "msgtype": "text",
        "agentid": 1000002,
        "text": {"content": "hello"},
        **changed,
    }
    query = {"access_token": await ask.wecom_token()}
    return await ask.json("POST", f"{BASE}/message/send", params=query, json=body)


async def test_message(ask, emulator):
    """Partly wrong receivers are no failure: invaliduser names them in lower case."""
    reply = await _send(ask)
    assert (reply["errcode"], reply["invaliduser"]) == (0, "nobody")
    assert emulator.state.messages[0]["to"] == ["zhangsan"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"touser": "nobody"}, 81013),
        ({"touser": ""}, 40058),
        ({"agentid": "1000002"}, 40056),
        ({"agentid": 1}, 301002),
        ({"msgtype": "x"}, 40008),
    ],
)
async def test_message_refusals(ask, changed, code):
    """Each wrong member has its code."""
    assert (await _send(ask, **changed))["errcode"] == code


async def test_long_text_is_cut(ask, emulator):
    """A text beyond 2048 bytes is cut, not refused."""
    assert (await _send(ask, text={"content": "字" * 1000}))["errcode"] == 0
    assert len(emulator.state.messages[0]["content"]["content"].encode()) <= 2048


async def test_robot(ask):
    """A robot takes 20 messages a minute by its key alone; an unknown key is 93000."""
    path, body = f"{BASE}/webhook/send", {"msgtype": "text", "text": {"content": "hello"}}
    unknown = await ask.json("POST", path, params={"key": "x"}, json=body)
    assert unknown["errcode"] == 93000
    query = {"key": "robot-demo-key-wecom"}
    assert await ask.json("POST", path, params=query, json=body) == {"errcode": 0, "errmsg": "ok"}
    long = {"msgtype": "text", "text": {"content": "x" * 2049}}
    assert (await ask.json("POST", path, params=query, json=long))["errcode"] == 40058
    codes = [(await ask.json("POST", path, params=query, json=body))["errcode"] for _ in range(19)]
    assert codes == [0] * 18 + [45009]
