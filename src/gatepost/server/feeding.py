"""Feeds as the configuration wants them: directories of its feed targets, its consumers and their secrets."""

from __future__ import annotations

from gatepost.engine.site import Site
from gatepost.engine.state import folder
from gatepost.server.consumers import Consumer, Consumers
from gatepost.server.feeds import Feeds
from gatepost.targets.feed import Feed


def feeds_of(site: Site) -> Feeds:
    """Of several feeds of one list the first by name is served.

    Raises SecretUnavailable, ConfigInvalid, StoreUnavailable.
    """
    folders = {
        target.list: target.options.path
        for _, target in sorted(site.settings.targets.items(), reverse=True)
        if issubclass(target.plugin, Feed)
    }
    place = folder(site.settings.state, "server")
    book = None if place is None else place / "consumers.json"
    return Feeds(folders, Consumers(_known(site), book, site.clock), site.clock)


def _known(site: Site) -> tuple[Consumer, ...]:
    found = []
    for name, one in site.settings.server.consumers.items():
        options = one.build()
        tokens = (options.token, *([options.token_next] if options.token_next else []))
        found.append(Consumer(name, tokens, frozenset(one.lists)))
    return tuple(found)
