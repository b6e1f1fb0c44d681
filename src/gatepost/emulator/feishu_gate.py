"""What every Feishu/Lark API does first: envelope, error object, and who may call.

Order, as observed: path and method, token, the app's IP list, scope, rate, parameters.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from gatepost.emulator.base import Answer, Call
from gatepost.emulator.state import App, Json, Token

SECOND, MINUTE, MONTH = 1, 60, 30 * 86_400
CONSOLES = {"feishu": "open.feishu.cn", "lark": "open.larksuite.com"}
HOW_TO_FIX = (
    "Refer to the documentation to fix the error: https://{host}/document/server-docs/api-call-guide/{topic}"
)
EXEMPT = {"outbound_ip", "contact"}
"""APIs that do not count towards the monthly quota."""
RATE_TEXT = "request trigger frequency limit"


@dataclass(slots=True, kw_only=True)
class FeishuApp(App):
    """A custom app (``kind`` custom), a store app (store), or a group bot's webhook (webhook)."""

    kind: str = "custom"
    ticket: str = ""
    """A store app's app_ticket."""
    tenant_key: str = "736588c9260f175e"
    tenants: list[str] = field(default_factory=list)
    """Tenants that installed a store app."""
    bot: bool = True
    """Whether the bot ability is on."""
    chats: list[str] = field(default_factory=list)
    """Groups the bot is in."""
    users: list[dict[str, Json]] = field(default_factory=list)
    """People within the app's contact scope, whole records."""
    strangers: list[str] = field(default_factory=list)
    """open_ids that exist outside the app's scope."""
    monthly_quota: int = 0
    """Calls a month; 0: without limit."""
    keywords: list[str] = field(default_factory=list)
    """A webhook's: one of them must appear in the message."""


def log_id(call: Call) -> str:
    """The id of this call, as ``X-Tt-Logid`` and ``error.log_id`` show it."""
    return datetime.fromtimestamp(call.now, UTC).strftime("%Y%m%d%H%M%S") + call.id[:20].upper()


def ok(data: Json, msg: str = "success") -> Answer:
    """Success: code 0."""
    return Answer({"code": 0, "msg": msg, "data": data})


def no(call: Call, code: int, msg: str, *, status: int = 400, **error: Json) -> Answer:
    """A refusal with its error object."""
    return Answer({"code": code, "msg": msg, "error": {**error, "log_id": log_id(call)}}, status, code)


def bare(code: int, msg: str, status: int = 400, **members: Json) -> Answer:
    """A refusal without an error object."""
    return Answer({"code": code, **members, "msg": msg}, status, code)


def bearer(call: Call) -> Answer | Token:
    """The tenant token of the call: 99991661 without one, 99991663, …664, …668 or …671 with a wrong one."""
    scheme, _, value = call.headers.get("authorization", "").partition(" ")
    if scheme != "Bearer" or not value:
        text = "Missing access token for authorization. Please make a request with token attached."
        return no(call, 99991661, text, message=_fix(call, "99991661"))
    token = call.state.tokens.find(value)
    if token is not None and token.valid(call.now) and token.line.startswith("tenant"):
        return token
    return bad_token(call, value)


def bad_token(call: Call, value: str = "t-") -> Answer:
    """The refusal of a token by its look."""
    for prefix, code in {"t-": 99991663, "a-": 99991664, "u-": 99991668, "eyJ": 99991668}.items():
        if value.startswith(prefix):
            text = "Invalid access token for authorization. Please make a request with token attached."
            return no(call, code, text, message=_fix(call, str(code)))
    return no(
        call, 99991671, "Invalid access token, it must start with t- or u-.", message=_fix(call, "99991671")
    )


def _fix(call: Call, topic: str) -> str:
    return HOW_TO_FIX.format(host=CONSOLES[call.platform.name], topic=topic)


def admit(
    call: Call, api: str, scopes: tuple[str, ...], rates: tuple[tuple[int, int], ...] = ()
) -> Answer | FeishuApp:
    """The app that may make this call, or the refusal; ``rates`` are (calls, seconds)."""
    token = bearer(call)
    if isinstance(token, Answer):
        return token
    app = call.app(token.app)
    if not isinstance(app, FeishuApp) or not app.enabled:
        return no(call, 99991662, "app not in use")
    if not app.admits(call.caller):
        return caller_denied(call)
    if not set(scopes) & set(app.scopes):
        return scope_missing(call, app, scopes)
    return _within_rate(call, app, api, rates) or app


def _within_rate(call: Call, app: FeishuApp, api: str, rates: tuple[tuple[int, int], ...]) -> Answer | None:
    if full := call.over(app, api, rates):
        return rate_limited(*full)
    quota = ((app.monthly_quota, MONTH),) if app.monthly_quota and api not in EXEMPT else ()
    return quota_spent() if call.over(app, "month", quota) else None


def caller_denied(call: Call) -> Answer:
    """99991401."""
    return bare(99991401, f"ip {call.caller} is denied by app setting")


def rate_limited(calls: int, wait: float) -> Answer:
    """99991400 with both headers, HTTP 429."""
    answer = bare(99991400, RATE_TEXT, 429)
    answer.headers = {"x-ogw-ratelimit-limit": str(calls), "x-ogw-ratelimit-reset": str(max(1, round(wait)))}
    return answer


def quota_spent() -> Answer:
    """99991403, HTTP 429."""
    return bare(99991403, "This month's API call quota has been exceeded", 429)


def scope_missing(call: Call, app: FeishuApp, scopes: tuple[str, ...]) -> Answer:
    """99991672 with the whole error object."""
    host, listed = CONSOLES[call.platform.name], ", ".join(scopes)
    return no(
        call,
        99991672,
        f"Access denied. One of the following scopes is required: [{listed}]",
        message=_fix(call, "how-to-fix-99991672-error"),
        permission_violations=[{"type": "action_scope_required", "subject": scope} for scope in scopes],
        helps=[
            {
                "url": f"https://{host}/app/{app.id}/auth?q={','.join(scopes)}&op_from=openapi",
                "description": f"Learn more about scopes and how to add them: [{listed}]",
            },
        ],
        troubleshooter=f"https://{host}/search?from=openapi&log_id={log_id(call)}&code=99991672",
    )


def violated(call: Call, name: str, value: str, description: str) -> Answer:
    """99992402 with one field violation."""
    violations = [{"field": name, "value": value, "description": description}]
    return no(call, 99992402, "field validation failed", field_violations=violations)
