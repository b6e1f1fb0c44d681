"""The ledger of promises is whole: each line is read by a test that exists, each section by one module."""

from __future__ import annotations

import ast
import re

import pytest

from house.tree import python_files, read
from rigs import ledger

READERS = [path for path in python_files("tests/e2e") if "/test_contract" in path]
ASKS = re.compile(r'(?:cases|Checks|members|lines)\("(\w+)"\)')
LINES = [
    line
    for section in ledger.ledger()
    if section not in (ledger.NOT_BUILT, *ledger.MEMBERS)
    for line in ledger.lines(section)
]


def named_in(path: str) -> set[str]:
    """Names of a module's tests."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.parse(read(path)).body if isinstance(node, functions)}


def lost(by: str) -> bool:
    """Whether a test that a line names is not there."""
    path, _, name = by.partition("::")
    return f"tests/{path}" not in python_files("tests") or name not in named_in(f"tests/{path}")


def test_every_test_that_a_line_names_exists() -> None:
    """By its module and its name."""
    assert [f"{line.section}: {line.item}: {by}" for line in LINES for by in line.by if lost(by)] == []


@pytest.mark.parametrize("section", [*ledger.ledger()])
def test_every_section_is_read(section: str) -> None:
    """By a test of one module, where not every line names its own."""
    readers = [path for path in READERS if section in ASKS.findall(read(path))]
    named = section not in ledger.MEMBERS and all(line.by for line in ledger.lines(section))
    assert readers or named or section == ledger.NOT_BUILT


def test_one_thing_is_not_built() -> None:
    """What is promised and not there is told in one place, and is one command."""
    assert [line.item for line in ledger.lines(ledger.NOT_BUILT)] == ["agent"]


def test_a_test_that_is_gone_is_found() -> None:
    """These rules can fail."""
    assert lost("e2e/test_contract.py::test_of_nothing")
    assert lost("e2e/test_nothing.py::test_of_nothing")
    assert not lost("e2e/test_contract.py::test_apply_document")
