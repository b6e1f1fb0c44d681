"""A row of what is answered without the router: by it a path is read, a query checked, both described."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from msgspec import Struct

from gatepost.errors import GatepostError
from gatepost.refusals import RequestInvalid
from gatepost.server.query import converted

PARAMETERS_MOST = 50
"""Parameters of a query that are looked at."""
_PLACE = re.compile(r"\{([a-z]+)\}")
_OF_PLACES = {"name": r"[^./]+", "format": r"[^/]+", "beside": r"sha256|md5|minisig", "serial": r"[^/]+"}


class NoQuery(Struct):
    """No parameter counts."""


@dataclass(frozen=True, slots=True)
class HeadField:
    """A field of a request's or an answer's head."""

    name: str
    words: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    always: bool = True
    """Whether every such answer has it."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What an answer of one status is."""

    words: str
    content: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    """By media type, types of the documents it may be; none where it is text."""
    fields: tuple[HeadField, ...] = ()


@dataclass(frozen=True, slots=True)
class RawRoute:
    """A row."""

    path: str
    methods: tuple[str, ...]
    """Those that do something; HEAD is named where devices live by it."""
    summary: str
    words: str
    places: type[Struct]
    """Parameters of the path."""
    answers: Mapping[int, Answered]
    asks: type[Struct] = NoQuery
    """Parameters of the query that count; others are of no matter."""
    heads: tuple[HeadField, ...] = ()
    """Fields of the request that matter."""
    bodies: tuple[str, ...] = ()
    """Media types of a body."""
    refusals: tuple[type[GatepostError], ...] = ()
    refusal_fields: Mapping[type[GatepostError], tuple[HeadField, ...]] = field(default_factory=dict)
    """What such a refusal has in its head."""
    security: tuple[str, ...] = ()
    """Any of these lets in, where credentials are asked for; none: anybody may come."""

    def read(self, path: str) -> Mapping[str, str] | None:
        """What stands at the places of a path; None for a path of another row."""
        found = _pattern(self.path).fullmatch(path)
        return None if found is None else found.groupdict()

    def asked(self, query: bytes) -> Any:
        """The parameters that count. Raises RequestInvalid for what is not of its form, or there twice."""
        names = self.asks.__struct_fields__
        if not query or not names:
            return self.asks()
        try:
            pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, max_num_fields=PARAMETERS_MOST)
        except ValueError:
            msg = "the query is no list of name=value"
            raise RequestInvalid(msg) from None
        counted = [(name, value) for name, value in pairs if name in names]
        if len(dict(counted)) < len(counted):
            msg = f"of {', '.join(names)} each may be there once"
            raise RequestInvalid(msg)
        return converted(dict(counted), self.asks)


@cache
def _pattern(path: str) -> re.Pattern[str]:
    parts = _PLACE.split(path)
    shown = (f"(?P<{one}>{_OF_PLACES[one]})" if at % 2 else re.escape(one) for at, one in enumerate(parts))
    return re.compile("".join(shown))
