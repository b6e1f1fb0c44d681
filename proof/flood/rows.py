"""One row each: a network, a flood, and what happens to the list meanwhile."""

from __future__ import annotations

import json
import os
import random
import signal
import statistics
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import anyio
from stage.namespaces import Namespace, Talker, Unready, ended, heard, started, tell

from flood.lists import lists
from flood.network import ADMIN, ALLOWED, CLIENTS, DENIED, Count, Network, network
from flood.ways import BY_NFT, WAYS
from gatepost.kit.process import Finished, SystemRunner
from gatepost.model.plan import Current
from gatepost.planning.digest import digest_entries
from gatepost.targets.nftables import Nftables

ENDLESS = 1_000_000_000
"""Replacements of an applier that is killed."""
LIFE = 0.4
"""Seconds that such an applier lives at most, once its first list is in force."""
PAUSE = 0.5
"""Seconds between two changes by hand, at most; a replacement must fit in between now and then."""
RATE = 10_000
"""Packets a second of each client."""


@dataclass(slots=True)
class Flood:
    """What the listener said in the end."""

    longest_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Row:
    """What one way did to the packets."""

    way: str
    entries: int
    replacements: int
    counts: dict[str, Count]
    longest_ms: float | None
    ms: Sequence[float]
    """Each replacement."""
    loses: bool | None
    """What is claimed."""
    notes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """Anything else that is not as claimed."""

    @property
    def lost(self) -> int:
        """Packets of the clients on the list that were dropped."""
        return self.counts[ALLOWED.name].dropped + self.counts[ADMIN.name].dropped

    @property
    def opened(self) -> int:
        """Packets of the client that is not on it that were accepted."""
        return self.counts[DENIED.name].accepted

    @property
    def packets(self) -> int:
        """Sent by all."""
        return sum(count.sent for count in self.counts.values())

    @property
    def is_as_claimed(self) -> bool:
        """Nothing lost or opened where that is claimed, and something where the instrument must see it."""
        idle = min(count.sent for count in self.counts.values()) == 0
        if idle or self.faults or self.loses is None:
            return not (idle or self.faults)
        return bool(self.lost) if self.loses else not (self.lost or self.opened)

    def cells(self) -> dict[str, object]:
        """For the table."""
        sent = {client.name: self.counts[client.name].sent for client in CLIENTS}
        return {
            "way of replacing": self.way,
            "entries": self.entries,
            "replaced": self.replacements,
            "allowed sent": sent[ALLOWED.name] + sent[ADMIN.name],
            "allowed but dropped": self.lost,
            "denied sent": sent[DENIED.name],
            "denied but accepted": self.opened,
            "longest gap ms": self.longest_ms,
            "p50 ms": _quantile(self.ms, 50),
            "p99 ms": _quantile(self.ms, 99),
        }


def replaced(way: str, entries: int, replacements: int) -> Row:
    """One applier, undisturbed."""
    with (
        network() as net,
        started(net.server, "flood.applier", way, str(entries), str(replacements)) as applier,
    ):
        with flooded(net) as flood:
            done = json.loads(told(applier))
        return Row(
            WAYS[way].name, entries, replacements, net.counts(), flood.longest_ms, done["ms"], WAYS[way].loses
        )


def meddled(way: str, entries: int, replacements: int, seed: int) -> Row:
    """The same while somebody changes the sets by hand."""
    argv = (way, str(entries), str(replacements), "--disturbed")
    with network() as net, started(net.server, "flood.applier", *argv) as applier:
        with flooded(net) as flood, started(net.server, "flood.meddler", str(PAUSE), str(seed)) as meddler:
            done = json.loads(told(applier))
            changes = int(ended(meddler))
        row = Row(
            f"{WAYS[way].name}, drift",
            entries,
            replacements,
            net.counts(),
            flood.longest_ms,
            done["ms"],
            loses=False,
        )
        row.notes.append(
            f"{changes:,} changes by hand met, {done['stale']:,} plans refused as stale and made anew"
        )
        return row


def stormed(way: str, entries: int, kills: int, chance: random.Random) -> Row:
    """Appliers that are killed at any moment, half of them with the program they run."""
    known = {digest_entries(each) for each in lists(entries)}
    with network() as net:
        with started(net.server, "flood.applier", way, str(entries), "0") as first, flooded(net) as flood:
            told(first)
            held = before = observed(net)
            for _ in range(kills):
                killed(net, way, entries, chance)
                held = progressed(held, observed(net), known)
        written = held.generation - before.generation
        row = Row(
            f"{WAYS[way].name}, killed", entries, written, net.counts(), flood.longest_ms, (), loses=False
        )
        row.notes.append(
            f"{kills:,} appliers killed, {written:,} lists written; after each kill one whole list"
        )
        return row


def killed(net: Network, way: str, entries: int, chance: random.Random) -> None:
    """One applier: from its start to kill -9."""
    argv = (way, str(entries), str(ENDLESS))
    with started(net.server, "flood.applier", *argv) as applier:
        tell(applier, "go")
        with suppress(subprocess.TimeoutExpired):
            applier.wait(chance.uniform(0, LIFE))
            msg = "an applier ended by itself"
            raise Unready(msg)
        victims = [applier.pid, *(children(applier.pid) if chance.random() < 0.5 else ())]  # noqa: PLR2004 - half
        for pid in victims:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def children(pid: int) -> list[int]:
    """Processes that a process of ours has started and that still run."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def progressed(before: Current, now: Current, known: set[str]) -> Current:
    """The state after a kill; raises AssertionError unless it is one of the lists, whole, and none older."""
    if now.digest not in known or now.generation < before.generation:
        msg = f"after a kill: generation {now.generation}, {len(now.entries)} entries that are no list"
        raise AssertionError(msg)
    return now


class Entering(SystemRunner):
    """Runs programs in a namespace."""

    def __init__(self, place: Namespace) -> None:
        super().__init__()
        self._enter = place.enter

    async def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float) -> Finished:  # noqa: ASYNC109 - the runner's own
        """Inside."""
        return await super().run([*self._enter, *argv], stdin=stdin, timeout=timeout)


def observed(net: Network) -> Current:
    """What the kernel holds, read by a process that does nothing else."""
    return anyio.run(Nftables("edge", BY_NFT, runner=Entering(net.server)).current)


@contextmanager
def flooded(net: Network) -> Iterator[Flood]:
    """Every client sends for as long as this lasts."""
    flood = Flood()
    with ExitStack() as stack:
        listener = stack.enter_context(started(net.server, "flood.listener"))
        senders = [
            stack.enter_context(started(place, "flood.sender", f"{client.v4}1", f"{client.v6}1", str(RATE)))
            for client, place in net.clients.items()
        ]
        yield flood
        for sender in senders:
            ended(sender)
        flood.longest_ms = json.loads(ended(listener))["longest_ms"]


def told(process: Talker) -> str:
    """Let an applier go and wait for its report."""
    tell(process, "go")
    return heard(process)


def _quantile(values: Sequence[float], percent: int) -> float | None:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else None
