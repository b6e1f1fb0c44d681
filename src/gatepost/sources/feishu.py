"""Feishu and Lark: where events and callbacks come from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from gatepost.model.entry import Direction, RawEntry
from gatepost.sources.base import AccountList


class FeishuEvents(AccountList):
    """Addresses Feishu and Lark send events and callbacks from."""

    kind: ClassVar[str] = "feishu.events"
    platforms: ClassVar[frozenset[str]] = frozenset({"feishu", "lark"})
    every: ClassVar[str] = "1h"
    reference: ClassVar[str] = "https://open.feishu.cn/document/server-docs/event-subscription-guide/list"

    direction: ClassVar[Direction] = Direction.INGRESS
    call: ClassVar[str] = "outbound_ip"

    async def _entries(self) -> Iterable[RawEntry]:
        return map(RawEntry, await self._client.outbound_ip())
