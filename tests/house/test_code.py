"""The house rules of house/code.py, over the real tree."""

from __future__ import annotations

import pytest

from house import code
from house.tree import python_files, read

PACKAGE = python_files("src")
TOOLS = (*python_files("scripts"), *python_files("bench"), *python_files("proof"))
TESTS = python_files("tests")


def cases(rules: tuple[code.Rule, ...], paths: tuple[str, ...]) -> list[object]:
    """One case a rule, over all its files."""
    return [pytest.param(rule, paths, id=f"{rule.__name__}-{paths[0].split('/')[0]}") for rule in rules]


@pytest.mark.parametrize(
    ("rule", "paths"),
    [*cases(code.PACKAGE_RULES, PACKAGE), *cases(code.TOOL_RULES, TOOLS), *cases(code.TEST_RULES, TESTS)],
)
def test_the_code_keeps_the_house_rules(rule: code.Rule, paths: tuple[str, ...]) -> None:
    """No file breaks this rule."""
    assert [found for path in paths for found in rule(path, read(path))] == []


def test_functions_are_small() -> None:
    """Half of the package's functions have six lines of code or fewer."""
    assert list(code.small_median(map(read, PACKAGE))) == []
