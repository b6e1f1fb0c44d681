"""Tencent Cloud Chat: where its SDKs connect to, and where its webhooks come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gatepost.model.answer import Fetched
from gatepost.model.entry import Direction, RawEntry
from gatepost.platforms.tencent_chat import NetType, TencentChat
from gatepost.sources.base import Source

_BOTH = frozenset(Direction)
_INGRESS = frozenset({NetType.WEBHOOK_CHINA, NetType.WEBHOOK_ABROAD})


class TencentChatIps(Source):
    """Server addresses of Tencent Cloud Chat, by ``nettype``."""

    kind: ClassVar[str] = "tencent_chat.ips"
    platforms: ClassVar[frozenset[str]] = frozenset({"tencent_chat"})
    every: ClassVar[str] = "1h"
    reference: ClassVar[str] = "https://cloud.tencent.com/document/product/269/45438"

    @dataclass(frozen=True, slots=True)
    class Options:
        """Which of the platform's lists."""

        nettype: NetType
        """1, 2 native and 3, 4 web SDK servers (egress); 5, 6 webhooks (ingress); odd ones inside China with
        Hong Kong, even ones outside; 0 all, which needs the source's own ``direction``."""

    def __init__(self, options: Options, client: TencentChat) -> None:
        self._nettype = options.nettype
        self._client = client

    @classmethod
    def directions(cls, options: Options) -> frozenset[Direction]:
        """One for each nettype but 0, which mixes both."""
        if options.nettype is NetType.ALL:
            return _BOTH
        return frozenset({Direction.INGRESS if options.nettype in _INGRESS else Direction.EGRESS})

    @property
    def provenance(self) -> str:
        """Platform, host, app and nettype."""
        return f"{self._client.provenance} nettype={int(self._nettype)}"

    async def fetch(self) -> Fetched:
        """The whole list, in one request."""
        before = self._client.requests
        addresses = await self._client.get_ip_list(self._nettype)
        return Fetched(tuple(map(RawEntry, addresses)), self._client.requests - before)
