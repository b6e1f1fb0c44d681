"""Plans as the planner would make them, from what a target holds and what it shall hold."""

from __future__ import annotations

from gatepost.model.address import Family, Prefix, format_address, parse_v4, parse_v6
from gatepost.model.content import Serial
from gatepost.model.entry import Entry
from gatepost.model.plan import Current, Plan, PlanStatus
from gatepost.planning.aggregate import aggregate
from gatepost.planning.digest import digest_entries
from gatepost.targets.base import Target


def entry(text: str) -> Entry:
    """An entry of a prefix written in full."""
    address, _, length = text.partition("/")
    if ":" in address:
        return Entry(Prefix(Family.V6, parse_v6(address), int(length)))
    return Entry(Prefix(Family.V4, parse_v4(address), int(length)))


def entries(*texts: str) -> tuple[Entry, ...]:
    """Canonical entries of prefixes."""
    merged = aggregate(entry(text).value for text in texts)
    return tuple(sorted(map(Entry, merged), key=lambda found: found.key))


def texts(held: Current) -> list[str]:
    """What a target holds, to compare."""
    return [str(found.value) for found in held.entries]


def plan_for(current: Current, desired: tuple[Entry, ...], serial: int = 1) -> Plan:
    """The plan from one to the other."""
    return Plan(
        target="edge",
        list="webhooks",
        serial=Serial(serial),
        status=PlanStatus.CHANGES,
        generation=current.generation,
        current=current.digest,
        desired=digest_entries(desired),
        add=desired,
        remove=(),
        leaving=(),
        reasons=(),
        awaits=(),
        notes=(),
        digest="sha256:" + "0" * 64,
    )


async def put(target: Target, desired: tuple[Entry, ...]) -> Current:
    """Plan, apply, read back."""
    await target.apply(plan_for(await target.current(), desired), desired)
    return await target.current()


def many(count: int, family: Family = Family.V4, *, offset: int = 0) -> tuple[Entry, ...]:
    """That many prefixes that do not touch."""
    if family is Family.V4:
        return entries(*(f"{format_address(family, 0x0B000000 + (offset + i) * 8)}/30" for i in range(count)))
    start = 0x2A000000 << 96
    return entries(*(f"{format_address(family, start + ((offset + i) << 66))}/64" for i in range(count)))
