"""The console on a port, over a site in memory whose sources say what they are told, in its own time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import anyio.from_thread
from anyio.from_thread import BlockingPortal

from gatepost.config.server_keys import ServerOptions, ServerSettings
from gatepost.config.settings import ListSettings, Settings, SourceSettings, TargetSettings
from gatepost.engine.cycle import apply_cycle, plan_cycle
from gatepost.engine.site import Site
from gatepost.errors import GatepostError
from gatepost.model.content import Allowlist, Override
from gatepost.model.entry import Direction, RawEntry, RawType
from gatepost.model.limits import Limits
from gatepost.planning.normalise import parse_value
from gatepost.platforms.base import Bounds
from gatepost.server.app import Server
from gatepost.server.desk import Desk
from gatepost.server.feeding import feeds_of
from gatepost.server.feeds import Feeds
from gatepost.server.lookup import look_up
from gatepost.server.serve import serving
from gatepost.store import Store
from gatepost.targets.feed import Feed
from gatepost.testing import FrozenClock, MemorySource, MemoryTarget

HOUR = timedelta(hours=1)
START = datetime(2026, 1, 5, 8, tzinfo=UTC)
SOURCES: Mapping[str, Direction] = {
    "feishu-events": Direction.INGRESS,
    "wecom-callbacks": Direction.INGRESS,
    "wecom-clients": Direction.EGRESS,
}
EVENTS = tuple(RawEntry(f"101.126.59.{n}") for n in range(1, 13))
CALLBACKS = (*(RawEntry(f"118.26.157.{n}") for n in range(2, 24, 2)), RawEntry("240e:97c:2f:1::/64"))
CLIENTS = (
    RawEntry("weixin.qq.com", RawType.DOMAIN_TREE, "tcp", ((443, 443),), necessary=True, note="登录与通讯录"),
    RawEntry(
        "work.weixin.qq.com", RawType.DOMAIN, "tcp", ((80, 80), (443, 443)), necessary=True, note="管理后台"
    ),
    RawEntry(
        "182.254.88.0/24", RawType.ADDRESS, "tcp", ((443, 443), (8080, 8090)), necessary=True, note="长连接"
    ),
    RawEntry(
        "203.205.239.0/26",
        RawType.ADDRESS,
        "udp",
        ((8000, 8000),),
        necessary=False,
        note="meetings, optional",
    ),
)
ANSWERS = {"feishu-events": EVENTS, "wecom-callbacks": CALLBACKS, "wecom-clients": CLIENTS}


class StillClock(FrozenClock):
    """Time passes when told; who waits for the machine waits as long as ever."""

    async def sleep(self, seconds: float) -> None:
        """For the server's own loop, which else would turn without end."""
        await anyio.sleep(seconds)


@dataclass
class Stage:
    """A site with its console."""

    site: Site
    clock: StillClock
    sources: dict[str, MemorySource]
    targets: dict[str, MemoryTarget]
    portal: BlockingPortal
    feeds: Feeds
    url: str = ""

    def say(self, source: str, answer: tuple[RawEntry, ...] | GatepostError) -> None:
        """From now on a source answers so."""
        self.sources[source].answer = answer

    def cycle(self, hours: float = 1) -> None:
        """Time passes, and every list is looked at."""
        self.clock.advance(hours * HOUR)
        self.portal.call(self.turn)

    async def turn(self, *names: str) -> None:
        """A whole cycle."""
        lists = tuple(self.site.settings.lists[name] for name in names or self.site.settings.lists)
        await apply_cycle(self.site, await plan_cycle(self.site, lists))
        await self.feeds.look()


def _staged(folder: Path, store: Store, server: ServerSettings, portal: BlockingPortal) -> Stage:
    """Two lists, three sources, three targets: two devices and a feed."""
    clock = StillClock(START)
    made = {name: MemorySource(MemorySource.Options(), ANSWERS[name]) for name in SOURCES}
    sources = {
        name: SourceSettings(
            name, MemorySource, MemorySource.Options(), None, direction, HOUR, 24 * HOUR, Bounds(), 5.0
        )
        for name, direction in SOURCES.items()
    }
    pin = Override(parse_value("8.8.4.0/24"), "our own probe")
    excluded = Override(parse_value("118.26.157.16"), "ticket 42")
    lists = (
        Allowlist("webhooks", Direction.INGRESS, ("feishu-events", "wecom-callbacks"), (pin,), (excluded,)),
        Allowlist("outbound", Direction.EGRESS, ("wecom-clients",)),
    )
    memory = {"edge": "webhooks", "office-proxy": "outbound"}
    feed = Feed.Options(path=folder / "feed", formats=("txt", "json", "edl"))
    settings = Settings(
        path=folder / "gatepost.toml",
        store_url="sqlite://",
        cache=folder,
        state=folder / "state",
        sources=sources,
        lists={one.name: ListSettings(one, Limits()) for one in lists},
        targets={
            "pulled": TargetSettings("pulled", Feed, feed, "webhooks"),
            **{
                name: TargetSettings(name, MemoryTarget, MemoryTarget.Options(), list_)
                for name, list_ in memory.items()
            },
        },
        server=server,
    )

    @asynccontextmanager
    async def open_source(one: SourceSettings) -> AsyncIterator[MemorySource]:
        yield made[one.name]

    held = {name: MemoryTarget(name, MemoryTarget.Options()) for name in memory}
    site = Site(settings, store, clock, open_source, {**held, "pulled": Feed("pulled", feed, clock=clock)})
    return Stage(site, clock, made, held, portal, feeds_of(site))


@contextmanager
def stage(folder: Path, server: ServerSettings | None = None, *, bare: bool = False) -> Iterator[Stage]:
    """Served on a free port; ``bare``: nothing is configured at all. Approving has the list looked at."""
    settings = server or ServerSettings(ServerOptions(listen="127.0.0.1:0"))
    with (
        Store.open(f"sqlite:///{folder / 'history.db'}") as store,
        anyio.from_thread.start_blocking_portal() as portal,
    ):
        made = _staged(folder, store, settings, portal)
        if bare:
            nothing = replace(made.site.settings, sources={}, lists={}, targets={})
            made.site = replace(made.site, settings=nothing, targets={})
        desk = Desk.of(made.site, wake=lambda name: anyio.from_thread.run(made.turn, name), feeds=made.feeds)
        desk.present.lookup = look_up(made.site, desk.present.lookup)
        application = Server(desk)
        with portal.wrap_async_context_manager(serving(desk, application)) as made.url:
            yield made
        portal.call(made.feeds.close)
