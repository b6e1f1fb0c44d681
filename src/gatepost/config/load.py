"""Find and read the file, check every key, type and reference, and give typed settings."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from gatepost.config.guards import FETCH_KEYS, LIST_KEYS, STALE_KEY, STORE_KEYS, read_keys, read_limits
from gatepost.config.settings import (
    AccountSettings,
    ListSettings,
    NotifySettings,
    Settings,
    SourceSettings,
    TargetSettings,
)
from gatepost.config.toml import Document, KeyPath, read
from gatepost.config.values import build, convert, duration
from gatepost.errors import ConfigNotFound
from gatepost.kit.discovery import modules, plugins
from gatepost.kit.secret import Secret, check_reference, resolve
from gatepost.model.content import Allowlist, Override
from gatepost.model.entry import Direction
from gatepost.model.limits import Limits
from gatepost.planning.normalise import parse_value
from gatepost.platforms.base import Bounds, Platform
from gatepost.sources.base import Source
from gatepost.targets.base import Target

SYSTEM_FILE = Path("/etc/gatepost/gatepost.toml")
STALE_LEAST = timedelta(hours=24)
STALE_INTERVALS = 3
SOURCE_DEADLINE = 60.0
"""Seconds for one source's whole fetch, retries included."""
TOP = ("store", "accounts", "sources", "lists", "guards", "targets", "notify")
EVENTS = ("change", "held", "failed", "stale", "drift", "applied", "reverted")

_NAME = re.compile(r"[a-z0-9-]{1,40}")


def find(named: str | None = None) -> Path:
    """The configuration file: ``--config``, $GATEPOST_CONFIG, ./gatepost.toml, /etc/gatepost/gatepost.toml.

    Raises ConfigNotFound.
    """
    if chosen := named or os.environ.get("GATEPOST_CONFIG"):
        return Path(chosen)
    places = (Path("gatepost.toml"), SYSTEM_FILE)
    for place in places:
        if place.is_file():
            return place
    msg = "no configuration: neither --config nor $GATEPOST_CONFIG is given, and there is no " + " nor ".join(
        map(str, places)
    )
    raise ConfigNotFound(msg)


def load(path: Path) -> Settings:
    """Settings of a file. Raises ConfigNotFound or ConfigInvalid; secrets are checked in form only."""
    document = read(path)
    tables = document.tables
    document.only(tables, TOP, ())
    guards = _table(document, tables, ("guards",))
    document.only(guards, [*LIST_KEYS, *FETCH_KEYS, "stale_after"], ("guards",))
    limits = read_limits(document, ("guards",), guards, Limits())
    accounts = {name: _account(document, name, one) for name, one in _named(document, "accounts")}
    lists = {name: _list(document, name, one, limits) for name, one in _named(document, "lists")}
    sources = {
        name: _source(document, name, one, accounts, guards) for name, one in _named(document, "sources")
    }
    _check_lists(document, lists, sources)
    return Settings(
        path=path,
        **_store(document, path),
        cache=_state_home() / "tokens",
        limits=limits,
        accounts=accounts,
        sources=sources,
        lists=lists,
        targets=_targets(document, lists),
        notify=_notify(document, accounts),
    )


def _state_home() -> Path:
    home = os.environ.get("XDG_STATE_HOME")
    return (Path(home) if home else Path.home() / ".local" / "state") / "gatepost"


def _table(document: Document, tables: Mapping[str, Any], where: KeyPath) -> Mapping[str, Any]:
    found = tables.get(str(where[-1]), {})
    return found if isinstance(found, dict) else document.refuse(where, "expected a table")


def _named(document: Document, family: str) -> list[tuple[str, Mapping[str, Any]]]:
    group = _table(document, document.tables, (family,))
    for name, one in group.items():
        if not _NAME.fullmatch(name):
            document.refuse((family, name), "a name is 1 to 40 of a-z, 0-9 and -")
        if not isinstance(one, dict):
            document.refuse((family, name), "expected a table")
    return list(group.items())


def _store(document: Document, path: Path) -> dict[str, Any]:
    where: KeyPath = ("store",)
    table = _table(document, document.tables, where)
    document.only(table, ("url", *STORE_KEYS), where)
    url = table.get("url", f"sqlite:///{_state_home() / 'gatepost.db'}")
    if not isinstance(url, str) or not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        document.refuse((*where, "url"), "expected sqlite:///PATH or postgresql+psycopg://…")
    prefix, _, place = url.partition("sqlite:///")
    # relative to the file, not to where a timer starts us: another place would be an empty history
    fixed = url if prefix or Path(place).is_absolute() else f"sqlite:///{path.resolve().parent / place}"
    return {"store_url": fixed, **read_keys(document, where, table, STORE_KEYS)}


def _account(document: Document, name: str, table: Mapping[str, Any]) -> AccountSettings:
    where: KeyPath = ("accounts", name)
    clients = {client.platform: client for client in plugins("gatepost.platforms", Platform)}
    client = clients.get(table.get("platform", ""))
    if client is None:
        document.refuse((*where, "platform"), f"expected one of {', '.join(sorted(clients))}")
    options = {key: value for key, value in table.items() if key != "platform"}
    build(client.Account, document, where, options, _unread)
    return AccountSettings(
        name, client, partial(build, client.Account, document, where, options, resolve), dict(table)
    )


def _unread(reference: str) -> Secret:
    check_reference(reference)
    return Secret("")


def _source(
    document: Document,
    name: str,
    table: Mapping[str, Any],
    accounts: Mapping[str, AccountSettings],
    guards: Mapping[str, Any],
) -> SourceSettings:
    where: KeyPath = ("sources", name)
    plugin = _plugin(document, (*where, "kind"), table.get("kind"), "gatepost.sources", Source)
    own = {one.name for one in fields(plugin.Options)}
    options = {key: value for key, value in table.items() if key in own or key not in _SOURCE_KEYS}
    document.only(options, own | _SOURCE_KEYS, where)
    built = build(plugin.Options, document, where, options, _unread)
    every = _duration(document, (*where, "every"), table.get("every", plugin.every))
    stale = read_keys(document, where, {**guards, **table}, {"stale_after": STALE_KEY})
    bounds = read_keys(document, where, {**guards, **_fetch_of_lists(document, name), **table}, FETCH_KEYS)
    deadline = bounds.pop("source_deadline", SOURCE_DEADLINE)
    return SourceSettings(
        name=name,
        plugin=plugin,
        options=built,
        account=_account_of(document, where, table, plugin, accounts),
        direction=_direction(document, where, table, plugin.directions(built)),
        every=every,
        stale_after=stale.get("stale_after", max(STALE_LEAST, every * STALE_INTERVALS)),
        bounds=Bounds(**bounds),
        deadline=deadline,
    )


_SOURCE_KEYS = {"kind", "account", "every", "direction", "stale_after", *FETCH_KEYS}


def _fetch_of_lists(document: Document, source: str) -> dict[str, Any]:
    """Fetch keys that the guards of the lists using a source set; the strictest holds."""
    tables = document.tables.get("lists", {})
    guards = [one.get("guards", {}) for one in tables.values() if source in one.get("sources", ())]
    return {
        key: min(one[key] for one in guards if key in one)
        for key in FETCH_KEYS
        if any(key in one for one in guards)
    }


def _plugin(document: Document, where: KeyPath, kind: Any, room: str, base: type[Any]) -> Any:
    module = str(kind).partition(".")[0]
    found = {one.kind: one for name in modules(room) if name == module for one in plugins(room, base, name)}
    if kind not in found:
        known = sorted(one.kind for one in plugins(room, base))
        document.refuse(where, f"expected one of {', '.join(known)}")
    return found[kind]


def _account_of(
    document: Document,
    where: KeyPath,
    table: Mapping[str, Any],
    plugin: type[Source],
    accounts: Mapping[str, AccountSettings],
) -> str | None:
    name = str(table.get("account", ""))
    if not plugin.platforms:
        return document.refuse((*where, "account"), f"{plugin.kind} needs no account") if name else None
    if name not in accounts:
        known = ", ".join(sorted(accounts)) or "none is configured"
        document.refuse((*where, "account"), f"expected the name of an account ({known})")
    if accounts[name].client.platform not in plugin.platforms:
        document.refuse(
            (*where, "account"), f"{plugin.kind} needs an account of {' or '.join(sorted(plugin.platforms))}"
        )
    return name


def _direction(
    document: Document, where: KeyPath, table: Mapping[str, Any], possible: frozenset[Direction]
) -> Direction:
    said = table.get("direction")
    if said is None and len(possible) == 1:
        return next(iter(possible))
    if said in possible:
        return Direction(said)
    names = " or ".join(repr(str(one)) for one in sorted(possible))
    what = f"say {names}: it can be either" if said is None else f"expected {names}"
    return document.refuse((*where, "direction"), what)


def _duration(document: Document, where: KeyPath, value: Any) -> timedelta:
    try:
        return duration(value)
    except ValueError as error:
        return document.refuse(where, str(error))


def _list(document: Document, name: str, table: Mapping[str, Any], defaults: Limits) -> ListSettings:
    where: KeyPath = ("lists", name)
    document.only(table, ("direction", "sources", "pin", "exclude", "only_necessary", "guards"), where)
    guards = _table(document, table, (*where, "guards"))
    document.only(guards, [*LIST_KEYS, *FETCH_KEYS], (*where, "guards"))
    sources = convert(document, (*where, "sources"), table.get("sources", []), tuple[str, ...], _unread)
    if not sources and not table.get("pin"):
        document.refuse(where, "a list needs at least one source or pin")
    allowlist = Allowlist(
        name=name,
        direction=_direction(document, where, table, frozenset(Direction)),
        sources=sources,
        pins=_overrides(document, (*where, "pin"), table.get("pin", [])),
        exclusions=_overrides(document, (*where, "exclude"), table.get("exclude", [])),
        only_necessary=convert(
            document, (*where, "only_necessary"), table.get("only_necessary", False), bool, _unread
        ),
    )
    return ListSettings(allowlist, read_limits(document, (*where, "guards"), guards, defaults))


def _overrides(document: Document, where: KeyPath, rows: Any) -> tuple[Override, ...]:
    if not isinstance(rows, list):
        document.refuse(where, 'expected a list such as [{ value = "203.0.113.7", why = "canary" }]')
    return tuple(_override(document, (*where, n), row) for n, row in enumerate(rows))


def _override(document: Document, where: KeyPath, row: Any) -> Override:
    if not isinstance(row, dict):
        document.refuse(where, 'expected { value = "…", why = "…" }')
    document.only(row, ("value", "why", "until"), where)
    if not isinstance(row.get("why"), str) or not row["why"].strip():
        document.refuse((*where, "why"), "say why, for the person who reads this in a year")
    try:
        value = parse_value(str(row.get("value", "")))
    except ValueError as error:
        document.refuse((*where, "value"), f"not an address, network or domain ({error})")
    return Override(value, row["why"], _until(document, (*where, "until"), row.get("until")))


def _until(document: Document, where: KeyPath, value: Any) -> datetime | None:
    match value:
        case None:
            return None
        case datetime():
            return value if value.tzinfo else value.replace(tzinfo=UTC)
        case date():
            return datetime.combine(value, time(), UTC)
    return document.refuse(where, "expected a date such as 2027-01-01")


def _check_lists(
    document: Document, lists: Mapping[str, ListSettings], sources: Mapping[str, SourceSettings]
) -> None:
    for one in lists.values():
        for name in one.allowlist.sources:
            where = ("lists", one.name, "sources")
            if name not in sources:
                document.refuse(
                    where, f"there is no source {name!r} ({', '.join(sorted(sources)) or 'none'})"
                )
            if sources[name].direction is not one.allowlist.direction:
                document.refuse(
                    where,
                    f"the source {name!r} is {sources[name].direction}, the list {one.allowlist.direction}: "
                    "mixing them would open the wrong way",
                )


def _targets(document: Document, lists: Mapping[str, ListSettings]) -> dict[str, TargetSettings]:
    """All targets; no two of them in one place, where each would undo the other."""
    found: dict[str, TargetSettings] = {}
    places: dict[str, str] = {}
    for name, table in _named(document, "targets"):
        one = _target(document, name, table, lists)
        place = one.plugin(name, one.options).place
        if place in places:
            document.refuse(("targets", name), f"{place} is the target {places[place]!r} already")
        places[place] = name
        found[name] = one
    return found


def _target(
    document: Document, name: str, table: Mapping[str, Any], lists: Mapping[str, ListSettings]
) -> TargetSettings:
    where: KeyPath = ("targets", name)
    plugin = _plugin(document, (*where, "kind"), table.get("kind"), "gatepost.targets", Target)
    if table.get("list") not in lists:
        document.refuse(
            (*where, "list"), f"expected the name of a list ({', '.join(sorted(lists)) or 'none'})"
        )
    options = {key: value for key, value in table.items() if key not in ("kind", "list")}
    document.only(options, {one.name for one in fields(plugin.Options)} | {"kind", "list"}, where)
    return TargetSettings(
        name, plugin, build(plugin.Options, document, where, options, _unread), table["list"]
    )


def _notify(document: Document, accounts: Mapping[str, AccountSettings]) -> tuple[NotifySettings, ...]:
    rows = document.tables.get("notify", [])
    if not isinstance(rows, list):
        document.refuse(("notify",), "expected [[notify]] tables")
    return tuple(_notifier(document, ("notify", n), row, accounts) for n, row in enumerate(rows))


def _notifier(
    document: Document, where: KeyPath, row: Mapping[str, Any], accounts: Mapping[str, AccountSettings]
) -> NotifySettings:
    on = convert(document, (*where, "on"), row.get("on", list(EVENTS)), tuple[str, ...], _unread)
    for event in on:
        if event not in EVENTS:
            document.refuse((*where, "on"), f"unknown event {event!r}; known: {', '.join(EVENTS)}")
    if not isinstance(row.get("kind"), str):
        document.refuse((*where, "kind"), "the key 'kind' is missing")
    account = row.get("account")
    if account is not None and account not in accounts:
        document.refuse((*where, "account"), f"there is no account {account!r}")
    rest = {key: value for key, value in row.items() if key not in ("kind", "on", "account")}
    return NotifySettings(row["kind"], on, account, rest)
