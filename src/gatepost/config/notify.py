"""``[[notify]]``: who is told of what, by which channel; a literal secret is refused, as everywhere."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any, Literal

from gatepost.config.accounts import placed, unread
from gatepost.config.settings import AccountSettings, NotifySettings
from gatepost.config.tables import plugin_of
from gatepost.config.toml import Document, KeyPath
from gatepost.config.values import build, convert, duration
from gatepost.errors import cut
from gatepost.kit.secret import resolve
from gatepost.model.event import EventKind
from gatepost.notify.base import Channel

EVENTS = tuple(kind.value for kind in EventKind if kind is not EventKind.TEST)
LANGUAGES = ("en", "zh")
DIGEST_LEAST, DIGEST_MOST = timedelta(minutes=1), timedelta(days=7)
NOTIFIERS_MOST = 50
_COMMON = ("kind", "account", "on", "lang", "digest")


def read_notify(document: Document, accounts: Mapping[str, AccountSettings]) -> tuple[NotifySettings, ...]:
    """All notifiers; raises ConfigInvalid."""
    rows = document.tables.get("notify", [])
    if not isinstance(rows, list):
        document.refuse(("notify",), "expected [[notify]] tables")
    if len(rows) > NOTIFIERS_MOST:
        document.refuse(("notify",), f"expected at most {NOTIFIERS_MOST} notifiers")
    return tuple(_notifier(document, ("notify", n), row, accounts) for n, row in enumerate(rows))


def _notifier(
    document: Document, where: KeyPath, row: Any, accounts: Mapping[str, AccountSettings]
) -> NotifySettings:
    if not isinstance(row, dict):
        document.refuse(where, "expected a [[notify]] table")
    plugin = plugin_of(document, (*where, "kind"), row.get("kind"), "gatepost.notify", Channel)
    account = _account(document, where, plugin, row.get("account"), accounts)
    own = {key: _placed(document, value) for key, value in row.items() if key not in _COMMON}
    build(plugin.Options, document, where, own, unread)
    return NotifySettings(
        kind=plugin.kind,
        on=_events(document, where, row),
        account=account,
        options={key: value for key, value in row.items() if key not in _COMMON},
        plugin=plugin,
        build=partial(build, plugin.Options, document, where, own, resolve),
        lang=convert(document, (*where, "lang"), row.get("lang", "en"), Literal["en", "zh"], unread),
        digest=_digest(document, (*where, "digest"), row.get("digest")),
        lane=_lane(plugin, account, own),
    )


def _account(
    document: Document,
    where: KeyPath,
    plugin: type[Channel],
    account: Any,
    accounts: Mapping[str, AccountSettings],
) -> str | None:
    if not plugin.platforms:
        if account is not None:
            document.refuse((*where, "account"), f"{plugin.kind} needs no account")
        return None
    able = sorted(name for name, one in accounts.items() if one.client.platform in plugin.platforms)
    if not isinstance(account, str) or account not in able:
        known = ", ".join(able) or "none is configured"
        platforms = " or ".join(sorted(plugin.platforms))
        document.refuse((*where, "account"), f"expected the name of an account of {platforms} ({known})")
    return account


def _events(document: Document, where: KeyPath, row: Mapping[str, Any]) -> tuple[str, ...]:
    on: tuple[str, ...] = convert(
        document, (*where, "on"), row.get("on", list(EVENTS)), tuple[str, ...], unread
    )
    for event in on:
        if event not in EVENTS:
            document.refuse((*where, "on"), f"unknown event {cut(repr(event))}; known: {', '.join(EVENTS)}")
    return on


def _digest(document: Document, where: KeyPath, value: Any) -> timedelta | None:
    if value is None:
        return None
    try:
        return duration(value, DIGEST_LEAST, DIGEST_MOST)
    except ValueError as error:
        return document.refuse(where, str(error))


def _placed(document: Document, value: Any) -> Any:
    return [placed(document, one) for one in value] if isinstance(value, list) else placed(document, value)


def _lane(plugin: type[Channel], account: str | None, own: Mapping[str, Any]) -> str:
    """Names the receiver, whatever else is configured of the notifier, and says nothing of it."""
    told = json.dumps([plugin.kind, account, [own.get(key) for key in plugin.receiver]], default=str)
    return f"{plugin.kind}-{hashlib.sha256(told.encode()).hexdigest()[:16]}"
