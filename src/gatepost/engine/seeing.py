"""Look at all targets now: none that is slow or broken delays or hides another."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from gatepost.engine.cycle import CycleReport
from gatepost.engine.drift import differs, note
from gatepost.engine.site import Site
from gatepost.errors import GatepostError, StoreError, TargetError, TargetUnavailable, Unexpected, cut
from gatepost.kit.apart import Ended, apart
from gatepost.model.drift import Drift
from gatepost.model.plan import Current
from gatepost.model.record import Failure, Unread
from gatepost.targets.base import Target

PATIENCE = 10.0
"""Seconds for all targets together; they are read side by side."""
DENYING = frozenset({errno.EPERM, errno.EACCES})


@dataclass(frozen=True, slots=True)
class Sight:
    """One look at one target."""

    drift: Drift | None = None
    unread: Unread | None = None
    """That it could not be read."""
    denied: GatepostError | None = None
    """That this user may not read it: nothing is said of the target by that."""


def is_denied(error: GatepostError) -> bool:
    """Whether a target was not read because whoever asks may not."""
    return isinstance(error, TargetUnavailable) and error.code in DENYING


def see_all(site: Site, seconds: float = PATIENCE) -> Mapping[str, Sight]:
    """One look at each target, within so many seconds, noted in the history as other looks are.

    Not noted is what says more of who looks than of the target: that there was no right to read
    it, or no answer in time. A history that cannot be written keeps nobody from looking.
    """
    before = {name: site.store.intended(name) for name in site.targets}
    seen = apart({name: partial(_read, target) for name, target in site.targets.items()}, seconds)
    return {name: _sight(site, name, before[name], seen.get(name)) for name in site.targets}


async def _read(target: Target) -> tuple[Current, tuple[str, ...]]:
    return await target.current(), await target.suspects()


def _sight(
    site: Site, name: str, before: frozenset[str], seen: Ended[tuple[Current, tuple[str, ...]]] | None
) -> Sight:
    if seen is None or seen.value is None:
        return _blind(site, name, seen.error if seen else None)
    current, suspects = seen.value
    drift = differs(site, name, current, before)
    if drift is not None and not drift.suspects:
        drift = replace(drift, suspects=suspects)
    with suppress(StoreError):
        note(site, name, drift)
    return Sight(drift=drift)


def _blind(site: Site, name: str, error: Exception | None) -> Sight:
    """What is known of a target that gave nothing."""
    if isinstance(error, GatepostError):
        if is_denied(error):
            return Sight(denied=error)
        with suppress(StoreError):
            site.store.record_unread(name, Failure.of(error), site.clock.now())
        return Sight(unread=Unread(name, site.clock.now(), Failure.of(error)))
    return Sight(unread=Unread(name, site.clock.now(), Failure.of(_told(site, name, error))))


def _told(site: Site, name: str, error: Exception | None) -> GatepostError:
    place = site.targets[name].place
    if error is None or isinstance(error, TimeoutError):
        msg = f"{place} did not answer in time"
        return TargetUnavailable(msg, hint="Look at it itself; `gatepost status --no-look` asks no target.")
    return Unexpected(f"{place} cannot be read: {type(error).__name__}: {cut(str(error))}")


def note_unplanned(site: Site, report: CycleReport, *, denied: bool) -> None:
    """Put into the history which targets a cycle could not read; ``denied``: also where it had no right to.

    Who only plans may lack rights that the service has; who applies must have them.
    """
    for one in report.unplanned:
        if isinstance(one.error, TargetError) and (denied or not is_denied(one.error)):
            site.store.record_unread(one.target, Failure.of(one.error), site.clock.now())


def drifts_of(site: Site, report: CycleReport) -> Mapping[str, Drift]:
    """What others changed on the targets of a cycle, as it was just seen."""
    names = [*(result.plan.target for result in report.results), *(one.target for one in report.unplanned)]
    seen = {name: site.store.drift(name) for name in names}
    return {name: drift for name, drift in seen.items() if drift is not None}
