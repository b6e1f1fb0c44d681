"""Which entries are still in use: asked of the devices that count packets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from gatepost.config.settings import ListSettings
from gatepost.engine.acceptance import view
from gatepost.engine.site import Site
from gatepost.errors import TargetError
from gatepost.model.address import Prefix
from gatepost.model.reckoning import Look


async def prefixes_in_use(
    site: Site, lists: Sequence[ListSettings], seen: Look
) -> Mapping[str, tuple[Prefix, ...]]:
    """By list: prefixes on which any of its targets counted packets within the list's grace.

    Devices are asked only while something of the list is in grace; one that cannot be
    asked now counts as not counting: what it holds is not changed without reading it. Time is that
    which was reckoned at a look at the clocks.
    """
    now = seen.reckoned
    return {one.name: await _of_list(site, one, now) if _has_leaving(site, one) else () for one in lists}


def _has_leaving(site: Site, one: ListSettings) -> bool:
    known = (site.store.accepted(view(one.name, source)) for source in one.allowlist.sources)
    return any(presence.absent for seen in known if seen is not None for presence in seen.presences)


async def _of_list(site: Site, one: ListSettings, now: datetime) -> tuple[Prefix, ...]:
    used: dict[Prefix, None] = {}
    for settings in site.settings.targets.values():
        if settings.list != one.name:
            continue
        try:
            counted = await site.targets[settings.name].counted()
        except TargetError:
            continue
        rose = site.store.record_counts(settings.name, counted, now) if counted else {}
        used |= dict.fromkeys(prefix for prefix, at in rose.items() if now - at <= one.limits.grace)
    return tuple(used)
