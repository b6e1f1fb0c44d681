"""A group's webhook: signed, in its own forms, and never shown."""

from __future__ import annotations

import logging

import pytest

from gatepost.errors import GatepostError, HostRefused
from gatepost.kit.secret import Secret
from gatepost.platforms.feishu import Card, Post, Text
from gatepost.platforms.feishu_bot import FeishuBot, sign
from platforms.feishu_script import reply

pytestmark = pytest.mark.anyio

PATH = "/open-apis/bot/v2/hook/hook-canary-1"
OK = {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"}


@pytest.mark.parametrize(
    ("timestamp", "secret", "expected"),
    [
        ("1599360473", "demo", "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8="),
        ("1716283459", "dGhpcyBpcyBhIGtleQ==", "8EyY+xxfJvzWjZQpdc2mgvQFaG7lF5nbxl7RITyMkJU="),
    ],
)
def test_signature_vectors(timestamp, secret, expected):
    """Both published vectors come out."""
    assert sign(timestamp, Secret(secret)) == expected


@pytest.mark.parametrize(
    ("content", "body"),
    [
        (Text("x"), {"msg_type": "text", "content": {"text": "x"}}),
        (
            Post("T", [[{"tag": "text", "text": "a"}]], "en_us"),
            {
                "msg_type": "post",
                "content": {"post": {"en_us": {"title": "T", "content": [[{"tag": "text", "text": "a"}]]}}},
            },
        ),
        (Card({"elements": []}), {"msg_type": "interactive", "card": {"elements": []}}),
    ],
)
async def test_forms(script, clock, content, body):
    """Content is an object here; a post is wrapped once more; a card stands in its own key."""
    script.on(PATH, reply(OK))
    async with FeishuBot.open(
        Secret(f"https://open.feishu.cn{PATH}"), clock=clock, transport=script.transport
    ) as bot:
        await bot.send(content)
    assert script.bodies(PATH) == [body]


async def test_signed_with_our_clock(script, clock):
    """A bot with a secret sends the time as text and its signature."""
    script.on(PATH, reply(OK))
    hook, secret = Secret(f"https://open.larksuite.com{PATH}"), Secret("demo")
    async with FeishuBot.open(hook, secret=secret, clock=clock, transport=script.transport) as bot:
        await bot.send(Text("x"))
    (body,) = script.bodies(PATH)
    assert body["timestamp"] == str(int(clock.now().timestamp()))
    assert body["sign"] == sign(body["timestamp"], secret)


async def test_other_hosts_get_nothing(script, clock):
    """A webhook elsewhere is refused, without its path in the error."""
    async with FeishuBot.open(
        Secret(f"https://evil.example{PATH}"), clock=clock, transport=script.transport
    ) as bot:
        with pytest.raises(HostRefused) as caught:
            await bot.send(Text("x"))
    assert "canary" not in str(caught.value)
    assert script.seen == []


@pytest.mark.parametrize("status", [200, 302, 404, 502])
async def test_address_is_never_shown(script, clock, caplog, status):
    """The webhook's address is in no error, log or repr, whatever comes back."""
    caplog.set_level(logging.DEBUG)
    script.on(PATH, reply(f"<html>{PATH}", status, location=f"https://x.example{PATH}?a=b"))
    async with FeishuBot.open(
        Secret(f"https://open.feishu.cn{PATH}"), clock=clock, transport=script.transport
    ) as bot:
        with pytest.raises(GatepostError) as caught:
            await bot.send(Text("x"))
        shown = f"{vars(caught.value)}{caught.value}{caplog.text}{vars(bot)}"
    assert "hook-canary" not in shown
    assert "https://open.feishu.cn" in str(caught.value)
