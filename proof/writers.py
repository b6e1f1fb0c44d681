"""Sixteen writers at one target, all with a plan on the same state: exactly one wins.

``python proof/writers.py``; ``--help`` lists the sizes that can be chosen. Each writer is
a process, alive over all rounds. A writer of nftables waits until all have read the old state and
only then writes, so that nothing but the kernel's comparison can decide. With the
comparison, or the file's lock, taken out it must go wrong: that is how the
instrument is known to see it. Exit 1 where any of this is otherwise.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator

from race.contenders import KINDS, PLANTED
from race.contest import Result, writers
from stage.table import machine, show


def arguments() -> argparse.Namespace:
    """Of the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--writers", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=1_000)
    parser.add_argument(
        "--planted", type=int, default=20, help="rounds with what keeps writers apart taken out"
    )
    parser.add_argument("--entries", type=int, default=100, help="of each writer's list")
    parser.add_argument("--seed", type=int, default=20_260_105)
    return parser.parse_args()


def results(chosen: argparse.Namespace) -> Iterator[Result]:
    """Of every kind of target; says on standard error how far it is."""
    began = time.monotonic()
    with writers(chosen.writers, chosen.entries) as all_of_them:
        for kind in KINDS:
            rounds = chosen.planted if kind.endswith(PLANTED) else chosen.rounds
            yield all_of_them.contest(kind, rounds, random.Random(chosen.seed))
            print(f"{time.monotonic() - began:6.0f} s  {kind}", file=sys.stderr)


def report(found: list[Result]) -> bool:
    """Print the table; true where everything is as claimed."""
    print(f"{machine('nft')}\n")
    show([result.cells() for result in found])
    print()
    for result in found:
        if not result.is_as_claimed:
            print(f"NOT AS CLAIMED: {result.kind}")
    good = all(result.is_as_claimed for result in found)
    print(f"one winner in every round, its content alone: {'yes' if good else 'NO'}")
    return good


if __name__ == "__main__":
    sys.exit(0 if report([*results(arguments())]) else 1)
