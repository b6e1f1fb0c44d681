"""Faults of the platforms, run by the test suite's own cases: what came of each, as cells of the matrix."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import anyio

from gatepost.emulator.base import Role

TESTS = Path(__file__).resolve().parents[2] / "tests"
LAST = 15
"""A1 to A15 are the platforms' own doing."""
DECODED = frozenset({"A8", "A10", "A11", "A12", "A13", "A14"})
"""Seen when the answer is decoded; the others when it is asked for."""


def outcomes(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Step, case and what was wrong with each fault on each platform; an empty text is well."""
    sys.path.insert(0, str(TESTS))
    a_cases: Any = importlib.import_module("cases.a_cases")
    faults = {fault.id: fault for fault in a_cases.served() if int(fault.case[1:]) <= LAST}
    for platform in a_cases.PLATFORMS:
        place = folder / platform
        place.mkdir()
        for row in anyio.run(partial(a_cases.run_platform, place, platform)):
            if row.case in faults:
                yield _step(faults[row.case]), f"{row.case} {platform}", _wrong(row, faults[row.case])


def _step(fault: Any) -> str:
    if fault.role is Role.TOKEN:
        return "S1"
    return "S3" if fault.case in DECODED else "S2"


def _wrong(row: Any, fault: Any) -> str:
    if not row.kept:
        return "the list in force changed"
    unnoticed = not (fault.tolerable or row.kind or "held" in row.did)
    return "it passed unnoticed" if unnoticed else ""
