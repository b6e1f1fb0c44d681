"""``[protect]``: what no plan may cut off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from gatepost.config.accounts import unread
from gatepost.config.lists import value_and_why
from gatepost.config.settings import ProtectSettings
from gatepost.config.tables import table_in
from gatepost.config.toml import Document, KeyPath
from gatepost.config.values import convert
from gatepost.model.address import Prefix
from gatepost.model.limits import FLOOR, is_too_wide
from gatepost.model.protect import Protected

ADDRESSES_MOST = 1000

PARTS: Mapping[str, str] = {
    "session": "The address that the SSH session running gatepost comes from (lists of direction ingress).",
    "control_plane": "The server of a PostgreSQL store (lists of direction egress).",
    "dns": "This host's name servers (lists of direction egress).",
    "ntp": "This host's time servers (lists of direction egress).",
    "platforms": "The hosts that accounts and public lists are asked at (lists of direction egress).",
}
"""Each part that is found by itself, and can be switched off."""

_WHERE: KeyPath = ("protect",)


def read_protect(document: Document) -> ProtectSettings:
    """The table, or its defaults; raises ConfigInvalid."""
    table = table_in(document, document.tables, _WHERE)
    document.only(table, [one.name for one in fields(ProtectSettings)], _WHERE)
    parts = {
        name: convert(document, (*_WHERE, name), table[name], bool, unread) for name in PARTS if name in table
    }
    return ProtectSettings(addresses=_addresses(document, table.get("addresses", [])), **parts)


def _addresses(document: Document, rows: Any) -> tuple[Protected, ...]:
    where = (*_WHERE, "addresses")
    if not isinstance(rows, list):
        document.refuse(where, 'expected a list such as [{ value = "203.0.113.0/24", why = "office" }]')
    if len(rows) > ADDRESSES_MOST:
        document.refuse(where, f"expected at most {ADDRESSES_MOST:,} values")
    return tuple(_protected(document, (*where, n), row) for n, row in enumerate(rows))


def _protected(document: Document, where: KeyPath, row: Any) -> Protected:
    value, why = value_and_why(document, where, row)
    if isinstance(value, Prefix) and is_too_wide(value):
        floor = FLOOR[value.family]
        what = f"wider than /{floor}: it would stop removals everywhere; expected what is yours"
        document.refuse((*where, "value"), what)
    return Protected(value, why)
