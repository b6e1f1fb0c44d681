"""Each documented answer of Feishu parses to the right thing or the right error."""
# ruff: noqa: E501 - samples stand as they are documented

from __future__ import annotations

import json

import pytest

from gatepost.errors import (
    AddressNotAllowed,
    CredentialsRejected,
    PermissionDenied,
    RateLimited,
    RequestRejected,
    SchemaMismatch,
    TokenRejected,
)
from gatepost.kit.reply import Reply
from gatepost.kit.secret import Secret
from gatepost.platforms.feishu import Card, Text
from gatepost.platforms.feishu_bot import FeishuBot
from gatepost.platforms.feishu_envelope import read_refusal
from platforms.feishu_script import CUSTOM, LIST, SEND, page, reply

pytestmark = pytest.mark.anyio

LIST_PAGE = """{
    "code": 0,
    "msg": "success",
    "data": {
        "ip_list": [
            "1.1.1.1"
        ],
        "page_token": "xxx",
        "has_more": false
    }
}"""
"""The sample of the page on outbound_ip: a page_token stands beside has_more: false."""

FIRST_OF_TWO = '{"code":0,"msg":"success","data":{"ip_list":["101.126.59.7","101.126.59.8"],"page_token":"xxx","has_more":true}}'

FAILURE = """{
    "code": 44004,
    "msg": "{error msg}, {help}, {url}.",
    "error": {
        "message": "Refer to the documentation to fix the error: https://open.feishu.cn/document/uAjLw4CM/ugTN1YjL4UTN24CO1UjN/trouble-shooting/how-to-obtain-openid",
        "field_violations": [
            {"field": "para_a", "value": "testvalue_a", "description": "test description_a"}
        ],
        "permission_violations": [
            {"scope": "lark.im.xxx", "url": "https://open.feishu.cn/apps/cli_xxxx/auth"}
        ],
        "helps": [
            {
                "url": "https://open.feishu.cn/app/cli_a61e4f821889d00c/auth?q=event:ip_list&op_from=openapi",
                "description": "Learn more about scopes and how to add them: [event:ip_list]"
            }
        ],
        "logid": "xxx",
        "troubleshooter": "排查建议查看（Troubleshooting suggestions）：https://open.feishu.cn/search?from=openapi&log_id=XXXX&code=XXX&method_id=XXX"
    }
}"""
"""The whole error object of the page on calling an API, its comments left out."""

SCOPE = """{"code":99991672,
 "msg":"Access denied. One of the following scopes is required: [event:ip_list]",
 "error":{"message":"Refer to the documentation to fix the error: https://open.feishu.cn/document/…",
  "log_id":"202307211618216F3E9EB64DC7E1234",
  "permission_violations":[{"type":"action_scope_required","subject":"event:ip_list"}],
  "helps":[{"url":"https://open.feishu.cn/app/cli_xxx/auth?q=event:ip_list&op_from=openapi",
            "description":"Learn more about scopes and how to add them: [event:ip_list]"}]}}"""

INVALID_TOKEN = """{"code":99991663,
 "msg":"Invalid access token for authorization. Please make a request with token attached.",
 "error":{"log_id":"202408271038458450E8497E60835abcef",
  "message":"Refer to the documentation to fix the error: https://open.feishu.cn/document/…/how-to-fix-99991663-error"}}"""

SENT = """{"code":0,"msg":"success","data":{"message_id":"om_dc13264520392913993dd051dba21dcf","msg_type":"interactive",
 "create_time":"1615380573411","update_time":"1615380573411","deleted":false,"updated":false,
 "chat_id":"oc_5ad11d72b830411d72b836c20",
 "sender":{"id":"cli_9f427eec54ae901b","id_type":"app_id","sender_type":"app","tenant_key":"736588c9260f175e"},
 "body":{"content":"{\\"text\\":\\"hello\\"}"}}}"""

CARD_FAILED = """{"code":230099,"msg":"Failed to create card content, ext=ErrCode: 200621; ErrMsg: parse card json err,\
 please check whether the card json is correct; ErrorValue: …","error":{"log_id":"2024","troubleshooter":"…"}}"""


async def test_list_page_of_the_documentation(feishu, script):
    """The documented page is one whole list; whether 1.1.1.1 may be believed is not the client's to judge."""
    script.on(LIST, reply(LIST_PAGE))
    async with feishu() as client:
        assert await client.outbound_ip() == ("1.1.1.1",)


async def test_two_pages(feishu, script):
    """The addresses of the 2024 notice, over two pages."""
    script.on(LIST, reply(FIRST_OF_TWO), reply(page("101.126.59.9")))
    async with feishu() as client:
        assert await client.outbound_ip() == ("101.126.59.7", "101.126.59.8", "101.126.59.9")


@pytest.mark.parametrize(
    ("status", "body", "leaf", "code", "log_id"),
    [
        (400, '{"code":1810001,"msg":"param is invalid","error":{"log_id":"2024X"}}', RequestRejected, 1810001, "2024X"),
        (400, SCOPE, PermissionDenied, 99991672, "202307211618216F3E9EB64DC7E1234"),
        (400, INVALID_TOKEN, TokenRejected, 99991663, "202408271038458450E8497E60835abcef"),
        (400, '{"code":99991401,"msg":"ip 8.217.51.178 is denied by app setting"}', AddressNotAllowed, 99991401, None),
        (429, '{"code":99991400,"msg":"request trigger frequency limit"}', RateLimited, 99991400, None),
        (400, '{"code":40004,"msg":"no dept authority error"}', PermissionDenied, 40004, None),
        (400, FAILURE, RequestRejected, 44004, "xxx"),
        (404, "404 page not found", RequestRejected, 404, None),
    ],
)  # fmt: skip
async def test_refusals_of_the_list(feishu, script, status, body, leaf, code, log_id):  # noqa: PLR0917 - a table
    """Every documented refusal is its own error with code and log id."""
    script.on(LIST, reply(body, status, content_type="text/plain" if status == 404 else "application/json"))
    async with feishu() as client:
        with pytest.raises(leaf) as caught:
            await client.outbound_ip()
    assert (caught.value.code, caught.value.log_id) == (code, log_id)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('{"code":10003,"data":{},"msg":"invalid param"}', 10003),
        ('{"code":10014,"msg":"app secret invalid"}', 10014),
    ],
)
async def test_refusals_of_the_token_endpoint(feishu, script, body, code):
    """Unknown app and wrong secret, both under HTTP 200, are errors of the configuration."""
    script.on(CUSTOM, reply(body))
    async with feishu() as client:
        with pytest.raises(CredentialsRejected) as caught:
            await client.outbound_ip()
    assert caught.value.code == code


async def test_token_of_the_documentation(feishu, script):
    """The documented token answer gives that token."""
    body = '{"code":0,"msg":"ok","tenant_access_token":"t-caecc734c2e3328a62489fe0648c4b98779515d3","expire":7200}'
    script.on(CUSTOM, reply(body))
    async with feishu() as client:
        assert await client.tenant_token() == Secret("t-caecc734c2e3328a62489fe0648c4b98779515d3")


def test_whole_error_object():
    """Every part of the documented error object is read, under either of its names."""
    refusal = read_refusal(
        Reply(400, {"content-type": "application/json"}, FAILURE.encode(), "https://open.feishu.cn/x")
    )
    assert refusal is not None
    assert (refusal.code, refusal.log_id, refusal.scopes) == (44004, "xxx", ("lark.im.xxx",))
    assert refusal.field_violations[0].value == "testvalue_a"
    assert refusal.helps[0].description.endswith("[event:ip_list]")
    assert refusal.links == (
        "https://open.feishu.cn/app/cli_a61e4f821889d00c/auth?q=event:ip_list&op_from=openapi",
        "https://open.feishu.cn/apps/cli_xxxx/auth",
        "https://open.feishu.cn/search?from=openapi&log_id=XXXX&code=XXX&method_id=XXX",
        "https://open.feishu.cn/document/uAjLw4CM/ugTN1YjL4UTN24CO1UjN/trouble-shooting/how-to-obtain-openid",
    )
    assert (
        refusal.said == "{error msg}, {help}, {url}.; scopes lark.im.xxx; fields para_a: test description_a"
    )


def test_success_of_the_call_page():
    """The documented success is one, its data not read; so are an action's without data."""
    for body in (b'{"code": 0, "msg": "success", "data": {}}', b'{"code": 0, "msg": "success"}'):
        assert (
            read_refusal(Reply(200, {"content-type": "application/json"}, body, "https://open.feishu.cn/x"))
            is None
        )


def test_page_with_its_comments_is_no_json():
    """The documentation's JSON with comments in it is not taken for JSON."""
    with pytest.raises(Exception, match="not JSON"):
        read_refusal(Reply(200, {}, b'{"code": 0, // ok\n "msg": ""}', "https://open.feishu.cn/x"))


async def test_message_of_the_documentation(feishu, script):
    """The documented answer to a message gives its id and chat."""
    script.on(SEND, reply(SENT))
    async with feishu() as client:
        sent = await client.send_message("oc_1", Text("hello"))
    assert (sent.message_id, sent.chat_id) == (
        "om_dc13264520392913993dd051dba21dcf",
        "oc_5ad11d72b830411d72b836c20",
    )


@pytest.mark.parametrize(
    ("body", "leaf"),
    [
        ('{"code":9499,"msg":"Bad Request","data":{}}', RequestRejected),
        ('{"code":230001,"msg":"Your request contains an invalid request parameter, ext=invalid receive_id.","error":{"log_id":"2024"}}', RequestRejected),
        (CARD_FAILED, RequestRejected),
    ],
)  # fmt: skip
async def test_refusals_of_a_message(feishu, script, body, leaf):
    """Documented refusals of a message carry their code."""
    script.on(SEND, reply(body, 400))
    async with feishu() as client:
        with pytest.raises(leaf) as caught:
            await client.send_message("oc_1", Card({}))
    assert caught.value.code == json.loads(body)["code"]


HOOK = Secret("https://open.feishu.cn/open-apis/bot/v2/hook/hook-canary-1")


@pytest.mark.parametrize(
    "body",
    [
        '{"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"}',
        '{"Extra":null,"StatusCode":0,"StatusMessage":"success"}',
    ],
)
async def test_webhook_success(script, clock, body):
    """Both forms of a webhook's success, old and new, are one."""
    script.on("/open-apis/bot/v2/hook/hook-canary-1", reply(body))
    async with FeishuBot.open(HOOK, clock=clock, transport=script.transport) as bot:
        await bot.send(Text("x"))


@pytest.mark.parametrize(
    ("body", "leaf"),
    [
        ('{"code":19001,"data":{},"msg":"param invalid: incoming webhook access token invalid"}', CredentialsRejected),
        ('{"code":19002,"data":{},"msg":"params error, msg_type need"}', RequestRejected),
        ('{"code":19021,"msg":"sign match fail or timestamp is not within one hour from current time"}', CredentialsRejected),
        ('{"code":19022,"msg":"Ip Not Allowed"}', AddressNotAllowed),
        ('{"code":19024,"msg":"Key Words Not Found"}', CredentialsRejected),
        ('{"code":11232,"msg":"create message service trigger rate limit"}', RateLimited),
        ('{"StatusCode":19001}', CredentialsRejected),
        ('{"msg":"success"}', SchemaMismatch),
    ],
)  # fmt: skip
async def test_webhook_refusals(script, clock, body, leaf):
    """A webhook's refusals, under HTTP 200, are errors after one request, and do not show its address."""
    script.on("/open-apis/bot/v2/hook/hook-canary-1", reply(body))
    async with FeishuBot.open(HOOK, clock=clock, transport=script.transport) as bot:
        with pytest.raises(leaf) as caught:
            await bot.send(Text("x"))
    assert len(script.seen) == 1
    assert "hook-canary" not in str(caught.value)
