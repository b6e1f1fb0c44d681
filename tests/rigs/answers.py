"""Answers, lists and contents in few words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gatepost.model.answer import Accepted, Answer
from gatepost.model.entry import Direction, Domain, Entry, Quarantined
from gatepost.model.limits import Limits
from gatepost.planning.accept import accept
from gatepost.planning.normalise import parse_value

START = datetime(2026, 1, 5, 8, tzinfo=UTC)


def entries(*values: str) -> tuple[Entry, ...]:
    """Entries of these values, sorted."""
    return tuple(sorted((Entry(parse_value(value)) for value in values), key=lambda entry: entry.key))


def hosts(first: int, last: int, block: str = "101.226.103") -> tuple[str, ...]:
    """Addresses of one block, both ends included."""
    return tuple(f"{block}.{number}" for number in range(first, last + 1))


def answer(*values: str, day: float = 0.0, odd: int = 0, **changes: object) -> Answer:
    """An answer of the source ``events``, so many days after the start."""
    fields: dict[str, object] = {
        "source": "events",
        "kind": "static.list",
        "direction": Direction.INGRESS,
        "fetched_at": START + timedelta(days=day),
        "requests": 1,
        "entries": entries(*values),
        "quarantined": tuple(Quarantined(f"odd {number}", "not-an-address") for number in range(odd)),
        "provenance": "here",
    }
    return Answer(**(fields | changes))  # type: ignore[arg-type]  # a test may say anything


def accepted(*values: str, day: float = 0.0, source: str = "events") -> Accepted:
    """What is kept of a first answer."""
    verdict = accept(answer(*values, day=day, source=source), None, (), Limits(), approved=True)
    assert isinstance(verdict, Accepted)
    return verdict


def shown(of: tuple[Entry, ...]) -> list[str]:
    """Values, as people see them."""
    return [str(entry.value) for entry in of]


def domain(name: str) -> Domain:
    """A domain as an owner writes it."""
    value = parse_value(name)
    assert isinstance(value, Domain)
    return value
