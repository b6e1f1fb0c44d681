"""Feishu/Lark ``im/v1/messages``: content is a JSON document in a string; a uuid counts once an hour."""

from __future__ import annotations

import json

from gatepost.emulator.base import Answer, Call, Role, Route
from gatepost.emulator.feishu_gate import MINUTE, SECOND, FeishuApp, admit, bare, no, ok, violated
from gatepost.emulator.state import Json

SCOPES = ("im:message", "im:message:send_as_bot", "im:message:send")
RATES = ((50, SECOND), (1000, MINUTE))
RECEIVER_RATE = 5
"""Messages a second to one person or group."""
UUID_MAX = 50
UUID_SECONDS = 3600
TEXT_BYTES = 150 * 1024
CARD_BYTES = 30 * 1024
CARD_ELEMENTS = 200
ID_TYPES = {"open_id": "ou_", "union_id": "on_", "user_id": "", "email": "", "chat_id": "oc_"}
KINDS = [
    "text",
    "post",
    "image",
    "file",
    "audio",
    "media",
    "sticker",
    "interactive",
    "share_chat",
    "share_user",
    "system",
]
CARD_KEYS = {
    "1.0": {
        "config",
        "header",
        "card_link",
        "elements",
        "i18n_elements",
        "fallback",
        "schema",
        "i18n_header",
    },
    "2.0": {"schema", "config", "card_link", "header", "body", "i18n_header"},
}


def send_message(call: Call) -> Answer:
    """One message to a person or a group."""
    app = admit(call, "messages", SCOPES, RATES)
    if isinstance(app, Answer):
        return app
    fields = call.json()
    if not isinstance(fields, dict):
        return no(
            call, 99991300, "invalid request body: not json, invalid character looking for beginning of value"
        )
    refusal = (
        _wrong_request(call, fields) or _wrong_receiver(call, app, fields) or _wrong_content(call, fields)
    )
    return refusal or _sent(call, app, fields)


def _invalid(call: Call, ext: str) -> Answer:
    return no(call, 230001, f"Your request contains an invalid request parameter, ext={ext}.")


def _wrong_request(call: Call, fields: dict[str, Json]) -> Answer | None:
    id_type = call.query.get("receive_id_type", "")
    if id_type not in ID_TYPES:
        return violated(call, "receive_id_type", id_type, f"must be one of {', '.join(ID_TYPES)}")
    for name in ("receive_id", "msg_type", "content"):
        if name not in fields:
            return violated(call, name, "", f"{name} is required")
        if not isinstance(fields[name], str):
            return bare(9499, "Bad Request", data={})
    if len(str(fields.get("uuid") or "")) > UUID_MAX:
        return violated(call, "uuid", fields["uuid"], f"the max len is {UUID_MAX}")
    return None if fields["msg_type"] in KINDS else _invalid(call, "invalid msg_type")


def _wrong_receiver(call: Call, app: FeishuApp, fields: dict[str, Json]) -> Answer | None:
    id_type, receiver = call.query["receive_id_type"], fields["receive_id"]
    if not app.bot:
        return no(call, 230006, "Bot ability is not activated.")
    if (
        not receiver.startswith(ID_TYPES[id_type])
        or not receiver
        or (id_type == "email" and "@" not in receiver)
    ):
        return _invalid(call, "invalid receive_id")
    if id_type == "chat_id" and receiver not in app.chats:
        return no(call, 230002, "The bot can not be outside the group.")
    if id_type != "chat_id" and not any(user.get(id_type) == receiver for user in app.users):
        return no(call, 230013, "Bot has NO availability to this user.")
    if call.state.meter.hit(f"feishu-receiver/{receiver}", RECEIVER_RATE, SECOND, call.now):
        return no(call, 230020, "This operation triggers the frequency limit.")
    return None


def _wrong_content(call: Call, fields: dict[str, Json]) -> Answer | None:
    kind, most = (
        fields["msg_type"],
        CARD_BYTES if fields["msg_type"] in {"post", "interactive"} else TEXT_BYTES,
    )
    if len(call.body) > most:
        return no(call, 230025, "The length of the message content reaches its limit.")
    try:
        content = json.loads(fields["content"])
    except (ValueError, RecursionError):
        return _invalid(call, "content is not a string in json format")
    if not isinstance(content, dict):
        return _invalid(call, "invalid message content")
    if kind == "interactive":
        return _wrong_card(call, content)
    fits = (kind != "text" or _is_text(content)) and (kind != "post" or _is_post(content))
    return None if fits else _invalid(call, "invalid message content")


def _is_text(content: dict[str, Json]) -> bool:
    return isinstance(content.get("text"), str) and bool(content["text"])


def _is_post(content: dict[str, Json]) -> bool:
    """Languages at the top: no outer ``post`` key, which only the bot webhook wants."""
    return bool(content) and all(
        isinstance(post, dict) and isinstance(post.get("content"), list) for post in content.values()
    )


def _wrong_card(call: Call, card: dict[str, Json]) -> Answer | None:
    if card.get("type") in {"template", "card"} and isinstance(card.get("data"), dict):
        return None
    schema = card.get("schema", "1.0")
    elements = (card.get("body") or {}).get("elements") if schema == "2.0" else card.get("elements")
    strict = schema == "2.0" and set(card) - CARD_KEYS["2.0"]
    if schema not in CARD_KEYS or strict or not (isinstance(elements, list) or "i18n_elements" in card):
        return _card_failed(
            call, 200621, "parse card json err, please check whether the card json is correct"
        )
    if len(elements or ()) > CARD_ELEMENTS:
        return _card_failed(call, 11310, "card elements exceed the limit")
    return None


def _card_failed(call: Call, code: int, text: str) -> Answer:
    msg = f"Failed to create card content, ext=ErrCode: {code}; ErrMsg: {text}; ErrorValue: "
    return no(
        call, 230099, msg, troubleshooter=f"https://open.feishu.cn/search?from=openapi&code=230099&ext={code}"
    )


def _sent(call: Call, app: FeishuApp, fields: dict[str, Json]) -> Answer:
    uuid = fields.get("uuid")
    for message in call.state.messages:
        if (
            uuid
            and (message["app"], message["uuid"]) == (app.id, uuid)
            and call.now - message["at"] < UUID_SECONDS
        ):
            return ok(message["data"])
    data = _receipt(call, app, fields)
    call.state.messages.append(
        {
            "platform": call.platform.name,
            "app": app.id,
            "at": call.now,
            "to": fields["receive_id"],
            "kind": fields["msg_type"],
            "content": json.loads(fields["content"]),
            "uuid": uuid,
            "data": data,
        },
    )
    return ok(data)


def _receipt(call: Call, app: FeishuApp, fields: dict[str, Json]) -> Json:
    to_chat = call.query["receive_id_type"] == "chat_id"
    now = str(int(call.now * 1000))
    return {
        "message_id": "om_" + call.id,
        "msg_type": fields["msg_type"],
        "create_time": now,
        "update_time": now,
        "deleted": False,
        "updated": False,
        "chat_id": fields["receive_id"] if to_chat else "oc_" + call.state.mark(),
        "sender": {"id": app.id, "id_type": "app_id", "sender_type": "app", "tenant_key": app.tenant_key},
        "body": {"content": fields["content"]},
    }


ROUTES = (Route("POST", "/open-apis/im/v1/messages", send_message, Role.MESSAGE),)
