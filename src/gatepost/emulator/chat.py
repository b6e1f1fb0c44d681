"""Tencent Cloud Chat (console.tim.qq.com and its regions): HTTP 200 always.

Known at the start (a key that opens nothing but this emulator):

============== ================== ====================================================================
SDKAppID       administrator      key
============== ================== ====================================================================
``1400000000`` ``administrator``  ``c0ffee00d15ea5e0c0ffee00d15ea5e0c0ffee00d15ea5e0c0ffee00d15ea5e0``
============== ================== ====================================================================

The emulator stands for the region in the setting ``chat.region``, which is null at the start: any. An app
of another region gets 70020.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from gatepost.emulator import usersig
from gatepost.emulator.base import Answer, Call, Platform, Role, Route, Situation
from gatepost.emulator.state import App, Json, State

PER_SECOND = 200
MINUTE = 60
FAILURES = 30
"""Failed signatures a minute before every further one is told to wait."""
RANDOM_MAX = 4_294_967_295
ALL = "0"
NETTYPES = {str(n): f"nettype{n}" for n in range(1, 7)}
LISTS: dict[str, list[Json]] = {
    "nettype1": ["183.192.202.0/25", "109.244.129.10", "109.244.129.11", "119.147.190.0/26", "162.14.7.33"],
    "nettype2": ["43.152.16.0/25", "49.51.64.21", "101.32.96.8", "162.62.97.0/27"],
    "nettype3": ["183.192.202.0/25", "109.244.216.15", "121.51.8.99"],
    "nettype4": ["43.152.16.0/25", "129.226.102.40", "170.106.33.17"],
    "nettype5": ["111.30.158.0/26", "175.27.0.17", "175.27.0.18", "81.69.16.0/25", "119.29.47.66"],
    "nettype6": ["43.129.253.0/26", "150.109.119.8", "119.28.101.57", "43.131.255.129"],
}


@dataclass(slots=True, kw_only=True)
class ChatApp(App):
    """An application; its secrets are its keys."""

    kind: str = "chat"
    region: str = "china"
    admins: list[str] = field(default_factory=lambda: ["administrator"])


def no(code: int, text: str) -> Answer:
    """A refusal, under HTTP 200."""
    return Answer({"ActionStatus": "FAIL", "ErrorCode": code, "ErrorInfo": text}, 200, code)


def get_ip_list(call: Call) -> Answer:
    """The addresses of one kind of network, or of all."""
    app = _admit(call)
    if isinstance(app, Answer):
        return app
    if call.json() is None:
        return no(60003, "request json parse error")
    nettype = call.query.get("nettype", ALL)
    if nettype not in {ALL, *NETTYPES}:
        return no(70402, "invalid parameter: nettype")
    names = NETTYPES.values() if nettype == ALL else (NETTYPES[nettype],)
    values = [value for name in names for value in call.values(name)]
    union = [value for n, value in enumerate(values) if value not in values[:n]] if nettype == ALL else values
    return Answer({"ActionStatus": "OK", "ErrorInfo": "", "ErrorCode": 0, "IPList": union})


def _admit(call: Call) -> Answer | ChatApp:
    query = call.query
    random = query.get("random", "")
    if query.get("contenttype") != "json" or not random.isdecimal() or int(random) > RANDOM_MAX:
        return no(60002, "http parse error: contenttype or random")
    if not query.get("sdkappid"):
        return no(60012, "sdkappid missing")
    app = call.app(query["sdkappid"])
    region = call.state.settings["chat.region"]
    if not isinstance(app, ChatApp) or region not in {None, app.region}:
        return no(70020, "sdkappid not found, check the data centre")
    if not app.enabled:
        return no(60016, "sdkappid disabled")
    if not app.admits(call.caller):
        return no(60021, f"caller ip {call.caller} not allowed")
    return _wrong_signature(call, app) or _wrong_right(call, app) or app


def _wrong_signature(call: Call, app: ChatApp) -> Answer | None:
    refusal = _checked(call, app)
    if refusal is None:
        return None
    tired = call.state.meter.hit(f"chat-signatures/{app.id}", FAILURES, MINUTE, call.now)
    return no(70050, "verification failed too often, wait a minute") if tired else refusal


def _checked(call: Call, app: ChatApp) -> Answer | None:
    identifier, text = call.query.get("identifier", ""), call.query.get("usersig", "")
    if not identifier:
        return no(60004, "identifier missing")
    if not text:
        return no(70002, "usersig empty")
    sig = usersig.parse(text)
    if sig is None or sig.version != "2.0":
        return no(70003, "usersig cannot be parsed")
    if sig.identifier != identifier:
        return no(70013, "identifier is not the one in usersig")
    if str(sig.sdkappid) != app.id:
        return no(70014, "sdkappid is not the one in usersig")
    if not any(sig.signed_by(key) for key in app.secrets):
        return no(70009, "usersig verification failed")
    return no(70001, "UserSig expired") if sig.time + sig.expire <= call.now else None


def _wrong_right(call: Call, app: ChatApp) -> Answer | None:
    if call.query["identifier"] not in app.admins:
        return no(60010, "app admin required")
    if call.over(app, "GetIPList", ((PER_SECOND, 1),)):
        return no(60007, "rest api frequency limit")
    return None


class Chat(Platform):
    """console.tim.qq.com."""

    name = "chat"
    origin_paths = ("/v4/",)
    lists = LISTS
    samples = ("127.0.0.2", "183.192.202.0/25")
    routes: ClassVar[tuple[Route, ...]] = (Route("POST", "/v4/ConfigSvc/GetIPList", get_ip_list, Role.LIST),)

    def apps(self) -> tuple[App, ...]:
        """One application."""
        return (ChatApp(id="1400000000", secrets=["c0ffee00d15ea5e0" * 4]),)

    def seed(self, state: State) -> None:
        """As for every platform, and the region."""
        Platform.seed(self, state)
        state.settings["chat.region"] = None

    def refuse(self, situation: Situation, call: Call) -> Answer:
        """Chat's words."""
        match situation:
            case Situation.TOKEN_EXPIRED:
                return no(70001, "UserSig expired")
            case Situation.WRONG_SECRET:
                return no(70009, "usersig verification failed")
            case Situation.CALLER_NOT_ALLOWED:
                return no(60021, f"caller ip {call.caller} not allowed")
            case Situation.RATE_LIMITED:
                return no(60007, "rest api frequency limit")
            case Situation.QUOTA_SPENT:
                return no(60020, "package expired")
            case Situation.BUSY:
                return no(60008, "service timeout")

    def unknown(self, call: Call, allowed: tuple[str, ...]) -> Answer:
        """60009 in JSON."""
        del call, allowed
        return no(60009, "resource or url wrong")

    def finish(self, call: Call, answer: Answer) -> None:
        """JSON it is."""
        del call
        answer.headers.setdefault("content-type", "application/json")
