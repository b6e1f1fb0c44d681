"""WeCom (qyapi.weixin.qq.com).

Known at the start (secrets that open nothing but this emulator):

====== ========================== ================================= =========
kind   id                         secret                            agentid
====== ========================== ================================= =========
app    ``wwa1b2c3d4e5f60001``     ``wecom-demo-corp-secret-000001`` 1000002
robot  ``robot-demo-key-wecom``   (the key is the secret)
====== ========================== ================================= =========

An application's id is its corporation's id unless a corporation has several. Errors of the two plain lists
carry an empty ``ip_list``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from gatepost.emulator import wecom_messages
from gatepost.emulator.base import Answer, Call, Platform, Role, Route, Situation
from gatepost.emulator.state import App, Json
from gatepost.emulator.wecom_gate import HOUR, WeComApp, admit, no, ok

WRONG_SECRETS = 100
"""Wrong secrets an hour from one address before it is blocked."""
LONG_LINK = "企业微信客户端长连接，消息收发等功能;企业微信客户端短连接，登录、拉组织架构等功能"  # noqa: RUF001 - as WeCom writes it
HTTPDNS = "企业微信客户端HTTPDNS解析"

PLAIN = [
    "101.226.180.51", "109.244.214.30", "113.96.223.11", "119.147.71.12", "180.101.50.210", "182.254.11.176",
    "182.254.78.66", "183.3.235.87", "58.251.61.110", "81.69.103.205",
]  # fmt: skip
WILDCARD = ["101.226.103.*", "101.226.62.*", "140.207.54.*", "163.177.84.*"]
MIXED = [*WILDCARD[:2], *PLAIN[:4], "182.254.11.0/25", "101.226.180.51"]


def _domain(domain: str, necessary: int, ports: tuple[int, ...] = (443, 80)) -> dict[str, Json]:
    return {
        "domain": domain,
        "universal_domian": "work.weixin.qq.com" if domain.endswith("work.weixin.qq.com") else domain,
        "protocol": "TCP",
        "port": list(ports),
        "is_necessary": necessary,
        "description": LONG_LINK,
    }


def _address(address: str, necessary: int, protocol: str = "TCP", ports: tuple[int, ...] = (443, 80)) -> Json:
    return {
        "ip": address,
        "protocol": protocol,
        "port": list(ports),
        "is_necessary": necessary,
        "description": HTTPDNS,
    }


DOMAINS = [
    _domain("i.work.weixin.qq.com", 1),
    _domain("live.work.weixin.qq.com", 0),
    _domain("rescdn.qqmail.com", 0, (443,)),
    _domain("wwcdn.weixin.qq.com", 1, (443,)),
]
ADDRESSES = [
    _address("115.238.203.109", 0),
    _address("115.238.203.110", 1),
    _address("183.47.102.30", 1, ports=(443, 80, 8080)),
    _address("183.47.102.31", 0, "UDP", (8000, 443)),
    _address("101.91.40.24", 1, ports=(443,)),
]


def gettoken(call: Call) -> Answer:
    """The token of one application: the same one while it lives."""
    corpid, secret = call.query.get("corpid", ""), call.query.get("corpsecret", "")
    if not corpid or not secret:
        return no(call, 41004, "corpsecret missing") if corpid else no(call, 41002, "corpid missing")
    apps = [
        app for app in call.state.apps["wecom"].values() if isinstance(app, WeComApp) and app.corpid == corpid
    ]
    if not apps:
        return no(call, 40013, "invalid corpid")
    app = next((app for app in apps if secret in app.secrets), None)
    if app is None:
        return _wrong_secret(call)
    if not app.enabled:
        return no(call, 50003, "app disabled")
    if call.over(app, "gettoken", ()):
        return no(call, 45009, "api freq out of limit")
    token = call.state.tokens.newest(app, "corp")
    if token is None or not token.valid(call.now):
        token = call.state.tokens.issue(app, "corp", call.now + app.token_life, "", 107)
    return Answer(
        {"errcode": 0, "errmsg": "ok", "access_token": token.value, "expires_in": token.left(call.now)}
    )


def _wrong_secret(call: Call) -> Answer:
    if call.state.meter.hit(f"wecom-secrets/{call.caller}", WRONG_SECRETS, HOUR, call.now):
        return no(call, 45009, "api freq out of limit")
    return no(call, 40001, "invalid credential")


def _plain_list(call: Call, name: str) -> Answer:
    app = admit(call, name, ip_list=[])
    return app if isinstance(app, Answer) else ok({"ip_list": call.values(name)})


def api_domain_ip(call: Call) -> Answer:
    """Addresses of qyapi.weixin.qq.com."""
    return _plain_list(call, "api_domain_ip")


def callback_ip(call: Call) -> Answer:
    """Addresses that WeCom calls from."""
    return _plain_list(call, "callback_ip")


def server_domain_ip(call: Call) -> Answer:
    """Domains and addresses that WeCom's own clients use."""
    app = admit(call, "server_domain_ip")
    if isinstance(app, Answer):
        return app
    if not app.domain_ip:
        return no(call, 48002, "api forbidden")
    lists = {"domain_list": call.values("server_domains"), "ip_list": call.values("server_ips")}
    return Answer({"errcode": 0, "errmsg": "ok", **lists})


class WeCom(Platform):
    """qyapi.weixin.qq.com."""

    name = "wecom"
    lists: ClassVar[dict[str, list[Json]]] = {
        "api_domain_ip": list(PLAIN),
        "callback_ip": list(MIXED),
        "server_domains": DOMAINS,
        "server_ips": ADDRESSES,
    }
    styles: ClassVar[dict[str, list[Json]]] = {"plain": PLAIN, "wildcard": WILDCARD, "mixed": MIXED}
    samples = ("1.2.3.4", "2.3.3.3")
    routes = (
        Route("GET", "/cgi-bin/gettoken", gettoken, Role.TOKEN),
        Route("GET", "/cgi-bin/get_api_domain_ip", api_domain_ip, Role.LIST),
        Route("GET", "/cgi-bin/getcallbackip", callback_ip, Role.LIST),
        Route("GET", "/cgi-bin/security/get_server_domain_ip", server_domain_ip, Role.LIST),
        *wecom_messages.ROUTES,
    )

    def apps(self) -> tuple[App, ...]:
        """An application and a robot."""
        corpid = "wwa1b2c3d4e5f60001"
        secrets = ["wecom-demo-corp-secret-000001"]
        return (
            WeComApp(
                id=corpid, corpid=corpid, secrets=secrets, agentid=1000002, members=["zhangsan", "lisi"]
            ),
            WeComApp(id="robot-demo-key-wecom", kind="robot"),
        )

    def elements(self, name: str, values: Iterable[Json]) -> list[Json]:
        """Objects in the two server lists."""
        match name:
            case "server_ips":
                return [value if isinstance(value, dict) else _address(value, 1) for value in values]
            case "server_domains":
                return [value if isinstance(value, dict) else _domain(str(value), 1) for value in values]
            case _:
                return list(values)

    def refuse(self, situation: Situation, call: Call) -> Answer:
        """WeCom's words; the plain lists' refusals carry an empty list."""
        plain = call.path.endswith(("get_api_domain_ip", "getcallbackip"))
        empty: dict[str, Json] = {"ip_list": []} if plain else {}
        match situation:
            case Situation.TOKEN_EXPIRED:
                return no(call, 42001, "access_token expired", **empty)
            case Situation.WRONG_SECRET:
                return no(call, 40001, "invalid credential")
            case Situation.CALLER_NOT_ALLOWED:
                return no(call, 60020, "not allow to access from your ip", **empty)
            case Situation.RATE_LIMITED | Situation.QUOTA_SPENT:
                return no(call, 45009, "api freq out of limit", **empty)
            case Situation.BUSY:
                return no(call, -1, "system busy", **empty)

    def unknown(self, call: Call, allowed: tuple[str, ...]) -> Answer:
        """A path it has with another method is a refusal in JSON; any other is a 404."""
        if allowed:
            verb = "POST" if "POST" in allowed else "GET"
            return no(call, 43002 if verb == "POST" else 43001, f"require {verb} method")
        return Answer(raw=b"404 Not Found", status=404, code=404, headers={"content-type": "text/plain"})

    def finish(self, call: Call, answer: Answer) -> None:
        """The code and the message once more, as headers."""
        del call
        answer.headers.setdefault("content-type", "application/json; charset=UTF-8")
        if isinstance(answer.payload, dict):
            message = str(answer.payload.get("errmsg", "ok"))
            answer.headers.setdefault("error-code", str(answer.code))
            answer.headers.setdefault("error-msg", message.encode("ascii", "replace").decode())
