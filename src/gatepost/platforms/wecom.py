"""Client of WeCom: its three lists, app messages, and a group's message robot.

::

    account = WeCom.Account(corpid="ww…", corpsecret=Secret("…"))
    async with WeCom.open(account) as wecom:
        domains = await wecom.get_server_domain_ip()
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Self

import msgspec

from gatepost.errors import UsageError
from gatepost.kit.clock import Clock, SystemClock
from gatepost.kit.reply import HttpSettings, Json, Value, decode
from gatepost.kit.retry import retrying
from gatepost.kit.secret import Secret
from gatepost.kit.token_cache import Obtained, TokenKey, token_key
from gatepost.platforms._weixin import Question, TokenAnswer, Weixin, judge
from gatepost.platforms.base import Bounds, CodeTable, Reach
from gatepost.platforms.wecom_codes import CODES, WAITS

if TYPE_CHECKING:  # the HTTP library is loaded only where a client is opened
    import httpx2

    from gatepost.kit.http import Http

API = "qyapi.weixin.qq.com"
TEXT_BYTES_MAX = 2048
"""UTF-8 bytes of a text, and of an app message's markdown."""
ROBOT_MARKDOWN_BYTES_MAX = 4096
ROBOT_MESSAGES_PER_MINUTE = 20
SAME_MESSAGE_SECONDS = 600
"""Within which WeCom drops an app message that says the same to the same: our own retries."""
_USERS_MAX, _GROUPS_MAX = 1000, 100
_MINUTE = 60.0

MessageType = Literal["text", "markdown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeComAccount(Reach):
    """One self-built app of one company. ValueError where a value is empty."""

    corpid: str
    """Id of the company, ``ww…``."""
    corpsecret: Secret
    """Secret of the app."""

    def __post_init__(self) -> None:
        """Check the forms."""
        Reach.__post_init__(self)
        if not self.corpid.strip():
            msg = "corpid must not be empty"
            raise ValueError(msg)


class _Place(msgspec.Struct, frozen=True, kw_only=True):
    protocol: str
    """As written: ``TCP`` or ``UDP``."""
    port: tuple[int, ...]
    """Every port by itself."""
    is_necessary: Literal[0, 1]
    """1: WeCom does not work where this is blocked."""
    description: str | None = None


class ServerDomain(_Place, frozen=True, kw_only=True):
    """A domain that WeCom's apps reach."""

    domain: str
    universal_domian: str | None = None
    """The platform's own spelling: the domain above, of which every name may be used."""
    universal_domain: str | None = None
    """The same, should the platform ever correct it."""

    @property
    def universal(self) -> str | None:
        """The universal domain, however it was spelt; None where there is none."""
        return self.universal_domian or self.universal_domain or None


class ServerAddress(_Place, frozen=True, kw_only=True):
    """An address that WeCom's apps reach."""

    ip: str


class ServerDomains(msgspec.Struct, frozen=True):
    """Where the company's WeCom apps connect to."""

    domain_list: tuple[ServerDomain, ...]
    ip_list: tuple[ServerAddress, ...]


@dataclass(frozen=True, slots=True)
class Receivers:
    """Whom an app message goes to. UsageError where nobody, or too many, are named."""

    users: tuple[str, ...] = ()
    """Member ids, or ``@all`` alone; at most 1,000."""
    departments: tuple[str, ...] = ()
    """Department ids; at most 100."""
    tags: tuple[str, ...] = ()
    """Tag ids; at most 100."""

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not (self.users or self.departments or self.tags):
            msg = "an app message needs a receiver: a member, a department or a tag"
            raise UsageError(msg)
        if len(self.users) > _USERS_MAX or max(len(self.departments), len(self.tags)) > _GROUPS_MAX:
            msg = f"an app message has at most {_USERS_MAX} members, {_GROUPS_MAX} departments and tags"
            raise UsageError(msg)

    @property
    def fields(self) -> dict[str, Json]:
        """As the API wants them; ids of nobody are left out."""
        named = {"touser": self.users, "toparty": self.departments, "totag": self.tags}
        return {name: "|".join(ids) for name, ids in named.items() if ids}


class Sent(msgspec.Struct, frozen=True):
    """An app message that was sent; it may still have missed some receivers."""

    msgid: str | None = None
    invaliduser: str | None = None
    """Ids, lower-cased and joined by ``|``, that do not exist or that the app cannot see."""
    invalidparty: str | None = None
    invalidtag: str | None = None
    unlicenseduser: str | None = None


class WeCom(Weixin):
    """Client of one self-built app of one company."""

    platform: ClassVar[str] = "wecom"
    hosts: ClassVar[frozenset[str]] = frozenset({API})
    base_url: ClassVar[str] = f"https://{API}"
    Account: ClassVar[type[WeComAccount]] = WeComAccount
    codes: ClassVar[CodeTable] = CODES
    waits: ClassVar[Mapping[int, float]] = WAITS
    attempts: ClassVar[int] = 4
    """The platform advises at most three retries."""
    account: WeComAccount

    @property
    def account_id(self) -> str:
        """The company's id: all its apps get the same lists."""
        return self.account.corpid

    async def get_server_domain_ip(self) -> ServerDomains:
        """Domains and addresses of the company's WeCom apps; the app must be allowed to ask.

        https://developer.work.weixin.qq.com/document/path/100079
        """
        answer = await self.put(Question(ServerDomains, "/cgi-bin/security/get_server_domain_ip"))
        self.limited((*answer.domain_list, *answer.ip_list))
        return answer

    async def get_api_domain_ip(self) -> tuple[str, ...]:
        """Addresses of qyapi.weixin.qq.com, for our calls.

        https://developer.work.weixin.qq.com/document/path/92520
        """
        return await self.addresses("/cgi-bin/get_api_domain_ip")

    async def get_callback_ip(self) -> tuple[str, ...]:
        """Addresses that WeCom calls back from.

        https://developer.work.weixin.qq.com/document/path/92521
        """
        return await self.addresses("/cgi-bin/getcallbackip")

    async def send_message(
        self, agentid: int, content: str, to: Receivers, *, msgtype: MessageType = "text"
    ) -> Sent:
        """Send a text or markdown as the app; longer ones are shortened to 2,048 bytes.

        Retries are safe: the platform drops the same message to the same
        receivers for ten minutes.
        https://developer.work.weixin.qq.com/document/path/90236
        """
        body: dict[str, Json] = {
            **to.fields,
            "msgtype": msgtype,
            "agentid": agentid,
            msgtype: {"content": shorten(content, TEXT_BYTES_MAX)},
            "enable_duplicate_check": 1,
            "duplicate_check_interval": SAME_MESSAGE_SECONDS,
        }
        return await self.put(Question(Sent, "/cgi-bin/message/send", "POST", body))

    async def token(self) -> Secret:
        """The app's access token, from the cache or the platform.

        https://developer.work.weixin.qq.com/document/path/91039
        """
        return await self.tokens.get(self._key, lambda: retrying(self._obtain, self.clock, self.attempts))

    async def drop(self, token: Secret) -> None:
        """Forget a token the platform refused."""
        await self.tokens.drop(self._key, token)

    @property
    def _key(self) -> TokenKey:
        return token_key(self.account.corpsecret, self.platform, self.base, self.account.corpid)

    async def _obtain(self) -> Obtained:
        params: dict[str, Value] = {"corpid": self.account.corpid, "corpsecret": self.account.corpsecret}
        reply = await self.ask("GET", "/cgi-bin/gettoken", params=params)
        judge(reply, CODES, WAITS.get)
        return decode(reply, TokenAnswer).obtained


class WeComRobot:
    """A group's message robot: a webhook whose key is its secret. Waits to stay within 20 messages a minute.

    https://developer.work.weixin.qq.com/document/path/91770
    """

    def __init__(self, key: Secret, http: Http, clock: Clock, base_url: str = WeCom.base_url) -> None:
        """``key`` is what the webhook's address has behind ``key=``."""
        self._key = key
        self._http = http
        self._clock = clock
        self._url = f"{base_url.rstrip('/')}/cgi-bin/webhook/send"
        self._sent: deque[float] = deque(maxlen=ROBOT_MESSAGES_PER_MINUTE)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        key: Secret,
        *,
        base_url: str = WeCom.base_url,
        clock: Clock | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
        bounds: Bounds | None = None,
    ) -> AsyncIterator[Self]:
        """A robot with a connection of its own; at the platform's host or loopback."""
        from gatepost.kit.http import Http  # noqa: PLC0415 - loads the HTTP library

        clock, bounds = clock or SystemClock(), bounds or Bounds()
        settings = HttpSettings(WeCom.hosts, deadline=bounds.deadline, max_body=bounds.max_body)
        async with Http(settings, clock, transport) as http:
            yield cls(key, http, clock, base_url)

    async def send_text(self, content: str, *, mentions: tuple[str, ...] = ()) -> None:
        """Send a text, shortened to 2,048 bytes; ``mentions`` are member ids or ``@all``."""
        text: dict[str, Json] = {"content": shorten(content, TEXT_BYTES_MAX)}
        if mentions:
            text["mentioned_list"] = mentions
        await self._send({"msgtype": "text", "text": text})

    async def send_markdown(self, content: str) -> None:
        """Send markdown, shortened to 4,096 bytes."""
        text = shorten(content, ROBOT_MARKDOWN_BYTES_MAX)
        await self._send({"msgtype": "markdown", "markdown": {"content": text}})

    async def _send(self, body: Json) -> None:
        """Send once: a webhook knows no message id, so a retry could send it twice."""
        await self._turn()
        reply = await self._http.request("POST", self._url, params={"key": self._key}, json=body)
        judge(reply, CODES, WAITS.get)

    async def _turn(self) -> None:
        """Wait until fewer than 20 messages went out in the last minute."""
        now = self._clock.monotonic()
        if len(self._sent) == ROBOT_MESSAGES_PER_MINUTE and now < (free := self._sent[0] + _MINUTE):
            await self._clock.sleep(free - now)
        self._sent.append(self._clock.monotonic())


def shorten(text: str, limit: int) -> str:
    """The text in at most ``limit`` UTF-8 bytes, cut between characters, an ellipsis where it was cut."""
    data = text.encode()
    if len(data) <= limit:
        return text
    return data[: limit - len("…".encode())].decode(errors="ignore") + "…"
