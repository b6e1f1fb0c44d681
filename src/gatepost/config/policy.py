"""Guard settings to compare in a replay: ``grace=3d,max_removed=10%``, or a file's ``[guards]``."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gatepost.config.guards import LIST_KEYS, SOURCE_KEYS, read_limits
from gatepost.config.toml import read
from gatepost.errors import UsageError, cut
from gatepost.model.limits import Limits

_NEXT = re.compile(r",(?=\s*[a-z][a-z0-9_]*\s*=)")
"""A comma before the next key; those inside a value stay."""
_PAIR = re.compile(r"\s*([A-Za-z0-9_-]+)\s*=\s*(.+?)\s*", re.DOTALL)
_GUARDS = "guards"


@dataclass(frozen=True, slots=True)
class Policy:
    """Limits under the name they are shown by."""

    name: str
    limits: Limits


def read_policy(text: str) -> Policy:
    """What ``--policy`` names; other settings keep their defaults.

    Raises UsageError for a key or value that is none, ConfigError for a file that is none.
    """
    if _PAIR.fullmatch(text):
        return Policy(cut(text, 64), replace(Limits(), **dict(_settings(text))))
    return _from_file(Path(text))


def _settings(text: str) -> Iterator[tuple[str, Any]]:
    for pair in _NEXT.split(text):
        found = _PAIR.fullmatch(pair)
        if found is None:
            msg = f"--policy {cut(text, 64)}: expected KEY=VALUE, not {cut(pair, 64)}"
            raise UsageError(msg)
        key, value = found[1], _value(found[2])
        if key not in LIST_KEYS:
            near = difflib.get_close_matches(key, LIST_KEYS, n=1)
            msg = (
                f"--policy: there is no guard setting {cut(key, 64)!r}; known: {', '.join(sorted(LIST_KEYS))}"
            )
            raise UsageError(msg, hint=f"Did you mean {near[0]!r}?" if near else None)
        try:
            yield from LIST_KEYS[key].read(value).items()
        except ValueError as error:
            msg = f"--policy {key}: {cut(str(error))}"
            raise UsageError(msg) from None


def _value(text: str) -> Any:
    """As TOML where it is; bare text, as shells leave it, as it stands."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        return text


def _from_file(path: Path) -> Policy:
    """A TOML file: a whole configuration's ``[guards]``, or those keys alone."""
    document = read(path)
    inside = isinstance(document.tables.get(_GUARDS), dict)
    table = document.tables[_GUARDS] if inside else document.tables
    where = (_GUARDS,) if inside else ()
    document.only(table, [*LIST_KEYS, *SOURCE_KEYS], where)
    return Policy(cut(path.name, 64), read_limits(document, where, table, Limits()))
