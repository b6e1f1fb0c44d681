"""Client of WeChat's official platform: its two lists, and the check of the way back.

::

    account = WeChat.Account(appid="wx…", secret=Secret("…"))
    async with WeChat.open(account) as wechat:
        addresses = await wechat.get_callback_ip()
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

import msgspec

from gatepost.errors import ConfigInvalid, PlatformBusy, SchemaMismatch, TokenRejected
from gatepost.kit.reply import HttpSettings, Json, Reply, Value, decode
from gatepost.kit.retry import retrying
from gatepost.kit.secret import Secret, resolve
from gatepost.kit.token_cache import Obtained, TokenKey, token_key
from gatepost.platforms._backup import TwoHosts
from gatepost.platforms._weixin import OK, Question, TokenAnswer, Weixin, judge
from gatepost.platforms.base import Bounds, CodeTable, Reach
from gatepost.platforms.wechat_codes import CODES, DAILY_QUOTA, TOKEN_CODES, WAITS

API, BACKUP = "api.weixin.qq.com", "api2.weixin.qq.com"
BEIJING = timezone(timedelta(hours=8), "Beijing")
STABLE, CLASSIC = "stable", "classic"
CLASSIC_NOTICE = (
    'token = "classic": each token that gatepost fetches makes the one that other programs of this app hold '
    'invalid after five minutes. Prefer token = "stable".'
)
_FOREIGN = re.compile(r"(file|url):.+")
_TOKEN = re.compile(rb"[\w.~+/=|-]{8,4096}", re.ASCII)
_BUSY = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class WeChatAccount(Reach):
    """One official account or mini program. ValueError where a value cannot be one."""

    appid: str
    """The AppID, ``wx…``."""
    secret: Secret | None = None
    """The AppSecret; not needed where ``token`` is ``file:…`` or ``url:…``."""
    token: str = STABLE
    """``stable``; ``classic``, which makes every other program's token invalid; ``file:PATH`` or ``url:…``
    of your own token, which gatepost reads and never renews."""

    def __post_init__(self) -> None:
        """Check the forms."""
        Reach.__post_init__(self)
        if not self.appid.strip():
            msg = "appid must not be empty"
            raise ValueError(msg)
        if self.token not in (STABLE, CLASSIC) and not _FOREIGN.fullmatch(self.token):
            msg = "token must be stable, classic, file:PATH or url:https://…"
            raise ValueError(msg)
        if self.secret is None and not self.foreign:
            msg = f"secret is needed where token is {self.token}"
            raise ValueError(msg)

    @property
    def foreign(self) -> bool:
        """Whether the token is kept by another program of the owner's."""
        return self.token not in (STABLE, CLASSIC)

    @property
    def token_url(self) -> str | None:
        """Where the owner's token service answers, if there is one."""
        return self.token.removeprefix("url:") if self.token.startswith("url:") else None


class CheckAction(StrEnum):
    """What the check of the way back looks at."""

    ALL = "all"
    DNS = "dns"
    PING = "ping"


class Operator(StrEnum):
    """Carrier the check starts from."""

    DEFAULT = "DEFAULT"
    CHINANET = "CHINANET"
    UNICOM = "UNICOM"
    TENCENT = "CAP"


class DnsResult(msgspec.Struct, frozen=True):
    """An address of our callback URL's name, as WeChat resolves it."""

    ip: str
    real_operator: str | None = None


class PingResult(msgspec.Struct, frozen=True):
    """How WeChat reaches an address of ours; numbers come as text with their unit."""

    ip: str
    from_operator: str | None = None
    package_loss: str | None = None
    """``0%``."""
    time: str | None = None
    """``23.079ms``."""


class CallbackCheck(msgspec.Struct, frozen=True):
    """What the check found; a part that was not asked for is empty."""

    dns: tuple[DnsResult, ...] | None = None
    ping: tuple[PingResult, ...] | None = None


class _ServiceAnswer(msgspec.Struct):
    access_token: Annotated[str, msgspec.Meta(pattern=r"^[\w.~+/=|-]{8,4096}$")]


class WeChat(TwoHosts, Weixin):
    """Client of one app of WeChat's official platform."""

    platform: ClassVar[str] = "wechat"
    hosts: ClassVar[frozenset[str]] = frozenset(
        {API, BACKUP, "sh.api.weixin.qq.com", "sz.api.weixin.qq.com", "hk.api.weixin.qq.com"}
    )
    base_url: ClassVar[str] = f"https://{API}"
    Account: ClassVar[type[WeChatAccount]] = WeChatAccount
    codes: ClassVar[CodeTable] = CODES
    waits: ClassVar[Mapping[int, float]] = WAITS
    account: WeChatAccount
    _refused: Secret | None = None

    @classmethod
    def http_settings(cls, account: WeChatAccount, bounds: Bounds) -> HttpSettings:  # type: ignore[override]  # a client gets accounts of its own kind
        """As :meth:`Platform.http_settings`; the owner's token service may be asked too."""
        settings = super().http_settings(account, bounds)
        host = urlsplit(account.token_url or "").hostname
        return replace(settings, hosts=settings.hosts | {host}) if host else settings

    @classmethod
    def hosts_of(cls, account: WeChatAccount) -> frozenset[str]:
        """The owner's host, or the platform's with its backup; and the owner's token service."""
        own = super().hosts_of(account) | (frozenset() if account.base_url else {BACKUP})
        host = urlsplit(account.token_url or "").hostname
        return own | {host} if host else own

    @property
    def backup(self) -> str | None:
        """The platform's disaster-recovery host; none where the owner named a base URL."""
        return None if self.account.base_url else f"https://{BACKUP}"

    @property
    def account_id(self) -> str:
        """The AppID."""
        return self.account.appid

    @classmethod
    def notices_of(cls, account: WeChatAccount) -> tuple[str, ...]:
        """That the classic token invalidates every other user's."""
        return (CLASSIC_NOTICE,) if account.token == CLASSIC else ()

    async def get_api_domain_ip(self) -> tuple[str, ...]:
        """Addresses of api.weixin.qq.com, for our calls.

        https://developers.weixin.qq.com/doc/service/en/Basic_Information/Get_the_WeChat_server_IP_address.html
        """
        return await self.addresses("/cgi-bin/get_api_domain_ip")

    async def get_callback_ip(self) -> tuple[str, ...]:
        """Addresses that WeChat pushes from; not those of WeChat Pay.

        https://developers.weixin.qq.com/doc/service/en/Basic_Information/Get_the_WeChat_server_IP_address.html
        """
        return await self.addresses("/cgi-bin/getcallbackip")

    async def callback_check(
        self, action: CheckAction = CheckAction.ALL, operator: Operator = Operator.DEFAULT
    ) -> CallbackCheck:
        """Have WeChat resolve and reach the callback URL that the console knows (40201: none is set).

        https://developers.weixin.qq.com/doc/service/api/base/api_callbackcheck
        """
        body: Json = {"action": action.value, "check_operator": operator.value}
        found = await self.put(Question(CallbackCheck, "/cgi-bin/callback/check", "POST", body))
        if found.dns is None and found.ping is None:
            msg = "the answer of the check has neither dns nor ping"
            raise SchemaMismatch(msg)
        return found

    def wait(self, code: int) -> float | None:
        """Seconds to stay away after a code; the day's quota starts anew at midnight in Beijing."""
        return until_midnight(self.clock.now()) if code == DAILY_QUOTA else super().wait(code)

    async def token(self) -> Secret:
        """An access token: the owner's own, from the cache, or from the platform.

        Raises SecretUnavailable where the owner's file gives none, and
        TokenRejected where the owner's token was refused and is still there.
        """
        if not self.account.foreign:
            obtain = self._obtain_classic if self.account.token == CLASSIC else self._obtain_stable
            return await self.tokens.get(self._key, lambda: retrying(obtain, self.clock, self.attempts))
        token = await self._foreign()
        if token == self._refused:
            msg = "your own access token was refused by the platform, and it has not been renewed"
            raise TokenRejected(msg, hint="Have your token service renew it: gatepost only reads it.")
        return token

    async def drop(self, token: Secret) -> None:
        """Forget a token the platform refused; the owner's own is only remembered as refused."""
        if self.account.foreign:
            self._refused = token
        else:
            await self.tokens.drop(self._key, token)

    @property
    def _key(self) -> TokenKey:
        return token_key(self._secret, self.platform, self.base, self.account.appid, self.account.token)

    @property
    def _secret(self) -> Secret:
        if self.account.secret is None:
            msg = "the account has no secret"
            raise ConfigInvalid(msg)
        return self.account.secret

    async def _obtain_stable(self) -> Obtained:
        """Never forced: that would make the token in use invalid at once.

        https://developers.weixin.qq.com/doc/service/api/base/api_getstableaccesstoken
        """
        body: Json = {
            "grant_type": "client_credential",
            "appid": self.account.appid,
            "secret": self._secret,
            "force_refresh": False,
        }
        return self._obtained(await self.ask("POST", "/cgi-bin/stable_token", json=body))

    async def _obtain_classic(self) -> Obtained:
        """https://developers.weixin.qq.com/doc/service/api/base/api_getaccesstoken ."""
        params: dict[str, Value] = {
            "grant_type": "client_credential",
            "appid": self.account.appid,
            "secret": self._secret,
        }
        return self._obtained(await self.ask("GET", "/cgi-bin/token", params=params))

    def _obtained(self, reply: Reply) -> Obtained:
        judge(reply, TOKEN_CODES, self.wait)
        return decode(reply, TokenAnswer).obtained

    async def _foreign(self) -> Secret:
        """The owner's own token, read anew each time."""
        url = self.account.token_url
        if url is None:
            return resolve(self.account.token)
        return await retrying(lambda: self._served(Secret(url)), self.clock)

    async def _served(self, url: Secret) -> Secret:
        """A token service's answer: the token alone, or JSON with ``access_token``."""
        reply = await self.http.request("GET", url)
        if reply.status != OK:
            leaf = PlatformBusy if reply.status >= _BUSY else TokenRejected
            msg = f"your token service answered with the status {reply.status}"
            raise leaf(msg, hint="Look at the service that `token` names.")
        text = reply.body.strip()
        if text.startswith(b"{"):
            return Secret(decode(reply, _ServiceAnswer).access_token)
        if not _TOKEN.fullmatch(text):
            msg = "your token service answered with something that is no token"
            raise SchemaMismatch(msg, hint="Look at the service that `token` names.")
        return Secret(text.decode())


def until_midnight(now: datetime) -> float:
    """Seconds until the next day begins in Beijing."""
    here = now.astimezone(BEIJING)
    midnight = (here + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight - here).total_seconds()
