"""Feeds that are published and asked for, without a port."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import zstandard

from gatepost.kit.clock import Clock, SystemClock
from gatepost.model.entry import Domain, Entry, Protocol
from gatepost.server.feeds import Feeds
from gatepost.targets.feed import Feed
from rigs.plans import entries, entry, plan_for

WIDE = entries(*(f"11.0.{number}.0/25" for number in range(256)), "2402:4e00::/32")
"""Long enough that encodings are shorter."""
RICH = (
    entry("101.126.59.7/32"),
    Entry(entry("111.230.0.0/16").value, Protocol.TCP, ((80, 80), (443, 443), (8000, 8010)), necessary=True),
    Entry(entry("203.205.128.0/19").value, Protocol.UDP, (), necessary=False),
    entry("2402:4e00::/32"),
    Entry(Domain("i.work.weixin.qq.com"), Protocol.TCP, ((443, 443),), necessary=True),
    Entry(Domain("work.weixin.qq.com", tree=True)),
)
"""With all that entries can have."""


class Ticking(SystemClock):
    """The machine's time, but seconds pass only where a test lets them: no look comes by itself."""

    jump = 0.0

    def __init__(self) -> None:
        self._began = super().monotonic()

    def monotonic(self) -> float:
        """Moved on by tests."""
        return self._began + self.jump


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it went over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def etag(self) -> str:
        """Of this representation."""
        return self.headers["etag"]

    @property
    def text(self) -> str:
        """The list itself, whatever the encoding."""
        match self.headers.get("content-encoding"):
            case "gzip":
                return gzip.decompress(self.body).decode()
            case "zstd":
                return zstandard.ZstdDecompressor().decompress(self.body).decode()
        return self.body.decode()

    def check(self) -> Reply:
        """What holds of every answer: no redirect, no empty list, and a tag that is the body's own."""
        assert not 300 <= self.status < 400 or self.status == 304
        if self.status == 200 and self.body:
            assert self.etag == f'"{sha256(self.body).hexdigest()}"'
            assert int(self.headers["content-length"]) == len(self.body)
        if self.status == 304:
            assert self.body == b""
            assert "content-length" not in self.headers
        assert self.headers.get("x-content-type-options", "nosniff") == "nosniff"
        return self


async def ask(app: Any, target: str, method: str = "GET", client: str = "192.0.2.9", **headers: str) -> Reply:
    """One request; underscores in names of headers are hyphens."""
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
        "client": (client, 50000),
    }
    messages: list[Mapping[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        messages.append(message)

    await app(scope, receive, send)
    start, body = messages
    found: dict[str, str] = {}
    for name, value in start["headers"]:
        key = name.decode()
        found[key] = f"{found[key]}, {value.decode()}" if key in found else value.decode()
    return Reply(start["status"], found, body["body"]).check()


FORMATS = ("domains", "edl", "fortinet", "gdc.json", "json", "juniper", "txt")


@dataclass(slots=True)
class Press:
    """One list and its feed."""

    folder: Path
    clock: Clock
    serial: int = 0
    options: Mapping[str, Any] | None = None

    @property
    def target(self) -> Feed:
        """A new object for the same place."""
        return Feed(
            "edge", Feed.Options(path=self.folder, **(self.options or {"formats": FORMATS})), clock=self.clock
        )

    async def publish(self, wanted: tuple[Entry, ...], serial: int | None = None) -> None:
        """As the next serial."""
        self.serial = serial if serial is not None else self.serial + 1
        target = self.target
        await target.apply(plan_for(await target.current(), wanted, self.serial), wanted)

    def feeds(self, **more: Any) -> Feeds:
        """A server of it."""
        return Feeds({"webhooks": self.folder}, clock=self.clock, **more)
