"""The ledger of what users, scripts and devices rely on, and how its lines are read against real output.

``data/contract.toml`` has a table a section and a line an item. A line is what is promised, or a table:
``by`` names the test that reads it where that is another module's. House rules see to it that every
section is read, and that every test named there exists.
"""

from __future__ import annotations

import ipaddress
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

PLACE = Path(__file__).parents[1] / "data" / "contract.toml"
NOT_BUILT = "not_built"
"""The section of what is promised and not built yet."""
MEMBERS = ("members", "served")
"""The sections of documents: a table each, with members by path and what they may be."""


@dataclass(frozen=True)
class Line:
    """One promise."""

    section: str
    item: str
    says: str
    by: tuple[str, ...] = ()
    """Tests of other modules that read it: ``e2e/test_x.py::test_y``; empty where the section's own does."""


@cache
def ledger() -> Mapping[str, Any]:
    """As written."""
    found: dict[str, Any] = tomllib.loads(PLACE.read_text(encoding="utf-8"))
    return found


def lines(section: str) -> list[Line]:
    """Of one section, in their order."""
    return [_line(section, item, written) for item, written in ledger()[section].items()]


def _line(section: str, item: str, written: Any) -> Line:
    if isinstance(written, str):
        return Line(section, item, written)
    by = written["by"]
    return Line(section, item, written["says"], (by,) if isinstance(by, str) else tuple(by))


def cases(section: str) -> list[Any]:
    """Parameters of a test: every line that no other module reads, by its name."""
    return [pytest.param(line, id=line.item) for line in lines(section) if not line.by]


class Checks:
    """The readers of one section: each is registered under the items it reads."""

    def __init__(self, section: str) -> None:
        self.section = section
        self._readers: dict[str, Callable[..., None]] = {}

    def __call__(self, *items: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
        """The decorated function reads these; it gets the item where it reads several."""

        def register(reader: Callable[..., None]) -> Callable[..., None]:
            for item in items:
                assert item not in self._readers, f"two readers of {item}"
                self._readers[item] = _with(reader, item) if len(items) > 1 else reader
            return reader

        return register

    def read(self, line: Line, *world: Any) -> None:
        """Read one item. Fails where nothing does."""
        assert line.item in self._readers, f"nothing reads {self.section}: {line.item} ({line.says})"
        self._readers[line.item](*world)

    def strangers(self) -> set[str]:
        """Items that are read here and stand in no line."""
        return set(self._readers) - {line.item for line in lines(self.section) if not line.by}


def _with(reader: Callable[..., None], item: str) -> Callable[..., None]:
    return lambda *world: reader(*world, item)


@dataclass(frozen=True)
class Member:
    """A member of a document; ``only`` is one literal that must be seen there, empty for what it may be."""

    document: str
    path: str
    kinds: str
    only: str = ""

    def __str__(self) -> str:
        return f"{self.document}: {self.path}{self.only and ' = '}{self.only}"


def members(section: str) -> list[Any]:
    """Parameters of a test: each member of a section's documents, and each literal that it may be."""
    found = []
    for document, table in ledger()[section].items():
        for path, kinds in table.items():
            found.append(Member(document, path, kinds))
            literals = [one for one in _parted(kinds) if _literal(one)]
            found += [Member(document, path, kinds, one) for one in literals if len(_parted(kinds)) > 1]
    return [
        pytest.param(one, id=f"{one.document}: {one.path}{one.only and f' = {one.only}'}") for one in found
    ]


def read_member(member: Member, documents: Sequence[Any]) -> None:
    """In each document the member is there and is what it may be; in at least one it is there at all."""
    seen = [value for document in documents for value in reach(document, member.path)]
    assert seen, f"{member.document}: {member.path} was never seen"
    if member.only:
        assert json.loads(member.only) in seen
        return
    wrong = [value for value in seen if not any(fits(value, kind) for kind in _parted(member.kinds))]
    assert wrong == [], f"{member.document}: {member.path} is not {member.kinds}"


def _parted(kinds: str) -> list[str]:
    return [one.strip() for one in kinds.split("|")]


def _literal(kind: str) -> bool:
    return kind in {"true", "false", "null"} or kind.startswith('"')


_STEP = re.compile(r"(?P<name>[^.\[\]?]+)(?:\[(?P<only>[^\]]*)\])?(?P<maybe>\??)(?:\.|$)")


def reach(document: Any, path: str) -> Iterator[Any]:
    """Values at a path: ``a.b``; ``a[]`` is each of an array, ``a[k=v]`` each whose ``k`` is ``v``.

    A ``?`` after a name is a member that may be missing; else one that is fails.
    """
    if not path:
        yield document
        return
    step = _STEP.match(path)
    assert step, f"no path: {path}"
    assert isinstance(document, dict), f"{path}: no object: {document!r}"
    name, rest = step["name"], path[step.end() :]
    if name not in document:
        assert step["maybe"], f"no member {name!r}, only {', '.join(document)}"
        return
    if step["only"] is None:
        yield from reach(document[name], rest)
        return
    key, _, value = step["only"].partition("=")
    for one in document[name]:
        if not key or one[key] == value:
            yield from reach(one, rest)


def fits(value: Any, kind: str) -> bool:
    """Whether a value is of a kind; a ``?`` after its name: or null."""
    if _literal(kind):
        return bool(value == json.loads(kind)) and type(value) is type(json.loads(kind))
    if kind.endswith("?") and value is None:
        return True
    return KINDS[kind.removesuffix("?")](value)


def _matches(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def is_prefix(value: Any) -> bool:
    """Canonical, with its length."""
    try:
        return isinstance(value, str) and "/" in value and str(ipaddress.ip_network(value)) == value
    except ValueError:
        return False


def is_count(value: Any) -> bool:
    """A whole number from 0."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_ranges(value: Any) -> bool:
    """Pairs of first and last."""
    return isinstance(value, list) and all(
        len(one) == 2 and all(map(is_count, one)) and one[0] <= one[1] for one in value
    )


_is_domain = _matches(r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+")


def is_value(value: Any) -> bool:
    """Of an entry: a prefix, a domain or a tree of domains."""
    return is_prefix(value) or _is_domain(value)


def every(kind: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """An array of it; it may be empty."""
    return lambda value: isinstance(value, list) and all(map(kind, value))


KINDS: Mapping[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str) and value != "",
    "time": _matches(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
    "day": _matches(r"20\d{6}"),
    "digest": _matches(r"sha256:[0-9a-f]{64}"),
    "count": is_count,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "status": lambda value: value in {"in_step", "changes", "held"},
    "code": lambda value: is_count(value) or (isinstance(value, str) and value != ""),
    "flag": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "prefix": is_prefix,
    "value": is_value,
    "prefixes": every(is_prefix),
    "values": every(is_value),
    "texts": every(lambda value: isinstance(value, str) and value != ""),
    "ranges": is_ranges,
    "links": every(_matches(r"https://\S+")),
}
"""What a member may be, by name."""
