"""Is a target still as we left it? If not: what differs, and who could have done it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from gatepost.engine.left import left_on
from gatepost.engine.site import Site
from gatepost.errors import TargetError
from gatepost.model.drift import Drift
from gatepost.model.plan import Current
from gatepost.model.record import Failure
from gatepost.planning.canonical import without
from gatepost.planning.opened import is_wide


async def look(site: Site, name: str) -> Drift | None:
    """Read a target and compare; raises TargetError where it cannot be read, and notes that as well."""
    before = site.store.intended(name)
    with noting_unread(site, name):
        current = await site.targets[name].current()
    return await judge(site, name, current, before)


async def judge(
    site: Site, name: str, current: Current, before: frozenset[str] = frozenset()
) -> Drift | None:
    """Compare what was read with what we left, and note it in the history.

    ``before``: what we may have left when the reading began: an apply beside us may have ended since.
    """
    drift = differs(site, name, current, before)
    if drift is not None and drift != site.store.drift(name):
        drift = replace(drift, suspects=await site.targets[name].suspects())
    note(site, name, drift)
    return drift


@contextmanager
def noting_unread(site: Site, name: str) -> Iterator[None]:
    """Note in the history that a target cannot be read."""
    try:
        yield
    except TargetError as error:
        site.store.record_unread(name, Failure.of(error), site.clock.now())
        raise


def note(site: Site, name: str, drift: Drift | None) -> None:
    """Put into the history what a look at a target gave."""
    site.store.end_unread(name)
    if drift is None:
        site.store.end_drift(name, site.clock.now())
    else:
        site.store.record_drift(drift)


def differs(site: Site, name: str, current: Current, before: frozenset[str] = frozenset()) -> Drift | None:
    """The change by others that a target shows; the one in the history, where that is still it.

    A new one names nobody yet. Notes nothing.
    """
    if _is_ours(current, before | site.store.intended(name)):
        return None
    known = site.store.drift(name)
    return known if known is not None and known.digest == current.digest else _new(site, name, current)


def _is_ours(current: Current, intended: frozenset[str]) -> bool:
    """What we never wrote, what we are writing and what we may have left is no drift; a place wiped is."""
    return not intended or current.mixed or current.digest in intended


def _new(site: Site, name: str, current: Current) -> Drift:
    left = left_on(site, name)
    settings = site.settings.targets[name]
    added = without(current.entries, left)
    return Drift(
        target=name,
        list=settings.list,
        at=site.clock.now(),
        digest=current.digest,
        added=added,
        removed=without(left, current.entries) if current.entries or not current.unread else (),
        empty=bool(left) and not (current.entries or current.unread),
        suspects=(),
        wide=is_wide(added, left, site.settings.lists[settings.list].limits),
        unread=current.unread,
    )
