"""Plans of the planner itself, for one list of one source, in few words."""

from __future__ import annotations

from dataclasses import replace

from gatepost.model.content import Allowlist, Content, Override, Serial, Snapshot
from gatepost.model.entry import Direction
from gatepost.model.limits import Limits
from gatepost.model.plan import Capabilities, Current, Plan
from gatepost.planning.canonical import canonical
from gatepost.planning.compose import compose
from gatepost.planning.digest import digest_entries
from gatepost.planning.normalise import parse_value
from gatepost.planning.plan import PlanRequest, make_plan
from rigs.answers import START, accepted, entries, hosts

LIST = Allowlist("webhooks", Direction.INGRESS, ("events",))
TEN = hosts(1, 10)


def excluding(*values: str) -> Allowlist:
    """The list, with these excluded by its owner."""
    return replace(LIST, exclusions=tuple(Override(parse_value(value), "a test") for value in values))


def content(*values: str, allowlist: Allowlist = LIST) -> Content:
    """What the list holds when its source answers this."""
    return compose(allowlist, {"events": accepted(*values)}, START)


def current(*values: str, generation: int = 4, mixed: bool = False) -> Current:
    """What the target holds."""
    held = canonical(entries(*values))
    return Current(generation, held, digest_entries(held), mixed)


def request(wanted: Content, holds: Current, **changes: object) -> PlanRequest:
    """A request for the target ``edge``, of which nothing else is known."""
    plain = PlanRequest(
        target="edge",
        allowlist=LIST,
        snapshot=Snapshot("webhooks", Serial(7), START, wanted),
        previous=None,
        current=holds,
        capabilities=Capabilities(),
        held=(),
        missing=(),
        limits=Limits(),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # a test may say anything


def planned(wanted: Content, holds: Current, **changes: object) -> Plan:
    """The plan of such a request."""
    return make_plan(request(wanted, holds, **changes))


def guards(plan: Plan) -> set[str]:
    """Names of the guards that spoke."""
    return {reason.guard for reason in plan.reasons}
