"""WeChat official accounts and mini programs (api.weixin.qq.com).

Known at the start (secrets that open nothing but this emulator):

====================== ====================================
appid                  secret
====================== ====================================
``wxa1b2c3d4e5f60001`` ``wechat-demo-app-secret-0000000001``
====================== ====================================

A success has no errcode. Lists can be set to the styles seen in the wild: ``plain``, ``duplicates`` and
``mixed``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gatepost.emulator.base import Answer, Call, Platform, Role, Route, Situation
from gatepost.emulator.state import App, Json, Token

TOKEN_BYTES = 64
OVERLAP = 300
"""Seconds that a classic token outlives its replacement, and that a stable one is renewed before its end."""
FORCED_APART = 30
FORCED_A_DAY = 20
DAY, MINUTE = 86_400, 60
DAILY = {"token": 10_000, "stable_token": 500_000}
STABLE_A_MINUTE = 10_000
OPERATORS = {"DEFAULT", "CHINANET", "UNICOM", "CAP"}
STALE = (
    "invalid credential, access_token is invalid or not latest, could get access_token by "
    "getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r"
)

PLAIN = [
    "101.226.212.27", "101.227.162.120", "101.89.47.18", "101.91.34.103", "109.244.145.152",
    "116.128.163.147", "116.128.170.42", "117.184.242.115", "140.207.189.106", "43.129.2.204",
    "58.246.220.31", "81.69.216.43",
]  # fmt: skip
"""Plain addresses in the order of their texts."""
DUPLICATES = [
    "118.126.124.0/24", "119.29.180.0/24", "119.29.9.0/24", "162.62.80.0/24", "162.62.81.0/24",
    "42.192.0.0/24", "42.192.6.0/24", "42.192.7.0/24", "81.69.18.0/24", "81.69.19.0/24",
    "81.69.229.0/24", "81.71.140.0/24", "81.71.19.0/24", "42.192.6.0/24", "42.192.0.0/24",
    "175.24.211.0/24", "81.69.229.0/24", "81.69.101.0/24", "81.69.103.0/24", "101.226.103.0/24",
]  # fmt: skip
"""20 elements as a user reported them: three come twice, the tail is not sorted."""
MIXED = [
    "106.55.206.146",
    "106.55.206.211",
    "101.226.103.0/25",
    "101.226.62.77",
    "43.129.2.204",
    "162.62.80.0/24",
]


@dataclass(slots=True, kw_only=True)
class WeChatApp(App):
    """An account."""

    kind: str = "account"
    callback_url: str = "https://hooks.example/wechat"
    """Without it the network check has nothing to check."""
    secret_frozen: bool = False
    forced_at: float = 0.0
    """When the stable token was last renewed by force."""


def no(call: Call, code: int, text: str) -> Answer:
    """A refusal: HTTP 200, errcode, and errmsg with its rid."""
    rid = f"{int(call.now):08x}-{call.id[:8]}-{call.id[8:16]}"
    return Answer({"errcode": code, "errmsg": f"{text} rid: {rid}"}, 200, code)


def caller_denied(call: Call) -> Answer:
    """40164."""
    return no(call, 40164, f"invalid ip {call.caller} ipv6 ::ffff:{call.caller}, not in whitelist")


def _credentials(call: Call, fields: dict[str, Json]) -> Answer | WeChatApp:
    if fields.get("grant_type") != "client_credential":
        return no(call, 40002, "invalid grant_type")
    if not fields.get("appid"):
        return no(call, 41002, "appid missing")
    if not fields.get("secret"):
        return no(call, 41004, "appsecret missing")
    app = call.app(str(fields["appid"]))
    if not isinstance(app, WeChatApp):
        return no(call, 40013, "invalid appid")
    if fields["secret"] not in app.secrets:
        return no(call, 40125, "invalid appsecret")
    if app.secret_frozen:
        return no(call, 40243, "AppSecret frozen")
    return _usable(call, app)


def _usable(call: Call, app: WeChatApp) -> Answer | WeChatApp:
    if not app.enabled:
        return no(call, 50007, "account frozen")
    return app if app.admits(call.caller) else caller_denied(call)


def _spent(call: Call, app: WeChatApp, api: str) -> Answer | None:
    """45009 beyond a day's quota, 45011 beyond a minute's."""
    if call.over(app, api, ((DAILY[api], DAY),) if api in DAILY else ()):
        return no(call, 45009, "reach max api daily quota limit")
    if call.over(app, f"{api}/minute", ((STABLE_A_MINUTE, MINUTE),) if api == "stable_token" else ()):
        return no(call, 45011, "api minute-quota reach limit, must slower, retry next minute")
    return None


def _granted(call: Call, token: Token) -> Answer:
    return Answer({"access_token": token.value, "expires_in": token.left(call.now)})


def _issued(call: Call, app: WeChatApp, line: str) -> Token:
    return call.state.tokens.issue(
        app, line, call.now + app.token_life, f"{int(call.now) % 100}_", TOKEN_BYTES
    )


def classic_token(call: Call) -> Answer:
    """A new token every time; the one before lives five minutes more."""
    app = _credentials(call, dict(call.query))
    if isinstance(app, Answer):
        return app
    if refusal := _spent(call, app, "token"):
        return refusal
    if before := call.state.tokens.newest(app, "classic"):
        before.expires = min(before.expires, call.now + OVERLAP)
    return _granted(call, _issued(call, app, "classic"))


def stable_token(call: Call) -> Answer:
    """The same token while it is good for five minutes, unless renewed by force."""
    app = _credentials(call, call.fields())
    if isinstance(app, Answer):
        return app
    if refusal := _spent(call, app, "stable_token"):
        return refusal
    newest = call.state.tokens.newest(app, "stable")
    if newest and newest.valid(call.now):
        if call.fields().get("force_refresh") is True and _may_force(call, app):
            newest.revoked = True
        elif newest.left(call.now) >= OVERLAP:
            return _granted(call, newest)
    return _granted(call, _issued(call, app, "stable"))


def _may_force(call: Call, app: WeChatApp) -> bool:
    """Twenty a day, half a minute apart; otherwise the wish is ignored."""
    if call.now - app.forced_at < FORCED_APART or call.over(app, "force_refresh", ((FORCED_A_DAY, DAY),)):
        return False
    app.forced_at = call.now
    return True


def _admit(call: Call, api: str) -> Answer | WeChatApp:
    value = call.query.get("access_token", "")
    if not value:
        return no(call, 41001, "access_token missing")
    token = call.state.tokens.find(value)
    app = call.app(token.app) if token else None
    if token is None or token.revoked or not isinstance(app, WeChatApp):
        return no(call, 40001, STALE)
    if not token.valid(call.now):
        return no(call, *_ended(call, app, token))
    usable = _usable(call, app)
    return usable if isinstance(usable, Answer) else _spent(call, app, api) or app


def _ended(call: Call, app: WeChatApp, token: Token) -> tuple[int, str]:
    """A token that was replaced is "not latest"; one that reached its age has "expired"."""
    replaced = call.state.tokens.newest(app, token.line) is not token
    return (40001, STALE) if replaced else (42001, "access_token expired")


def _published(call: Call, name: str) -> Answer:
    app = _admit(call, name)
    return app if isinstance(app, Answer) else Answer({"ip_list": call.values(name)})


def api_domain_ip(call: Call) -> Answer:
    """Addresses of api.weixin.qq.com."""
    return _published(call, "api_domain_ip")


def callback_ip(call: Call) -> Answer:
    """Addresses that WeChat calls from."""
    return _published(call, "callback_ip")


def callback_check(call: Call) -> Answer:
    """The network check of the callback URL."""
    app = _admit(call, "callback_check")
    if isinstance(app, Answer):
        return app
    fields = call.fields()
    if not app.callback_url:
        return no(call, 40201, "callback url not set")
    if fields.get("action") not in {"all", "dns", "ping"}:
        return no(call, 40202, "invalid action")
    if fields.get("check_operator", "DEFAULT") not in OPERATORS:
        return no(call, 40203, "invalid check_operator")
    dns = [{"ip": "111.161.64.40", "real_operator": "UNICOM"}]
    ping = [{"ip": "111.161.64.40", "from_operator": "UNICOM", "package_loss": "0%", "time": "23.079ms"}]
    parts = {"dns": dns, "ping": ping}
    return Answer(parts if fields["action"] == "all" else {fields["action"]: parts[fields["action"]]})


class WeChat(Platform):
    """api.weixin.qq.com."""

    name = "wechat"
    lists: ClassVar[dict[str, list[Json]]] = {"api_domain_ip": list(PLAIN), "callback_ip": list(DUPLICATES)}
    styles: ClassVar[dict[str, list[Json]]] = {"plain": PLAIN, "duplicates": DUPLICATES, "mixed": MIXED}
    samples = ("127.0.0.1", "127.0.0.2", "101.226.103.0/25")
    routes = (
        Route("GET", "/cgi-bin/token", classic_token, Role.TOKEN),
        Route("POST", "/cgi-bin/stable_token", stable_token, Role.TOKEN),
        Route("GET", "/cgi-bin/get_api_domain_ip", api_domain_ip, Role.LIST),
        Route("GET", "/cgi-bin/getcallbackip", callback_ip, Role.LIST),
        Route("POST", "/cgi-bin/callback/check", callback_check),
    )

    def apps(self) -> tuple[App, ...]:
        """One account."""
        return (WeChatApp(id="wxa1b2c3d4e5f60001", secrets=["wechat-demo-app-secret-0000000001"]),)

    def refuse(self, situation: Situation, call: Call) -> Answer:
        """WeChat's words."""
        match situation:
            case Situation.TOKEN_EXPIRED:
                return no(call, 42001, "access_token expired")
            case Situation.WRONG_SECRET:
                return no(call, 40125, "invalid appsecret")
            case Situation.CALLER_NOT_ALLOWED:
                return caller_denied(call)
            case Situation.RATE_LIMITED:
                return no(call, 45011, "api minute-quota reach limit, must slower, retry next minute")
            case Situation.QUOTA_SPENT:
                return no(call, 45009, "reach max api daily quota limit")
            case Situation.BUSY:
                return no(call, -1, "system error")

    def unknown(self, call: Call, allowed: tuple[str, ...]) -> Answer:
        """43001 and 43002 say which method it wants."""
        if "POST" in allowed:
            return no(call, 43002, "require POST method")
        if allowed:
            return no(call, 43001, "require GET method")
        return Answer(
            raw=b"<html><body>404 Not Found</body></html>",
            status=404,
            code=404,
            headers={"content-type": "text/html"},
        )

    def finish(self, call: Call, answer: Answer) -> None:
        """Its own spelling of the content type."""
        del call
        answer.headers.setdefault("content-type", "application/json; encoding=utf-8")
