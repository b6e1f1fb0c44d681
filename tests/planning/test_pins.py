"""What a pin does: all, a part, later, nothing, or no more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gatepost.model.content import Allowlist, Override
from gatepost.model.entry import Direction
from gatepost.planning.compose import compose
from gatepost.planning.normalise import parse_value
from gatepost.planning.pins import Effect, effect_of, idle, lasting

NOW = datetime(2026, 1, 5, tzinfo=UTC)
DAY = timedelta(days=1)


def row(value: str, days: int | None = None) -> Override:
    """A pin or an exclusion that ends after so many days."""
    return Override(parse_value(value), "why", None if days is None else NOW + days * DAY)


CASES = [
    (row("9.9.9.9"), [], Effect.FULL),
    (row("9.9.9.9", 0), [], Effect.ENDED),
    (row("9.9.9.9", 1), [], Effect.FULL),
    (row("9.9.9.9"), [row("9.9.9.0/24")], Effect.NONE),
    (row("9.9.9.9"), [row("9.9.9.0/24", 0)], Effect.FULL),
    (row("9.9.9.9"), [row("9.9.9.0/24", 2)], Effect.LATER),
    (row("9.9.9.9", 2), [row("9.9.9.0/24", 2)], Effect.NONE),
    (row("9.9.9.9", 3), [row("9.9.9.0/24", 2)], Effect.LATER),
    (row("9.9.9.0/24"), [row("9.9.9.9")], Effect.PART),
    (row("9.9.8.0/23"), [row("9.9.8.0/24"), row("9.9.9.0/24")], Effect.NONE),
    (row("9.9.8.0/23"), [row("9.9.8.0/24"), row("9.9.9.0/24", 2)], Effect.LATER),
    (row("*.example.com"), [row("a.example.com")], Effect.NONE),
    (row("b.example.com"), [row("a.example.com")], Effect.FULL),
    (row("b.example.com"), [row("*.example.com")], Effect.NONE),
    (row("2001:db8::/32"), [row("0.0.0.0/8")], Effect.FULL),
]


@pytest.mark.parametrize(("pin", "exclusions", "effect"), CASES)
def test_the_effect_is_what_the_composed_list_shows(pin, exclusions, effect):
    """Now and on the last day that it lasts: in force whole, in part, or not at all, as was said."""
    found = effect_of(pin, exclusions, NOW)
    assert found.effect is effect
    allowlist = Allowlist("webhooks", Direction.INGRESS, (), (pin,), tuple(exclusions))
    last = (pin.until or NOW + 1000 * DAY) - timedelta(seconds=1)
    now, late = (compose(allowlist, {}, at).effective for at in (NOW, max(last, NOW)))
    assert bool(now) is (effect in (Effect.FULL, Effect.PART))
    assert bool(late) is (effect in (Effect.FULL, Effect.PART, Effect.LATER))
    assert [one.pin for one in idle(allowlist, NOW)] == ([] if now else [pin])


def test_what_lasts_as_long_is_known():
    """The same value, not ended, until that day or beyond it."""
    pins = (row("9.9.9.9", 0), row("9.9.9.9", 5), row("9.9.9.0/24"))
    assert lasting(pins, row("9.9.9.9", 4), NOW) == pins[1]
    assert lasting(pins, row("9.9.9.9", 5), NOW) == pins[1]
    assert lasting(pins, row("9.9.9.9", 6), NOW) is None
    assert lasting(pins, row("9.9.9.9"), NOW) is None
