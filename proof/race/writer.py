"""One writer, alive over all contests: ``python -m race.writer FOLDER NUMBER ENTRIES``.

Reads a line of JSON a round: the kind of target, the round's number, and the
generation and digest that all plan on; says ``gate`` when it is about to write,
waits for a line, and says what came of it. To a line with the kind alone it answers
with the generation and digest that it reads.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
from stage.plans import planned

from gatepost.errors import GatepostError
from gatepost.model.entry import Entry
from gatepost.model.plan import Current
from gatepost.planning.digest import digest_entries
from gatepost.targets.base import Target
from race.contenders import KINDS, content

Wanted = Callable[[int], tuple[Entry, ...]]
"""What it wants in a round."""


def gate() -> None:
    """Wait for the others."""
    print("gate", flush=True)
    sys.stdin.readline()


async def outcome(target: Target, current: Current, wanted: tuple[Entry, ...]) -> str:
    """``won``, or the name of the error."""
    try:
        await target.apply(planned(current, digest_entries(wanted), wanted), wanted)
    except GatepostError as error:
        return type(error).__name__
    return "won"


async def answer(target: Target, wanted: Wanted, line: list[Any]) -> str:
    """To one line."""
    match line:
        case [turn, generation, digest]:
            return await outcome(target, Current(generation, (), digest), wanted(turn))
    current = await target.current()
    return json.dumps([current.generation, current.digest])


async def main(folder: str, number: str, entries: str) -> None:
    """Every line until standard input ends."""
    targets = {kind: make(Path(folder), gate) for kind, make in KINDS.items()}
    print("ready", flush=True)
    while text := sys.stdin.readline():
        kind, *line = json.loads(text)
        reply = await answer(targets[kind], lambda turn: content(int(number), turn, int(entries)), line)
        print(reply, flush=True)


if __name__ == "__main__":
    anyio.run(main, *sys.argv[1:])
