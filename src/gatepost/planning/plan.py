"""From what a target holds to what it shall hold."""

from __future__ import annotations

from dataclasses import dataclass

from gatepost.model.answer import HeldAnswer
from gatepost.model.content import Allowlist, Content, Snapshot
from gatepost.model.entry import Entry
from gatepost.model.limits import Limits
from gatepost.model.plan import Capabilities, Current, Plan


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """All a plan is made from."""

    target: str
    allowlist: Allowlist
    snapshot: Snapshot
    previous: Content | None
    """Last applied and verified there."""
    current: Current
    capabilities: Capabilities
    held: tuple[HeldAnswer, ...]
    missing: tuple[str, ...]
    """Sources never accepted so far: while there are any, a plan that removes is held (guard "incomplete")."""
    limits: Limits


def project(content: Content, capabilities: Capabilities) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """What a target should hold, and one sentence on each thing it cannot."""
    raise NotImplementedError


def make_plan(request: PlanRequest) -> Plan:
    """The changes for one target, judged."""
    raise NotImplementedError


def release(plan: Plan) -> Plan:
    """The plan after approval: free, unless a reason is absolute."""
    raise NotImplementedError
