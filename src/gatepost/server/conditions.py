"""Content negotiation and conditional requests, as HTTP has them (RFC 9110 §8.4, §12.5.3, §13)."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache

TAG = re.compile(rb'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
QUALITY = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")
PREFERRED = ("zstd", "gzip", "identity")
"""Where a client likes several as well."""


@lru_cache(maxsize=256)
def accepted(header: bytes) -> tuple[str, ...]:
    """Encodings of ours that a client takes, the best first; at least ``identity``.

    A client that refuses even that gets it all the same: a device is never
    turned away over the form of what it may read. ``*`` names no encoding, so none
    is taken from it: who sends that often cannot read the newest.
    """
    qualities = _qualities(header)
    if "x-gzip" in qualities:
        qualities.setdefault("gzip", qualities["x-gzip"])
    found = {name: qualities.get(name, 0.0) for name in PREFERRED}
    if "identity" not in qualities:
        least = min((worth for worth in found.values() if worth), default=1.0)
        found["identity"] = qualities.get("*", least)
    good = sorted((name for name in PREFERRED if found[name]), key=lambda name: -found[name])
    return tuple(dict.fromkeys((*good, "identity")))


def _qualities(header: bytes) -> dict[str, float]:
    """What each encoding is worth; one whose worth cannot be read is worth nothing."""
    found = {}
    for part in header.decode("latin-1").lower().split(","):
        name, *parameters = (each.strip() for each in part.split(";"))
        if name:
            worth = next((each[2:].strip() for each in parameters if each.startswith("q=")), "1")
            found[name] = float(worth) if QUALITY.fullmatch(worth) else 0.0
    return found


def choose(header: bytes, there: Collection[str]) -> str:
    """The encoding to send, of those that there are; ``identity`` always is."""
    return next(name for name in accepted(header) if name in there)


def is_unchanged(etag: bytes, modified: datetime, none_match: bytes | None, since: bytes | None) -> bool:
    """Whether 304 is the answer. ``none_match`` decides alone where it is there; tags compare weakly."""
    if none_match is not None:
        return none_match.strip() == b"*" or etag in TAG.findall(none_match)
    return since is not None and _is_of(since, modified)


def _is_of(since: bytes, modified: datetime) -> bool:
    """Whether a client has the version of this very date.

    A later date is of a clock that is not ours: what came meanwhile would be hidden from who keeps it.
    """
    try:
        date = parsedate_to_datetime(since.decode("ascii"))
    except ValueError:  # what is no date is ignored
        return False
    return modified.replace(microsecond=0) == (date if date.tzinfo else date.replace(tzinfo=UTC))


def date_text(moment: datetime) -> bytes:
    """As ``Last-Modified`` has it."""
    return format_datetime(moment.astimezone(UTC), usegmt=True).encode()
