"""The table of the feeds: by these rows requests for feeds are read, and described at ``/schema``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from gatepost.errors import GatepostError
from gatepost.formats.base import Collapse, Format
from gatepost.kit.discovery import plugins
from gatepost.refusals import (
    LoginRequired,
    MethodRefused,
    NothingThere,
    NothingYet,
    RequestForged,
    RequestInvalid,
    RequestTooLarge,
)
from gatepost.server.endpoint_shapes import Change, Endpoint, Known, Latest
from gatepost.server.raw_route import Answered, HeadField, RawRoute

MAX_MOST = 100_000_000
"""Entries: more than any device holds."""
METHODS = ("GET", "HEAD")
FORMATS: Mapping[str, type[Format]] = {one.name: one for one in plugins("gatepost.formats", Format)}

Name = Annotated[str, Meta(pattern="^[a-z0-9-]{1,40}$", description="Name of a list.")]
FormatName = Annotated[
    str, Meta(description="How it is written.", extra_json_schema={"enum": sorted(FORMATS)})
]
Family = (
    Annotated[Literal["4", "6"], Meta(description="One family alone; without: all there is.")] | UnsetType
)


class ListPlaces(Struct):
    """Where a list stands."""

    name: Name
    format: FormatName


class BesidePlaces(Struct):
    """Where its checksums and its signature stand."""

    name: Name
    format: FormatName
    beside: Annotated[
        Literal["sha256", "md5", "minisig"],
        Meta(description="Checksums as `sha256sum -c` and `md5sum -c` read them; minisign's signature."),
    ]


class NoPlaces(Struct):
    """One for all lists."""


class NamePlaces(Struct):
    """Of one list."""

    name: Name


class ChangesPlaces(Struct):
    """Of one list, from a version on."""

    name: Name
    serial: Annotated[
        str, Meta(pattern="^[0-9]{1,10}$", description="What is known already; 0: all that can be told.")
    ]


class FamilyQuery(Struct):
    """Which part of a list."""

    family: Family = UNSET


class ListQuery(FamilyQuery):
    """Which part of a list, and how."""

    collapse: (
        Annotated[
            Collapse,
            Meta(description="cidr: the fewest prefixes that hold the same addresses; none: as listed."),
        ]
        | UnsetType
    ) = UNSET
    max: (
        Annotated[
            int, Meta(ge=1, le=MAX_MOST, description="404 instead of a list with more entries than this.")
        ]
        | UnsetType
    ) = UNSET


NUMBER = {"type": "integer", "minimum": 0}
_SERIAL = HeadField("Gatepost-Serial", "The list's serial.", NUMBER)
_SNIFF = HeadField("X-Content-Type-Options", "As it says.", {"type": "string", "const": "nosniff"})
_REFUSED = (
    HeadField("Cache-Control", "Refusals are not kept.", {"type": "string", "const": "no-store"}),
    _SNIFF,
)
KEPT = (
    HeadField("ETag", "Strong: SHA-256 of these bytes.", {"type": "string", "pattern": '^"[0-9a-f]{64}"$'}),
    HeadField("Last-Modified", "Since when the bytes are these."),
    HeadField("Cache-Control", "How long it may be kept; private where credentials are asked for."),
    HeadField("Vary", "What another answer depends on."),
    _SNIFF,
)
"""Of 200 and 304 alike."""
WHOLE = (
    HeadField("Content-Length", "Bytes.", NUMBER),
    HeadField(
        "Content-Encoding", "As asked for.", {"type": "string", "enum": ["gzip", "zstd"]}, always=False
    ),
)
"""Of 200 alone."""
CONDITIONS = (
    HeadField("If-None-Match", "Tags of what one has: 304 if it is one of them."),
    HeadField("If-Modified-Since", "Counts where there are no tags."),
    HeadField("Accept-Encoding", "gzip and zstd are there."),
)
_REFUSALS = (
    RequestInvalid,
    LoginRequired,
    RequestForged,
    NothingThere,
    MethodRefused,
    RequestTooLarge,
    NothingYet,
)
_REFUSAL_FIELDS: Mapping[type[GatepostError], tuple[HeadField, ...]] = {
    RequestInvalid: _REFUSED,
    LoginRequired: (*_REFUSED, HeadField("WWW-Authenticate", "Basic and Bearer.")),
    NothingThere: _REFUSED,
    MethodRefused: (*_REFUSED, HeadField("Allow", "GET, HEAD")),
    NothingYet: (*_REFUSED, HeadField("Retry-After", "Seconds.", NUMBER)),
}
SECURITY = ("consumer", "consumerToken", "token", "session")


def _route(
    path: str, summary: str, words: str, content: Mapping[str, tuple[Any, ...]], **more: Any
) -> RawRoute:
    """Of a row with a serial of its list where ``serial`` is given."""
    own = (_SERIAL,) if more.pop("serial", False) else ()
    return RawRoute(
        path=path,
        methods=METHODS,
        summary=summary,
        words=words,
        answers={
            200: Answered("It is there", content, (*KEPT, *own, *WHOLE)),
            304: Answered("It is what you have", {}, (*KEPT, *own)),
        },
        heads=CONDITIONS,
        refusals=_REFUSALS,
        refusal_fields=_REFUSAL_FIELDS,
        security=SECURITY,
        **more,
    )


def _contents() -> Mapping[str, tuple[Any, ...]]:
    """By media type, the documents of all formats."""
    found: dict[str, tuple[Any, ...]] = {}
    for one in FORMATS.values():
        media = one.media_type.partition(";")[0]
        found[media] = (*found.get(media, ()), *(() if one.document is None else (one.document,)))
    return found


BESIDE = _route(
    "/v1/lists/{name}.{format}.{beside}",
    "A checksum or signature of a published list.",
    "It is that of the list in the same format, with the same parameters.",
    {"text/plain": ()},
    places=BesidePlaces,
    asks=ListQuery,
)
LIST = _route(
    "/v1/lists/{name}.{format}",
    "A published list, for devices.",
    "Never an empty or a cut list: 404 where it has nothing of the kind, or more than `max` entries; "
    "503 before its first good version.",
    _contents(),
    places=ListPlaces,
    asks=ListQuery,
    serial=True,
)
ENDPOINTS = _route(
    "/v1/endpoints/{name}",
    "A published list with ports, domains and necessity.",
    "In Microsoft 365's shape.",
    {"application/json": (tuple[Endpoint, ...],)},
    places=NamePlaces,
    asks=FamilyQuery,
    serial=True,
)
VERSIONS = _route(
    "/v1/version",
    "The version of each list that is published now.",
    "Of those that whoever asks may fetch.",
    {"application/json": (tuple[Latest, ...],)},
    places=NoPlaces,
)
VERSION = _route(
    "/v1/version/{name}",
    "The version of a list, and those before that changes are known of.",
    "The newest first.",
    {"application/json": (Known,)},
    places=NamePlaces,
)
CHANGES = _route(
    "/v1/changes/{name}/{serial}",
    "What came and went since a version.",
    "404 where that is too long ago: read the endpoints anew.",
    {"application/json": (tuple[Change, ...],)},
    places=ChangesPlaces,
)

FEED_ROUTES = (BESIDE, LIST, ENDPOINTS, VERSIONS, VERSION, CHANGES)
"""The first that fits a path is its row."""
PREFIXES = tuple(dict.fromkeys(one.path.partition("{")[0] for one in FEED_ROUTES))
"""Beginnings of paths that are for feeds."""
