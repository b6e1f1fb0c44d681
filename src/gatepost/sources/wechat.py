"""WeChat's official platform: what we reach, and where its pushes come from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from gatepost.model.entry import Direction, RawEntry
from gatepost.sources.base import AccountList

REFERENCE = (
    "https://developers.weixin.qq.com/doc/service/en/Basic_Information/Get_the_WeChat_server_IP_address.html"
)


class WeChatApi(AccountList):
    """Addresses of api.weixin.qq.com."""

    platforms: ClassVar[frozenset[str]] = frozenset({"wechat"})
    every: ClassVar[str] = "6h"
    kind: ClassVar[str] = "wechat.api"
    direction: ClassVar[Direction] = Direction.EGRESS
    call: ClassVar[str] = "get_api_domain_ip"
    reference: ClassVar[str] = REFERENCE

    async def _entries(self) -> Iterable[RawEntry]:
        return map(RawEntry, await self._client.get_api_domain_ip())


class WeChatCallback(AccountList):
    """Addresses that WeChat pushes from; WeChat Pay has others."""

    platforms: ClassVar[frozenset[str]] = frozenset({"wechat"})
    every: ClassVar[str] = "6h"
    kind: ClassVar[str] = "wechat.callback"
    direction: ClassVar[Direction] = Direction.INGRESS
    call: ClassVar[str] = "getcallbackip"
    reference: ClassVar[str] = REFERENCE

    async def _entries(self) -> Iterable[RawEntry]:
        return map(RawEntry, await self._client.get_callback_ip())
