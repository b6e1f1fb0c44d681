"""Plans as the planner would make them, without its guards: what is proved here lies below them."""

from __future__ import annotations

from gatepost.model.content import Serial
from gatepost.model.entry import Entry
from gatepost.model.plan import Current, Plan, PlanStatus


def planned(current: Current, digest: str, desired: tuple[Entry, ...]) -> Plan:
    """From what a target holds to what it shall hold, and its digest."""
    return Plan(
        target="edge",
        list="webhooks",
        serial=Serial(1),
        status=PlanStatus.CHANGES,
        generation=current.generation,
        current=current.digest,
        desired=digest,
        add=desired,
        remove=(),
        leaving=(),
        reasons=(),
        awaits=(),
        notes=(),
        digest="sha256:" + "0" * 64,
    )
