"""Look at the clocks: what passed since the last look, and whether the wall clock is to be believed."""

from __future__ import annotations

from datetime import timedelta

from gatepost.engine.site import Site
from gatepost.model.reckoning import Look, Reading
from gatepost.planning.reckoning import STANDING, reckon


def look(site: Site) -> Look:
    """Judge the clocks by the looks before; records nothing, so waiting for it brings nothing about."""
    uptime = site.clock.uptime()
    own, last = site.store.looks(uptime.boot)
    return reckon(Reading(uptime.boot, uptime.passed, site.clock.now()), own, last)


def take_look(site: Site) -> Look:
    """The same, at the beginning of a cycle: what stays so from cycle to cycle comes to be believed."""
    seen = look(site)
    site.store.record_look(seen)
    return seen


def waits(seen: Look) -> timedelta:
    """How much longer the wall clock must stay as it is to be believed; nothing where it is."""
    if seen.doubt is None:
        return timedelta()
    return STANDING - (seen.reckoned - seen.doubt.since)
