"""Feishu/Lark tokens: custom apps, and store apps with their ticket.

A token with 30 minutes or more to live is given again, with what is left of its life; a younger request
than that gets a new one, and both stay valid until they expire.
"""

from __future__ import annotations

from gatepost.emulator.base import Answer, Call, Role, Route
from gatepost.emulator.feishu_gate import FeishuApp, bare
from gatepost.emulator.state import Json, Token

SAME_TOKEN_SECONDS = 30 * 60


def token_of(call: Call, app: FeishuApp, line: str, prefix: str = "t-") -> Token:
    """The token to give now, by the 30-minute rule."""
    newest = call.state.tokens.newest(app, line)
    if newest and newest.valid(call.now) and newest.expires - call.now >= SAME_TOKEN_SECONDS:
        return newest
    return call.state.tokens.issue(app, line, call.now + app.token_life, prefix, 20)


def _granted(call: Call, token: Token, *members: str) -> Answer:
    fields: dict[str, Json] = dict.fromkeys(members, token.value)
    return Answer({"code": 0, "msg": "ok", **fields, "expire": token.left(call.now)})


def wrong_secret() -> Answer:
    """10014, under HTTP 200."""
    return bare(10014, "app secret invalid", 200)


def _credentials(call: Call) -> Answer | FeishuApp:
    """The app of the body's id and secret: 10003, 10014 or 10005, all under HTTP 200."""
    fields = call.fields()
    app = call.app(str(fields.get("app_id", "")))
    if not isinstance(app, FeishuApp) or app.kind == "webhook" or "app_secret" not in fields:
        return bare(10003, "invalid param", 200, data={})
    if fields["app_secret"] not in app.secrets:
        return wrong_secret()
    return app if app.enabled else bare(10005, "app id unauthorized", 200)


def _custom(call: Call, *members: str) -> Answer:
    app = _credentials(call)
    if isinstance(app, Answer):
        return app
    if app.kind != "custom":
        return bare(10003, "invalid param", 200, data={})
    return _granted(call, token_of(call, app, f"tenant/{app.tenant_key}"), *members)


def tenant_token_internal(call: Call) -> Answer:
    """Custom app: tenant_access_token."""
    return _custom(call, "tenant_access_token")


def app_token_internal(call: Call) -> Answer:
    """Custom app: app_access_token, which is its tenant token."""
    return _custom(call, "app_access_token", "tenant_access_token")


def resend_ticket(call: Call) -> Answer:
    """Store app: a new app_ticket, pushed as an event (here: into the outbox)."""
    app = _credentials(call)
    if isinstance(app, Answer):
        return app
    if app.kind != "store":
        return bare(10016, "app_ticket resend failed: not an isv app", 200)
    app.ticket = call.state.mark()
    call.state.outbox.append({"platform": call.platform.name, "app": app.id, "body": ticket_event(call, app)})
    return Answer({"code": 0, "msg": "ok"})


def ticket_event(call: Call, app: FeishuApp) -> Json:
    """The app_ticket event as it would be pushed: envelope 1.0."""
    event = {"app_id": app.id, "app_ticket": app.ticket, "type": "app_ticket"}
    return {"ts": f"{call.now:.6f}", "uuid": call.id, "token": "", "type": "event_callback", "event": event}


def app_token_store(call: Call) -> Answer:
    """Store app: app_access_token for the ticket."""
    app = _credentials(call)
    if isinstance(app, Answer):
        return app
    if app.kind != "store" or not app.ticket or call.fields().get("app_ticket") != app.ticket:
        return bare(10012, "app ticket invalid", 200)
    return _granted(call, token_of(call, app, "app", "a-"), "app_access_token")


def tenant_token_store(call: Call) -> Answer:
    """Store app: tenant_access_token of one tenant for the app token."""
    fields = call.fields()
    token = call.state.tokens.find(str(fields.get("app_access_token", "")))
    app = call.app(token.app) if token and token.line == "app" and token.valid(call.now) else None
    if not isinstance(app, FeishuApp):
        return bare(10013, "get tenant access token failed: app access token invalid", 200)
    tenant = fields.get("tenant_key")
    if tenant not in app.tenants:
        return bare(10013, "get tenant access token failed: tenant_key invalid", 200)
    return _granted(call, token_of(call, app, f"tenant/{tenant}"), "tenant_access_token")


_HANDLERS = {
    "tenant_access_token/internal": tenant_token_internal,
    "app_access_token/internal": app_token_internal,
    "app_ticket/resend": resend_ticket,
    "app_access_token": app_token_store,
    "tenant_access_token": tenant_token_store,
}

ROUTES = tuple(
    Route("POST", f"/open-apis/auth/v3/{path}{slash}", handler, Role.TOKEN)
    for path, handler in _HANDLERS.items()
    for slash in ("", "/")
)
