"""Values as people write them in TOML, made into typed ones."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, fields
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from gatepost.config.toml import Document, KeyPath
from gatepost.errors import ConfigInvalid, cut
from gatepost.kit.secret import Secret

T = TypeVar("T")

DURATION_MOST = timedelta(days=3660)
"""Longest duration anywhere; ten years, so that no date it is added to overflows."""

_DURATION = re.compile(r"([0-9]{1,12})\s*(s|m|h|d|w)")
_UNITS = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}
_SHARE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)\s*%")
_PERCENT = 100
_EXPECTED: Mapping[type, str] = {
    Secret: "a reference: env:NAME, file:PATH or keyring:SERVICE/USER",
    Path: "a path",
}


def duration(value: Any, least: timedelta = timedelta(0), most: timedelta = DURATION_MOST) -> timedelta:
    """``90s``, ``5m``, ``1h``, ``7d`` or ``2w``, within both bounds; raises ValueError."""
    if not isinstance(value, str) or not (found := _DURATION.fullmatch(value.strip())):
        msg = 'a duration is a number with s, m, h, d or w, such as "1h"'
        raise ValueError(msg)
    seconds = int(found[1]) * _UNITS[found[2]]
    if not least.total_seconds() <= seconds <= most.total_seconds():
        msg = f"expected a duration from {written(least)} to {written(most)}"
        raise ValueError(msg)
    return timedelta(seconds=seconds)


def written(value: timedelta) -> str:
    """A duration in the largest unit that says it whole days at most: ``7d``, ``90m``, ``0s``."""
    seconds = int(value.total_seconds())
    unit = next(one for one in "dhms" if seconds % _UNITS[one] == 0) if seconds else "s"
    return f"{seconds // _UNITS[unit]}{unit}"


def share(value: Any, most: float = 1.0) -> float:
    """``"30 %"`` or ``0.3``, at most ``most``; raises ValueError."""
    if isinstance(value, str) and (found := _SHARE.fullmatch(value.strip())):
        part = float(found[1]) / _PERCENT
    elif isinstance(value, int | float) and not isinstance(value, bool):
        part = value
    else:
        msg = 'a share is a percentage such as "30 %" or a fraction such as 0.3'
        raise ValueError(msg)
    if not 0 <= part <= most:  # not-a-number is within no bounds
        msg = f"expected a share from 0 % to {most * _PERCENT:g} % (0 to {most:g})"
        raise ValueError(msg)
    return float(part)


def whole(value: Any, least: int, most: int) -> int:
    """A whole number within both bounds; raises ValueError."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        msg = f"expected a whole number from {least} to {most}"
        raise ValueError(msg)
    return value


def seconds_of(value: Any, least: float, most: float) -> float:
    """Seconds as a number, or a duration, within both bounds; raises ValueError."""
    if isinstance(value, str):
        value = duration(value).total_seconds()
    if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value <= most:
        msg = f'expected {least:g} to {most:g} seconds, such as 20 or "20s"'
        raise ValueError(msg)
    return float(value)


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
    except ConfigInvalid as error:
        return document.refuse(where, error.message)
    except ValueError as error:
        return document.refuse(blamed(where, str(error), given), cut(str(error)))


def blamed(where: KeyPath, words: str, given: Iterable[str]) -> KeyPath:
    """The key that the words begin with, where it was given; else the table itself."""
    first = words.partition(" ")[0]
    return (*where, first) if first in given else where


def convert(
    document: Document, where: KeyPath, value: Any, hint: Any, secret: Callable[[str], Secret]
) -> Any:
    """One value by its type; raises ConfigInvalid with file and line."""

    def hook(wanted: type, raw: Any) -> Any:
        if wanted is Secret and isinstance(raw, str):
            return secret(raw)
        if wanted is Path and isinstance(raw, str) and raw:
            return document.beside(raw)
        msg = f"expected {_EXPECTED.get(wanted, wanted)}"
        raise ValueError(msg)

    if isinstance(value, float) and not math.isfinite(value):
        document.refuse(where, "expected a finite number")
    try:
        return duration(value) if hint is timedelta else msgspec.convert(value, hint, dec_hook=hook)
    except ConfigInvalid as error:
        return document.refuse(where, error.message)
    except (msgspec.ValidationError, ValueError) as error:
        return document.refuse(where, f"{cut(str(error))}{_choices(hint)}")


def _choices(hint: Any) -> str:
    """What it may be, where that can be counted."""
    among = (hint, *get_args(hint))
    kinds = [one for one in among if isinstance(one, type) and issubclass(one, Enum)]
    found = [repr(each.value) for kind in kinds for each in kind]
    found += [repr(each) for one in among if get_origin(one) is Literal for each in get_args(one)]
    return f"; expected one of {', '.join(found)}" if found else ""


def _required(one: Field[Any]) -> bool:
    return one.default is MISSING and one.default_factory is MISSING
