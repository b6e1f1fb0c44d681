"""WeCom's two ways of telling people: application messages and group robots."""

from __future__ import annotations

from gatepost.emulator.base import Answer, Call, Role, Route
from gatepost.emulator.state import Json
from gatepost.emulator.wecom_gate import MINUTE, WeComApp, admit, no, ok

TEXT_BYTES = 2048
MARKDOWN_BYTES = 4096
ROBOT_RATES = ((20, MINUTE),)
MEMBER_RATE = 30
"""Messages a minute to one member; the rest is dropped without a word."""
KINDS = {
    "text",
    "markdown",
    "markdown_v2",
    "image",
    "news",
    "file",
    "voice",
    "template_card",
    "textcard",
    "mpnews",
    "video",
}


def send_message(call: Call) -> Answer:
    """An application's message to members."""
    app = admit(call, "message/send")
    if isinstance(app, Answer):
        return app
    fields = call.json()
    if not isinstance(fields, dict):
        return no(call, 40058, "Warning: wrong json format. invalid Request Parameter")
    refusal = _wrong(call, app, fields)
    return refusal or _sent(call, app, fields)


def _wrong(call: Call, app: WeComApp, fields: dict[str, Json]) -> Answer | None:
    kind = fields.get("msgtype")
    if type(fields.get("agentid")) is not int:
        return no(call, 40056, "invalid agentid")
    if fields["agentid"] != app.agentid:
        return no(call, 301002, "not allow operate this agentid")
    if kind not in KINDS or not isinstance(fields.get(kind), dict):
        return no(call, 40008, "invalid message type")
    if not any(fields.get(name) for name in ("touser", "toparty", "totag")):
        return no(call, 40058, "touser, toparty and totag are all empty")
    if not _known(app, fields) and not fields.get("toparty") and not fields.get("totag"):
        return no(call, 81013, "user & party & tag all invalid", invaliduser=str(fields["touser"]).lower())
    return None


def _known(app: WeComApp, fields: dict[str, Json]) -> list[str]:
    asked = str(fields.get("touser", "")).split("|")
    return list(app.members) if asked == ["@all"] else [member for member in asked if member in app.members]


def _sent(call: Call, app: WeComApp, fields: dict[str, Json]) -> Answer:
    known = _known(app, fields)
    asked = [] if fields.get("touser") in {None, "", "@all"} else str(fields["touser"]).split("|")
    free = [m for m in known if not call.state.meter.hit(f"wecom-member/{m}", MEMBER_RATE, MINUTE, call.now)]
    _keep(call, app.id, fields, free)
    invalid = "|".join(member.lower() for member in asked if member not in known)
    return ok(
        {"invaliduser": invalid, "invalidparty": "", "invalidtag": "", "unlicenseduser": "", "msgid": call.id}
    )


def _keep(call: Call, sender: str, fields: dict[str, Json], receivers: list[str]) -> None:
    """What arrived; an application's text is cut at its limit."""
    kind = fields["msgtype"]
    content = dict(fields[kind])
    if kind == "text" and receivers:
        content["content"] = str(content.get("content", "")).encode()[:TEXT_BYTES].decode(errors="ignore")
    message = {
        "platform": "wecom",
        "app": sender,
        "at": call.now,
        "to": receivers,
        "kind": kind,
        "content": content,
    }
    call.state.messages.append(message)


def push(call: Call) -> Answer:
    """A robot's message into its group."""
    robot = call.app(call.query.get("key", ""))
    if not isinstance(robot, WeComApp) or robot.kind != "robot" or not robot.enabled:
        return no(call, 93000, "invalid webhook url")
    if call.over(robot, "webhook/send", ROBOT_RATES):
        return no(call, 45009, "api freq out of limit")
    fields = call.fields()
    kind = fields.get("msgtype")
    if kind not in KINDS or not isinstance(fields.get(kind), dict):
        return no(call, 40008, "invalid message type")
    most = {"text": TEXT_BYTES, "markdown": MARKDOWN_BYTES, "markdown_v2": MARKDOWN_BYTES}.get(kind)
    if most and not 0 < len(str(fields[kind].get("content", "")).encode()) <= most:
        return no(call, 40058, f"{kind}.content exceed max length {most}")
    _keep(call, robot.id, fields, [])
    return ok({})


ROUTES = (
    Route("POST", "/cgi-bin/message/send", send_message, Role.MESSAGE),
    Route("POST", "/cgi-bin/webhook/send", push, Role.MESSAGE),
)
