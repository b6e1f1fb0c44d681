"""Aggregation, text to minimal text, of mixed IPv4 and IPv6 lines, beside the alternatives.

``python bench/aggregate.py [--quick]``. All answers are compared before anything is timed. Targets, at
100,000 lines: >= 8 times netaddr and >= 20 times the standard library. Exit 1 where one is missed.
"""

from __future__ import annotations

import ipaddress
import shutil
import subprocess
import sys
from functools import partial

import netaddr
from rig.data import lines
from rig.figures import Job, medians, show, verdict

from gatepost.planning.aggregate import aggregate_text

OURS = "gatepost"
OURS_V4 = "gatepost, IPv4 lines alone"
STDLIB = "ipaddress.collapse_addresses"
NETADDR = "netaddr.cidr_merge"
IPRANGE = "iprange, IPv4 lines alone, with its start"
ROUNDS = 7
ALL_SIZES = (1_000, 10_000, 100_000, 1_000_000)
SLOW = 1_000_000
"""From this size on the slow peers run once: a minute each."""
JUDGED = 100_000


def by_stdlib(text: list[str]) -> list[str]:
    """What a careful user of the standard library writes."""
    networks = [ipaddress.ip_network(line) for line in text]
    v4 = [network for network in networks if isinstance(network, ipaddress.IPv4Network)]
    v6 = [network for network in networks if isinstance(network, ipaddress.IPv6Network)]
    return [*map(str, ipaddress.collapse_addresses(v4)), *map(str, ipaddress.collapse_addresses(v6))]


def by_netaddr(text: list[str]) -> list[str]:
    """The same with netaddr."""
    return [str(network) for network in netaddr.cidr_merge(text)]


def by_iprange(text: bytes) -> bytes:
    """The same by the program, which knows IPv4 alone."""
    return subprocess.run(["iprange", "-"], input=text, capture_output=True, check=True).stdout


def check(text: list[str], v4: list[str]) -> None:
    """All agree, or the figures mean nothing."""
    expected = aggregate_text(text)
    if by_stdlib(text) != expected or by_netaddr(text) != expected:
        sys.exit("the implementations disagree")
    if shutil.which("iprange"):
        told = by_iprange("\n".join(v4).encode()).decode().split()
        if {line if "/" in line else f"{line}/32" for line in told} != set(aggregate_text(v4)):
            sys.exit("iprange disagrees")


def measured(size: int) -> dict[str, float]:
    """Median seconds of each at one size."""
    text = lines(size)
    v4 = [line for line in text if ":" not in line]
    fast: dict[str, Job] = {OURS: partial(aggregate_text, text), OURS_V4: partial(aggregate_text, v4)}
    if shutil.which("iprange"):
        fast[IPRANGE] = partial(by_iprange, "\n".join(v4).encode())
    slow: dict[str, Job] = {NETADDR: partial(by_netaddr, text), STDLIB: partial(by_stdlib, text)}
    if size < SLOW:
        check(text, v4)
        return medians(fast | slow, ROUNDS)
    return medians(fast, ROUNDS) | medians(slow, 1)


def main(sizes: tuple[int, ...]) -> int:
    """Measure, print, judge."""
    good = True
    for size in sizes:
        found = measured(size)
        once = "" if size < SLOW else "; netaddr and ipaddress once"
        show(f"{size:,} lines, medians of {ROUNDS}{once}", found, OURS)
        if size == JUDGED:
            good &= verdict(f"against netaddr at {size:,}", found[NETADDR] / found[OURS], 8)
            good &= verdict(f"against ipaddress at {size:,}", found[STDLIB] / found[OURS], 20)
    if not shutil.which("iprange"):
        print("left out: iprange is not installed")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(ALL_SIZES[:3] if "--quick" in sys.argv else ALL_SIZES))
