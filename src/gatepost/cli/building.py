"""The composition root: builds store, clients, sources and targets, and hands them down."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from gatepost.cli.ui import Ui
from gatepost.config import Settings, find, load
from gatepost.config.settings import ListSettings, SourceSettings
from gatepost.engine.confirming import StartTimer
from gatepost.engine.naming import UNKNOWN_NAME
from gatepost.engine.site import OpenSource, Site
from gatepost.errors import UsageError
from gatepost.kit.clock import Clock, SystemClock
from gatepost.kit.surroundings import HostSurroundings
from gatepost.kit.timer import start_outliving
from gatepost.sources.base import Source
from gatepost.targets.base import Target

if TYPE_CHECKING:
    from gatepost.kit.http import Http
    from gatepost.store import Store

Watch = Callable[[str, "Http"], None]
"""Told a source's name and the client that asks for it."""


def settings_of(ui: Ui) -> Settings:
    """The configuration that this run uses."""
    path = find(ui.config)
    ui.tell(str(path), least=2)
    return load(path)


@contextmanager
def site_of(ui: Ui) -> Iterator[Site]:
    """Everything a cycle needs, closed at the end."""
    from gatepost.store import Store  # noqa: PLC0415 - loads the SQL library

    settings = settings_of(ui)
    store = Store.open(settings.store_url)
    try:
        yield build_site(settings, store, SystemClock())
    finally:
        store.close()


def build_targets(settings: Settings) -> dict[str, Target]:
    """Every configured target."""
    return {name: one.plugin(name, one.options) for name, one in settings.targets.items()}


def build_site(settings: Settings, store: Store, clock: Clock) -> Site:
    """A site on an open store."""
    targets = build_targets(settings)
    around = HostSurroundings(clock=clock)
    return Site(settings, store, clock, opener(settings, clock), targets, around)


def starter(settings: Settings) -> StartTimer:
    """How the way back is started: this very program, with this very configuration, waiting from now on."""

    async def start(id_: str, _within: timedelta) -> str:
        config = str(settings.path.resolve())
        argv = [sys.executable, "-m", "gatepost", "revert", id_, "--wait", "--config", config, "--quiet"]
        return await start_outliving(argv, f"gatepost-revert-{id_}")

    return start


def opener(settings: Settings, clock: Clock, watch: Watch | None = None) -> OpenSource:
    """How a source is opened: its account's client, or the plain client for public lists.

    ``watch`` is handed what the source asks by, before it asks.
    """

    @asynccontextmanager
    async def open_source(source: SourceSettings) -> AsyncIterator[Source]:
        quieten_retries()
        async with _client(settings, source, clock) as client:
            if watch is not None:
                watch(source.name, getattr(client, "http", client))
            yield source.plugin(source.options, client)

    return open_source


def quieten_retries() -> None:
    """The program tells of retries itself; the library would log each with its error on stderr."""
    from stamina import instrumentation  # noqa: PLC0415 - only where something is fetched

    instrumentation.set_on_retry_hooks(())


@asynccontextmanager
async def _client(settings: Settings, source: SourceSettings, clock: Clock) -> AsyncIterator[Any]:
    if source.account is None:
        from gatepost.kit.http import Http, HttpSettings  # noqa: PLC0415 - loads the HTTP library

        hosts = source.plugin.hosts(source.options)
        limits = HttpSettings(hosts=hosts, deadline=source.bounds.deadline, max_body=source.bounds.max_body)
        async with Http(limits, clock) as http:
            yield http
        return
    account = settings.accounts[source.account]
    async with account.client.open(
        account.build(), clock=clock, cache_dir=settings.cache, bounds=source.bounds
    ) as client:
        yield client


def pick_lists(settings: Settings, names: Sequence[str]) -> tuple[ListSettings, ...]:
    """The lists named, or all; raises UsageError for one that is not configured."""
    return tuple(settings.lists[_known(name, settings.lists, "list")] for name in names or settings.lists)


def pick_sources(settings: Settings, names: Sequence[str]) -> tuple[SourceSettings, ...]:
    """The sources named, or all; raises UsageError for one that is not configured."""
    return tuple(
        settings.sources[_known(name, settings.sources, "source")] for name in names or settings.sources
    )


def pick_targets(settings: Settings, names: Sequence[str]) -> tuple[str, ...]:
    """The targets named, or all; raises UsageError for one that is not configured."""
    return tuple(_known(name, settings.targets, "target") for name in names or settings.targets)


def _known(name: str, family: object, noun: str) -> str:
    names = sorted(family) if isinstance(family, dict) else []
    if name in names:
        return name
    msg = f"there is no {noun} {name!r} ({', '.join(names) or 'none is configured'})"
    raise UsageError(msg, hint=UNKNOWN_NAME)
