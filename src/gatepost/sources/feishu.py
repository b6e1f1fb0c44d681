"""Feishu and Lark: where events and callbacks come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gatepost.model.answer import Fetched
from gatepost.model.entry import Direction, RawEntry
from gatepost.platforms.feishu import Feishu
from gatepost.sources.base import Source


class FeishuEvents(Source):
    """Addresses Feishu and Lark send events and callbacks from."""

    kind: ClassVar[str] = "feishu.events"
    platforms: ClassVar[frozenset[str]] = frozenset({"feishu", "lark"})
    every: ClassVar[str] = "1h"
    reference: ClassVar[str] = "https://open.feishu.cn/document/server-docs/event-subscription-guide/list"

    @dataclass(frozen=True, slots=True)
    class Options:
        """No keys of its own: the account says it all."""

    def __init__(self, options: Options, client: Feishu) -> None:  # noqa: ARG002 - the family's constructor
        self._client = client

    @classmethod
    def directions(cls, options: Options) -> frozenset[Direction]:  # noqa: ARG003 - the same for all options
        """Ingress: what the platform calls "outbound" comes to us."""
        return frozenset({Direction.INGRESS})

    @property
    def provenance(self) -> str:
        """Platform, host and app."""
        return f"{self._client.provenance} outbound_ip"

    async def fetch(self) -> Fetched:
        """All pages in one pass."""
        before = self._client.requests
        addresses = await self._client.outbound_ip()
        return Fetched(tuple(map(RawEntry, addresses)), self._client.requests - before)
