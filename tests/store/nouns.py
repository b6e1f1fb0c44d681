"""Nouns for the store's examples, short to write."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

from gatepost.model.address import Family, Prefix, parse_v4, parse_v6
from gatepost.model.answer import Accepted, Answer, HeldAnswer, Presence
from gatepost.model.content import Content, Listed, Serial, State
from gatepost.model.entry import Direction, Domain, Entry, Protocol, Quarantined
from gatepost.model.plan import Plan, PlanStatus
from gatepost.model.reason import Reason

REASON = Reason("shrink", "62 %", "30 %", "62 % of the addresses would go.", "feishu-events")


def value(text: str) -> Prefix | Domain:
    """``10.0.0.0/8``, ``2001:db8::/32``, ``a.example`` or ``*.a.example``."""
    address, slash, length = text.partition("/")
    if not slash:
        return Domain(text.removeprefix("*."), text.startswith("*."))
    if ":" in address:
        return Prefix(Family.V6, parse_v6(address), int(length))
    return Prefix(Family.V4, parse_v4(address), int(length))


def entries(*texts: str) -> tuple[Entry, ...]:
    """Plain entries, sorted."""
    return tuple(sorted((Entry(value(text)) for text in texts), key=lambda entry: entry.key))


RICH = Entry(
    value("*.b.example"), Protocol.TCP, ((443, 443), (8000, 8010)), necessary=False, note="客户端 <b>&\x00"
)


def digest(some: Iterable[Entry]) -> str:
    """Of values, protocols and ports; any digest does for the store."""
    lines = sorted(f"{entry.value}|{entry.protocol}|{entry.ports}" for entry in some)
    return "sha256:" + sha256("\n".join(lines).encode()).hexdigest()


def listed(
    some: Iterable[Entry], since: datetime, state: State = State.LISTED, source: str = "feishu-events"
) -> tuple[Listed, ...]:
    """Each entry of one source, in one state."""
    return tuple(Listed(entry, source, since, state) for entry in some)


def content(*parts: tuple[Listed, ...]) -> Content:
    """All that is not excluded is in force."""
    every = sorted((one for part in parts for one in part), key=lambda one: (one.entry.key, one.source))
    live = {
        one.entry.key: Entry(one.entry.value, one.entry.protocol, one.entry.ports)
        for one in every
        if one.state is not State.EXCLUDED
    }
    effective = tuple(live[key] for key in sorted(live))
    return Content(tuple(every), effective, digest(effective))


def plain(since: datetime, *texts: str) -> Content:
    """Plain entries of one source, all in force."""
    return content(listed(entries(*texts), since))


def answer(at: datetime, *texts: str) -> Answer:
    """A whole answer with an oddity and a rich entry."""
    return Answer(
        source="feishu-events",
        kind="feishu.events",
        direction=Direction.INGRESS,
        fetched_at=at,
        requests=3,
        entries=(*entries(*texts), RICH),
        quarantined=(Quarantined("010.8.8.8", "leading-zero"),),
        provenance="sha256:feishu",
    )


def accepted(
    at: datetime, *texts: str, provenance: str = "sha256:feishu", approved: bool = False
) -> Accepted:
    """An accepted answer whose second entry is about to go."""
    some = entries(*texts)
    presences = tuple(
        Presence(entry, at, absent=number, gone_at=at if number else None)
        for number, entry in enumerate(some)
    )
    return Accepted("feishu-events", at, digest(some), provenance, some, presences, approved)


def held(at: datetime, *texts: str) -> HeldAnswer:
    """An answer that lost most of its entries."""
    some = entries(*texts)
    return HeldAnswer("feishu-events", at, "held:" + digest(some), some, (RICH,), some[:1], (REASON,))


def plan(name: str, *, target: str = "edge", awaits: tuple[str, ...] = (), serial: int = 1) -> Plan:
    """A held plan; its name stands in its digest."""
    return Plan(
        target=target,
        list="webhooks",
        serial=Serial(serial),
        status=PlanStatus.HELD,
        generation=4,
        current="sha256:old",
        desired="sha256:new",
        add=entries("203.0.113.7/32", "2001:db8::/32"),
        remove=(RICH,),
        leaving=entries("198.51.100.0/24"),
        reasons=(REASON,),
        awaits=awaits,
        notes=("Domains are left out.",),
        digest=f"sha256:{name}",
    )
