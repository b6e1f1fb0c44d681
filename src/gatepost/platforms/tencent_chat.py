"""Client of Tencent Cloud Chat (IM): its server addresses, asked with a signature made here.

::

    account = TencentChat.Account(sdkappid=1400000000, identifier="administrator", key=Secret("…"))
    async with TencentChat.open(account) as chat:
        addresses = await chat.get_ip_list(NetType.WEBHOOK_ABROAD)

https://cloud.tencent.com/document/product/269/45438 (GetIPList),
https://cloud.tencent.com/document/product/269/1519 (REST API overview).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from functools import cached_property
from typing import ClassVar

import msgspec

from gatepost.errors import PlatformError, SchemaMismatch, TokenRejected, TooLarge, cut
from gatepost.kit.clock import Clock
from gatepost.kit.reply import Reply, Value, decode
from gatepost.kit.retry import retrying
from gatepost.kit.secret import Secret
from gatepost.platforms._backup import TwoHosts
from gatepost.platforms._wording import naming_us
from gatepost.platforms.base import Reach, error_for
from gatepost.platforms.tencent_chat_codes import CODES, WAITS, WRONG_REGION

SIGNATURE_LIFE = 300
"""Seconds a UserSig lives: it is minted for one call, and an administrator's opens everything."""
CALLS_PER_SECOND = 200
"""The API's limit."""
_IDENTIFIER_MAX = 32
_HTTP_OK = 200


class NetType(IntEnum):
    """Which addresses; China includes Hong Kong."""

    ALL = 0
    NATIVE_CHINA = 1
    NATIVE_ABROAD = 2
    WEB_CHINA = 3
    WEB_ABROAD = 4
    WEBHOOK_CHINA = 5
    WEBHOOK_ABROAD = 6


class Region(StrEnum):
    """Data centre an app lives in."""

    CHINA = "china"
    SINGAPORE = "singapore"
    SEOUL = "seoul"
    TOKYO = "tokyo"
    FRANKFURT = "frankfurt"
    SILICON_VALLEY = "silicon_valley"
    JAKARTA = "jakarta"


HOSTS: Mapping[Region, tuple[str, str]] = {
    Region.CHINA: ("console.tim.qq.com", "adminapi.my-imcloud.com"),
    Region.SINGAPORE: ("adminapisgp.im.qcloud.com", "adminapisgp.my-imcloud.com"),
    Region.SEOUL: ("adminapikr.im.qcloud.com", "adminapikr.my-imcloud.com"),
    Region.TOKYO: ("adminapijpn.im.qcloud.com", "adminapijpn.my-imcloud.com"),
    Region.FRANKFURT: ("adminapiger.im.qcloud.com", "adminapiger.my-imcloud.com"),
    Region.SILICON_VALLEY: ("adminapiusa.im.qcloud.com", "adminapiusa.my-imcloud.com"),
    Region.JAKARTA: ("adminapiidn.im.qcloud.com", "adminapiidn.my-imcloud.com"),
}
"""Host of each region, and the one for when its name is hijacked or it cannot be reached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TencentChatAccount(Reach):
    """One app. ValueError where a value cannot be one."""

    sdkappid: int
    """Number of the app, as the Chat console shows it."""
    identifier: str
    """Account of an App administrator, by whom the calls are signed."""
    key: Secret
    """Secret key of the app."""
    region: Region = Region.CHINA
    """Data centre the app lives in."""

    def __post_init__(self) -> None:
        """Check the forms."""
        Reach.__post_init__(self)
        if self.sdkappid <= 0:
            msg = "sdkappid must be a positive number"
            raise ValueError(msg)
        if not (0 < len(self.identifier) <= _IDENTIFIER_MAX and self.identifier.isascii()):
            msg = f"identifier must be 1 to {_IDENTIFIER_MAX} printable ASCII characters"
            raise ValueError(msg)
        if not self.identifier.isprintable():
            msg = "identifier must be printable"
            raise ValueError(msg)


class _Answer(msgspec.Struct):
    """GetIPList's answer, good or bad: the HTTP status is always 200."""

    code: int = msgspec.field(name="ErrorCode")
    status: str = msgspec.field(name="ActionStatus", default="")
    info: str | None = msgspec.field(name="ErrorInfo", default=None)
    listed: list[str] | None = msgspec.field(name="IPList", default=None)


class TencentChat(TwoHosts):
    """Client of one app of Tencent Cloud Chat; paces itself below the API's limit."""

    platform: ClassVar[str] = "tencent_chat"
    hosts: ClassVar[frozenset[str]] = frozenset(host for pair in HOSTS.values() for host in pair)
    base_url: ClassVar[str] = f"https://{HOSTS[Region.CHINA][0]}"
    Account: ClassVar[type[TencentChatAccount]] = TencentChatAccount
    account: TencentChatAccount

    @classmethod
    def hosts_of(cls, account: TencentChatAccount) -> frozenset[str]:
        """The owner's host, or both of the region."""
        return super().hosts_of(account) if account.base_url else frozenset(HOSTS[account.region])

    @property
    def base(self) -> str:
        """The owner's base URL, or the region's host."""
        return (self.account.base_url or f"https://{HOSTS[self.account.region][0]}").rstrip("/")

    @property
    def backup(self) -> str | None:
        """The region's backup host; none where the owner named a base URL."""
        return None if self.account.base_url else f"https://{HOSTS[self.account.region][1]}"

    @property
    def account_id(self) -> str:
        """The SDKAppID."""
        return str(self.account.sdkappid)

    async def get_ip_list(self, nettype: NetType) -> tuple[str, ...]:
        """Addresses and prefixes of one kind, in the platform's order.

        Raises FetchError leaves; SchemaMismatch for an error that carries a
        list, and for a success without one.
        """
        answer = await retrying(lambda: self._signed(nettype), self.clock)
        if answer.listed is None:
            msg = "the answer says success and has no IPList"
            raise SchemaMismatch(msg)
        if len(answer.listed) > self.bounds.max_entries:
            msg = f"{len(answer.listed)} entries are more than the {self.bounds.max_entries} allowed"
            raise TooLarge(msg)
        return tuple(answer.listed)

    @cached_property
    def _pace(self) -> Pace:
        return Pace(self.clock, CALLS_PER_SECOND)

    async def _signed(self, nettype: NetType) -> _Answer:
        """One call; a refused signature is made anew once."""
        try:
            return await self._once(nettype)
        except TokenRejected:
            return await self._once(nettype)

    async def _once(self, nettype: NetType) -> _Answer:
        await self._pace.turn()
        reply = await self.ask("POST", "/v4/ConfigSvc/GetIPList", params=self._query(nettype), json={})
        answer = decode(reply, _Answer)
        self._judge(reply, answer)
        return answer

    def _query(self, nettype: NetType) -> dict[str, Value]:
        account = self.account
        now = int(self.clock.now().timestamp())
        return {
            "sdkappid": account.sdkappid,
            "identifier": account.identifier,
            "usersig": user_sig(account.key, account.sdkappid, account.identifier, at=now),
            "random": secrets.randbits(32),
            "contenttype": "json",
            "nettype": int(nettype),
        }

    def _judge(self, reply: Reply, answer: _Answer) -> None:
        """Raise unless ErrorCode is 0, ActionStatus OK and the HTTP status 200."""
        if answer.code and answer.listed:
            msg = f"the answer is an error ({answer.code}) and carries a list"
            raise SchemaMismatch(msg, code=answer.code)
        if answer.code or reply.status != _HTTP_OK:
            raise self._refusal(reply, answer)
        if answer.status != "OK":
            msg = f"ErrorCode is 0 and ActionStatus is {cut(answer.status, 20)!r}"
            raise SchemaMismatch(msg)

    def _refusal(self, reply: Reply, answer: _Answer) -> PlatformError:
        code, said = answer.code or reply.status, answer.info or ""
        row = naming_us(CODES.find(code, reply.status), said)
        if code in WRONG_REGION:
            asked = f"gatepost asked the region {self.account.region} at {self.base.partition('://')[2]}."
            row = replace(row, advice=f"{asked} {row.advice}")
        return error_for(row, reply, said, retry_after=WAITS.get(code))


class Pace:
    """Turns, evenly spaced: no more than so many a second, however many callers wait."""

    def __init__(self, clock: Clock, per_second: float) -> None:
        self._clock = clock
        self._gap = 1 / per_second
        self._next = clock.monotonic()

    async def turn(self) -> None:
        """Wait for the next turn; it is reserved before waiting."""
        now = self._clock.monotonic()
        at = max(now, self._next)
        self._next = at + self._gap
        if at > now:
            await self._clock.sleep(at - now)


def user_sig(
    key: Secret,
    sdkappid: int,
    identifier: str,
    *,
    at: int,
    life: int = SIGNATURE_LIFE,
    userbuf: bytes | None = None,
) -> Secret:
    """A UserSig (TLS v2) for one account of one app.

    Args:
        key: The app's secret key; its text is the MAC's key, it is not decoded from hex.
        sdkappid: The app.
        identifier: The account signed for.
        at: Unix time in seconds from which it counts.
        life: Seconds it is valid.
        userbuf: Further signed bytes, as the vendor's private map key uses them.

    The signed lines stand in this order; the JSON's keys may stand in any, so
    signatures are compared by their decoded fields.
    """
    signed: dict[str, str | int] = {
        "identifier": identifier,
        "sdkappid": sdkappid,
        "time": at,
        "expire": life,
    }
    if userbuf is not None:
        signed["userbuf"] = base64.b64encode(userbuf).decode()
    content = "".join(f"TLS.{name}:{value}\n" for name, value in signed.items())
    mac = hmac.digest(key.reveal().encode(), content.encode(), hashlib.sha256)
    fields = {"ver": "2.0", **signed, "sig": base64.b64encode(mac).decode()}
    document = json.dumps({f"TLS.{name}": value for name, value in fields.items()})
    return Secret(base64.b64encode(zlib.compress(document.encode()), b"*-").decode().replace("=", "_"))
