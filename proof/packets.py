"""Packets while lists change: none of an allowed client's is dropped, none of a denied client's accepted.

``python proof/packets.py``; ``--help`` lists the sizes that can be chosen.
Server and clients stand in network namespaces of their own and flood over veth
pairs; the kernel's counters judge. The ways that people use by hand run through
the same instrument: it must see what they lose. Exit 1 where it does not, or where
gatepost loses or opens anything, or where too few packets were sent to say so.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator

from flood.journeys import booted, cut, unconfirmed
from flood.rows import Row, meddled, replaced, stormed
from flood.ways import WAYS, Gatepost
from stage.table import machine, show


def arguments() -> argparse.Namespace:
    """Of the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--entries", type=int, nargs="+", default=[1_000, 10_000], help="of the lists")
    parser.add_argument("--replacements", type=int, default=1_000, help="by gatepost itself, for each size")
    parser.add_argument("--by-nft", type=int, default=200, help="by gatepost through nft, for each size")
    parser.add_argument("--naive", type=int, default=300, help="replacements in the other ways")
    parser.add_argument("--disturbed", type=int, default=200, help="replacements met by others, and kills")
    parser.add_argument("--boots", type=int, default=20, help="boots and refused lock-outs; 0: no such rows")
    parser.add_argument("--packets", type=int, default=2_000_000, help="at least, in gatepost's rows")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=[*WAYS])
    parser.add_argument("--seed", type=int, default=20_260_105)
    return parser.parse_args()


def rows(chosen: argparse.Namespace) -> Iterator[Row]:
    """Every way at every size, then what disturbs gatepost, at the smallest."""
    for way in chosen.ways:
        ours = issubclass(WAYS[way], Gatepost)
        own = {"gatepost-netlink": chosen.replacements, "gatepost-nft": chosen.by_nft}
        times = own.get(way, chosen.naive)
        for entries in chosen.entries:
            yield replaced(way, entries, times)
        if ours and chosen.disturbed:
            yield meddled(way, min(chosen.entries), chosen.disturbed, chosen.seed)
            yield stormed(way, min(chosen.entries), chosen.disturbed, random.Random(chosen.seed))
    if chosen.boots:
        yield from journeys(min(chosen.entries), chosen.boots)


def journeys(entries: int, times: int) -> Iterator[Row]:
    """The installed program where it matters, each time beside what it saves one from."""
    yield booted(entries, times, restore_first=True)
    yield booted(entries, times, restore_first=False)
    yield cut(entries, times, protected=True)
    yield cut(entries, 1, protected=False)
    yield unconfirmed(entries)


def told(found: Iterator[Row]) -> Iterator[Row]:
    """Say on standard error how far it is."""
    began = time.monotonic()
    for row in found:
        so_far = f"{row.packets:,} packets, {row.lost:,} dropped, {row.opened:,} accepted"
        print(f"{time.monotonic() - began:6.0f} s  {row.way}, {row.entries:,}: {so_far}", file=sys.stderr)
        yield row


def report(found: list[Row], at_least: int) -> bool:
    """Print the table and what it says; true where everything is as claimed."""
    print(f"{machine('nft', 'ipset', 'iptables')}\n")
    show([row.cells() for row in found])
    print()
    for row in found:
        for note in row.notes:
            print(f"{row.way}: {note}.")
    ours = [row for row in found if row.loses is False]
    packets, lost, opened = (
        (sum(counts) for counts in zip(*map(tally, ours), strict=True)) if ours else (0, 0, 0)
    )
    print(f"gatepost: {packets:,} packets, {lost:,} dropped, {opened:,} accepted; ", end="")
    print(f"to reach: at least {at_least:,}, 0 and 0")
    for row in found:
        if not row.is_as_claimed:
            print(f"NOT AS CLAIMED: {row.way}, {row.entries:,} entries {'; '.join(row.faults)}".rstrip())
    return packets >= at_least and all(row.is_as_claimed for row in found)


def tally(row: Row) -> tuple[int, int, int]:
    """Packets, and those that went wrong in either direction."""
    return row.packets, row.lost, row.opened


if __name__ == "__main__":
    chosen = arguments()
    sys.exit(0 if report(list(told(rows(chosen))), chosen.packets) else 1)
