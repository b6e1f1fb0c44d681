"""mutmut, with a quicker way to the tests of a mutant: files instead of hundreds of names, the nearest first.

mutmut hands pytest every test that calls the mutated function by name; to find
them takes longer than to run them. Here pytest collects whole files, and the
tests that belong to the module are tried before those of others, laws last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

import pytest
from mutmut.__main__ import cli
from mutmut.runners.harness import PytestRunner
from mutmut.utils.file_utils import change_cwd

BY_NAME = PytestRunner.run_tests


class Chosen:
    """Of all tests of some files these, in this order."""

    def __init__(self, names: Iterable[str]) -> None:
        self.places = {name: place for place, name in enumerate(names)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out the others."""
        chosen = [item for item in items if item.nodeid in self.places]
        items[:] = sorted(chosen, key=lambda item: self.places[item.nodeid])


def batches(module: str, names: Iterable[str]) -> Iterator[list[str]]:
    """Tests of the module's own files, of others, and laws; each batch keeps its order."""
    kinds: dict[int, list[str]] = {0: [], 1: [], 2: []}
    for name in names:
        path = PurePosixPath(name.partition("::")[0])
        own = path.stem.startswith(f"test_{module}")
        kinds[0 if own else 2 if path.parent.name == "laws" else 1].append(name)
    return filter(None, kinds.values())


def run_tests(self: PytestRunner, *, mutant_name: str | None, tests: Iterable[str]) -> int:
    """As mutmut's own; the exit code of the first batch that does not pass."""
    if mutant_name is None:
        return int(BY_NAME(self, mutant_name=mutant_name, tests=tests))
    module = mutant_name.split(".")[-2]
    for batch in batches(module, tests):
        files = sorted({name.partition("::")[0] for name in batch})
        with change_cwd("mutants"):
            code = int(self.execute_pytest(["-x", "-q", *files], plugins=[Chosen(batch)]))
        if code:
            return code
    return 0


if __name__ == "__main__":
    PytestRunner.run_tests = run_tests  # type: ignore[method-assign]  # the one place that mutmut asks
    cli()
