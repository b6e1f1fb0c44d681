"""How the command line tells people: channels opened by the configuration, words by their language."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio

from gatepost.cli.building import quieten_retries
from gatepost.cli.language import translator
from gatepost.config import Settings
from gatepost.config.settings import NotifySettings
from gatepost.engine.messenger import Means, Messenger, OpenChannel
from gatepost.engine.site import Site
from gatepost.errors import cut
from gatepost.kit.clock import Clock
from gatepost.notify.base import Channel


@asynccontextmanager
async def telling(site: Site, say: Callable[[str], None]) -> AsyncIterator[Messenger]:
    """A messenger at work beside a block; what is not sent when the block ends waits for the next time."""

    def say_of(one: NotifySettings, text: str) -> None:
        say(f"notify {one.kind}: {cut(text, 600)}")

    messenger = Messenger(site, Means(channel_opener(site.settings, site.clock), translator, say_of))
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(messenger.run)
            yield messenger
            group.cancel_scope.cancel()
    except BaseExceptionGroup as several:
        # what the block raises comes out of it as it is
        raise several.exceptions[0] from None


def channel_opener(settings: Settings, clock: Clock) -> OpenChannel:
    """How a notifier's channel is opened: with its account's client, or the plain client."""

    @asynccontextmanager
    async def open_channel(one: NotifySettings) -> AsyncIterator[Channel]:
        quieten_retries()
        options = one.build()
        if one.account is not None:
            account = settings.accounts[one.account]
            async with account.client.open(account.build(), clock=clock, cache_dir=settings.cache) as client:
                yield one.plugin(options, client)
            return
        from gatepost.kit.http import Http, HttpSettings  # noqa: PLC0415 - loads the HTTP library

        limits = HttpSettings(hosts=one.plugin.hosts(options), ca_file=getattr(options, "ca_file", None))
        async with Http(limits, clock) as http:
            yield one.plugin(options, http)

    return open_channel
