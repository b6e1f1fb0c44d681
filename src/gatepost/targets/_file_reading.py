"""Entries out of a file that we did not write, or that was edited; only where nothing is left to guess."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from gatepost.formats.base import Edition, Format
from gatepost.model.address import Prefix
from gatepost.model.entry import Entry
from gatepost.planning.aggregate import aggregate
from gatepost.planning.normalise import parse_value
from gatepost.planning.parse import parse_prefix

PREFIX_TEXT = re.compile(rb"[0-9a-f:.]+/[0-9]{1,3}")
PLAIN = frozenset({"txt", "edl", "domains", "haproxy", "squid"})
"""Formats of one value a line, whose readers take a bare address and a comment too."""


def rerendered(form: Format, edition: Edition, data: bytes) -> tuple[Entry, ...] | None:
    """Entries of a file that is, byte for byte, what the format makes of the prefixes in it; else None."""
    texts = dict.fromkeys(PREFIX_TEXT.findall(data))
    try:
        entries = tuple(Entry(parse_prefix(text.decode())) for text in texts)
        return entries if form.render(replace(edition, entries=entries)) == data else None
    except ValueError:
        return None


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
