"""Which earlier answers a new one is measured against, besides the last."""

from __future__ import annotations

from datetime import datetime

from gatepost.model.limits import Limits


def moments(at: datetime, start: datetime | None, limits: Limits) -> tuple[tuple[str, datetime], ...]:
    """Name and moment of each older baseline: what was accepted then is the baseline.

    None is older than ``start``, the last answer a person approved, or else the
    oldest that is known: where one would be, that answer itself is the baseline,
    so a slow drain is measured from the first day on and after every approval.
    """
    return tuple(
        (f"{age.days}d", at - age if start is None else max(at - age, start)) for age in limits.baselines
    )
