"""Bugs that really happened to others, planted one at a time: which check sees each, and how soon.

Each exhibit is one replacement in one file (``exhibits/*.toml``) and the check
that must see it. The check runs on a copy of the sources as they are, and must
pass; then with the bug planted, and must fail.

``python proof/museum.py``; exit 1 where a bug escapes, where a check fails
without it, and where the source is no longer as an exhibit knows it. ``--plant``
looks for that last thing alone, in no time.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory

from exhibiting.catalogue import FOLDER, Exhibit, OutOfDate, exhibits, is_command
from exhibiting.copies import ALL_PATIENCE, ROOT, Copy, Run
from stage.table import machine, show

SAID_MAX = 3_000
"""Characters of a check's last words that are shown of it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one exhibit."""

    exhibit: Exhibit
    seconds: float = 0.0
    """Until it was seen, the start of Python included."""
    by: str = ""
    """The check that saw it; empty where none did."""
    trouble: str = ""
    """Why there is no answer, or that it escaped."""
    said: str = ""


def main(words: Sequence[str] | None = None) -> int:
    """Run, print, judge."""
    options = _options(words)
    chosen = exhibits(options.exhibits, options.only)
    if not chosen:
        print("no exhibit: nothing is proved")
        return 1
    if options.plant:
        return _plant(chosen)
    began = time.monotonic()
    with TemporaryDirectory(prefix="gatepost-museum-") as folder:
        verdicts = _judged(chosen, Path(folder), options.jobs)
    show([_row(verdict) for verdict in verdicts])
    open_ones = [verdict for verdict in verdicts if verdict.trouble]
    for verdict in verdicts if options.words else open_ones:
        print(f"\n{verdict.exhibit.name}: {verdict.trouble or verdict.by}")
        print(verdict.said[-SAID_MAX:].rstrip())
    seen, seconds = len(verdicts) - len(open_ones), time.monotonic() - began
    print(f"\n{seen} of {len(verdicts)} bugs seen, each by a check that passes without it; {seconds:.0f} s")
    print(machine("nft"))
    return int(bool(open_ones))


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="+", default=(), metavar="NAME", help="these exhibits alone")
    parser.add_argument("--jobs", type=int, default=1, help="exhibits at a time, each in a copy of its own")
    parser.add_argument("--words", action="store_true", help="show what each check said of its bug")
    parser.add_argument("--plant", action="store_true", help="run nothing: can each still be planted?")
    parser.add_argument("--exhibits", type=Path, default=FOLDER, help="folder with the exhibits' files")
    return parser.parse_args(words)


def _plant(chosen: Sequence[Exhibit]) -> int:
    """Whether the source, and the checks, are still as the exhibits know them."""
    wrong = []
    for exhibit in chosen:
        try:
            exhibit.planted((ROOT / exhibit.file).read_text(encoding="utf-8"))
            exhibit.require_check(ROOT)
        except OutOfDate as error:
            wrong.append(str(error))
    print("\n".join([*wrong, f"{len(chosen) - len(wrong)} of {len(chosen)} exhibits can be planted"]))
    return int(bool(wrong))


def _judged(chosen: Sequence[Exhibit], folder: Path, jobs: int) -> list[Verdict]:
    copies: SimpleQueue[Copy] = SimpleQueue()
    first, *more = (Copy.make(folder / str(number)) for number in range(jobs))
    for copy in (first, *more):
        copies.put(copy)
    without = _without(first, chosen)

    def judge(exhibit: Exhibit) -> Verdict:
        copy = copies.get()
        try:
            verdict = _verdict(copy, exhibit, without[exhibit.check])
        finally:
            copies.put(copy)
        print(f"{exhibit.name}: {verdict.trouble or verdict.by}", file=sys.stderr, flush=True)
        return verdict

    with ThreadPoolExecutor(jobs) as several:
        return list(several.map(judge, chosen))


def _without(copy: Copy, chosen: Sequence[Exhibit]) -> dict[tuple[str, ...], Run]:
    """Every check without any bug: all tests in one run."""
    checks = dict.fromkeys(exhibit.check for exhibit in chosen)
    tests = dict.fromkeys(chain.from_iterable(check for check in checks if not is_command(check)))
    together = copy.run([*tests], patience=ALL_PATIENCE) if tests else None
    return {check: copy.run(check) if together is None or is_command(check) else together for check in checks}


def _verdict(copy: Copy, exhibit: Exhibit, without: Run) -> Verdict:
    if not without.spares(exhibit.check):
        return Verdict(exhibit, trouble="its check fails without the bug", said=without.text)
    try:
        with copy.with_bug(exhibit):
            run = copy.run(exhibit.check, *(() if is_command(exhibit.check) else ("-x",)))
    except OutOfDate as error:
        return Verdict(exhibit, trouble="out of date", said=str(error))
    return _seen(exhibit, run)


def _seen(exhibit: Exhibit, run: Run) -> Verdict:
    if run.passed:
        return Verdict(exhibit, run.seconds, trouble="ESCAPED", said=exhibit.bug)
    if not run.saw:
        return Verdict(exhibit, run.seconds, trouble="its check neither passed nor saw it", said=run.text)
    by = run.failed[0].removeprefix("tests/") if run.failed else exhibit.check[0]
    return Verdict(exhibit, run.seconds, by=by if run.code is not None else f"{by}: hung", said=run.text)


def _row(verdict: Verdict) -> dict[str, object]:
    return {
        "exhibit": verdict.exhibit.name,
        "origin": verdict.exhibit.origin,
        "found by": verdict.by or f"**{verdict.trouble}**",
        "seconds": verdict.seconds,
    }


if __name__ == "__main__":
    sys.exit(main())
