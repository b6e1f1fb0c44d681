"""How many small faults in ``src/gatepost/planning/`` the tests see: a score per module, and what they miss.

Each mutant is the planner with one small fault: another operator, number,
argument, constant. It is killed where a quick test of the planner fails with it.
Survivors that are no fault at all, or do no harm, are explained in
``mutation-survivors.toml``; they still count against the score.

Exit 1 below the limit, on a survivor without an explanation, and on an
explanation without a survivor. One process; about half an hour for all.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from mutating.fates import Change, Fate, Mutant, change, explained, found, score
from mutating.workshop import ROOT, TESTS, Broken, Workshop, modules, sampled
from stage.table import machine, show

LIMIT = 90.0


def main(words: Sequence[str] | None = None) -> int:
    """Run, print, judge."""
    options = _options(words)
    chosen = options.modules or modules()
    workshop = Workshop(options.folder, chosen, options.tests or TESTS)
    began = time.monotonic()
    try:
        if not options.show:
            _run(workshop, options)
    except Broken as words_of_mutmut:
        print(f"no score: {words_of_mutmut}")
        return 1
    mutants = found(workshop)
    if not mutants:
        print("no score: no mutant was run")
        return 1
    try:
        changes = {change(workshop, each): each for each in mutants if not each.caught}
    except FileNotFoundError:
        print("no score: the last run was of other modules")
        return 1
    known = {key: why for key, why in explained().items() if key[0].partition(".")[0] in set(chosen)}
    _print_scores(mutants, changes, known)
    _print_survivors(changes, known)
    whole = not (options.sample or options.tests or options.function)
    stale = sorted(known.keys() - changes.keys()) if whole else []
    for function, was, now in stale:
        print(f"\nexplained, and no survivor: {function}\n  - {was}\n  + {now}")
    seconds = f", {time.monotonic() - began:.0f} s" if not options.show else ""
    print(f"\n{score(mutants):.1f} % of {len(mutants):,} mutants caught (limit {options.limit:g} %){seconds}")
    print(machine())
    return int(score(mutants) < options.limit or bool(changes.keys() - known.keys()) or bool(stale))


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("modules", nargs="*", help="modules of the planner; all by default")
    parser.add_argument("--function", default="", help="mutants of this function alone")
    parser.add_argument("--sample", type=int, default=0, help="so many mutants, drawn by chance")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--resume", action="store_true", help="keep results of functions that did not change")
    parser.add_argument("--again", action="store_true", help="only what was not caught the last time")
    parser.add_argument(
        "--show", action="store_true", help="run nothing: what the last run, of these modules, gave"
    )
    parser.add_argument("--tests", nargs="+", default=(), help="other tests than the planner's")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "mutation", help="to work in")
    parser.add_argument("--children", type=int, default=1, help="processes at a time")
    parser.add_argument("--limit", type=float, default=LIMIT, help="least score, per cent")
    return parser.parse_args(words)


def _run(workshop: Workshop, options: argparse.Namespace) -> None:
    partial = bool(options.modules or options.function or options.sample or options.again)
    before = found(workshop) if options.again else []
    workshop.prepare(fresh=not (options.modules or options.again or options.resume))
    if options.again:
        names = [each.name for each in before if not each.caught]
    else:
        names = [name for module in workshop.modules for name in workshop.names(module)] if partial else []
        names = [name for name in names if f"_{options.function}__" in name or not options.function]
    if options.sample:
        names = sampled(names, options.sample, options.seed)
    if names or not partial:
        workshop.run(names, children=options.children)


def _print_scores(mutants: Sequence[Mutant], changes: dict[Change, Mutant], known: dict[Change, str]) -> None:
    names = sorted({each.module for each in mutants})
    rows = [_row(name, [each for each in mutants if each.module == name], changes, known) for name in names]
    show([*rows, _row("all", mutants, changes, known)])


def _row(
    name: str, mutants: Sequence[Mutant], changes: dict[Change, Mutant], known: dict[Change, str]
) -> dict[str, object]:
    fates = Counter(each.fate for each in mutants)
    open_ones = [key for key in changes.keys() - known.keys() if name in {"all", key[0].partition(".")[0]}]
    return {
        "module": name,
        "mutants": len(mutants),
        "killed": fates[Fate.KILLED],
        "hung": fates[Fate.HUNG],
        "survived": len(mutants) - fates[Fate.KILLED] - fates[Fate.HUNG],
        "unexplained": len(open_ones),
        "score %": score(mutants),
    }


def _print_survivors(changes: dict[Change, Mutant], known: dict[Change, str]) -> None:
    for key, mutant in sorted(changes.items(), key=lambda item: (item[0] in known, item[0])):
        function, was, now = key
        print(f"\n{mutant.fate}: {function} ({mutant.name.rpartition('_')[2]})\n  - {was}\n  + {now}")
        print(f"  {known.get(key, 'UNEXPLAINED')}")


if __name__ == "__main__":
    sys.exit(main())
