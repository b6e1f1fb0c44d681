"""The door of the sources: one class a list, whole or an error."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from gatepost.model.answer import Fetched
from gatepost.model.entry import Direction, RawEntry, RawType

_ADDRESS_LIKE = re.compile(r"[0-9./*\s-]*|[^/]*[:/].*", re.DOTALL)
"""Digits and the marks of IPv4 alone, or a colon or slash anywhere: no domain looks like that."""


class Source(ABC):
    """Adapter that yields exactly one list of one platform account.

    A source *must* return the complete raw list or raise a
    :class:`gatepost.errors.FetchError`. It *must not* filter, merge, sort,
    repair or default anything: text goes out as it came in. It *may* make as
    many requests as its platform's client needs.

    A kind is ``<module>.<list>``; the module is how it is found.
    """

    kind: ClassVar[str]
    platforms: ClassVar[frozenset[str]]
    """Platforms whose accounts it can ask; empty where no account is needed."""
    every: ClassVar[str]
    """Default interval, as in the configuration: ``1h``."""
    wildcards: ClassVar[bool] = False
    """Whether the platform documents ``a.b.c.*`` for its addresses."""
    ranges: ClassVar[bool] = False
    """Whether the platform documents ``a-b`` for its addresses."""
    is_here: ClassVar[bool] = False
    """Whether the list stands in the configuration: asking costs nobody anything, so each start asks."""
    reference: ClassVar[str]
    """The platform's page this follows."""

    Options: ClassVar[type]
    """Frozen dataclass of the kind's own configuration keys; its fields have docstrings."""

    @abstractmethod
    def __init__(self, options: Any, client: Any) -> None:
        """``client``: the account's platform client; the plain Http where ``platforms`` is empty."""

    @classmethod
    @abstractmethod
    def directions(cls, options: Any) -> frozenset[Direction]:
        """Directions of the list these options name: one; several where the owner must say which."""

    @classmethod
    def hosts(cls, options: Any) -> frozenset[str]:  # noqa: ARG003 - what these options need: nothing here
        """Hosts that the plain HTTP client must be allowed to ask; empty where an account's client asks."""
        return frozenset()

    @property
    @abstractmethod
    def provenance(self) -> str:
        """What makes this list this list: platform, host, account id and parameters. No secrets."""

    @abstractmethod
    async def fetch(self) -> Fetched:
        """Ask the platform now, for everything."""


def written(text: str) -> RawEntry:
    """An item of a list that says of no item what it is: an address by its characters, or a domain."""
    return RawEntry(text, RawType.ADDRESS if _ADDRESS_LIKE.fullmatch(text) else RawType.DOMAIN)


class AccountList(Source):
    """A list that every account has exactly once: the account says it all, there are no further keys."""

    direction: ClassVar[Direction]
    call: ClassVar[str]
    """The API asked, for the provenance."""

    @dataclass(frozen=True, slots=True)
    class Options:
        """No keys of its own."""

    def __init__(self, options: Options, client: Any) -> None:  # noqa: ARG002 - the family's constructor
        self._client = client

    @classmethod
    def directions(cls, options: Options) -> frozenset[Direction]:  # noqa: ARG003 - the same for all options
        """The list's own."""
        return frozenset({cls.direction})

    @property
    def provenance(self) -> str:
        """Platform, host, account and list."""
        return f"{self._client.provenance} {self.call}"

    async def fetch(self) -> Fetched:
        """The whole list."""
        before = self._client.requests
        entries = tuple(await self._entries())
        return Fetched(entries, self._client.requests - before)

    @abstractmethod
    async def _entries(self) -> Iterable[RawEntry]:
        """Ask the client."""
