from __future__ import annotations

import json

import pytest

from gatepost.emulator.hostile import UNSERVED, cases, hostile
from gatepost.emulator.journal import shape

pytestmark = pytest.mark.anyio

IPS = "/feishu/open-apis/event/v1/outbound_ip"
LIST = "lists/feishu/outbound_ip"


async def _listed(ask, size=50):
    reply = await ask.json("GET", IPS, headers=await ask.feishu_token(), params={"page_size": size})
    return reply["data"]["ip_list"]


async def test_index(ask):
    """The index names every platform with its apps, secrets, lists and routes."""
    index = await ask.control("GET", "")
    assert sorted(index["platforms"]) == ["chat", "feishu", "lark", "wechat", "wecom"]
    assert index["platforms"]["feishu"]["apps"][0]["secrets"] == ["feishu-demo-app-secret-0000001"]
    assert "GET /wechat/cgi-bin/getcallbackip" in index["platforms"]["wechat"]["routes"]


async def test_lists_are_set_and_patched(ask):
    """A list is set verbatim; elements are added and removed."""
    await ask.control("PUT", LIST, ["101.126.59.7", "101.126.59.8", 7, None, {"a": 1}])
    assert await _listed(ask) == ["101.126.59.7", "101.126.59.8", 7, None, {"a": 1}]
    await ask.control("PATCH", LIST, {"add": ["101.126.59.9"], "remove": ["101.126.59.7", 7, None, {"a": 1}]})
    assert await _listed(ask) == ["101.126.59.8", "101.126.59.9"]


async def test_lists_change_at_their_time(ask):
    """A scheduled change happens when the clock passes it, by a step or by itself."""
    await ask.control("PUT", LIST, ["101.126.59.7"])
    await ask.control("POST", f"{LIST}/schedule", {"in": 3600, "add": ["101.126.59.8"]})
    await ask.control("POST", f"{LIST}/schedule", {"at": "2026-01-05T10:00:00Z", "replace": ["101.126.59.9"]})
    assert await _listed(ask) == ["101.126.59.7"]
    await ask.control("POST", "clock", {"advance": 3600})
    assert await _listed(ask) == ["101.126.59.7", "101.126.59.8"]
    await ask.control("POST", "clock", {"set": "2026-01-05T10:00:00Z"})
    assert await _listed(ask) == ["101.126.59.9"]


async def test_clock(ask, clock):
    """The clock can be stepped, set, frozen and let go, without a jump."""
    assert (await ask.control("GET", "clock"))["now"] == "2026-01-05T08:00:00.000+00:00"
    await ask.control("POST", "clock", {"freeze": True})
    await clock.sleep(60)
    assert (await ask.control("GET", "clock"))["now"] == "2026-01-05T08:00:00.000+00:00"
    await ask.control("POST", "clock", {"freeze": False})
    await clock.sleep(60)
    assert (await ask.control("GET", "clock"))["now"] == "2026-01-05T08:01:00.000+00:00"


async def test_apps(ask):
    """Apps can be added, changed, taken away; a second secret is valid beside the first."""
    path = "/feishu/open-apis/auth/v3/tenant_access_token/internal"
    await ask.control(
        "PUT", "apps/feishu/cli_new", {"secrets": ["one", "two"], "token_life": 2000, "token_mark": "mark"}
    )
    for secret in ("one", "two"):
        reply = await ask.json("POST", path, json={"app_id": "cli_new", "app_secret": secret})
        assert reply["expire"] == 2000
        assert reply["tenant_access_token"].startswith("t-mark")
    await ask.control("PATCH", "apps/feishu/cli_new", {"secrets": ["two"]})
    assert (await ask.json("POST", path, json={"app_id": "cli_new", "app_secret": "one"}))["code"] == 10014
    await ask.control("DELETE", "apps/feishu/cli_new")
    assert (await ask.json("POST", path, json={"app_id": "cli_new", "app_secret": "two"}))["code"] == 10003


async def test_tokens_end_early(ask):
    """All tokens of an app can be ended at once."""
    headers = await ask.feishu_token()
    assert await ask.control("POST", "apps/feishu/cli_a1b2c3d4e5f60001/expire") == {"tokens": 1}
    assert (await ask.json("GET", IPS, headers=headers))["code"] == 99991663


async def test_mistakes_are_named(ask):
    """An unknown thing is 404, a wrong value 400, with the reason."""
    for method, path, body, status in (
        ("GET", "lists/feishu/none", None, 404),
        ("GET", "none", None, 404),
        ("PUT", LIST, {"style": "none"}, 404),
        ("PUT", LIST, "text", 400),
        ("POST", "faults", {"fault": "A99"}, 400),
        ("POST", "faults", {"fault": "A16"}, 400),
        ("PATCH", "apps/feishu/cli_a1b2c3d4e5f60001", {"enabled": "yes"}, 400),
        ("PATCH", "apps/feishu/cli_a1b2c3d4e5f60001", {"colour": "red"}, 404),
        ("PATCH", "settings", {"colour": "red"}, 404),
        ("POST", "clock", {"set": "noon"}, 400),
    ):
        reply = await ask(method, f"/_emulator/{path}", json=body)
        assert (reply.status_code, list(reply.json())) == (status, ["error"]), path


async def test_reset(ask):
    """DELETE of the index is a fresh start."""
    headers = await ask.feishu_token()
    await ask.control("PUT", LIST, [])
    await ask.control("POST", "faults", {"fault": "A9"})
    await ask.control("DELETE", "")
    assert await ask.control("GET", "journal") == []
    assert (await ask.json("GET", IPS, headers=headers))["code"] == 99991663
    assert len(await _listed(ask)) == 50


def test_hostile_values_cover_every_case():
    """B1 to B19 are all there, or with the reason why a platform cannot publish them."""
    assert {case.partition(".")[0] for case in cases()} | set(UNSERVED) == {f"B{n}" for n in range(1, 20)}


@pytest.mark.parametrize("case", [case for case in cases() if not case.startswith("B16")])
async def test_hostile_values_come_verbatim(ask, case):
    """A list set to a hostile case is published as it stands, in the form of the list's elements."""
    await ask.control("PUT", LIST, {"hostile": case})
    listed = await _listed(ask)
    assert json.dumps(listed) == json.dumps(hostile(case)[:50])
    await ask.control("PUT", "lists/wecom/server_ips", {"hostile": case})
    query = {"access_token": await ask.wecom_token()}
    servers = await ask.json("GET", "/wecom/cgi-bin/security/get_server_domain_ip", params=query)
    assert all(isinstance(element, dict) for element in servers["ip_list"])


def test_a_million_entries():
    """B16 is a million different addresses."""
    assert len(set(hostile("B16"))) == 1_000_000


async def test_journal(ask, emulator):
    """The journal has method, path, query, headers, body, caller and decision of each request."""
    await _listed(ask)
    token, listed = await ask.control("GET", "journal")
    assert (token["method"], token["platform"], token["status"], token["code"]) == ("POST", "feishu", 200, 0)
    assert token["body"]["app_id"] == "cli_a1b2c3d4e5f60001"
    assert (listed["path"], listed["query"]) == ("/open-apis/event/v1/outbound_ip", {"page_size": "50"})
    assert listed["caller"] == "127.0.0.1"
    assert listed["headers"]["authorization"].startswith("Bearer sha256:")
    assert shape(emulator.journal.of("feishu")[0]).body == {"app_id": "str", "app_secret": "str"}
    assert await ask.control("DELETE", "journal") is None
    assert emulator.journal.entries == []


async def test_no_secret_in_the_journal_or_state(ask, emulator):
    """No secret, token, key or ticket stands in the journal or the state: only digests."""
    feishu, wechat, wecom = await ask.feishu_token(), await ask.wechat_token(), await ask.wecom_token()
    await ask("GET", IPS, headers=feishu)
    await ask("GET", "/wechat/cgi-bin/getcallbackip", params={"access_token": wechat})
    await ask("GET", "/wecom/cgi-bin/getcallbackip", params={"access_token": wecom, "copy": f"x{wecom}"})
    await ask(
        "POST", "/wecom/cgi-bin/webhook/send", params={"key": "robot-demo-key-wecom"}, content=b"not json"
    )
    await ask("POST", "/feishu/open-apis/bot/v2/hook/6f1c1f4e-hook-demo-feishu", content=wechat.encode())
    await ask.chat("some-usersig")
    text = json.dumps([await ask.control("GET", "journal"), await ask.control("GET", "state")])
    secrets = [
        secret for apps in emulator.state.apps.values() for app in apps.values() for secret in app.secrets
    ]
    tokens = [token.value for token in emulator.state.tokens.issued]
    for secret in [*secrets, *tokens, "some-usersig"]:
        assert secret not in text
    assert text.count("sha256:") >= 10


async def test_state(ask):
    """The state shows apps, lists, tokens with what is left of them, and faults."""
    await ask.feishu_token()
    state = await ask.control("GET", "state")
    assert state["tokens"][0]["left"] == 7200
    assert state["tokens"][0]["valid"] is True
    assert len(state["lists"]["feishu"]["outbound_ip"]) == 58
