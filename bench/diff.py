"""Ten changes between two sorted lists of 10,000 addresses, beside the alternatives.

``python bench/diff.py [--quick]``. Every peer gets its own form of both lists ready made. netaddr's
difference is one direction, ours are both. Target: >= 50 times netaddr.IPSet difference. Exit 1 where missed.
"""

from __future__ import annotations

import random
import sys
from dataclasses import replace

import netaddr
from rig.figures import Job, medians, show, verdict

from gatepost.model.address import Family, Prefix
from gatepost.model.entry import Entry
from gatepost.planning.diff import diff, diff_packed, pack

OURS = "gatepost, packed keys"
ENTRIES = "gatepost, entries"
NETADDR = "netaddr.IPSet difference"
SIZE = 10_000
CHANGES = 10


def lists() -> tuple[list[Prefix], list[Prefix]]:
    """Two sorted lists: half of the changes go, half come."""
    chance = random.Random(20_260_105)
    numbers = chance.sample(range(0x6500_0000, 0x6500_0000 + (1 << 24)), SIZE + CHANGES // 2)
    hosts = [Prefix(Family.V4, number, 32) for number in numbers]
    return sorted(hosts[CHANGES // 2 :]), sorted(hosts[: -(CHANGES // 2)])


def jobs(old: list[Prefix], new: list[Prefix]) -> dict[str, Job]:
    """What is measured, on lists that are ready."""
    was, now = pack(old), pack(new)
    was_entries, now_entries = tuple(map(Entry, old)), tuple(replace(entry) for entry in map(Entry, new))
    was_text, now_text = set(map(str, old)), set(map(str, new))
    was_set, now_set = netaddr.IPSet(map(str, old)), netaddr.IPSet(map(str, new))
    return {
        OURS: lambda: diff_packed(was, now),
        "set of text, both differences": lambda: (now_text - was_text, was_text - now_text),
        ENTRIES: lambda: diff(was_entries, now_entries),
        NETADDR: lambda: was_set - now_set,
    }


def main(rounds: int) -> int:
    """Measure, print, judge."""
    old, new = lists()
    added, removed = diff_packed(pack(old), pack(new))
    if len(added) != CHANGES // 2 or len(removed) != CHANGES // 2:
        sys.exit("the difference is wrong")
    found = medians(jobs(old, new), rounds)
    show(f"{SIZE:,} against {SIZE:,}, {CHANGES} changes, medians of {rounds}", found, OURS)
    return 0 if verdict("against netaddr.IPSet difference", found[NETADDR] / found[OURS], 50) else 1


if __name__ == "__main__":
    sys.exit(main(5 if "--quick" in sys.argv else 15))
