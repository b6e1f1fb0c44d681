"""``[[notify]]``: who is told of what; a literal secret is refused, as everywhere."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from gatepost.config.accounts import unread
from gatepost.config.mask import masked
from gatepost.config.settings import AccountSettings, NotifySettings
from gatepost.config.toml import Document, KeyPath
from gatepost.config.values import convert
from gatepost.errors import ConfigInvalid, cut
from gatepost.kit.secret import check_reference

EVENTS = ("change", "held", "failed", "stale", "drift", "applied", "reverted")

_SECRET = re.compile(r"secret|token|pass|key|credential|webhook|signature", re.IGNORECASE)
"""Members whose names contain one of these hold a secret; the path of a webhook's URL is one."""


def read_notify(document: Document, accounts: Mapping[str, AccountSettings]) -> tuple[NotifySettings, ...]:
    """All notifiers; raises ConfigInvalid."""
    rows = document.tables.get("notify", [])
    if not isinstance(rows, list):
        document.refuse(("notify",), "expected [[notify]] tables")
    return tuple(_notifier(document, ("notify", n), row, accounts) for n, row in enumerate(rows))


def _notifier(
    document: Document, where: KeyPath, row: Any, accounts: Mapping[str, AccountSettings]
) -> NotifySettings:
    if not isinstance(row, dict):
        document.refuse(where, "expected a [[notify]] table")
    on = convert(document, (*where, "on"), row.get("on", list(EVENTS)), tuple[str, ...], unread)
    for event in on:
        if event not in EVENTS:
            document.refuse((*where, "on"), f"unknown event {cut(repr(event))}; known: {', '.join(EVENTS)}")
    if not isinstance(row.get("kind"), str):
        document.refuse((*where, "kind"), "expected the kind of notifier")
    account = row.get("account")
    if account is not None and (not isinstance(account, str) or account not in accounts):
        known = ", ".join(sorted(accounts)) or "none is configured"
        document.refuse((*where, "account"), f"expected the name of an account ({known})")
    rest = {key: value for key, value in row.items() if key not in ("kind", "on", "account")}
    _check(document, where, rest, secret=False)
    return NotifySettings(row["kind"], on, account, rest)


def _check(document: Document, where: KeyPath, value: Any, *, secret: bool) -> None:
    """Refuse a literal secret at any depth, without repeating it."""
    match value:
        case dict():
            for key, one in value.items():
                _check(document, (*where, key), one, secret=secret or bool(_SECRET.search(key)))
        case list():
            for n, one in enumerate(value):
                _check(document, (*where, n), one, secret=secret)
        case _ if secret:
            _check_reference(document, where, value)
        case float() if not math.isfinite(value):
            document.refuse(where, "expected a finite number")
        case str() if masked(value) != value:
            document.refuse(
                where, "a URL with a login or a query holds a secret: name it by env:NAME or file:PATH"
            )


def _check_reference(document: Document, where: KeyPath, value: Any) -> None:
    try:
        check_reference(value if isinstance(value, str) else "")
    except ConfigInvalid as error:
        document.refuse(where, error.message)
