"""WeCom: what its apps reach, what we reach, and where its callbacks come from."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from gatepost.model.answer import Fetched
from gatepost.model.entry import Direction, RawEntry, RawType
from gatepost.platforms.wecom import ServerAddress, ServerDomain, ServerDomains, WeCom
from gatepost.sources.base import Source


class _WeComList(Source):
    """One of the account's lists."""

    platforms: ClassVar[frozenset[str]] = frozenset({"wecom"})
    every: ClassVar[str] = "6h"
    direction: ClassVar[Direction]
    call: ClassVar[str]
    """The API asked, for the provenance."""

    @dataclass(frozen=True, slots=True)
    class Options:
        """No keys of its own: the account says it all."""

    def __init__(self, options: Options, client: WeCom) -> None:  # noqa: ARG002 - the family's constructor
        self._client = client

    @classmethod
    def directions(cls, options: Options) -> frozenset[Direction]:  # noqa: ARG003 - the same for all options
        """The list's own."""
        return frozenset({cls.direction})

    @property
    def provenance(self) -> str:
        """Platform, host, company and list."""
        return f"{self._client.provenance} {self.call}"

    async def fetch(self) -> Fetched:
        """The whole list, in one request beside the token's."""
        before = self._client.requests
        entries = tuple(await self._entries())
        return Fetched(entries, self._client.requests - before)

    @abstractmethod
    async def _entries(self) -> Iterable[RawEntry]: ...


class WeComClients(_WeComList):
    """Domains and addresses that the company's WeCom apps connect to."""

    kind: ClassVar[str] = "wecom.clients"
    direction: ClassVar[Direction] = Direction.EGRESS
    call: ClassVar[str] = "get_server_domain_ip"
    reference: ClassVar[str] = "https://developer.work.weixin.qq.com/document/path/100079"

    async def _entries(self) -> Iterable[RawEntry]:
        return _listed(await self._client.get_server_domain_ip())


class WeComApi(_WeComList):
    """Addresses of qyapi.weixin.qq.com."""

    kind: ClassVar[str] = "wecom.api"
    direction: ClassVar[Direction] = Direction.EGRESS
    call: ClassVar[str] = "get_api_domain_ip"
    wildcards: ClassVar[bool] = True
    reference: ClassVar[str] = "https://developer.work.weixin.qq.com/document/path/92520"

    async def _entries(self) -> Iterable[RawEntry]:
        return map(RawEntry, await self._client.get_api_domain_ip())


class WeComCallback(_WeComList):
    """Addresses that WeCom calls back from."""

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
