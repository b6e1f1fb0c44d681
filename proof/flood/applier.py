"""Replace the list in this namespace, again and again; time each replacement.

``python -m flood.applier WAY ENTRIES REPLACEMENTS``. Says ``ready`` once the
first list is in force, waits for a line, and ends with one line of JSON. With
``--disturbed`` others change the set meanwhile: each replacement is then planned
on what is there.
"""

from __future__ import annotations

import argparse
import json
import sys
import time

import anyio

from flood.lists import lists
from flood.ways import WAYS, Gatepost, List, Way


async def replace(way: Way, wanted: List, *, disturbed: bool) -> int:
    """One replacement; gives how many plans were stale."""
    if disturbed and isinstance(way, Gatepost):
        return await way.replace_whatever(wanted)
    await way.replace(wanted)
    return 0


async def main(chosen: argparse.Namespace) -> None:
    """Prepare, wait, replace, check, report."""
    way, follow = WAYS[chosen.way](), lists(chosen.entries)
    await way.prepare(follow[0])
    print("ready", flush=True)
    sys.stdin.readline()
    taken, stale = [], 0
    for turn in range(1, chosen.replacements + 1):
        began = time.perf_counter()
        stale += await replace(way, follow[turn % len(follow)], disturbed=chosen.disturbed)
        taken.append((time.perf_counter() - began) * 1e3)
    if not chosen.disturbed:
        await way.check(follow[chosen.replacements % len(follow)])
    print(json.dumps({"ms": taken, "stale": stale}))


def arguments() -> argparse.Namespace:
    """Of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("way", choices=WAYS)
    parser.add_argument("entries", type=int)
    parser.add_argument("replacements", type=int)
    parser.add_argument("--disturbed", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    anyio.run(main, arguments())
