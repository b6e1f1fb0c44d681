"""What all tables of the file share: their shape, names, kinds and directions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gatepost.config.toml import Document, KeyPath
from gatepost.kit.discovery import modules, plugins
from gatepost.model.entry import Direction

PIN = "pin"
"""What an owner pinned is shown under this source's name; no source or list may have it."""

NAME = re.compile(r"[a-z0-9-]{1,40}")
"""Names of all that has one."""
_OF_THE_OWNER = ("sources", "lists")


def table_in(document: Document, tables: Mapping[str, Any], where: KeyPath) -> Mapping[str, Any]:
    """The table at the last key of ``where``, empty if absent; raises ConfigInvalid where it is none."""
    found = tables.get(str(where[-1]), {})
    return found if isinstance(found, dict) else document.refuse(where, "expected a table")


def named(document: Document, family: str) -> list[tuple[str, Mapping[str, Any]]]:
    """``[family.NAME]`` tables with their names; raises ConfigInvalid."""
    group = table_in(document, document.tables, (family,))
    for name, one in group.items():
        if not NAME.fullmatch(name):
            document.refuse((family, name), "a name is 1 to 40 of a-z, 0-9 and -")
        if name == PIN and family in _OF_THE_OWNER:
            document.refuse((family, name), f"{PIN!r} is what pinned entries are shown under; choose another")
        if not isinstance(one, dict):
            document.refuse((family, name), "expected a table")
    return list(group.items())


def plugin_of(document: Document, where: KeyPath, kind: Any, room: str, base: type[Any]) -> Any:
    """The plug-in of a kind; raises ConfigInvalid."""
    if isinstance(kind, str):
        module = kind.partition(".")[0]
        if module in modules(room):
            for one in plugins(room, base, module):
                if one.kind == kind:
                    return one
    known = sorted(one.kind for one in plugins(room, base))
    return document.refuse(where, f"expected one of {', '.join(known)}")


def direction_of(
    document: Document, where: KeyPath, table: Mapping[str, Any], possible: frozenset[Direction]
) -> Direction:
    """The direction said, or the only possible one; raises ConfigInvalid."""
    said = table.get("direction")
    if said is None and len(possible) == 1:
        return next(iter(possible))
    if isinstance(said, str) and said in possible:
        return Direction(said)
    names = " or ".join(repr(str(one)) for one in sorted(possible))
    what = f"say {names}: it can be either" if said is None else f"expected {names}"
    return document.refuse((*where, "direction"), what)
