"""A list in the configuration file itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from gatepost.model.answer import Fetched
from gatepost.model.entry import Direction
from gatepost.sources.base import Source, written


class Static(Source):
    """Entries written in the configuration file."""

    kind: ClassVar[str] = "static"
    platforms: ClassVar[frozenset[str]] = frozenset()
    every: ClassVar[str] = "1h"
    wildcards: ClassVar[bool] = True
    ranges: ClassVar[bool] = True
    is_here: ClassVar[bool] = True
    reference: ClassVar[str] = "docs/sources/static.md"

    @dataclass(frozen=True, slots=True)
    class Options:
        """The list."""

        direction: Direction
        """Seen from us: ``ingress``, they call us; ``egress``, we call them."""
        entries: tuple[str, ...]
        """Addresses, networks, ranges ``a-b``, ``a.b.c.*``, domains and ``*.domain``."""

    def __init__(self, options: Options, client: Any) -> None:  # noqa: ARG002 - the family's constructor
        self._entries = options.entries

    @classmethod
    def directions(cls, options: Options) -> frozenset[Direction]:
        """As written."""
        return frozenset({options.direction})

    @property
    def provenance(self) -> str:
        """One place, the file: a shortened list is judged like any other."""
        return "static"

    async def fetch(self) -> Fetched:
        """What is written; no request is made."""
        return Fetched(tuple(map(written, self._entries)), 0)
