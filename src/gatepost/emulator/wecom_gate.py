"""What WeCom APIs have in common: errcode beside everything, hints in errmsg, tokens in the query."""

from __future__ import annotations

from dataclasses import dataclass, field

from gatepost.emulator.base import Answer, Call
from gatepost.emulator.state import App, Json

MINUTE, HOUR = 60, 3600
RATES = ((10_000, MINUTE), (150_000, HOUR))
MORE = "https://open.work.weixin.qq.com/devtool/query"


@dataclass(slots=True, kw_only=True)
class WeComApp(App):
    """A self-built application of a corporation (``kind`` app), or a group robot (robot)."""

    kind: str = "app"
    corpid: str = ""
    agentid: int = 0
    domain_ip: bool = True
    """Whether it is listed in My company → Settings → Domain IP."""
    members: list[str] = field(default_factory=list)
    """User ids it may write to."""


def ok(members: dict[str, Json]) -> Answer:
    """Success."""
    return Answer({**members, "errcode": 0, "errmsg": "ok"})


def no(call: Call, code: int, text: str, **members: Json) -> Answer:
    """A refusal: HTTP 200, with hint, caller and page in errmsg."""
    hint = f"{int(call.now)}_{call.id[:2]}_{call.id}"
    errmsg = f"{text}, hint: [{hint}], from ip: {call.caller}, more info at {MORE}?e={code}"
    return Answer({**members, "errcode": code, "errmsg": errmsg}, 200, code)


def admit(call: Call, api: str, **members: Json) -> Answer | WeComApp:
    """The application whose token it is, or the refusal, which carries ``members`` too."""
    value = call.query.get("access_token", "")
    if not value:
        return no(call, 41001, "access_token missing", **members)
    token = call.state.tokens.find(value)
    app = call.app(token.app) if token else None
    if token is None or token.revoked or not isinstance(app, WeComApp):
        return no(call, 40014, "invalid access_token", **members)
    if not token.valid(call.now):
        return no(call, 42001, "access_token expired", **members)
    if not app.enabled:
        return no(call, 50003, "app disabled", **members)
    if not app.admits(call.caller):
        return no(call, 60020, "not allow to access from your ip", **members)
    return no(call, 45009, "api freq out of limit", **members) if call.over(app, api, RATES) else app
