"""Whether a pin lets anything in: it may have ended, and an exclusion beats it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from gatepost.model.content import Allowlist, Override
from gatepost.planning.compose import active, is_shut_out
from gatepost.planning.overlap import overlaps


class Effect(Enum):
    """What a pin does."""

    FULL = auto()
    PART = auto()
    """Exclusions take some of its addresses out."""
    LATER = auto()
    """An exclusion shuts it out, and ends before the pin does."""
    NONE = auto()
    """Exclusions shut it out for as long as it lasts."""
    ENDED = auto()


@dataclass(frozen=True, slots=True)
class Pinned:
    """A pin with its effect."""

    pin: Override
    effect: Effect
    exclusions: tuple[Override, ...] = ()
    """Those that are in its way."""


def effect_of(pin: Override, exclusions: Iterable[Override], at: datetime) -> Pinned:
    """What a pin does from a moment on."""
    if pin.until is not None and pin.until <= at:
        return Pinned(pin, Effect.ENDED)
    here = tuple(one for one in active(exclusions, at) if overlaps(one.value, pin.value))
    if not here:
        return Pinned(pin, Effect.FULL)
    if not is_shut_out(pin.value, here):
        return Pinned(pin, Effect.PART, here)
    lasting = [one for one in here if _outlasts(one.until, pin.until)]
    return Pinned(pin, Effect.NONE if is_shut_out(pin.value, lasting) else Effect.LATER, here)


def idle(allowlist: Allowlist, at: datetime) -> tuple[Pinned, ...]:
    """A list's pins that let nothing in."""
    found = (effect_of(pin, allowlist.exclusions, at) for pin in allowlist.pins)
    return tuple(one for one in found if one.effect in (Effect.ENDED, Effect.NONE, Effect.LATER))


def lasting(pins: Iterable[Override], wanted: Override, at: datetime) -> Override | None:
    """A pin of the same value that lasts at least as long."""
    same = (one for one in active(pins, at) if one.value == wanted.value)
    return next((one for one in same if _outlasts(one.until, wanted.until)), None)


def _outlasts(one: datetime | None, other: datetime | None) -> bool:
    return one is None or (other is not None and one >= other)
