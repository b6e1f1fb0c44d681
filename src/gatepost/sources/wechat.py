"""WeChat's official platform: what we reach, and where its pushes come from."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from gatepost.model.answer import Fetched
from gatepost.model.entry import Direction, RawEntry
from gatepost.platforms.wechat import WeChat
from gatepost.sources.base import Source

REFERENCE = (
    "https://developers.weixin.qq.com/doc/service/en/Basic_Information/Get_the_WeChat_server_IP_address.html"
)


class _WeChatList(Source):
    """One of the account's lists."""

    platforms: ClassVar[frozenset[str]] = frozenset({"wechat"})
    every: ClassVar[str] = "6h"
    direction: ClassVar[Direction]
    call: ClassVar[str]
    """The API asked, for the provenance."""

    @dataclass(frozen=True, slots=True)
    class Options:
        """No keys of its own: the account says it all."""

    def __init__(self, options: Options, client: WeChat) -> None:  # noqa: ARG002 - the family's constructor
        self._client = client

    @classmethod
    def directions(cls, options: Options) -> frozenset[Direction]:  # noqa: ARG003 - the same for all options
        """The list's own."""
        return frozenset({cls.direction})

    @property
    def provenance(self) -> str:
        """Platform, host, app and list."""
        return f"{self._client.provenance} {self.call}"

    async def fetch(self) -> Fetched:
        """The whole list, in one request beside the token's."""
        before = self._client.requests
        entries = tuple(await self._entries())
        return Fetched(entries, self._client.requests - before)

    @abstractmethod
    async def _entries(self) -> Iterable[RawEntry]: ...


class WeChatApi(_WeChatList):
    """Addresses of api.weixin.qq.com."""

    kind: ClassVar[str] = "wechat.api"
    direction: ClassVar[Direction] = Direction.EGRESS
    call: ClassVar[str] = "get_api_domain_ip"
    reference: ClassVar[str] = REFERENCE

    async def _entries(self) -> Iterable[RawEntry]:
        return map(RawEntry, await self._client.get_api_domain_ip())


class WeChatCallback(_WeChatList):
    """Addresses that WeChat pushes from; WeChat Pay has others."""

    kind: ClassVar[str] = "wechat.callback"
    direction: ClassVar[Direction] = Direction.INGRESS
    call: ClassVar[str] = "getcallbackip"
    reference: ClassVar[str] = REFERENCE

    async def _entries(self) -> Iterable[RawEntry]:
        return map(RawEntry, await self._client.get_callback_ip())
