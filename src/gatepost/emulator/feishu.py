"""Feishu and Lark: the same API under two names, with apps and lists of their own.

Known at the start (secrets that open nothing but this emulator):

======== ======== ============================== ==================================
platform kind     id                             secret
======== ======== ============================== ==================================
feishu   custom   ``cli_a1b2c3d4e5f60001``       ``feishu-demo-app-secret-0000001``
feishu   store    ``cli_a1b2c3d4e5f60002``       ``feishu-demo-app-secret-0000002``
feishu   webhook  ``6f1c1f4e-hook-demo-feishu``  ``feishu-demo-hook-secret``
lark     custom   ``cli_b1b2c3d4e5f60001``       ``lark-demo-app-secret-000000001``
======== ======== ============================== ==================================

The bot is in group ``oc_5ad11d72b830411d72b836c20``; the person it may see is
``ou_c99c5f35d542efc7ee492afe11af19ef``. The store app's ticket is ``ticket-demo-0001``, its tenant
``736588c9260f175e``.
"""

from __future__ import annotations

import hashlib
from typing import ClassVar

from gatepost.emulator import feishu_auth, feishu_contact, feishu_messages, feishu_webhook
from gatepost.emulator.base import Answer, Call, Platform, Role, Route, Situation
from gatepost.emulator.feishu_gate import (
    FeishuApp,
    admit,
    bad_token,
    bare,
    caller_denied,
    log_id,
    no,
    ok,
    quota_spent,
    rate_limited,
)
from gatepost.emulator.state import App, Json

IP_SCOPE = "event:ip_list"
PAGE_DEFAULT, PAGE_MIN, PAGE_MAX = 10, 10, 50
CHAT = "oc_5ad11d72b830411d72b836c20"
SCOPES = [
    IP_SCOPE,
    "im:message:send_as_bot",
    "contact:contact.base:readonly",
    "contact:user.base:readonly",
    "contact:user.employee_id:readonly",
]
OUTBOUND = [
    *(f"101.126.59.{n}" for n in (7, 8, 9)),
    *(f"118.26.157.{n}" for n in range(16, 40)),
    *(f"122.14.241.{n}" for n in range(101, 117)),
    *(f"36.110.145.{n}" for n in range(65, 80)),
]  # fmt: skip
"""58 addresses: six pages of 10, two of 50."""
LARK_OUTBOUND = [f"147.160.184.{n}" for n in range(12, 29)]


def outbound_ip(call: Call) -> Answer:
    """A page of the addresses that events come from."""
    app = admit(call, "outbound_ip", (IP_SCOPE,))
    if isinstance(app, Answer):
        return app
    values = call.values("outbound_ip")
    size = call.query.get("page_size", str(PAGE_DEFAULT))
    start = _offset(call.query.get("page_token", ""))
    if start is None or not size.isascii() or not size.isdigit() or not PAGE_MIN <= int(size) <= PAGE_MAX:
        return no(call, 1810001, "param is invalid")
    end = start + int(size)
    return page(values[start:end], page_token(min(end, len(values))), has_more=end < len(values))


def page(values: list[Json], token: str, *, has_more: Json) -> Answer:
    """A page; the token stands there at the end too, as in the document's sample."""
    return ok({"ip_list": values, "page_token": token, "has_more": has_more})


def page_token(offset: int) -> str:
    """What stands for a place in the list."""
    return f"{offset:x}-{hashlib.sha256(f'page {offset}'.encode()).hexdigest()[:16]}"


def _offset(token: str) -> int | None:
    try:
        offset = int(token.partition("-")[0] or "0", 16)
    except ValueError:
        return None
    return offset if token in {"", page_token(offset)} else None


def _people() -> list[dict[str, Json]]:
    return [dict(feishu_contact.ADA)]


class Feishu(Platform):
    """open.feishu.cn."""

    name = "feishu"
    origin_paths: ClassVar[tuple[str, ...]] = ("/open-apis/",)
    pages = True
    lists: ClassVar[dict[str, list[Json]]] = {"outbound_ip": list(OUTBOUND)}
    samples = ("1.1.1.1",)
    routes = (
        *feishu_auth.ROUTES,
        Route("GET", "/open-apis/event/v1/outbound_ip", outbound_ip, Role.LIST),
        *feishu_messages.ROUTES,
        *feishu_contact.ROUTES,
        *feishu_webhook.ROUTES,
    )

    def apps(self) -> tuple[App, ...]:
        """A custom app, a store app, a group bot."""
        return (
            FeishuApp(
                id="cli_a1b2c3d4e5f60001",
                secrets=["feishu-demo-app-secret-0000001"],
                scopes=[*SCOPES],
                users=_people(),
                chats=[CHAT],
            ),
            FeishuApp(
                id="cli_a1b2c3d4e5f60002",
                kind="store",
                secrets=["feishu-demo-app-secret-0000002"],
                scopes=[*SCOPES],
                ticket="ticket-demo-0001",
                tenants=["736588c9260f175e"],
                users=_people(),
                chats=[CHAT],
            ),
            FeishuApp(id="6f1c1f4e-hook-demo-feishu", kind="webhook", secrets=["feishu-demo-hook-secret"]),
        )

    def refuse(self, situation: Situation, call: Call) -> Answer:
        """Feishu's words."""
        match situation:
            case Situation.TOKEN_EXPIRED:
                return bad_token(call)
            case Situation.WRONG_SECRET:
                return feishu_auth.wrong_secret()
            case Situation.CALLER_NOT_ALLOWED:
                return caller_denied(call)
            case Situation.RATE_LIMITED:
                return rate_limited(100, 52)
            case Situation.QUOTA_SPENT:
                return quota_spent()
            case Situation.BUSY:
                return bare(1500, "internal error", 500)

    def unknown(self, call: Call, allowed: tuple[str, ...]) -> Answer:
        """The gateway's 404 in plain text, for a wrong method as well."""
        del call, allowed
        return Answer(raw=b"404 page not found", status=404, code=404, headers={"content-type": "text/plain"})

    def finish(self, call: Call, answer: Answer) -> None:
        """Log and request id on everything."""
        answer.headers.setdefault("content-type", "application/json; charset=utf-8")
        answer.headers.setdefault("x-tt-logid", log_id(call))
        answer.headers.setdefault("x-request-id", call.id)

    def page(self, values: list[Json], page_token: str, *, has_more: Json) -> Answer:
        """A page with this content."""
        return page(values, page_token, has_more=has_more)


class Lark(Feishu):
    """open.larksuite.com: the same paths, other tenants, apps and addresses."""

    name = "lark"
    origin_paths: ClassVar[tuple[str, ...]] = ()
    lists: ClassVar[dict[str, list[Json]]] = {"outbound_ip": list(LARK_OUTBOUND)}

    def apps(self) -> tuple[App, ...]:
        """A custom app."""
        secrets = ["lark-demo-app-secret-000000001"]
        return (
            FeishuApp(
                id="cli_b1b2c3d4e5f60001", secrets=secrets, scopes=[*SCOPES], users=_people(), chats=[CHAT]
            ),
        )
