"""Feeds over HTTP: the bytes that were published, from memory, one version an answer.

Raw ASGI, since a framework costs more than all that is done here. What devices
need of a list that they enforce: the same URL for ever and no redirect, strong
tags, 304, HEAD, and never an empty 200. A list that has no good version yet is
503; one that had a good version is served on from memory, whatever happens to
its directory; a format or family in which a list has nothing is 404, on which
devices keep what they have.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
from anyio import to_thread

from gatepost.errors import GatepostError, cut
from gatepost.kit.clock import Clock, SystemClock
from gatepost.refusals import LoginRequired, MethodRefused, NothingYet
from gatepost.server.conditions import choose, is_unchanged
from gatepost.server.consumers import Consumer, Consumers, Fetched
from gatepost.server.endpoints import versions
from gatepost.server.feed_request import (
    Asked,
    Key,
    Scope,
    asked_of,
    client_of,
    find_in,
    nothing,
    route_of,
)
from gatepost.server.feed_table import CHANGES, METHODS, VERSIONS
from gatepost.server.problems import problem
from gatepost.server.published import Headers, Published, Resource, Stamp, load, stamp_of
from gatepost.server.repeats import AGAIN, Again, Answer, answer

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
LOOK_EVERY = 1.0
"""Seconds between two looks for a new version."""
TRY_EVERY = 15.0
"""Seconds until a version that could not be read is read again, though it is still the same."""
RETRY_AFTER = 30
"""Seconds after which to come again where there is nothing yet."""
MAX_AGE = 60
"""Seconds for which caches may answer without asking us."""
MEMO_MAX = 2048
MEMO_KEY_MAX = 1024
"""Answers kept ready, and the longest request of one in characters: odd requests fill no memory."""


@dataclass(slots=True)
class Feed:
    """One list: where it is published, and what was read there."""

    name: str
    folder: Path
    published: Published | None = None
    problem: str | None = None
    """Why the last look gave nothing; what was read before is served on."""
    stamp: Stamp | None = None
    read_at: float = 0.0


@dataclass(frozen=True, slots=True)
class FeedState:
    """What is served of one list, for health and metrics."""

    list: str
    serial: int | None
    """None before the first good version."""
    generation: int | None
    since: datetime | None
    """When it was published."""
    formats: tuple[str, ...]
    problem: str | None
    """Why what is in the directory now is not served."""


@dataclass(frozen=True, slots=True)
class Made:
    """An answer as ASGI's two messages, and whose version it gives."""

    start: Message
    body: Message
    wire: Answer
    """The same as bytes."""
    counted: tuple[str, str, int]
    """As in ``Feeds.counts``."""
    serial: int | None = None
    """Of the version that whoever asked has now."""


@dataclass(slots=True)
class Feeds:
    """ASGI application of ``/v1/lists/…``, ``/v1/endpoints/…``, ``/v1/version`` and ``/v1/changes/…``.

    ``folders`` are the directories of feed targets (:attr:`gatepost.targets.feed.Feed.path`)
    by list; of several feeds of one list name one. Call :meth:`look` before the
    first request comes and :meth:`close` after the last. In between call it every
    second, so that no request waits for a version to be read; whoever is asked for
    something and did not look for a second looks by itself.
    """

    folders: Mapping[str, Path]
    consumers: Consumers = field(default_factory=Consumers)
    clock: Clock = field(default_factory=SystemClock)
    max_age: int = MAX_AGE
    counts: Counter[tuple[str, str, int]] = field(default_factory=Counter, init=False)
    """Answers by list, ending (or ``endpoints``, ``changes``, ``version``) and status; ``-`` if refused."""
    _feeds: dict[str, Feed] = field(init=False)
    _memo: dict[Key, Made] = field(default_factory=dict, init=False)
    _versions: Resource | None = field(default=None, init=False)
    _look_at: float | None = field(default=None, init=False)
    _looking: anyio.Lock = field(default_factory=anyio.Lock, init=False)

    def __post_init__(self) -> None:
        """Nothing is read yet."""
        self._feeds = {name: Feed(name, folder) for name, folder in sorted(self.folders.items())}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - no body is read
        """One request."""
        if scope["type"] != "http":
            return
        if self._is_time():
            await self.look()
        asked, again = asked_of(scope), None
        try:
            known = self.consumers.known  # before who asks is looked up: others may be let in while we send
            who = self._identify(asked)
            made = self._memo.get(key := asked.key(who)) or self._make(asked, who)
            again = self._again(key, who, known) if key in self._memo else None
        except GatepostError as error:
            who, made = None, self._refusal(error, asked)
        await send(made.start)
        await send(made.body)
        self._count(made, who, client_of(scope), is_fetched=asked.method == "GET")
        if again is not None:
            scope[AGAIN] = again
        if self.consumers.is_due(self.clock.monotonic()):
            await to_thread.run_sync(self.consumers.save)

    def _count(self, made: Made, who: Consumer | None, client: str, *, is_fetched: bool) -> None:
        self.counts[made.counted] += 1
        if made.serial is not None and is_fetched:
            self.consumers.note(who.name if who else f"address {client}", made.counted[0], made.serial)

    def _again(self, key: Key, who: Consumer | None, known: tuple[Consumer, ...] | None) -> Again:
        """What is ready for such a request by then, while the same may fetch it; it is kept here alone."""

        def again(client: str) -> Answer | None:
            made, now = self._memo.get(key), self.clock.monotonic()
            if made is None or self.consumers.known is not known:
                return None
            if self._look_at is None or now >= self._look_at or self.consumers.is_due(now):
                return None
            self._count(made, who, client, is_fetched=True)
            return made.wire

        return again

    def _is_time(self) -> bool:
        """Whether nobody has looked for a new version for long enough."""
        return self._look_at is None or self.clock.monotonic() >= self._look_at

    async def look(self) -> None:
        """Read what was published since the last look; a version that is not whole changes nothing.

        All wait for the first look; while a later one is going on, the version before is served.
        """
        first = self._look_at is None
        if not first and self._looking.statistics().locked:
            return
        async with self._looking:
            if first and self._look_at is not None:
                return  # another request waited for the same first look
            changed = [await self._look_at_one(feed) for feed in self._feeds.values()]
            self._look_at = self.clock.monotonic() + LOOK_EVERY
            if any(changed):
                self._memo.clear()
                self._versions = self._make_versions()

    async def close(self) -> None:
        """Write down who has which version."""
        await to_thread.run_sync(self.consumers.save)

    def states(self) -> tuple[FeedState, ...]:
        """What is served of each list."""
        return tuple(_state(feed) for feed in self._feeds.values())

    def fetched(self) -> tuple[Fetched, ...]:
        """Which consumer has which version, and who lags."""
        known = {
            name: (feed.published.manifest.serial, feed.published.since)
            for name, feed in self._feeds.items()
            if feed.published
        }
        return self.consumers.fetched(known)

    async def _look_at_one(self, feed: Feed) -> bool:
        """Whether another version is served from now on."""
        now, stamp, found = self.clock.monotonic(), None, None
        try:
            stamp = stamp_of(feed.folder)
            if stamp == feed.stamp and (feed.problem is None or now < feed.read_at + TRY_EVERY):
                return False
            found = await to_thread.run_sync(load, feed.folder, feed.name)
        except (OSError, ValueError) as error:
            feed.problem = cut(getattr(error, "strerror", None) or str(error))
        else:
            feed.problem = None if found or not feed.published else "nothing is published there any more"
        feed.stamp, feed.read_at = stamp, now
        feed.published = found or feed.published
        return found is not None

    def _make_versions(self) -> Resource | None:
        known = [feed.published for feed in self._feeds.values() if feed.published]
        if not known:
            return None
        body = versions((each.manifest.list, each.manifest.serial) for each in known)
        return Resource.of_document(body, max(each.since for each in known))

    def _identify(self, asked: Asked) -> Consumer | None:
        """Raises LoginRequired for a wrong login, and NothingYet while nobody knows what a right one is."""
        if self.consumers.are_open:
            return None
        if self.consumers.known is None:
            msg = "the credentials of consumers could not be read yet"
            raise NothingYet(msg, retry_after=RETRY_AFTER)
        who = self.consumers.identify(asked.authorization)
        if who is None:
            msg = "feeds need the credentials of a consumer"
            raise LoginRequired(msg, hint="Send the consumer's token as HTTP Basic password or Bearer token.")
        return who

    def _make(self, asked: Asked, who: Consumer | None) -> Made:
        row, places = route_of(asked.path)
        if asked.method not in METHODS:
            msg = f"{cut(asked.method, 20)} is not for feeds"
            raise MethodRefused(msg)
        if row is VERSIONS:
            return self._answer(asked, self._all_versions(who), "-", "version", None)
        name = places["name"]
        if name not in self._feeds or (who and not who.may(name)):
            nothing(asked.path)
        published = self._feeds[name].published
        if published is None:
            msg = f"the list {name} has no good version yet"
            raise NothingYet(msg, retry_after=RETRY_AFTER)
        found = find_in(published, row, places, asked.query)
        made = self._answer(asked, found.resource, name, found.counted, found.serial)
        if row is not CHANGES:
            self._keep(asked, who, made)
        return made

    def _keep(self, asked: Asked, who: Consumer | None, made: Made) -> None:
        if len(self._memo) >= MEMO_MAX:
            self._memo.clear()
        key = asked.key(who)
        if sum(len(each) for each in key[1:] if each is not None) <= MEMO_KEY_MAX:
            self._memo[key] = made

    def _all_versions(self, who: Consumer | None) -> Resource:
        if self._versions is None:
            msg = "no list has a good version yet"
            raise NothingYet(msg, retry_after=RETRY_AFTER)
        if who is None or not who.lists:
            return self._versions
        mine = [each.published for each in self._feeds.values() if each.published and who.may(each.name)]
        body = versions((each.manifest.list, each.manifest.serial) for each in mine)
        return Resource.of_document(body, max((each.since for each in mine), default=datetime.now(UTC)))

    def _answer(self, asked: Asked, resource: Resource, name: str, ending: str, serial: int | None) -> Made:
        chosen = choose(asked.encoding, resource.encodings)
        one = resource.encodings[chosen]
        unchanged = is_unchanged(one.etag, resource.modified, asked.none_match, asked.since)
        private = not self.consumers.are_open
        headers = resource.headers(chosen, unchanged=unchanged, private=private, max_age=self.max_age)
        if serial is not None:
            headers.append((b"gatepost-serial", b"%d" % serial))
        status = 304 if unchanged else 200
        is_sent = not unchanged and asked.method != "HEAD"
        body, pages = (one.body, one.pages) if is_sent else (b"", None)
        wire = answer(status, headers, body, pages)
        return _made(headers, wire, (name, ending, status), serial)

    def _refusal(self, error: GatepostError, asked: Asked) -> Made:
        status, body, fields = problem(error)
        headers = [(key.encode(), value.encode()) for key, value in fields if key != "www-authenticate"]
        headers += [(b"content-length", b"%d" % len(body)), (b"cache-control", b"no-store")]
        headers.append((b"x-content-type-options", b"nosniff"))
        if isinstance(error, MethodRefused):
            headers.append((b"allow", ", ".join(METHODS).encode()))
        if isinstance(error, LoginRequired):
            headers.append((b"www-authenticate", b'Basic realm="gatepost", charset="UTF-8"'))
            headers.append((b"www-authenticate", b'Bearer realm="gatepost"'))
        wire = answer(status, headers, b"" if asked.method == "HEAD" else body)
        return _made(headers, wire, ("-", "-", status))


def _made(headers: Headers, wire: Answer, counted: tuple[str, str, int], serial: int | None = None) -> Made:
    start = {"type": "http.response.start", "status": counted[2], "headers": headers}
    return Made(start, {"type": "http.response.body", "body": wire.body}, wire, counted, serial)


def _state(feed: Feed) -> FeedState:
    published = feed.published
    if published is None:
        return FeedState(feed.name, None, None, None, (), feed.problem)
    manifest = published.manifest
    formats = tuple(dict.fromkeys(each.format for each in manifest.renditions))
    return FeedState(feed.name, manifest.serial, manifest.generation, published.since, formats, feed.problem)
