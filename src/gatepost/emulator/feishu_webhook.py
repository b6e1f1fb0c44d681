"""The group bot's webhook: no token, a signature where the bot has a secret, HTTP 200 always."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

from gatepost.emulator.base import Answer, Call, Role, Route
from gatepost.emulator.feishu_gate import MINUTE, SECOND, FeishuApp, bare
from gatepost.emulator.state import Json

BODY_BYTES = 20 * 1024
RATES = ((5, SECOND), (100, MINUTE))
SIGNED_SECONDS = 3600
KINDS = {
    "text": "content",
    "post": "content",
    "image": "content",
    "share_chat": "content",
    "interactive": "card",
}


def sign(secret: str, timestamp: str) -> str:
    """base64 of HMAC-SHA256 over nothing, keyed by timestamp, newline and secret."""
    key = f"{timestamp}\n{secret}".encode()
    return base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()


def push(call: Call) -> Answer:
    """A message into the bot's group."""
    bot = call.app(call.params["id"])
    if not isinstance(bot, FeishuApp) or bot.kind != "webhook" or not bot.enabled:
        return bare(19001, "param invalid: incoming webhook access token invalid", 200, data={})
    fields = call.fields()
    refusal = _wrong_caller(call, bot, fields) or _wrong_message(call, bot, fields)
    if refusal is not None:
        return refusal
    content = fields[KINDS[fields["msg_type"]]]
    call.state.messages.append(
        {
            "platform": call.platform.name,
            "app": bot.id,
            "at": call.now,
            "kind": fields["msg_type"],
            "content": content,
        },
    )
    return Answer({"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"})


def _wrong_caller(call: Call, bot: FeishuApp, fields: dict[str, Json]) -> Answer | None:
    if not bot.admits(call.caller):
        return bare(19022, "Ip Not Allowed", 200)
    if bot.secrets and not _signed(call, bot, fields):
        return bare(19021, "sign match fail or timestamp is not within one hour from current time", 200)
    if call.over(bot, "push", RATES):
        return bare(11232, "frequency limited", 200)
    return None


def _signed(call: Call, bot: FeishuApp, fields: dict[str, Json]) -> bool:
    timestamp = str(fields.get("timestamp", ""))
    fresh = timestamp.isdigit() and abs(call.now - int(timestamp)) <= SIGNED_SECONDS
    return fresh and fields.get("sign") in {sign(secret, timestamp) for secret in bot.secrets}


def _wrong_message(call: Call, bot: FeishuApp, fields: dict[str, Json]) -> Answer | None:
    kind = fields.get("msg_type")
    if not kind:
        return bare(19002, "params error, msg_type need", 200, data={})
    if kind not in KINDS or not isinstance(fields.get(KINDS[kind]), dict) or len(call.body) > BODY_BYTES:
        return bare(9499, "Bad Request", 200, data={})
    if kind == "post" and "post" not in fields["content"]:
        return bare(9499, "Bad Request", 200, data={})
    text = json.dumps(fields[KINDS[kind]], ensure_ascii=False)
    if bot.keywords and not any(keyword in text for keyword in bot.keywords):
        return bare(19024, "Key Words Not Found", 200)
    return None


ROUTES = (Route("POST", "/open-apis/bot/v2/hook/:id", push, Role.MESSAGE),)
