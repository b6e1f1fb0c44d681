"""What a platform says of its own accord: that its lists changed, so that they are asked for now.

A hint brings no list. Genuine ones only count, each once; whatever comes, the
sources are asked at most once a minute for it, through the same guards as ever.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import anyio
from msgspec import UNSET, Struct, UnsetType

from gatepost.callbacks.base import Callback, Received
from gatepost.callbacks.feishu import Feishu
from gatepost.callbacks.wecom import WeCom, tells_of_change
from gatepost.config.server_keys import HintOptions, Sender
from gatepost.engine.loop import lists_of
from gatepost.engine.site import Site
from gatepost.errors import CallbackRefused, cut
from gatepost.kit.clock import Clock
from gatepost.kit.secret import Secret
from gatepost.model.incoming import Incoming
from gatepost.refusals import NothingThere, RequestForged, RequestInvalid, RequestTooLarge
from gatepost.server.body import whole_body
from gatepost.server.raw_route import Answered, HeadField, RawRoute

PATH = "/v1/hints/"
LEAST = 60.0
"""Seconds from one asking to the next, however many hints come."""
REMEMBERED = 1_000
"""Events of which repetitions are known; the oldest make room."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

TAKEN, REPEATED, OTHER, TRIED, REFUSED = "taken", "repeated", "other", "tried", "refused"
"""What became of a request: asked for it, known already, of something else, the platform trying the address,
not genuine."""


class HintPlaces(Struct):
    """As the configuration calls it."""

    name: str


class HintQuery(Struct):
    """What WeCom signs by; Feishu does it in the head."""

    msg_signature: str | UnsetType = UNSET
    timestamp: str | UnsetType = UNSET
    nonce: str | UnsetType = UNSET
    echostr: str | UnsetType = UNSET


HINT_ROUTES = (
    RawRoute(
        path=f"{PATH}{{name}}",
        methods=("GET", "POST"),
        summary="A platform says that its lists changed.",
        words="Its own signature is what lets it in: whatever is not genuine is 403.",
        places=HintPlaces,
        asks=HintQuery,
        heads=tuple(
            HeadField(f"X-Lark-{each}", "Feishu's signature.")
            for each in ("Signature", "Request-Timestamp", "Request-Nonce")
        ),
        bodies=("application/json", "text/xml"),
        answers={
            200: Answered(
                "Heard; what the platform wants to read", {"text/plain": (), "application/json": (Any,)}
            ),
            403: Answered("Not genuine", {"text/plain": ()}),
        },
        refusals=(RequestInvalid, NothingThere, RequestForged, RequestTooLarge),
    ),
)


@dataclass(slots=True)
class Hint:
    """One address: who may speak there, and which lists it concerns."""

    name: str
    callback: Callback
    is_change: Callable[[Received], bool]
    lists: tuple[str, ...]
    wanted: anyio.Event = field(default_factory=anyio.Event)
    seen: dict[str, None] = field(default_factory=dict)

    def take(self, received: Received) -> str:
        """What becomes of a genuine message."""
        if received.answer is not None:
            return TRIED
        if not self.is_change(received):
            return OTHER
        if received.id is not None and received.id in self.seen:
            return REPEATED
        if received.id is not None:
            self.seen[received.id] = None
            while len(self.seen) > REMEMBERED:
                self.seen.pop(next(iter(self.seen)))
        self.wanted.set()
        return TAKEN


Count = Callable[[str, str], None]
Warn = Callable[[str], None]


class Hints:
    """The addresses below ``/v1/hints/``, as an ASGI application of their own."""

    def __init__(self, hints: Iterable[Hint], clock: Clock, count: Count, warn: Warn) -> None:
        """``count``: a hint's name and what became of a request; ``warn``: of a refusal, for our log."""
        self._hints = {one.name: one for one in hints}
        self._clock, self._count, self._warn = clock, count, warn
        self._warned: dict[str, float] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request. Raises NothingThere, RequestInvalid, RequestTooLarge."""
        hint = self._hints.get(scope["path"].removeprefix(PATH))
        if hint is None:
            msg = "there is no hint of this name"
            raise NothingThere(msg)
        incoming = Incoming(
            scope["method"],
            scope["query_string"],
            tuple((bytes(name), bytes(value)) for name, value in scope["headers"]),
            await whole_body(receive),
        )
        try:
            received = hint.callback.read(incoming, self._clock.now().timestamp())
        except CallbackRefused as error:
            self._refuse(hint, error)
            await _send(send, 403, b"")
            return
        self._count(hint.name, hint.take(received))
        await _send(send, 200, (received.answer or "").encode())

    def _refuse(self, hint: Hint, error: CallbackRefused) -> None:
        """Counted always, told once a minute: whoever sends rubbish must not fill our log."""
        self._count(hint.name, REFUSED)
        now = self._clock.monotonic()
        if now - self._warned.get(hint.name, -LEAST) >= LEAST:
            self._warned[hint.name] = now
            self._warn(f"{hint.name}: {error.kind}: {cut(error.message)}")

    async def follow(self, wake: Callable[[str], None]) -> None:
        """Have the lists asked for when a hint came, for ever; ``wake`` is called in this event loop."""
        async with anyio.create_task_group() as group:
            for hint in self._hints.values():
                group.start_soon(self._follow, hint, wake)

    async def _follow(self, hint: Hint, wake: Callable[[str], None]) -> None:
        while True:
            await hint.wanted.wait()
            hint.wanted = anyio.Event()
            for name in hint.lists:
                wake(name)
            await self._clock.sleep(LEAST)


def hints_of(site: Site, count: Count, warn: Warn) -> Hints:
    """As configured. Raises SecretUnavailable, ConfigInvalid."""
    made = []
    for name, one in site.settings.server.hints.items():
        options = one.build()
        callback, is_change = _reader(options)
        lists = tuple(each.name for each in lists_of(site, one.sources))
        made.append(Hint(name, callback, is_change, lists))
    return Hints(made, site.clock, count, warn)


def _reader(options: HintOptions) -> tuple[Callback, Callable[[Received], bool]]:
    match options:
        case HintOptions(platform=Sender.WECOM, token=Secret() as word, aes_key=Secret() as aes):
            receiver = options.receiver or ""
            return WeCom(token=word, encoding_aes_key=aes, receiver=receiver), tells_of_change
        case _:
            key, token = options.encrypt_key, options.verification_token
            return Feishu(encrypt_key=key, verification_token=token), _is_event


def _is_event(received: Received) -> bool:
    """Feishu documents no event of a change: whatever its owner subscribed this address to is one."""
    return bool(received.id)


async def _send(send: Send, status: int, body: bytes) -> None:
    media = b"application/json" if body[:1] == b"{" else b"text/plain; charset=utf-8"
    headers = [
        (b"content-type", media),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
