"""Targets that have another name by now: known by their place, they go on as what they were."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from gatepost.engine.last import Last, forget_last, keep_for_good, last_of, names_kept
from gatepost.engine.site import Site
from gatepost.errors import StoreCorrupt


def follow_renamed(site: Site) -> None:
    """Keep what was left on a target, and what stands against changing it, under its new name.

    Raises StoreError.
    """
    state = site.settings.state
    former = {last.place: last for last in _no_longer_configured(site)}
    for name, target in site.targets.items() if former else ():
        last, own = former.get(target.place), last_of(state, name)
        if last is None or (own is not None and own.at >= last.at):
            continue
        site.store.record_renamed(last.target, name)
        keep_for_good(state, replace(last, target=name))
        forget_last(state, last.target)


def _no_longer_configured(site: Site) -> Iterator[Last]:
    """The older before the newer."""
    state, found = site.settings.state, []
    for name in names_kept(state) - site.targets.keys():
        with suppress(StoreCorrupt):
            found.append(last_of(state, name))
    return iter(sorted((one for one in found if one is not None), key=lambda one: one.at))
