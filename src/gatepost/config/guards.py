"""``[guards]``: the safety settings of the contract, for all lists and for one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gatepost.config.toml import Document, KeyPath
from gatepost.config.values import duration, share
from gatepost.errors import cut
from gatepost.model.limits import FLOOR_V4, FLOOR_V6, Limits


@dataclass(frozen=True, slots=True)
class GuardKey:
    """One key: what it means, how it is read, and which settings it sets."""

    meaning: str
    read: Callable[[Any], dict[str, Any]]
    kind: str
    """JSON Schema type of what is written."""


def _count(field: str, least: int = 0) -> Callable[[Any], dict[str, Any]]:
    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            msg = f"expected a whole number of at least {least}"
            raise ValueError(msg)
        return {field: value}

    return read


def _share(field: str) -> Callable[[Any], dict[str, Any]]:
    return lambda value: {field: share(value)}


def _choice(field: str, *choices: str) -> Callable[[Any], dict[str, Any]]:
    def read(value: Any) -> dict[str, Any]:
        if value not in choices:
            msg = f"expected {' or '.join(map(repr, choices))}"
            raise ValueError(msg)
        return {field: value}

    return read


def _widest(value: Any) -> dict[str, Any]:
    match value:
        case [str(v4), str(v6)] if v4[:1] == v6[:1] == "/" and v4[1:].isdigit() and v6[1:].isdigit():
            lengths = int(v4[1:]), int(v6[1:])
            if FLOOR_V4 <= lengths[0] <= 32 and FLOOR_V6 <= lengths[1] <= 128:  # noqa: PLR2004 - address lengths
                return {"widest_v4": lengths[0], "widest_v6": lengths[1]}
    msg = f'expected ["/16", "/32"]: IPv4 then IPv6, not shorter than /{FLOOR_V4} and /{FLOOR_V6}'
    raise ValueError(msg)


def _baselines(value: Any) -> dict[str, Any]:
    if not isinstance(value, list):
        msg = 'expected a list of ages such as ["7d", "30d"]; the last accepted answer always counts'
        raise ValueError(msg)  # noqa: TRY004 - one kind of error for all wrong values
    return {"baselines": tuple(map(duration, value))}


def _seconds(field: str) -> Callable[[Any], dict[str, Any]]:
    return lambda value: {
        field: duration(value).total_seconds() if isinstance(value, str) else _positive(value)
    }


def _positive(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
        msg = 'expected seconds, such as 20 or "20s"'
        raise ValueError(msg)
    return float(value)


LIST_KEYS: Mapping[str, GuardKey] = {
    "max_removed": GuardKey(
        "Share of addresses (each family) that may go at once.", _share("max_removed"), "share"
    ),
    "max_removed_entries": GuardKey(
        "And more than this many entries must go before it is held.", _count("max_removed_entries"), "integer"
    ),
    "max_added": GuardKey(
        "Share of addresses (each family) that may come at once.", _share("max_added"), "share"
    ),
    "max_added_entries": GuardKey(
        "And more than this many entries must come before it is held.", _count("max_added_entries"), "integer"
    ),
    "max_churn": GuardKey("Share of addresses not common to old and new.", _share("max_churn"), "share"),
    "new_family": GuardKey(
        "A family that appears or vanishes: hold or allow.", _choice("new_family", "hold", "allow"), "string"
    ),
    "widest": GuardKey("Widest IPv4 and IPv6 prefix that passes without approval.", _widest, "array"),
    "special": GuardKey(
        "IANA special-purpose space: quarantine or allow.",
        _choice("special", "quarantine", "allow"),
        "string",
    ),
    "quarantine": GuardKey(
        "Share of odd entries beyond which an answer is refused; one is always allowed.",
        _share("quarantine"),
        "share",
    ),
    "host_bits": GuardKey(
        "A network written with host bits set: quarantine or mask.",
        _choice("host_bits", "quarantine", "mask"),
        "string",
    ),
    "max_addresses_v4": GuardKey(
        "Sum of IPv4 addresses beyond which a list is held.", _count("max_addresses_v4", 1), "integer"
    ),
    "max_addresses_v6": GuardKey(
        "Sum of IPv6 addresses beyond which a list is held.", _count("max_addresses_v6", 1), "integer"
    ),
    "absences": GuardKey(
        "Complete fetches without an entry before it counts as removed.", _count("absences", 1), "integer"
    ),
    "grace": GuardKey(
        "How much longer a removed entry stays applied.", lambda value: {"grace": duration(value)}, "duration"
    ),
    "baseline": GuardKey(
        "Ages of earlier answers that changes are also measured against.", _baselines, "array"
    ),
}

FETCH_KEYS: Mapping[str, GuardKey] = {
    "deadline": GuardKey("Seconds for one request, in all.", _seconds("deadline"), "seconds"),
    "source_deadline": GuardKey(
        "Seconds for one source, retries included.", _seconds("source_deadline"), "seconds"
    ),
    "max_body": GuardKey("Decoded bytes of one answer.", _count("max_body", 1), "integer"),
    "max_pages": GuardKey("Pages of one list.", _count("max_pages", 1), "integer"),
    "max_entries": GuardKey("Entries of one list.", _count("max_entries", 1), "integer"),
}

STALE_KEY = GuardKey(
    "Age of the last accepted answer from which it counts as stale.",
    lambda value: {"stale_after": duration(value)},
    "duration",
)


STORE_KEYS: Mapping[str, GuardKey] = {
    "keep": GuardKey(
        "Age from which history is forgotten; what is in force never is.",
        lambda value: {"keep": duration(value)},
        "duration",
    ),
    "max_bytes": GuardKey(
        "Size in bytes from which more of it is forgotten.", _count("max_bytes", 1 << 20), "integer"
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
