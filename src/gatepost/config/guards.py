"""``[guards]``: the safety settings of the contract, for all lists and for one, each with its bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any

from gatepost.config.settings import Settings
from gatepost.config.toml import Document, KeyPath
from gatepost.config.values import DURATION_MOST, duration, seconds_of, share, whole, written
from gatepost.errors import cut
from gatepost.model.limits import FLOOR_V4, FLOOR_V6, Limits
from gatepost.platforms.base import Bounds

DURATION: Mapping[str, Any] = {"type": "string", "pattern": r"^\d+\s*(s|m|h|d|w)$"}
"""JSON Schema of a duration; its bounds are in words, a pattern cannot say them."""
SOURCE_DEADLINE = 60.0
"""Seconds for one source's whole fetch, retries included."""
DEADLINE_LEAST, DEADLINE_MOST = 0.1, 600.0
COUNT_MOST = 1_000_000
GROWTH_MOST = 100.0
BODY_LEAST, BODY_MOST = 1 << 10, 256 << 20
BASELINES_MOST = 10
BASELINE_LEAST, BASELINE_MOST = timedelta(days=1), timedelta(days=366)
STORE_LEAST, STORE_MOST = 1 << 20, 1 << 40


@dataclass(frozen=True, slots=True)
class GuardKey:
    """One key: what it means, how it is read, and which settings it sets."""

    meaning: str
    """With the bounds."""
    read: Callable[[Any], dict[str, Any]]
    """The settings it sets; raises ValueError."""
    schema: Mapping[str, Any]
    """JSON Schema of what is written, its bounds included."""
    default: Any = None
    """As one would write it; None where it depends on other keys."""


def _default(cls: type[Any], name: str) -> Any:
    return next(one.default for one in fields(cls) if one.name == name)


def _count(cls: type[Any], field: str, meaning: str, least: int, most: int) -> GuardKey:
    return GuardKey(
        f"{meaning} {least:,} to {most:,}.",
        lambda value: {field: whole(value, least, most)},
        {"type": "integer", "minimum": least, "maximum": most},
        _default(cls, field),
    )


def _share(field: str, meaning: str, most: float = 1.0) -> GuardKey:
    number = {"type": "number", "minimum": 0, "maximum": most}
    return GuardKey(
        f"{meaning} 0 to {most:.0%}.".replace("%", " %"),
        lambda value: {field: share(value, most)},
        {"anyOf": [number, {"type": "string", "pattern": r"^\d+(\.\d+)?\s*%$"}]},
        f"{_default(Limits, field):.0%}".replace("%", " %"),
    )


def _choice(field: str, meaning: str, *choices: str) -> GuardKey:
    def read(value: Any) -> dict[str, Any]:
        if value not in choices:
            msg = f"expected {' or '.join(map(repr, choices))}"
            raise ValueError(msg)
        return {field: value}

    return GuardKey(meaning, read, {"enum": list(choices)}, _default(Limits, field))


def _duration(cls: type[Any], field: str, meaning: str) -> GuardKey:
    return GuardKey(
        f"{meaning} At most {DURATION_MOST.days:,} days.",
        lambda value: {field: duration(value)},
        DURATION,
        written(_default(cls, field)),
    )


def _seconds(field: str, meaning: str, default: float) -> GuardKey:
    number = {"type": "number", "minimum": DEADLINE_LEAST, "maximum": DEADLINE_MOST}
    return GuardKey(
        f"{meaning} {DEADLINE_LEAST:g} to {DEADLINE_MOST:g}.",
        lambda value: {field: seconds_of(value, DEADLINE_LEAST, DEADLINE_MOST)},
        {"anyOf": [number, DURATION]},
        round(default),
    )


def _widest(value: Any) -> dict[str, Any]:
    match value:
        case [str(v4), str(v6)] if _is_length(v4) and _is_length(v6):
            lengths = int(v4[1:]), int(v6[1:])
            if FLOOR_V4 <= lengths[0] <= 32 and FLOOR_V6 <= lengths[1] <= 128:  # noqa: PLR2004 - address lengths
                return {"widest_v4": lengths[0], "widest_v6": lengths[1]}
    msg = f'expected ["/16", "/32"]: IPv4 then IPv6, not shorter than /{FLOOR_V4} and /{FLOOR_V6}'
    raise ValueError(msg)


def _is_length(text: str) -> bool:
    return text[:1] == "/" and text[1:].isascii() and text[1:].isdigit() and len(text) <= len("/128")


def _baselines(value: Any) -> dict[str, Any]:
    if not isinstance(value, list) or len(value) > BASELINES_MOST:
        msg = (
            f'expected a list of at most {BASELINES_MOST} ages such as ["7d", "30d"]; '
            "the last accepted answer always counts"
        )
        raise ValueError(msg)
    return {"baselines": tuple(duration(one, BASELINE_LEAST, BASELINE_MOST) for one in value)}


LIST_KEYS: Mapping[str, GuardKey] = {
    "max_removed": _share("max_removed", "Share of addresses (each family) that may go at once."),
    "max_removed_entries": _count(
        Limits,
        "max_removed_entries",
        "And more than this many entries must go before it is held.",
        0,
        COUNT_MOST,
    ),
    "max_added": _share("max_added", "Share of addresses (each family) that may come at once.", GROWTH_MOST),
    "max_added_entries": _count(
        Limits,
        "max_added_entries",
        "And more than this many entries must come before it is held.",
        0,
        COUNT_MOST,
    ),
    "max_churn": _share("max_churn", "Share of addresses not common to old and new."),
    "new_family": _choice("new_family", "A family that appears or vanishes: hold or allow.", "hold", "allow"),
    "widest": GuardKey(
        f"Widest IPv4 and IPv6 prefix that passes without approval; never wider than /{FLOOR_V4} and "
        f"/{FLOOR_V6}.",
        _widest,
        {
            "type": "array",
            "items": {"type": "string", "pattern": "^/[0-9]{1,3}$"},
            "minItems": 2,
            "maxItems": 2,
        },
        [f"/{_default(Limits, 'widest_v4')}", f"/{_default(Limits, 'widest_v6')}"],
    ),
    "widest_known": _share(
        "widest_known",
        "Share of a list's addresses (each family) that new networks wider than `widest`, but no wider than "
        "the list's widest, may bring at once without approval.",
    ),
    "special": _choice("special", "IANA special-purpose space: quarantine or allow.", "quarantine", "allow"),
    "quarantine": _share(
        "quarantine", "Share of odd entries beyond which an answer is refused; one is always allowed."
    ),
    "host_bits": _choice(
        "host_bits", "A network written with host bits set: quarantine or mask.", "quarantine", "mask"
    ),
    "max_addresses_v4": _count(
        Limits, "max_addresses_v4", "Sum of IPv4 addresses beyond which a list is held.", 1, 1 << 32
    ),
    "max_addresses_v6": _count(
        Limits, "max_addresses_v6", "Sum of IPv6 addresses beyond which a list is held.", 1, 1 << 128
    ),
    "absences": _count(
        Limits, "absences", "Complete fetches without an entry before it counts as removed.", 1, 1000
    ),
    "grace": _duration(Limits, "grace", "How much longer a removed entry stays applied."),
    "counted_grace": _duration(
        Limits, "counted_grace", "And at most that much longer still where a device counts packets on it."
    ),
    "baseline": GuardKey(
        "Ages of earlier answers that changes are also measured against: at most "
        f"{BASELINES_MOST}, {BASELINE_LEAST.days} to {BASELINE_MOST.days} days each.",
        _baselines,
        {"type": "array", "items": DURATION, "maxItems": BASELINES_MOST},
        [written(one) for one in _default(Limits, "baselines")],
    ),
}

SOURCE_KEYS: Mapping[str, GuardKey] = {
    "deadline": _seconds("deadline", "Seconds for one request, in all.", _default(Bounds, "deadline")),
    "source_deadline": _seconds(
        "source_deadline", "Seconds for one source, retries included.", SOURCE_DEADLINE
    ),
    "max_body": _count(Bounds, "max_body", "Decoded bytes of one answer.", BODY_LEAST, BODY_MOST),
    "max_pages": _count(Bounds, "max_pages", "Pages of one list.", 1, COUNT_MOST),
    "max_entries": _count(Bounds, "max_entries", "Entries of one list.", 1, COUNT_MOST),
    "stale_after": GuardKey(
        "Age of the last accepted answer from which it counts as stale: at least `every`, at most "
        f"{DURATION_MOST.days:,} days. By default three times `every`, and at least 24 hours.",
        lambda value: {"stale_after": duration(value)},
        DURATION,
    ),
}
"""What the guards for all, a list's guards and a source itself may say of how it is asked."""

STORE_KEYS: Mapping[str, GuardKey] = {
    "keep": _duration(Settings, "keep", "Age from which history is forgotten; what is in force never is."),
    "max_bytes": _count(
        Settings, "max_bytes", "Size in bytes from which more of it is forgotten.", STORE_LEAST, STORE_MOST
    ),
}


def read_keys(
    document: Document, where: KeyPath, table: Mapping[str, Any], keys: Mapping[str, GuardKey]
) -> dict[str, Any]:
    """Settings of those keys of a table that are among ``keys``; raises ConfigInvalid."""
    found: dict[str, Any] = {}
    for name, key in keys.items():
        if name in table:
            try:
                found |= key.read(table[name])
            except ValueError as error:
                document.refuse((*where, name), cut(str(error)))
    return found


def read_limits(document: Document, where: KeyPath, table: Mapping[str, Any], defaults: Limits) -> Limits:
    """Limits of a list: a guards table over the defaults for all."""
    return replace(defaults, **read_keys(document, where, table, LIST_KEYS))
