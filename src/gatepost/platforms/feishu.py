"""Client of Feishu (open.feishu.cn) and Lark (open.larksuite.com): one API, two separate platforms.

::

    account = Feishu.Account(app_id="cli_…", app_secret=Secret("…"))
    async with Feishu.open(account) as feishu:
        addresses = await feishu.outbound_ip()
"""

from __future__ import annotations

import uuid as uuids
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal
from urllib.parse import quote

import msgspec

from gatepost.errors import PagingBroken, RequestRejected, SchemaMismatch, TokenRejected, TooLarge, UsageError
from gatepost.kit.reply import Json, Reply, Value, decode
from gatepost.kit.retry import retrying
from gatepost.kit.secret import Secret
from gatepost.kit.token_cache import Obtained, TokenKey, token_key
from gatepost.platforms.base import CodeClass, Platform, Reach
from gatepost.platforms.feishu_codes import CODES, TICKET
from gatepost.platforms.feishu_envelope import Refusal, read_refusal, to_error
from gatepost.platforms.feishu_message import (
    Card,
    Content,
    Post,
    Text,
    app_content,
    message_type,
)

__all__ = ["Card", "Feishu", "FeishuAccount", "Lark", "Message", "Post", "Text", "User"]

ReceiverType = Literal["open_id", "union_id", "user_id", "email", "chat_id"]
UserIdType = Literal["open_id", "union_id", "user_id"]
Ticket = Callable[[], Awaitable[Secret | None]]
"""Gives the last app_ticket that the platform pushed, None where there is none yet."""

PAGE_SIZE = 50
"""The largest page; the default of 10 would need five times the requests."""
LIFE_MOST = 7200
"""Seconds a token lives at most. Asked again with 30 minutes or more left, the platform gives the same
token; with less, a new one beside the old. So the cache's margin of five minutes always gets a new one."""
UUID_MOST = 50
_BAD_PAGE = 1810001


@dataclass(frozen=True, slots=True, kw_only=True)
class FeishuAccount(Reach):
    """One app of Feishu or Lark. With ``tenant_key`` it is a store app, otherwise a custom app."""

    app_id: str
    """The app's id, ``cli_…``."""
    app_secret: Secret
    """The app's secret."""
    tenant_key: str | None = None
    """Store apps only: the tenant to speak for."""
    app_ticket: Secret | None = None
    """Store apps only: the last app_ticket that the platform pushed to your event endpoint."""


class User(msgspec.Struct, frozen=True):
    """A person of the contacts. A field is None where the app lacks the scope for it."""

    open_id: str | None = None
    union_id: str | None = None
    user_id: str | None = None
    name: str | None = None
    en_name: str | None = None
    nickname: str | None = None
    email: str | None = None
    enterprise_email: str | None = None
    mobile: str | None = None
    mobile_visible: bool | None = None
    gender: int | None = None
    department_ids: tuple[str, ...] | None = None
    leader_user_id: str | None = None
    city: str | None = None
    country: str | None = None
    work_station: str | None = None
    join_time: int | None = None
    is_tenant_manager: bool | None = None
    employee_no: str | None = None
    employee_type: int | None = None
    job_title: str | None = None
    status: Mapping[str, bool] | None = None


class Message(msgspec.Struct, frozen=True):
    """A message that was sent."""

    message_id: str
    msg_type: str | None = None
    chat_id: str | None = None
    create_time: str | None = None
    """Milliseconds since 1970, as text."""
    root_id: str | None = None
    parent_id: str | None = None
    thread_id: str | None = None


class _AppToken(msgspec.Struct):
    app_access_token: str
    expire: int


class _TenantToken(msgspec.Struct):
    tenant_access_token: str
    expire: int


class _Page(msgspec.Struct):
    ip_list: tuple[str, ...]
    has_more: bool
    page_token: str | None = None


class _PageAnswer(msgspec.Struct):
    data: _Page


class _MessageAnswer(msgspec.Struct):
    data: Message


class _UserData(msgspec.Struct):
    user: User


class _UserAnswer(msgspec.Struct):
    data: _UserData


class Feishu(Platform):
    """Client of Feishu."""

    platform: ClassVar[str] = "feishu"
    hosts: ClassVar[frozenset[str]] = frozenset({"open.feishu.cn"})
    base_url: ClassVar[str] = "https://open.feishu.cn"
    Account: ClassVar[type[FeishuAccount]] = FeishuAccount
    account: FeishuAccount
    ticket: Ticket | None = None
    """Store apps: asked for the app_ticket before the account's own; set it on the open client."""
    _resent = False

    @property
    def account_id(self) -> str:
        """App id, and the tenant of a store app."""
        return " ".join(part for part in (self.account.app_id, self.account.tenant_key) if part)

    async def outbound_ip(self) -> tuple[str, ...]:
        """Addresses that events and callbacks come from, as text, whole and in the platform's order.

        Needs the scope ``event:ip_list``. A list that moves while its pages
        are read is read once more from the start. Raises PagingBroken where
        it moves again, TooLarge beyond the bounds, and FetchError leaves.
        https://open.feishu.cn/document/server-docs/event-subscription-guide/list
        """
        try:
            return await self._pages()
        except PagingBroken:
            return await self._pages()

    async def send_message(
        self,
        receive_id: str,
        content: Content,
        *,
        receive_id_type: ReceiverType = "chat_id",
        uuid: str | None = None,
    ) -> Message:
        """Send a message as the app's bot.

        ``uuid``, of at most 50 characters, makes the platform send it at most
        once in an hour; without one a random one guards our own retries.
        https://open.feishu.cn/document/server-docs/im-v1/message/create
        """
        uuid = uuid or str(uuids.uuid4())
        if len(uuid) > UUID_MOST:
            msg = f"a message's uuid has at most {UUID_MOST} characters"
            raise UsageError(msg)
        body: Json = {
            "receive_id": receive_id,
            "msg_type": message_type(content),
            "content": msgspec.json.encode(app_content(content)).decode(),
            "uuid": uuid,
        }
        params = {"receive_id_type": receive_id_type}
        reply = await self._call("POST", "/open-apis/im/v1/messages", params, body)
        return decode(reply, _MessageAnswer).data

    async def get_user(self, user_id: str, *, user_id_type: UserIdType = "open_id") -> User:
        """A person of the contacts.

        https://open.feishu.cn/document/server-docs/contact-v3/user/get
        """
        path = f"/open-apis/contact/v3/users/{quote(user_id, safe='')}"
        return decode(await self._call("GET", path, {"user_id_type": user_id_type}), _UserAnswer).data.user

    async def tenant_token(self) -> Secret:
        """A tenant_access_token with life left, from the cache or the platform; not retried."""
        return await self.tokens.get(self._key("tenant"), self._obtain_tenant)

    async def resend_ticket(self) -> None:
        """Have the platform push app_ticket to the store app's event endpoint again; it comes as an event."""
        await self._post("/open-apis/auth/v3/app_ticket/resend", self._credentials())

    async def _pages(self) -> tuple[str, ...]:
        """One pass over all pages."""
        found: list[str] = []
        tokens: list[str] = []
        for _ in range(self.bounds.max_pages):
            page = await self._page(tokens[-1] if tokens else None)
            if not set(found).isdisjoint(page.ip_list):
                msg = "a page repeats entries of an earlier one: the list moved while it was read"
                raise PagingBroken(msg)
            found += page.ip_list
            if len(found) > self.bounds.max_entries:
                msg = f"the list has more than {self.bounds.max_entries} entries"
                raise TooLarge(msg)
            if not page.has_more:  # a page_token may stand beside has_more: false
                return tuple(found)
            tokens.append(_next_token(page, tokens))
        msg = f"the list has more than {self.bounds.max_pages} pages"
        raise TooLarge(msg)

    async def _page(self, token: str | None) -> _Page:
        params: dict[str, Value] = {"page_size": PAGE_SIZE}
        if token is not None:
            params["page_token"] = token
        try:
            reply = await self._call("GET", "/open-apis/event/v1/outbound_ip", params)
        except RequestRejected as error:
            if token is None or error.code != _BAD_PAGE:
                raise
            failure = PagingBroken("the platform no longer knows its own page_token", code=error.code)
        else:
            return decode(reply, _PageAnswer).data
        raise failure

    async def _call(self, method: str, path: str, params: Mapping[str, Value], json: Json = None) -> Reply:
        """A call with a tenant token; transient errors are retried, a refused token is renewed once."""

        async def once() -> Reply:
            token = await self.tenant_token()
            reply, refusal = await self._ask(method, path, params, json, token)
            if refusal is not None and CODES.find(refusal.code).klass is CodeClass.REFRESH:
                await self.tokens.drop(self._key("tenant"), token)
                reply, refusal = await self._ask(method, path, params, json, await self.tenant_token())
            return self._settled(reply, refusal)

        return await retrying(once, self.clock)

    async def _ask(
        self, method: str, path: str, params: Mapping[str, Value], json: Json, token: Secret
    ) -> tuple[Reply, Refusal | None]:
        headers = {"authorization": Secret(f"Bearer {token.reveal()}")}
        reply = await self.ask(method, path, params=params, headers=headers, json=json)
        return reply, read_refusal(reply)

    async def _post(self, path: str, body: Json) -> Reply:
        """A call of the token endpoints: no token, and HTTP 200 for most refusals. Who needs it retries."""
        reply = await self.ask("POST", path, json=body)
        return self._settled(reply, read_refusal(reply))

    def _settled(self, reply: Reply, refusal: Refusal | None) -> Reply:
        if refusal is None:
            return reply
        raise to_error(
            refusal, reply, CODES, f"{self.base_url}/app/{quote(self.account.app_id, safe='')}/safe"
        )

    def _key(self, kind: str) -> TokenKey:
        return token_key(self.account.app_secret, self.platform, self.base, self.account_id, kind)

    def _credentials(self) -> dict[str, Json]:
        return {"app_id": self.account.app_id, "app_secret": self.account.app_secret}

    async def _obtain_tenant(self) -> Obtained:
        if self.account.tenant_key is not None:
            return await self._obtain_for_store(self.account.tenant_key)
        reply = await self._post("/open-apis/auth/v3/tenant_access_token/internal", self._credentials())
        return _obtained(decode(reply, _TenantToken))

    async def _obtain_for_store(self, tenant_key: str) -> Obtained:
        """A store app's tenant token, by its app token; an app token refused is renewed once."""
        path = "/open-apis/auth/v3/tenant_access_token"
        token = await self.tokens.get(self._key("app"), self._obtain_app)
        body: dict[str, Json] = {"app_access_token": token, "tenant_key": tenant_key}
        try:
            reply = await self._post(path, body)
        except TokenRejected as error:
            if error.code is None or CODES.find(error.code).klass is not CodeClass.REFRESH:
                raise
            await self.tokens.drop(self._key("app"), token)
            reply = await self._post(path, body | {"app_access_token": await self._app_token()})
        return _obtained(decode(reply, _TenantToken))

    async def _app_token(self) -> Secret:
        return await self.tokens.get(self._key("app"), self._obtain_app)

    async def _obtain_app(self) -> Obtained:
        """A store app's app token, by the ticket that was pushed."""
        ticket = (await self.ticket() if self.ticket else None) or self.account.app_ticket
        if ticket is None:
            await self._resend_once()
            msg = "no app_ticket is known yet; the platform was asked to send it to the app's event endpoint"
            raise TokenRejected(msg, hint=TICKET)
        try:
            body = {**self._credentials(), "app_ticket": ticket}
            reply = await self._post("/open-apis/auth/v3/app_access_token", body)
        except TokenRejected:
            await self._resend_once()
            raise
        return _obtained(decode(reply, _AppToken))

    async def _resend_once(self) -> None:
        """Ask for the ticket once in a client's life: it comes by event, not by asking again."""
        if not self._resent:
            self._resent = True
            await self.resend_ticket()


class Lark(Feishu):
    """Client of Lark: Feishu's API on another host, with apps and tenants of its own."""

    platform: ClassVar[str] = "lark"
    hosts: ClassVar[frozenset[str]] = frozenset({"open.larksuite.com"})
    base_url: ClassVar[str] = "https://open.larksuite.com"


def _next_token(page: _Page, tokens: list[str]) -> str:
    if not page.page_token:
        msg = "has_more without a page_token"
        raise SchemaMismatch(msg)
    if page.page_token in tokens:
        msg = "a page_token came back: the pages go in a circle"
        raise PagingBroken(msg)
    return page.page_token


def _obtained(answer: _AppToken | _TenantToken) -> Obtained:
    token = answer.app_access_token if isinstance(answer, _AppToken) else answer.tenant_access_token
    if not token or answer.expire <= 0:
        msg = "the token endpoint gave no token with life left"
        raise SchemaMismatch(msg)
    return Obtained(Secret(token), min(answer.expire, LIFE_MOST))
