"""Entries out of a file that we did not write, or that was edited; only where nothing is left to guess.

To adopt a file, all of it has to be understood. Of an edited one, those lines
are read that are, character for character, what the format makes of an entry;
comments and blank lines mean nothing, and of anything else it is said that it
was not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import msgspec

from gatepost.formats.base import Edition, Format
from gatepost.model.address import Prefix
from gatepost.model.entry import Entry, Protocol
from gatepost.planning.aggregate import aggregate
from gatepost.planning.normalise import parse_value
from gatepost.planning.parse import parse_prefix

PREFIX_TEXT = re.compile(rb"[0-9a-f:.]+/[0-9]{1,3}")
PLAIN = frozenset({"txt", "edl", "domains", "haproxy", "squid"})
"""Formats of one value a line, whose readers take a bare address and a comment too."""


ADDRESS_TEXT = re.compile(r"[0-9a-f:.]+(?:/[0-9]{1,3}|,[0-9]{1,3},)?")
"""An address with its length, as the formats of one entry a line put it."""
CSV_FIELDS = 5
PORT_LAST = 0xFFFF
OURS = "gatepost"
"""Member in which we note what no reader of the list looks at."""
JSON = frozenset({"json", "tfvars.json", "gdc.json"})
"""Formats of which a single line says nothing."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What an edited file holds."""

    entries: tuple[Entry, ...]
    """Canonical."""
    unread: bool
    """Whether there is more than these, comments and blank lines."""


def rerendered(form: Format, edition: Edition, data: bytes) -> tuple[Entry, ...] | None:
    """Entries of a file that is, byte for byte, what the format makes of the prefixes in it; else None."""
    texts = dict.fromkeys(PREFIX_TEXT.findall(data))
    try:
        entries = tuple(Entry(parse_prefix(text.decode())) for text in texts)
        return entries if form.render(replace(edition, entries=entries)) == data else None
    except ValueError:
        return None


def salvaged(form: Format, edition: Edition, data: bytes) -> Reading:
    """The entries of each line that is exactly one; never text that only looks like it."""
    if form.name in JSON:
        return Reading((), _may_hold(data))
    bare = [line.partition(b"#")[0] if form.name in PLAIN else line for line in data.split(b"\n")]
    lines = [each for line in bare if (each := line.strip(b" \t\r")) and not each.startswith(b"#")]
    known = _known(form, edition, [*dict.fromkeys(lines)])
    header = {*_rendered(form, edition, ())}
    found = {entry for line in lines if (entry := known.get(line))}
    unread = any(line not in known and line not in header for line in lines)
    plain = tuple(entry for entry in found if not (entry.protocol or entry.ports))
    bound = found - {*plain}
    return Reading(tuple(sorted([*_merged(plain), *bound], key=lambda entry: entry.key)), unread)


def _may_hold(data: bytes) -> bool:
    """Whether any text of a JSON document could be an entry; also of what is no JSON."""
    try:
        document = msgspec.json.decode(data)
        read = (
            {key: document[key] for key in document if key != OURS}
            if isinstance(document, dict)
            else document
        )
        return any(map(_is_value, _texts(read)))
    except msgspec.DecodeError:
        return bool(data.strip())


def _texts(document: object) -> Iterator[str]:
    match document:
        case str():
            yield document
        case dict():
            for value in document.values():
                yield from _texts(value)
        case list():
            for value in document:
                yield from _texts(value)


def _is_value(text: str) -> bool:
    try:
        parse_value(text)
    except ValueError:
        return False
    return True


def _known(form: Format, edition: Edition, lines: Sequence[bytes]) -> dict[bytes, Entry]:
    """Lines and the entries that they are, as the format writes them, or takes them."""
    found = {line: entry for line in lines if (entry := _candidate(form, line)) and _fits(entry, form)}
    if form.name in PLAIN:
        return found
    entries = [*dict.fromkeys(found.values())]
    header = {*_rendered(form, edition, ())}
    made = [line for line in _rendered(form, edition, tuple(entries)) if line not in header]
    return dict(zip(made, entries, strict=True)) if len(made) == len(entries) else {}


def _rendered(form: Format, edition: Edition, entries: tuple[Entry, ...]) -> list[bytes]:
    try:
        return form.render(replace(edition, entries=entries)).splitlines()
    except ValueError:
        return []


def _candidate(form: Format, line: bytes) -> Entry | None:
    """What a line would have to be, were it an entry."""
    try:
        text = line.decode("ascii")
        if form.name in PLAIN:
            return Entry(parse_value(text))
        if form.name == "csv":
            return _row(text.split(","))
        found = ADDRESS_TEXT.match(text)
        return found and Entry(parse_prefix(found[0].removesuffix(",").replace(",", "/")))
    except ValueError:
        return None


def _row(fields: Sequence[str]) -> Entry | None:
    """Raises ValueError for a field that is none of a row."""
    if len(fields) != CSV_FIELDS:
        return None
    value, _, protocol, ports, necessary = fields
    told = (each.partition("-") for each in ports.split())
    ranges = tuple((int(first), int(last)) for first, _, last in told)
    if not all(0 <= first <= last <= PORT_LAST for first, last in ranges):
        return None
    wanted = {"true": True, "false": False}.get(necessary)
    return Entry(parse_value(value), Protocol(protocol) if protocol else None, ranges, wanted)


def explain(form: Format, edition: Edition, data: bytes) -> tuple[Entry, ...] | None:
    """Canonical entries of a file of others; None where a line of it means anything else."""
    found = rerendered(form, edition, data)
    if found is None and form.name in PLAIN:
        found = _plain(data)
    if found is None or not all(_fits(entry, form) for entry in found):
        return None
    return tuple(sorted(_merged(found), key=lambda entry: entry.key))


def _plain(data: bytes) -> tuple[Entry, ...] | None:
    try:
        lines = [line.partition("#")[0].strip(" \t\r") for line in data.decode("ascii").split("\n")]
        return tuple(Entry(parse_value(line)) for line in lines if line)
    except ValueError:
        return None


def _fits(entry: Entry, form: Format) -> bool:
    if isinstance(entry.value, Prefix):
        return entry.value.family in form.capabilities.families
    return form.capabilities.domains


def _merged(entries: tuple[Entry, ...]) -> Iterator[Entry]:
    yield from map(Entry, aggregate(entry.value for entry in entries if isinstance(entry.value, Prefix)))
    yield from {entry for entry in entries if not isinstance(entry.value, Prefix)}
