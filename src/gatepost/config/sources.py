"""``[sources.NAME]``: what is asked, how often, and how far one question may go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from typing import Any

from gatepost.config.accounts import unread
from gatepost.config.guards import SOURCE_DEADLINE, SOURCE_KEYS, read_keys
from gatepost.config.settings import AccountSettings, SourceSettings
from gatepost.config.tables import direction_of, named, plugin_of
from gatepost.config.toml import Document, KeyPath
from gatepost.config.values import DURATION_MOST, build, duration, written
from gatepost.platforms.base import Bounds
from gatepost.sources.base import Source

STALE_LEAST = timedelta(hours=24)
STALE_INTERVALS = 3
EVERY_LEAST, EVERY_MOST = timedelta(minutes=1), timedelta(days=31)

_KEYS = {"kind", "account", "every", "direction", *SOURCE_KEYS}

Accounts = Mapping[str, AccountSettings]


def read_sources(
    document: Document, accounts: Accounts, guards: Mapping[str, Any]
) -> dict[str, SourceSettings]:
    """All sources; ``guards`` is the table for all lists. Raises ConfigInvalid."""
    common = read_keys(document, ("guards",), guards, SOURCE_KEYS)
    of_lists = _said_by_lists(document)
    return {
        name: _source(document, name, table, accounts, common | of_lists.get(name, {}))
        for name, table in named(document, "sources")
    }


def _said_by_lists(document: Document) -> dict[str, dict[str, Any]]:
    """For each source, what the lists using it say of it; the strictest of several holds."""
    found: dict[str, dict[str, Any]] = {}
    for name, table in named(document, "lists"):
        own = read_keys(document, ("lists", name, "guards"), table.get("guards", {}), SOURCE_KEYS)
        for source in table.get("sources", ()):
            held = found.setdefault(source, {})
            held |= {key: min(value, held.get(key, value)) for key, value in own.items()}
    return found


def _source(
    document: Document,
    name: str,
    table: Mapping[str, Any],
    accounts: Accounts,
    outer: Mapping[str, Any],
) -> SourceSettings:
    where: KeyPath = ("sources", name)
    plugin = plugin_of(document, (*where, "kind"), table.get("kind"), "gatepost.sources", Source)
    own = {one.name for one in fields(plugin.Options)}
    given = {**{key: value for key, value in outer.items() if key in own}, **table}
    options = {key: value for key, value in given.items() if key in own or key not in _KEYS}
    document.only(options, own | _KEYS, where)
    built = build(plugin.Options, document, where, options, unread)
    every = _every(document, where, table, plugin)
    bounds = {**outer, **read_keys(document, where, table, SOURCE_KEYS)}
    deadline = bounds.pop("source_deadline", SOURCE_DEADLINE)
    stale_after = _stale_after(document, where, bounds.pop("stale_after", None), every)
    return SourceSettings(
        name=name,
        plugin=plugin,
        options=built,
        account=_account_of(document, where, table, plugin, accounts),
        direction=direction_of(document, where, table, plugin.directions(built)),
        every=every,
        stale_after=stale_after,
        bounds=Bounds(**bounds),
        deadline=deadline,
    )


def _account_of(
    document: Document,
    where: KeyPath,
    table: Mapping[str, Any],
    plugin: type[Source],
    accounts: Accounts,
) -> str | None:
    name = table.get("account")
    if not plugin.platforms:
        if name is not None:
            document.refuse((*where, "account"), f"{plugin.kind} needs no account")
        return None
    if not isinstance(name, str) or name not in accounts:
        known = ", ".join(sorted(accounts)) or "none is configured"
        document.refuse((*where, "account"), f"expected the name of an account ({known})")
    if accounts[name].client.platform not in plugin.platforms:
        document.refuse(
            (*where, "account"), f"{plugin.kind} needs an account of {' or '.join(sorted(plugin.platforms))}"
        )
    return name


def _every(document: Document, where: KeyPath, table: Mapping[str, Any], plugin: type[Source]) -> timedelta:
    """The interval: a platform or web server is neither hammered nor forgotten."""
    most = EVERY_MOST if plugin.platforms or plugin.kind.startswith("url.") else DURATION_MOST
    try:
        return duration(table.get("every", plugin.every), EVERY_LEAST, most)
    except ValueError as error:
        return document.refuse((*where, "every"), str(error))


def _stale_after(document: Document, where: KeyPath, said: timedelta | None, every: timedelta) -> timedelta:
    if said is None:
        return min(max(STALE_LEAST, every * STALE_INTERVALS), DURATION_MOST)
    if said < every:
        document.refuse(
            (*where, "stale_after"),
            f"expected at least `every`, {written(every)}: it would be stale before it is asked again",
        )
    return said
