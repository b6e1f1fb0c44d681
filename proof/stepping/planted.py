"""Mistakes made on purpose, in a child that is about to become the program: the judge must see each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from gatepost.kit.files import Staged
from gatepost.model.plan import Plan
from gatepost.store import Store
from gatepost.targets._file_ledger import Ledger
from stepping.site import APPLY, run_main

LINE_BY_LINE = """#!/bin/sh
[ "$1" = -f ] || exec /usr/sbin/nft "$@"
while read -r line; do
  [ -z "$line" ] || echo "$line" | /usr/sbin/nft -f - || exit 1
done
"""


def late_intent() -> None:
    """The intent is recorded with the outcome: after the change."""
    record, complete = Store.record_intent, Store.record_outcome
    waiting: list[tuple[Any, ...]] = []

    def record_late(_: Store, plan: Plan, at: datetime, *rest: Any) -> int:
        waiting.append((plan, at, *rest))
        return 0

    def complete_late(self: Store, _: int, *rest: Any, **named: Any) -> None:
        complete(self, record(self, *waiting.pop()), *rest, **named)

    Store.record_intent = record_late  # type: ignore[method-assign, assignment]  # the mistake
    Store.record_outcome = complete_late  # type: ignore[method-assign, assignment]  # as above


def in_place() -> None:
    """The file is written into its place, not renamed there."""
    commit = Staged.commit

    def write(self: Staged) -> None:
        if self.place.name != "list.txt":
            commit(self)
            return
        data = self.temporary.read_bytes()
        with self.place.open("wb", buffering=0) as opened:
            for line in data.splitlines(keepends=True):
                opened.write(line)
        self.temporary.unlink()

    Staged.commit = write  # type: ignore[method-assign]  # the mistake


def no_pending() -> None:
    """The sidecar says nothing of what is about to be written."""

    def say_nothing(_: Ledger, __: Any) -> None: ...

    Ledger._record = say_nothing  # type: ignore[method-assign, assignment]  # noqa: SLF001 - the mistake


def line_by_line() -> None:
    """The program ``nft`` makes a transaction of each line."""
    place = Path("bin/nft")
    place.parent.mkdir(exist_ok=True)
    if not place.exists():
        place.write_text(LINE_BY_LINE, encoding="ascii")
        place.chmod(0o755)


MISTAKES: Mapping[str, Callable[[], None]] = {
    "intent after the change": late_intent,
    "written in place": in_place,
    "pending not announced": no_pending,
    "a transaction a line": line_by_line,
}


def run(mistake: str) -> int:
    """The program with one mistake."""
    MISTAKES[mistake]()
    return run_main(APPLY)


def main_of(mistake: str) -> Callable[[], int]:
    """What a site runs; the program as it is where none is named."""
    return partial(run, mistake) if mistake else partial(run_main, APPLY)
