"""Values as people write them in TOML, made into typed ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from datetime import timedelta
from typing import Any, TypeVar, get_type_hints

import msgspec

from gatepost.config.toml import Document, KeyPath
from gatepost.errors import ConfigInvalid, cut
from gatepost.kit.secret import Secret

T = TypeVar("T")

_DURATION = re.compile(r"(\d+)\s*(s|m|h|d|w)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SHARE = re.compile(r"(\d+(?:\.\d+)?)\s*%")
_PERCENT = 100


def duration(value: Any) -> timedelta:
    """``90s``, ``5m``, ``1h``, ``7d`` or ``2w``; raises ValueError."""
    if isinstance(value, str) and (found := _DURATION.fullmatch(value.strip())):
        return timedelta(**{_UNITS[found[2]]: int(found[1])})
    msg = 'a duration is a number with s, m, h, d or w, such as "1h"'
    raise ValueError(msg)


def share(value: Any) -> float:
    """``"30 %"`` or ``0.3``; raises ValueError."""
    if isinstance(value, str) and (found := _SHARE.fullmatch(value.strip())):
        return float(found[1]) / _PERCENT
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return float(value)
    msg = 'a share is a percentage such as "30 %" or a fraction such as 0.3'
    raise ValueError(msg)


def build(
    cls: type[T],
    document: Document,
    where: KeyPath,
    table: Mapping[str, Any],
    secret: Callable[[str], Secret],
) -> T:
    """An options dataclass from a table.

    Each key is converted by the type of its field; ``secret`` turns a
    reference into a Secret. Raises ConfigInvalid with file and line.
    """
    hints = get_type_hints(cls, include_extras=True)
    known = {one.name: one for one in fields(cls) if one.init}  # type: ignore[arg-type]  # options are dataclasses
    document.only(table, known, where)
    given = {
        name: convert(document, (*where, name), table[name], hints[name], secret)
        for name in known
        if name in table
    }
    for name, one in known.items():
        if name not in given and _required(one):
            document.refuse(where, f"the key {name!r} is missing")
    try:
        return cls(**given)
    except ValueError as error:
        return document.refuse(where, cut(str(error)))


def convert(
    document: Document, where: KeyPath, value: Any, hint: Any, secret: Callable[[str], Secret]
) -> Any:
    """One value by its type; raises ConfigInvalid with file and line."""

    def hook(wanted: type, raw: Any) -> Any:
        if wanted is Secret and isinstance(raw, str):
            return secret(raw)
        msg = "expected " + (
            "a reference: env:NAME, file:PATH or keyring:SERVICE/USER" if wanted is Secret else str(wanted)
        )
        raise ValueError(msg)

    try:
        return duration(value) if hint is timedelta else msgspec.convert(value, hint, dec_hook=hook)
    except ConfigInvalid as error:
        return document.refuse(where, error.message)
    except (msgspec.ValidationError, ValueError) as error:
        return document.refuse(where, cut(str(error)))


def _required(one: Field[Any]) -> bool:
    return one.default is MISSING and one.default_factory is MISSING
