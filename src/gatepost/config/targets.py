"""``[targets.NAME]``: where lists take effect, no two of them in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from gatepost.config.accounts import unread
from gatepost.config.settings import ListSettings, TargetSettings
from gatepost.config.tables import named, plugin_of
from gatepost.config.toml import Document, KeyPath
from gatepost.config.values import blamed, build, convert
from gatepost.errors import ConfigInvalid, cut
from gatepost.targets.base import Target

COMMON = ("kind", "list", "repair")
"""Keys of every target."""


def read_targets(document: Document, lists: Mapping[str, ListSettings]) -> dict[str, TargetSettings]:
    """All targets; two in one place, where each would undo the other, are refused. Raises ConfigInvalid."""
    found: dict[str, TargetSettings] = {}
    places: dict[str, str] = {}
    for name, table in named(document, "targets"):
        one = _target(document, name, table, lists)
        key = _place_key(document, one)
        if key in places:
            document.refuse(("targets", name), f"{cut(key)} is the target {places[key]!r} already")
        places[key] = name
        found[name] = one
    return found


def _target(
    document: Document, name: str, table: Mapping[str, Any], lists: Mapping[str, ListSettings]
) -> TargetSettings:
    where: KeyPath = ("targets", name)
    plugin = plugin_of(document, (*where, "kind"), table.get("kind"), "gatepost.targets", Target)
    of = table.get("list")
    if not isinstance(of, str) or of not in lists:
        document.refuse(
            (*where, "list"), f"expected the name of a list ({', '.join(sorted(lists)) or 'none'})"
        )
    options = {key: value for key, value in table.items() if key not in COMMON}
    document.only(options, {one.name for one in fields(plugin.Options)} | {*COMMON}, where)
    repair = convert(document, (*where, "repair"), table.get("repair", False), bool, unread)
    return TargetSettings(name, plugin, build(plugin.Options, document, where, options, unread), of, repair)


def _place_key(document: Document, target: TargetSettings) -> str:
    """What its place is known by; the plug-in itself may refuse its options or the file system a path."""
    where: KeyPath = ("targets", target.name)
    try:
        return target.plugin(target.name, target.options).place_key
    except ConfigInvalid as error:
        given = document.tables["targets"][target.name]
        return document.refuse(blamed(where, error.message, given), error.message)
    except (OSError, RuntimeError, ValueError) as error:  # a NUL in a path, a circle of links
        return document.refuse(where, f"no such place can be: {cut(str(error))}")
