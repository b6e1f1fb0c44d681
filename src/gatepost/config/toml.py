"""TOML with the places of its keys, so that an error can name file and line."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from gatepost.errors import ConfigInvalid, ConfigNotFound, cut

KeyPath = tuple[str | int, ...]

MARK = "\ufeff"
"""What some editors put before a file's first character: no part of its text."""
NAME_SHOWN = 64
"""Characters of a key that an error repeats."""

_TABLE = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(
    r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""
)
_AT_LINE = re.compile(r"\(at line (\d+)")
_KEYS = re.compile(r"""\((?:(?:'[^']*'|"[^"]*")(?:, )?)+,?\)""")
"""A key as the library tells it: ``('targets', 'edge')``."""
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file: its tables, and on which line each key stands."""

    path: Path
    tables: Mapping[str, Any]
    lines: Mapping[KeyPath, int]

    def refuse(self, where: KeyPath, what: str) -> NoReturn:
        """Raise ConfigInvalid that names file, line and key."""
        line = next(self.lines[where[:n]] for n in range(len(where), -1, -1) if where[:n] in self.lines)
        msg = f"{self.path}:{line}: {dotted(where)}: {what}"
        raise ConfigInvalid(msg)

    def beside(self, place: str) -> Path:
        """A path as the file means it: from the file's folder on, wherever we are started."""
        return self.path.resolve().parent / place

    def only(self, table: Mapping[str, Any], known: Iterable[str], where: KeyPath) -> None:
        """Refuse a key that is not known, naming the nearest one that is."""
        names = sorted(known)
        for key in table:
            if key not in names:
                near = difflib.get_close_matches(key, names, n=1)
                known_text = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(names)}"
                self.refuse((*where, key), f"unknown key; {known_text}")


def dotted(where: KeyPath) -> str:
    """A key path as people write it: ``lists.webhooks.pin[0].value``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{cut(part, NAME_SHOWN)}" for part in where)
    return text.lstrip(".") or "file"


def read(path: Path) -> Document:
    """Parse a file; raises ConfigNotFound or ConfigInvalid, which names a line."""
    raw = _bytes(path)
    try:
        text = raw.decode().removeprefix(MARK)
        return Document(path, tomllib.loads(text), _places(text))
    except UnicodeDecodeError as error:
        line, what = raw[: error.start].count(b"\n") + 1, f"not UTF-8 (byte {error.start})"
    except tomllib.TOMLDecodeError as error:
        found = _AT_LINE.search(str(error))
        line, what = int(found[1]) if found else raw.count(b"\n") + 1, cut(_KEYS.sub(_as_written, str(error)))
    except RecursionError:
        line, what = 1, "arrays or tables are nested too deep"
    except ValueError:  # a number of thousands of digits
        line, what = 1, "a number in it has too many digits"
    msg = f"{path}:{line}: {what}"
    raise ConfigInvalid(msg)


def _as_written(found: re.Match[str]) -> str:
    """``'targets.edge'``, quoted."""
    return repr(dotted(tuple(part[1:-1] for part in re.findall(r"""'[^']*'|"[^"]*\"""", found[0]))))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        raise no_file(path) from None
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}"
        raise ConfigInvalid(msg) from None


def no_file(path: Path) -> ConfigNotFound:
    """Why there is no file to read."""
    if path.is_dir():
        msg = f"{path} is a directory, not a file"
    elif path.exists():
        msg = f"{path} is no regular file"
    elif path.is_symlink():
        msg = f"{path} is a link to a file that is not there"
    else:
        msg = f"there is no configuration file {path}"
    return ConfigNotFound(msg)


def _places(text: str) -> dict[KeyPath, int]:
    """Line of each table and key. Keys inside inline tables share their line's place."""
    places: dict[KeyPath, int] = {(): 1}
    table: KeyPath = ()
    counts: dict[KeyPath, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if header := _TABLE.match(line):
            table = _parts(header[2])
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            for depth in range(1, len(table) + 1):
                places.setdefault(table[:depth], number)
        elif key := _KEY.match(line):
            places.setdefault((*table, *_parts(key[1])), number)
    return places


def _parts(text: str) -> KeyPath:
    return tuple(part.strip("\"'") for part in _PART.findall(text))
