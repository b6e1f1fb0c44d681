"""Can this host reach what an egress list names: one TCP connection to each, and not a byte said.

Only where somebody asks for it, bounded in number, time and how many at once.
A name that leads to a private address is told of, and not connected to.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import anyio

from gatepost.errors import GatepostError, cut
from gatepost.kit import hosts
from gatepost.model.address import Prefix, format_address
from gatepost.model.entry import Domain, Entry, Protocol
from gatepost.model.finding import Finding, Severity

PROBES_MOST = 500
PORTS_MOST = 4
"""Ports of one entry."""
AT_ONCE = 32
SECONDS = 5.0
"""For one connection."""
SECONDS_ALL = 60.0
SHOWN = 20

STEPS = {
    "out_of_reach": "Open these on this host's way out, or tell whoever runs the firewall before it.",
}

Connect = Callable[[str, int], Awaitable[None]]
"""Opens a connection and closes it; raises OSError or a GatepostError."""


@dataclass(frozen=True, slots=True, order=True)
class Probe:
    """One place."""

    host: str
    port: int

    def __str__(self) -> str:
        """As people write it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Way:
    """What is to be tried of a list, and what is left out, counted by why."""

    probes: tuple[Probe, ...]
    left_out: Mapping[str, int]


@dataclass(slots=True)
class Reached:
    """What trying gave."""

    good: list[Probe] = field(default_factory=list)
    failed: dict[Probe, str] = field(default_factory=dict)
    """With the reason in the system's words."""


def way_to(entries: Iterable[Entry], port: int, most: int = PROBES_MOST) -> Way:
    """Each necessary entry's places; ``port`` for those that say none."""
    found: dict[Probe, None] = {}
    left_out: Counter[str] = Counter()
    for entry in entries:
        why = _unfit(entry)
        if why:
            left_out[why] += 1
        else:
            found |= dict.fromkeys(_probes(entry, port))
    if len(found) > most:
        left_out["beyond the bound"] += len(found) - most
    return Way(tuple([*found][:most]), dict(left_out))


def _unfit(entry: Entry) -> str:
    """Why an entry cannot be tried; empty where it can."""
    match entry.value:
        case _ if entry.necessary is False:
            return "not necessary"
        case _ if entry.protocol is Protocol.UDP:
            return "UDP"
        case Prefix() as prefix if prefix.size > 1:
            return "networks"
        case Domain(tree=True):
            return "every name below a domain"
    return ""


def _probes(entry: Entry, port: int) -> list[Probe]:
    value = entry.value
    host = format_address(value.family, value.network) if isinstance(value, Prefix) else value.name
    firsts = [first for first, _ in entry.ports][:PORTS_MOST] or [port]
    return [Probe(host, one) for one in firsts]


async def connect(host: str, port: int, resolve: hosts.Resolver = hosts.resolve) -> None:
    """By TCP, at the first place that answers; a private address of a name is refused (HostRefused)."""
    places = await resolve(host, port)
    named = host not in places
    if named and not hosts.is_loopback(host):
        hosts.require_public(host, places)
    await _greet(places, port)


async def _greet(places: Sequence[str], port: int) -> None:
    first, *others = places
    try:
        async with await anyio.connect_tcp(first, port) as stream:
            await stream.aclose()
    except OSError:
        if not others:
            raise
        await _greet(others, port)


async def reach(
    probes: Sequence[Probe], by: Connect = connect, seconds: float = SECONDS, all_: float = SECONDS_ALL
) -> Reached:
    """Try all, some at once; what is not done in time failed by that."""
    seen = Reached(failed=dict.fromkeys(probes, "no time was left for it"))
    limiter = anyio.CapacityLimiter(AT_ONCE)

    async def try_(probe: Probe) -> None:
        async with limiter:
            why = await _tried(probe, by, seconds)
        if why:
            seen.failed[probe] = why
        else:
            del seen.failed[probe]
            seen.good.append(probe)

    with anyio.move_on_after(all_):
        async with anyio.create_task_group() as group:
            for probe in probes:
                group.start_soon(try_, probe)
    return seen


async def _tried(probe: Probe, by: Connect, seconds: float) -> str:
    try:
        with anyio.fail_after(seconds):
            await by(probe.host, probe.port)
    except TimeoutError:
        return f"no answer in {seconds:g} s"
    except OSError as error:
        return _system_words(error)
    except GatepostError as error:
        return error.message
    return ""


def _system_words(error: OSError) -> str:
    """Of the error itself, or of what it wraps: connecting by several ways raises one for all."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno is not None:
            return os.strerror(cause.errno)
        cause = cause.__cause__
    return cut(str(error), 80) or "no connection"


def findings(list_: str, way: Way, seen: Reached) -> tuple[Finding, ...]:
    """What a person reads: how many answered, which did not, what was not tried."""
    tried = len(way.probes)
    told = []
    if seen.good and not seen.failed:
        told = [Finding("reached", Severity.GOOD, f"{tried} of {tried} places of {list_} answered.")]
    if seen.failed:
        each = [f"{probe} ({why})" for probe, why in sorted(seen.failed.items())]
        rest = f" and {len(each) - SHOWN} more" if len(each) > SHOWN else ""
        message = f"{len(each)} of {tried} places of {list_} did not answer: {', '.join(each[:SHOWN])}{rest}."
        told = [Finding("out_of_reach", Severity.WRONG, message, STEPS["out_of_reach"])]
    if way.left_out:
        counts = ", ".join(f"{count} ({why})" for why, count in sorted(way.left_out.items()))
        told.append(Finding("untried", Severity.NOTE, f"Of {list_}, entries that were not tried: {counts}."))
    return tuple(told)
