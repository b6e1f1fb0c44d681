from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import pytest

from gatepost.emulator.feishu_webhook import sign

pytestmark = pytest.mark.anyio

TENANT = "/feishu/open-apis/auth/v3/tenant_access_token/internal"
APP_TOKEN = "/feishu/open-apis/auth/v3/app_access_token/internal"
IPS = "/feishu/open-apis/event/v1/outbound_ip"
MESSAGES = "/feishu/open-apis/im/v1/messages"
HOOK = "/feishu/open-apis/bot/v2/hook/6f1c1f4e-hook-demo-feishu"
ADA = "ou_c99c5f35d542efc7ee492afe11af19ef"
CHAT = "oc_5ad11d72b830411d72b836c20"


async def test_token_path_with_and_without_slash(ask):
    """The token path works with and without its trailing slash, and gives the same token."""
    plain, slashed = [await ask.json("POST", TENANT + slash, json=ask.FEISHU) for slash in ("", "/")]
    assert plain == slashed
    assert plain["code"] == 0
    assert plain["expire"] == 7200
    assert plain["tenant_access_token"].startswith("t-")


async def test_get_of_the_token_path(ask):
    """GET of the token path, and any unknown path, is 404 in plain text, with both ids."""
    for path in (TENANT, "/feishu/open-apis/nothing/v1/here"):
        reply = await ask("GET", path)
        assert (reply.status_code, reply.text) == (404, "404 page not found")
        assert reply.headers["content-type"].startswith("text/plain")
        assert reply.headers["x-tt-logid"]
        assert reply.headers["x-request-id"]


@pytest.mark.parametrize(
    "body", [{"app_id": "cli_unknown", "app_secret": "x"}, {}, [], {"app_id": "cli_a1b2c3d4e5f60001"}]
)
async def test_unknown_app(ask, body):
    """An unknown app is 10003 under HTTP 200."""
    reply = await ask("POST", TENANT, json=body)
    assert (reply.status_code, reply.json()) == (200, {"code": 10003, "data": {}, "msg": "invalid param"})


async def test_wrong_secret(ask):
    """A wrong secret is 10014 under HTTP 200."""
    reply = await ask("POST", TENANT, json=ask.FEISHU | {"app_secret": "wrong"})
    assert (reply.status_code, reply.json()) == (200, {"code": 10014, "msg": "app secret invalid"})


async def test_same_token_for_ninety_minutes(ask, clock):
    """With 30 minutes left the same token comes with a smaller expire; then a new one, and both are valid."""
    first = await ask.json("POST", TENANT, json=ask.FEISHU)
    clock.advance(timedelta(minutes=90))
    again = await ask.json("POST", TENANT, json=ask.FEISHU)
    assert (again["tenant_access_token"], again["expire"]) == (first["tenant_access_token"], 1800)
    clock.advance(timedelta(seconds=1))
    new = await ask.json("POST", TENANT, json=ask.FEISHU)
    assert new["tenant_access_token"] != first["tenant_access_token"]
    assert new["expire"] == 7200
    for token in (first, new):
        headers = {"Authorization": f"Bearer {token['tenant_access_token']}"}
        assert (await ask.json("GET", IPS, headers=headers))["code"] == 0


async def test_expired_token(ask, clock):
    """A token past its life is 99991663 under HTTP 400."""
    headers = await ask.feishu_token()
    clock.advance(timedelta(hours=2))
    reply = await ask("GET", IPS, headers=headers)
    assert (reply.status_code, reply.json()["code"]) == (400, 99991663)


async def test_app_token_is_the_tenant_token(ask):
    """A custom app's app_access_token is its tenant token."""
    reply = await ask.json("POST", APP_TOKEN, json=ask.FEISHU)
    assert reply["app_access_token"] == reply["tenant_access_token"]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, 99991661),
        ("t-0123", 99991661),
        ("Bearer t-0123", 99991663),
        ("Bearer a-0123", 99991664),
        ("Bearer eyJ0", 99991668),
        ("Bearer 0123", 99991671),
    ],
)
async def test_tokens_refused(ask, header, code):
    """No token, no Bearer, or a token of another look: each its own code, HTTP 400, before any parameter."""
    headers = {"Authorization": header} if header else {}
    reply = await ask("GET", IPS, headers=headers, params={"page_size": "x"})
    assert (reply.status_code, reply.json()["code"]) == (400, code)
    assert reply.json()["error"]["log_id"] == reply.headers["x-tt-logid"]


async def test_order_of_refusals(ask):
    """Token, then the app's IP list, then scope, then rate, then parameters."""
    headers = await ask.feishu_token()
    app = "apps/feishu/cli_a1b2c3d4e5f60001"
    settings = {"allowed_callers": ["8.8.4.4"], "scopes": [], "limits": {"outbound_ip": [0, 60]}}
    await ask.control("PATCH", app, settings)
    seen = []
    for repair in ({"allowed_callers": None}, {"scopes": ["event:ip_list"]}, {"limits": {}}, {}):
        seen.append((await ask.json("GET", IPS, headers=headers, params={"page_size": 51}))["code"])
        await ask.control("PATCH", app, repair)
    assert seen == [99991401, 99991672, 99991400, 1810001]


async def test_caller_not_allowed(ask):
    """99991401 names the address; token paths are exempt; a single address admits."""
    await ask.control("PATCH", "settings", {"caller": "8.217.51.178"})
    await ask.control("PATCH", "apps/feishu/cli_a1b2c3d4e5f60001", {"allowed_callers": ["8.217.51.177"]})
    headers = await ask.feishu_token()
    reply = await ask("GET", IPS, headers=headers)
    assert reply.status_code == 400
    assert reply.json() == {"code": 99991401, "msg": "ip 8.217.51.178 is denied by app setting"}
    await ask.control("PATCH", "apps/feishu/cli_a1b2c3d4e5f60001", {"allowed_callers": ["8.217.51.178"]})
    assert (await ask.json("GET", IPS, headers=headers))["code"] == 0


@pytest.mark.parametrize(("platform", "host"), [("feishu", "open.feishu.cn"), ("lark", "open.larksuite.com")])
async def test_scope_missing(ask, emulator, platform, host):
    """99991672 carries the whole error object, with the console's own link."""
    app = next(iter(emulator.state.apps[platform].values()))
    app.scopes = []
    reply = await ask(
        "GET", f"/{platform}/open-apis/event/v1/outbound_ip", headers=await ask.feishu_token(platform)
    )
    error = reply.json()["error"]
    assert (reply.status_code, reply.json()["code"]) == (400, 99991672)
    assert error["permission_violations"] == [{"type": "action_scope_required", "subject": "event:ip_list"}]
    assert error["helps"][0]["url"] == f"https://{host}/app/{app.id}/auth?q=event:ip_list&op_from=openapi"
    assert error["log_id"] == reply.headers["x-tt-logid"]
    assert {"message", "troubleshooter"} <= set(error)


async def test_rate_limit(ask):
    """99991400 is HTTP 429 with both headers; the next window is free."""
    headers = await ask.feishu_token()
    await ask.control("PATCH", "apps/feishu/cli_a1b2c3d4e5f60001", {"limits": {"outbound_ip": [1, 60]}})
    await ask("GET", IPS, headers=headers)
    reply = await ask("GET", IPS, headers=headers)
    assert (reply.status_code, reply.json()["code"]) == (429, 99991400)
    assert reply.headers["x-ogw-ratelimit-limit"] == "1"
    await ask.control("POST", "clock", {"advance": int(reply.headers["x-ogw-ratelimit-reset"])})
    assert (await ask.json("GET", IPS, headers=headers))["code"] == 0


async def test_monthly_quota(ask):
    """The month's quota stops messages (99991403), never the list."""
    headers = await ask.feishu_token()
    await ask.control("PATCH", "apps/feishu/cli_a1b2c3d4e5f60001", {"monthly_quota": 1})
    codes = [(await _send(ask, headers, text="hello")).json()["code"] for _ in range(2)]
    assert codes == [0, 99991403]
    assert (await ask.json("GET", IPS, headers=headers))["code"] == 0


async def _pages(ask, headers, size):
    query = {} if size is None else {"page_size": size}
    pages = []
    while True:
        data = (await ask.json("GET", IPS, headers=headers, params=query))["data"]
        pages.append(data["ip_list"])
        assert data["page_token"]
        if not data["has_more"]:
            return pages
        query["page_token"] = data["page_token"]


@pytest.mark.parametrize(("size", "lengths"), [(None, [10] * 5 + [8]), (10, [10] * 5 + [8]), (50, [50, 8])])
async def test_pages(ask, size, lengths):
    """Pages of 10 by default, of 10 to 50 if asked; a page_token stands beside has_more false too."""
    pages = await _pages(ask, await ask.feishu_token(), size)
    assert [len(page) for page in pages] == lengths
    assert len({ip for page in pages for ip in page}) == 58


async def test_a_full_last_page(ask, emulator):
    """A list that ends with a full page has no empty page after it."""
    values = emulator.state.lists["feishu"]["outbound_ip"].values
    del values[50:]
    assert [len(page) for page in await _pages(ask, await ask.feishu_token(), 50)] == [50]


@pytest.mark.parametrize(
    "query",
    [
        {"page_size": 9},
        {"page_size": 51},
        {"page_size": 0},
        {"page_size": "ten"},
        {"page_size": ""},
        {"page_token": "x"},
    ],
)
async def test_wrong_paging(ask, query):
    """A page size outside 10 to 50, or an unknown token, is 1810001 under HTTP 400."""
    reply = await ask("GET", IPS, headers=await ask.feishu_token(), params=query)
    assert (reply.status_code, reply.json()["code"], reply.json()["msg"]) == (
        400,
        1810001,
        "param is invalid",
    )


async def test_disabled_app(ask, emulator):
    """A disabled app's token is 99991662."""
    headers = await ask.feishu_token()
    emulator.state.apps["feishu"]["cli_a1b2c3d4e5f60001"].enabled = False
    assert (await ask.json("GET", IPS, headers=headers))["code"] == 99991662


async def test_lark_is_another_world(ask):
    """Feishu's tokens and addresses are not Lark's."""
    headers = await ask.feishu_token()
    path = "/lark/open-apis/event/v1/outbound_ip"
    assert (await ask.json("GET", path, headers=headers))["code"] == 99991662
    lark = await ask.json("GET", path, headers=await ask.feishu_token("lark"), params={"page_size": 50})
    feishu = await ask.json("GET", IPS, headers=headers, params={"page_size": 50})
    assert not set(lark["data"]["ip_list"]) & set(feishu["data"]["ip_list"])


async def test_bare_origin(ask):
    """Feishu's paths also work without the prefix, for SDKs whose domain must be an origin."""
    reply = await ask.json("POST", TENANT.removeprefix("/feishu"), json=ask.FEISHU)
    assert reply["code"] == 0


async def test_store_app(ask, clock):
    """A store app goes from ticket to app token to a tenant's token; a new ticket ends the old one."""
    auth = "/feishu/open-apis/auth/v3"
    assert (await ask.json("POST", f"{auth}/app_ticket/resend", json=ask.STORE))["code"] == 0
    ticket = (await ask.control("GET", "outbox"))[0]["body"]["event"]["app_ticket"]
    stale = ask.STORE | {"app_ticket": "ticket-demo-0001"}
    assert (await ask.json("POST", f"{auth}/app_access_token", json=stale))["code"] == 10012
    app = await ask.json("POST", f"{auth}/app_access_token", json=ask.STORE | {"app_ticket": ticket})
    assert app["app_access_token"].startswith("a-")
    grant = {"app_access_token": app["app_access_token"], "tenant_key": "736588c9260f175e"}
    tenant = await ask.json("POST", f"{auth}/tenant_access_token", json=grant)
    headers = {"Authorization": f"Bearer {tenant['tenant_access_token']}"}
    assert (await ask.json("GET", IPS, headers=headers))["code"] == 0
    assert (await ask.json("POST", f"{auth}/tenant_access_token", json=grant | {"tenant_key": "other"}))[
        "code"
    ] == 10013
    clock.advance(timedelta(hours=2))
    assert (await ask.json("POST", f"{auth}/tenant_access_token", json=grant))["code"] == 10013


async def test_kinds_of_apps_do_not_mix(ask):
    """A custom app has no ticket (10016); a store app no internal token (10003)."""
    resent = await ask.json("POST", "/feishu/open-apis/auth/v3/app_ticket/resend", json=ask.FEISHU)
    assert resent["code"] == 10016
    assert (await ask.json("POST", TENANT, json=ask.STORE))["code"] == 10003


async def _send(ask, headers, *, to=CHAT, id_type="chat_id", kind="text", content=None, text="", **more):
    body = {"receive_id": to, "msg_type": kind, "content": content or json.dumps({"text": text}), **more}
    return await ask("POST", MESSAGES, headers=headers, params={"receive_id_type": id_type}, json=body)


async def test_message(ask, emulator):
    """A text arrives; the answer is the documented object, times as text."""
    reply = await _send(ask, await ask.feishu_token(), text="hello")
    data = reply.json()["data"]
    assert data["message_id"].startswith("om_")
    assert data["create_time"].isdigit()
    assert json.loads(data["body"]["content"]) == {"text": "hello"}
    assert emulator.state.messages[0]["content"] == {"text": "hello"}


@pytest.mark.parametrize(
    ("content", "code", "ext"),
    [
        ({"text": "hello"}, 9499, "Bad Request"),
        ("hello", 230001, "ext=content is not a string in json format"),
        ('["hello"]', 230001, "ext=invalid message content"),
        ('{"txt":"hello"}', 230001, "ext=invalid message content"),
    ],
)
async def test_content_must_be_a_json_string(ask, content, code, ext):
    """An object is 9499, a text that is no JSON 230001 with its ext; HTTP 400."""
    reply = await _send(ask, await ask.feishu_token(), content=content)
    assert (reply.status_code, reply.json()["code"]) == (400, code)
    assert ext in reply.json()["msg"]


async def test_post_has_no_outer_key(ask):
    """A post's content begins with the language; the outer key of the webhook is 230001 here."""
    headers = await ask.feishu_token()
    post = {"zh_cn": {"title": "t", "content": [[{"tag": "text", "text": "x"}]]}}
    good = await _send(ask, headers, kind="post", content=json.dumps(post))
    bad = await _send(ask, headers, kind="post", content=json.dumps({"post": post}))
    assert (good.json()["code"], bad.json()["code"]) == (0, 230001)


@pytest.mark.parametrize(
    ("card", "code"),
    [
        ({"elements": [{"tag": "markdown", "content": "x"}]}, 0),
        ({"elements": [], "unknown": 1}, 0),
        ({"schema": "2.0", "body": {"elements": [{"tag": "markdown", "content": "x"}]}}, 0),
        ({"schema": "2.0", "body": {"elements": []}, "unknown": 1}, 230099),
        ({"schema": "2.0", "elements": []}, 230099),
        ({"header": {}}, 230099),
        ({"elements": [{"tag": "hr"}] * 201}, 230099),
    ],
)
async def test_cards(ask, card, code):
    """A card 1.0 ignores unknown members, 2.0 refuses them; 200 elements at most."""
    reply = await _send(ask, await ask.feishu_token(), kind="interactive", content=json.dumps(card))
    assert reply.json()["code"] == code


async def test_size_limits(ask):
    """Posts and cards of 30 kB, texts of 150 kB; beyond is 230025."""
    headers = await ask.feishu_token()
    card = json.dumps({"elements": [{"tag": "markdown", "content": "x" * 30 * 1024}]})
    assert (await _send(ask, headers, kind="interactive", content=card)).json()["code"] == 230025
    assert (await _send(ask, headers, text="x" * 31 * 1024)).json()["code"] == 0
    assert (await _send(ask, headers, text="x" * 151 * 1024)).json()["code"] == 230025


async def test_uuid_counts_once_an_hour(ask, emulator, clock):
    """The same uuid gives the first message again for an hour."""
    headers = await ask.feishu_token()
    first, again = [(await _send(ask, headers, text=t, uuid="u1")).json()["data"] for t in ("one", "two")]
    assert first == again
    assert len(emulator.state.messages) == 1
    clock.advance(timedelta(hours=1))
    assert (await _send(ask, headers, text="three", uuid="u1")).json()["data"] != first


@pytest.mark.parametrize(
    ("to", "id_type", "code"),
    [
        (ADA, "open_id", 0),
        ("oc_other", "chat_id", 230002),
        ("ou_other", "open_id", 230013),
        ("chat", "chat_id", 230001),
        (CHAT, "group", 99992402),
    ],
)
async def test_receivers(ask, to, id_type, code):
    """Groups without the bot, people out of reach and malformed ids have their own codes."""
    reply = await _send(ask, await ask.feishu_token(), to=to, id_type=id_type, text="x")
    assert (reply.json()["code"], reply.status_code) == (code, 200 if code == 0 else 400)


async def test_message_rate(ask):
    """A group takes five messages a second (230020)."""
    headers = await ask.feishu_token()
    assert [(await _send(ask, headers, text="x")).json()["code"] for _ in range(6)] == [0] * 5 + [230020]


async def test_message_body_not_json(ask):
    """A body that is no JSON is 99991300."""
    reply = await ask("POST", MESSAGES, headers=await ask.feishu_token(), content=b"{")
    assert (reply.status_code, reply.json()["code"]) == (400, 99991300)


async def test_user_fields_need_scopes(ask, emulator):
    """A field without its scope is absent."""
    headers, path = await ask.feishu_token(), f"/feishu/open-apis/contact/v3/users/{ADA}"
    user = (await ask.json("GET", path, headers=headers))["data"]["user"]
    assert user["open_id"] == ADA
    assert "name" in user
    assert not {"email", "mobile", "department_ids"} & set(user)
    emulator.state.apps["feishu"]["cli_a1b2c3d4e5f60001"].scopes.append("contact:user.email:readonly")
    assert "email" in (await ask.json("GET", path, headers=headers))["data"]["user"]


@pytest.mark.parametrize(
    ("user", "id_type", "code"),
    [
        (ADA, "user_id", 41012),
        ("3e3cf96b", "user_id", 0),
        ("ou_far", "open_id", 41050),
        ("ou_no", "open_id", 99992351),
        (ADA, "x", 40001),
    ],
)
async def test_user_ids(ask, emulator, user, id_type, code):
    """An open_id is no user_id; people outside the scope are 41050."""
    emulator.state.apps["feishu"]["cli_a1b2c3d4e5f60001"].strangers = ["ou_far"]
    path = f"/feishu/open-apis/contact/v3/users/{user}"
    reply = await ask("GET", path, headers=await ask.feishu_token(), params={"user_id_type": id_type})
    assert (reply.json()["code"], reply.status_code) == (code, 200 if code == 0 else 400)


def _signed(clock, key="feishu-demo-hook-secret", **body):
    timestamp = str(int(clock.now().timestamp()))
    mac = hmac.new(f"{timestamp}\n{key}".encode(), b"", hashlib.sha256).digest()
    return {"timestamp": timestamp, "sign": base64.b64encode(mac).decode(), **body}


TEXT = {"msg_type": "text", "content": {"text": "hello"}}


async def test_webhook(ask, clock, emulator):
    """A signed message arrives; the answer has the old and the new members."""
    reply = await ask.json("POST", HOOK, json=_signed(clock, **TEXT))
    assert reply == {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"}
    assert emulator.state.messages[0]["content"] == {"text": "hello"}


def test_webhook_sign_vectors():
    """The signature is that of the reference's vectors."""
    assert sign("demo", "1599360473") == "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8="
    assert sign("dGhpcyBpcyBhIGtleQ==", "1716283459") == "8EyY+xxfJvzWjZQpdc2mgvQFaG7lF5nbxl7RITyMkJU="


async def test_webhook_refusals(ask, clock, emulator):
    """Every refusal of a webhook is HTTP 200 with a code of its own."""
    bot = emulator.state.apps["feishu"]["6f1c1f4e-hook-demo-feishu"]
    unknown = await ask("POST", HOOK + "x", json=TEXT)
    assert (unknown.status_code, unknown.json()["code"]) == (200, 19001)
    assert (await ask.json("POST", HOOK, json=TEXT))["code"] == 19021
    assert (await ask.json("POST", HOOK, json=_signed(clock, "other", **TEXT)))["code"] == 19021
    old = _signed(clock, **TEXT)
    clock.advance(timedelta(seconds=3601))
    assert (await ask.json("POST", HOOK, json=old))["code"] == 19021
    assert (await ask.json("POST", HOOK, json=_signed(clock)))["code"] == 19002
    assert (await ask.json("POST", HOOK, json=_signed(clock, msg_type="text")))["code"] == 9499
    bot.keywords = ["alert"]
    assert (await ask.json("POST", HOOK, json=_signed(clock, **TEXT)))["code"] == 19024
    bot.allowed_callers = ["8.8.4.*"]
    assert (await ask.json("POST", HOOK, json=_signed(clock, **TEXT)))["code"] == 19022
