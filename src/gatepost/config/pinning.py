"""Put a pin into the configuration's text: one row more, every other byte as it was.

People wrote the file, with comments. So it is not written anew from its values:
a row is inserted, and the result is only kept if it says exactly what it said
before and the pin.
"""

from __future__ import annotations

import json
import re
import tomllib
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from typing import Any

from gatepost.config.toml import Document
from gatepost.errors import ConfigInvalid

_INLINE = re.compile(r"^(\s*)pin\s*=\s*\[", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Pin:
    """A row of ``pin``."""

    value: str
    why: str
    until: date | None = None

    @property
    def row(self) -> str:
        """As an inline table."""
        until = "" if self.until is None else f", until = {self.until.isoformat()}"
        return f"{{ value = {_text(self.value)}, why = {_text(self.why)}{until} }}"

    @property
    def table(self) -> dict[str, Any]:
        """As a file that holds it is read."""
        until = {} if self.until is None else {"until": self.until}
        return {"value": self.value, "why": self.why, **until}


def with_pin(document: Document, text: str, list_: str, pin: Pin) -> str:
    """The text with one pin more.

    ``text`` is that of the document. Raises ConfigInvalid, with the row to write
    by hand, where the file is written in a way that is not understood here.
    """
    wanted = deepcopy(dict(document.tables))
    wanted["lists"][list_].setdefault("pin", []).insert(0, pin.table)
    as_wanted = _sorted(wanted, list_)
    for made in _candidates(document, text, list_, pin):
        if _sorted(_read(made), list_) == as_wanted:
            return made
    msg = f"{document.path}: the pin cannot be put into lists.{list_} by machine"
    raise ConfigInvalid(msg, hint=f"Add to pin of [lists.{list_}]: {pin.row}.")


def _candidates(document: Document, text: str, list_: str, pin: Pin) -> list[str]:
    """Three ways people write it: an array of rows, tables of their own, and not at all yet."""
    lines = text.splitlines(keepends=True)
    found: list[str] = []
    at = document.lines.get(("lists", list_, "pin"))
    if at is not None:
        head, tail = "".join(lines[: at - 1]), "".join(lines[at - 1 :])
        comma = ", " if document.tables["lists"][list_].get("pin") else ""
        found.append(head + _INLINE.sub(lambda start: f"{start[0]}{pin.row}{comma}", tail, count=1))
        end = "" if text.endswith("\n") else "\n"
        rows = [f"{key} = {value}\n" for key, value in _rows(pin)]
        found.append(f"{text}{end}\n[[lists.{list_}.pin]]\n{''.join(rows)}")
    at = document.lines.get(("lists", list_))
    if at is not None:
        end = "" if lines[at - 1].endswith("\n") else "\n"
        found.append("".join([*lines[:at], f"{end}pin = [{pin.row}]\n", *lines[at:]]))
    return found


def _rows(pin: Pin) -> list[tuple[str, str]]:
    until = [] if pin.until is None else [("until", pin.until.isoformat())]
    return [("value", _text(pin.value)), ("why", _text(pin.why)), *until]


def _read(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _sorted(tables: dict[str, Any] | None, list_: str) -> object:
    """Whatever the order of the pins."""
    if tables is None:
        return None
    tables["lists"][list_]["pin"] = sorted(map(repr, tables["lists"][list_].get("pin", [])))
    return tables


def _text(value: str) -> str:
    """A basic string of TOML: what JSON escapes is escaped alike, and DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
