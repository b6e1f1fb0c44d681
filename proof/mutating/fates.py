"""What became of mutants, and the reasons why some may live."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from contextlib import chdir
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from mutmut.mutation.diff_apply import get_diff_for_mutant

from mutating.workshop import PACKAGE, Workshop

EXPLAINED = Path(__file__).resolve().parents[1] / "mutation-survivors.toml"

Change = tuple[str, str, str]
"""Function, what stood there, what the mutant has instead."""


class Fate(StrEnum):
    """Of one mutant."""

    KILLED = "killed"
    HUNG = "hung"
    """Stopped for the time it took: caught as well."""
    SURVIVED = "survived"
    UNTESTED = "no test calls it"
    STRANGE = "strange"
    """pytest ended with a code that tells nothing."""


FATES = {1: Fate.KILLED, 3: Fate.KILLED, 0: Fate.SURVIVED, 5: Fate.UNTESTED, 33: Fate.UNTESTED}
FATES |= dict.fromkeys((24, -24, 36, 152, 255, -9), Fate.HUNG)
"""By exit code, as mutmut reads them."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mutant and its end."""

    module: str
    name: str
    fate: Fate
    seconds: float

    @property
    def caught(self) -> bool:
        """Whether the tests saw it."""
        return self.fate in {Fate.KILLED, Fate.HUNG}


def found(workshop: Workshop) -> list[Mutant]:
    """Every mutant of the workshop's modules that was run."""
    mutants = []
    for module in workshop.modules:
        results = workshop.generated / f"{module}.py.meta"
        if not results.exists():
            continue
        meta: dict[str, Any] = json.loads(results.read_text(encoding="utf-8"))
        seconds = meta["durations_by_key"]
        mutants += [
            Mutant(module, name, FATES.get(code, Fate.STRANGE), seconds.get(name) or 0.0)
            for name, code in meta["exit_code_by_key"].items()
            if code is not None
        ]
    return mutants


def change(workshop: Workshop, mutant: Mutant) -> Change:
    """What a mutant changes, whatever its number is: numbers move with every edit of a function."""
    with chdir(workshop.folder):
        diff = get_diff_for_mutant(mutant.name, path=Path(PACKAGE) / f"{mutant.module}.py").split("\n")
    gone = [line[1:].strip() for line in diff[2:] if line.startswith("-")]
    come = [line[1:].strip() for line in diff[2:] if line.startswith("+")]
    return f"{mutant.module}.{_function(mutant.name)}", " ⏎ ".join(gone), " ⏎ ".join(come)


def _function(name: str) -> str:
    """``x_merge__mutmut_4`` is of ``merge``, ``xǁMeasureǁshare__mutmut_1`` of ``Measure.share``."""
    mangled = name.rpartition(".")[2].rpartition("__mutmut_")[0]
    return mangled.removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")


def explained(path: Path = EXPLAINED) -> dict[Change, str]:
    """Accepted survivors, each with its reason; a reason may be that of several."""
    kinds = tomllib.loads(path.read_text(encoding="utf-8")).get("kind", [])
    return {(one["in"], one["was"], one["is"]): kind["why"] for kind in kinds for one in kind["changes"]}


def score(mutants: Sequence[Mutant]) -> float:
    """Per cent caught; a survivor that is explained is a survivor."""
    return 100 * sum(each.caught for each in mutants) / len(mutants) if mutants else 0.0
