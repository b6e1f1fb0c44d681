"""WeCom: what its apps reach, what we reach, and where its callbacks come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from gatepost.model.entry import Direction, RawEntry, RawType
from gatepost.platforms.wecom import ServerAddress, ServerDomain, ServerDomains
from gatepost.sources.base import AccountList


class WeComClients(AccountList):
    """Domains and addresses that the company's WeCom apps connect to."""

    platforms: ClassVar[frozenset[str]] = frozenset({"wecom"})
    every: ClassVar[str] = "6h"
    kind: ClassVar[str] = "wecom.clients"
    direction: ClassVar[Direction] = Direction.EGRESS
    call: ClassVar[str] = "get_server_domain_ip"
    reference: ClassVar[str] = "https://developer.work.weixin.qq.com/document/path/100079"

    async def _entries(self) -> Iterable[RawEntry]:
        return _listed(await self._client.get_server_domain_ip())


class WeComApi(AccountList):
    """Addresses of qyapi.weixin.qq.com."""

    platforms: ClassVar[frozenset[str]] = frozenset({"wecom"})
    every: ClassVar[str] = "6h"
    kind: ClassVar[str] = "wecom.api"
    direction: ClassVar[Direction] = Direction.EGRESS
    call: ClassVar[str] = "get_api_domain_ip"
    wildcards: ClassVar[bool] = True
    reference: ClassVar[str] = "https://developer.work.weixin.qq.com/document/path/92520"

    async def _entries(self) -> Iterable[RawEntry]:
        return map(RawEntry, await self._client.get_api_domain_ip())


class WeComCallback(AccountList):
    """Addresses that WeCom calls back from."""

    platforms: ClassVar[frozenset[str]] = frozenset({"wecom"})
    every: ClassVar[str] = "6h"
    kind: ClassVar[str] = "wecom.callback"
    direction: ClassVar[Direction] = Direction.INGRESS
    call: ClassVar[str] = "getcallbackip"
    wildcards: ClassVar[bool] = True
    reference: ClassVar[str] = "https://developer.work.weixin.qq.com/document/path/92521"

    async def _entries(self) -> Iterable[RawEntry]:
        return map(RawEntry, await self._client.get_callback_ip())


def _listed(answer: ServerDomains) -> Iterator[RawEntry]:
    """Domains, the universal domains beside them, and addresses."""
    for domain in answer.domain_list:
        yield _entry(domain, domain.domain, RawType.DOMAIN)
        if domain.universal:
            yield _entry(domain, domain.universal, RawType.DOMAIN_TREE)
    for address in answer.ip_list:
        yield _entry(address, address.ip, RawType.ADDRESS)


def _entry(place: ServerDomain | ServerAddress, value: str, type_: RawType) -> RawEntry:
    ports = tuple((port, port) for port in place.port)
    return RawEntry(value, type_, place.protocol, ports, place.is_necessary == 1, place.description)
