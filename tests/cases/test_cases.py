"""Every case of fetching (A1 to A28) and of values (B1 to B19), and the table of what came of it.

With GATEPOST_UPDATE_TABLES=1 the page is written anew from what was seen.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import anyio
import pytest

from cases import a_cases, b_cases
from cases.table import PAGE, page
from gatepost import errors
from gatepost.errors import GatepostError

UPDATE = "GATEPOST_UPDATE_TABLES" in os.environ
"""Read before the environment is cleaned for the tests."""

pytestmark = pytest.mark.filterwarnings("default::ResourceWarning")


@pytest.fixture(scope="session")
def run_case(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., object]:
    """Run an asynchronous case once, in a folder of its own."""
    seen: dict[str, object] = {}

    def run(name: str, work: Callable[[Path], object]) -> object:
        if name not in seen:
            seen[name] = anyio.run(partial(work, tmp_path_factory.mktemp(name)))
        return seen[name]

    return run


@pytest.fixture(scope="session")
def platform_rows(run_case):
    """All rows of one platform, by fault."""

    def rows(platform: str) -> dict[str, a_cases.Row]:
        found = run_case(platform, lambda folder: a_cases.run_platform(folder, platform))
        return {row.case: row for row in found}

    return rows


SERVED = [
    (fault, name)
    for name in a_cases.PLATFORMS
    for fault in a_cases.served()
    if name in a_cases.rows_of(fault)
]


@pytest.mark.parametrize(("fault", "platform"), SERVED, ids=lambda one: getattr(one, "id", one))
def test_a_fault_never_changes_the_list(platform_rows, fault, platform):
    """Whatever a platform answers, the list in force stays; what cannot be trusted ends in a named error."""
    row = platform_rows(platform)[fault.id]
    assert row.kept
    assert issubclass(getattr(errors, row.kind or "GatepostError"), GatepostError)
    harmless = fault.tolerable or "held" in row.did
    assert harmless or row.kind, f"{fault.id} passed unnoticed"


@pytest.mark.parametrize("case", sorted(a_cases.SPECIAL))
def test_a_case_beyond_the_server(run_case, case):
    """Cases of the environment, the configuration, the resolver and the clock change nothing either."""
    row = run_case(case, a_cases.SPECIAL[case])
    assert row.kept


@pytest.mark.parametrize("case", b_cases.CASES, ids=lambda case: f"{case.id} {case.sent[:40]}")
def test_b_case(case):
    """Each odd value comes to what the table says: kept out, held, or refused with the whole answer."""
    assert b_cases.outcome_of(case) == case.expected


def test_table_is_what_was_seen(platform_rows, run_case):
    """The page in the documentation is what these tests saw, and no case is missing."""
    rows = [row for name in a_cases.PLATFORMS for row in platform_rows(name).values()]
    rows += [run_case(case, work) for case, work in a_cases.SPECIAL.items()]
    text = page(rows, b_cases.CASES)
    if UPDATE:
        PAGE.write_text(text, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == text
    wanted = {f"A{n}" for n in range(1, 29)} | {f"B{n}" for n in range(1, 20)}
    assert wanted <= {row.case.partition(".")[0] for row in rows} | {case.id for case in b_cases.CASES}
