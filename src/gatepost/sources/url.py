"""Any public list over HTTPS, as lines of text or as JSON."""

from __future__ import annotations

import hashlib
import re
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from gatepost.errors import (
    HostRefused,
    NotJson,
    PermissionDenied,
    PlatformBusy,
    PlatformError,
    RateLimited,
    RequestRejected,
    SchemaMismatch,
    TooLarge,
    cut,
)
from gatepost.kit.hosts import is_loopback, parts_of
from gatepost.kit.reply import Reply, decode
from gatepost.kit.retry import retrying
from gatepost.model.answer import Fetched
from gatepost.model.entry import Direction, RawEntry
from gatepost.sources.base import Source, written

if TYPE_CHECKING:  # the HTTP library is loaded only where a source is opened
    from gatepost.kit.http import Http

HOST_STEP = "Correct the source's url: https, at a host with public addresses."
"""A list has no account whose secrets would go there."""
_BOM = b"\xef\xbb\xbf"
_OK, _TOO_MANY, _BUSY = 200, 429, 500
_FORBIDDEN = (401, 403, 407)
_STEP = re.compile(r"(?P<key>[^.\[\]?]*)(?P<optional>\??)(?P<each>(?:\[\])*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextOptions:
    """Where the list is. Raises ValueError for a URL that is none."""

    url: str
    """``https://…`` of the list; http only to loopback."""
    direction: Direction
    """Seen from us: ``ingress``, they call us; ``egress``, we call them."""
    max_entries: int = 20_000
    """More entries than this refuse the answer."""

    def __post_init__(self) -> None:
        """Check the URL's form."""
        parts = parts_of(self.url)
        if parts.scheme not in ("https", "http") or not parts.hostname or not self.url.isascii():
            msg = "url must be https://host/path in ASCII, or http:// to loopback"
            raise ValueError(msg)
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            msg = "url must be https (http to loopback only): on the way anybody could change the list"
            raise ValueError(msg)
        if parts.username is not None:
            msg = "url must hold no login"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonOptions(TextOptions):
    """Where the list is, and where in it. Raises ValueError for a path that is none."""

    path: str | tuple[str, ...]
    """Where the entries are: keys with dots, ``[]`` for each of an array, ``?`` after a key that may be
    absent; one path or several: ``["prefixes[].ipv4Prefix", "prefixes[].ipv6Prefix"]``."""

    def __post_init__(self) -> None:
        """Check the URL and each path."""
        TextOptions.__post_init__(self)
        if not self.paths:
            msg = "path names at least one place"
            raise ValueError(msg)
        for path in self.paths:
            parse_path(path)

    @property
    def paths(self) -> tuple[str, ...]:
        """One or several, as several."""
        return (self.path,) if isinstance(self.path, str) else self.path


class _Public(Source):
    """What both kinds share: one GET, 200 or an error."""

    platforms: ClassVar[frozenset[str]] = frozenset()
    every: ClassVar[str] = "6h"
    reference: ClassVar[str] = "docs/sources/url.md"

    def __init__(self, options: Any, client: Http) -> None:
        self._options = options
        self._http = client

    @classmethod
    def directions(cls, options: TextOptions) -> frozenset[Direction]:
        """As written."""
        return frozenset({options.direction})

    @classmethod
    def hosts(cls, options: TextOptions) -> frozenset[str]:
        """The URL's host and no other."""
        return frozenset({(urlsplit(options.url).hostname or "").lower()})

    @property
    def provenance(self) -> str:
        """Host, and a digest of the whole URL and of what is read there."""
        told = "\n".join((self._options.url, *getattr(self._options, "paths", ())))
        host = urlsplit(self._options.url).hostname
        return f"{self.kind} {host} {hashlib.sha256(told.encode()).hexdigest()[:16]}"

    async def fetch(self) -> Fetched:
        """The whole list."""
        before = self._http.requests
        reply = await retrying(self._ask, self._http.clock)
        entries: list[RawEntry] = []
        for text in self._texts(reply):
            entries.append(written(text))
            if len(entries) > self._options.max_entries:
                msg = f"the list has more than {self._options.max_entries} entries"
                raise TooLarge(msg)
        return Fetched(tuple(entries), self._http.requests - before)

    async def _ask(self) -> Reply:
        try:
            reply = await self._http.request("GET", self._options.url)
        except HostRefused as error:
            raise HostRefused(error.message, hint=HOST_STEP) from None
        if reply.status == _OK:
            return reply
        raise _refused(reply)

    @abstractmethod
    def _texts(self, reply: Reply) -> Iterator[str]: ...


class UrlText(_Public):
    """A public list over HTTPS: one entry a line, ``#`` and ``;`` start a comment."""

    kind: ClassVar[str] = "url.text"
    Options: ClassVar[type] = TextOptions

    def _texts(self, reply: Reply) -> Iterator[str]:
        for line in _utf8(reply).split("\n"):
            text = re.split("[#;]", line, maxsplit=1)[0].strip(" \t\r")
            if text:
                yield text


class UrlJson(_Public):
    """A public list over HTTPS: values at one or several places of a JSON document."""

    kind: ClassVar[str] = "url.json"
    Options: ClassVar[type] = JsonOptions

    def _texts(self, reply: Reply) -> Iterator[str]:
        document = decode(reply, object)
        reading = _Reading()
        for path in self._options.paths:
            yield from reading.values(document, parse_path(path), "$")
        reading.finish()


@dataclass(frozen=True, slots=True)
class Step:
    """One part of a path: a key, and how many arrays to go through below it."""

    key: str
    optional: bool
    arrays: int


def parse_path(path: str) -> tuple[Step, ...]:
    """``prefixes[].ipv4Prefix`` as steps; an empty first key is the document itself. Raises ValueError."""
    steps = []
    for position, part in enumerate(path.split(".")):
        found = _STEP.fullmatch(part)
        if found is None or not (found["key"] or (position == 0 and found["each"] and not found["optional"])):
            msg = f"path {path!r} is not keys with dots, such as prefixes[].ipv4Prefix"
            raise ValueError(msg)
        steps.append(Step(found["key"], bool(found["optional"]), len(found["each"]) // 2))
    return tuple(steps)


class _Reading:
    """Reads several paths of one document, strictly.

    A key is absent without harm only if it is marked so, or stands in an
    array's element that another of the paths reads: a renamed key must not
    look like a shorter list.
    """

    def __init__(self) -> None:
        self._read: set[int] = set()
        self._lacking: dict[int, str] = {}

    def values(
        self, value: Any, steps: Sequence[Step], place: str, element: int | None = None
    ) -> Iterator[str]:
        """Texts at a path below ``value``; ``element`` is the array element it belongs to."""
        if not steps:
            yield _leaf(value, place)
            return
        step, rest = steps[0], steps[1:]
        if step.key:
            if not isinstance(value, dict):
                raise _mismatch(place, "an object")
            place = f"{place}.{step.key}"
            if step.key not in value:
                self._absent(step, element, place)
                return
            value = value[step.key]
        if element is not None:
            self._read.add(element)
        yield from self._below(value, rest, step.arrays, place, element)

    def finish(self) -> None:
        """Refuse the document where an element was read by no path."""
        for element, place in self._lacking.items():
            if element not in self._read:
                msg = f"the answer has nothing at {cut(place)}; write the key with ? if it may be absent"
                raise SchemaMismatch(msg)

    def _below(
        self, value: Any, steps: Sequence[Step], arrays: int, place: str, element: int | None
    ) -> Iterator[str]:
        if arrays == 0:
            yield from self.values(value, steps, place, element)
            return
        if not isinstance(value, list):
            raise _mismatch(place, "an array")
        for position, item in enumerate(value):
            yield from self._below(item, steps, arrays - 1, f"{place}[{position}]", id(item))

    def _absent(self, step: Step, element: int | None, place: str) -> None:
        if step.optional:
            self._read.add(element or 0)
        elif element is None:
            msg = f"the answer has nothing at {cut(place)}"
            raise SchemaMismatch(msg)
        else:
            self._lacking.setdefault(element, place)


def _leaf(value: Any, place: str) -> str:
    if isinstance(value, str):
        return value
    raise _mismatch(place, "text")


def _mismatch(place: str, wanted: str) -> SchemaMismatch:
    return SchemaMismatch(f"the answer does not have {wanted} at {cut(place)}")


def _utf8(reply: Reply) -> str:
    """Strict UTF-8 that is no page: a portal's HTML must not become entries."""
    body = reply.body.removeprefix(_BOM)
    media = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    if "html" in media or body.lstrip()[:1] == b"<":
        msg = f"{reply.url} answered with a page instead of a list: {reply.excerpt}"
        raise NotJson(msg)
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        msg = f"{reply.url} answered with text that is not UTF-8: byte {error.start} is wrong"
        raise NotJson(msg) from None


def _refused(reply: Reply) -> PlatformError:
    said = f"{reply.url} answered {reply.status}"
    match reply.status:
        case status if status in _FORBIDDEN:
            return PermissionDenied(said, code=status, hint="The list is not public; check the source's url.")
        case status if status == _TOO_MANY:
            wait = reply.headers.get("retry-after", "")
            return RateLimited(said, code=status, retry_after=float(wait) if wait.isdecimal() else None)
        case status if status >= _BUSY:
            return PlatformBusy(said, code=status)
    return RequestRejected(said, code=reply.status, hint="Check the source's url.")
