"""mutmut, with tests that are collected once: a mutant costs a fork and the tests themselves.

mutmut starts pytest anew for every mutant, which takes longer than most tests.
Here pytest collects before the first fork, and a fork runs those of the tests
that call the mutated function: first those of its module, then others, laws last; of each kind the
quickest first, so that most mutants are killed within milliseconds.
Whether a test hangs is told by the time it computes, so a busy machine kills no mutant.
"""

from __future__ import annotations

import resource
from collections.abc import Iterable
from math import ceil
from pathlib import PurePosixPath
from typing import Any

import pytest
from mutmut.__main__ import cli
from mutmut.configuration import config
from mutmut.runners.harness import PytestRunner
from mutmut.state import state
from mutmut.utils.file_utils import change_cwd
from mutmut.workers.isolation import ForkRunner

PLAIN_RUN, PLAIN_STARTUP = PytestRunner.run_tests, ForkRunner.startup
HANGS_FACTOR, HANGS_SECONDS = 5, 3
"""A test that computes so many times as long as without a mutant, and these seconds more, hangs."""
OWN = {"tally": "replay"}
"""Modules whose tests are in the file of another."""
QUIET = ("--rootdir=.", "--tb=no", "--capture=no", "-q", "-q")


class Collected:
    """A session of pytest that has collected, and runs any of its tests in any order."""

    def __init__(self) -> None:
        self.items: dict[str, pytest.Item] = {}
        self.session: pytest.Session | None = None

    def run(self, names: Iterable[str]) -> int:
        """Run these until one fails; 1 where one did."""
        assert self.session is not None  # noqa: S101 - collected before any fork
        items = [self.items[name] for name in names]
        for item, following in zip(items, [*items[1:], None], strict=True):
            _stop_after(HANGS_FACTOR * state().duration_by_test[item.nodeid] + HANGS_SECONDS)
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.session.testsfailed:
                return 1
        return 0


def _stop_after(seconds: float) -> None:
    """Let the kernel end this process when it has computed so much longer; mutmut reads that as hung."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = ceil(used.ru_utime + used.ru_stime + seconds)
    resource.setrlimit(
        resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard)
    )


COLLECTED = Collected()


def startup(self: ForkRunner) -> None:
    """As mutmut's own, after collecting."""
    own = config()
    arguments = [*QUIET, *own.pytest_add_cli_args, *own.pytest_add_cli_args_test_selection]
    with change_cwd("mutants"):
        _collect(arguments)
    PLAIN_STARTUP(self)


def _collect(arguments: list[str]) -> None:
    from _pytest.config import _prepareconfig  # noqa: PLC0415 - pytest.main would tear down what is kept
    from _pytest.main import Session  # noqa: PLC0415 - as above

    configuration: Any = _prepareconfig(arguments)
    configuration._do_configure()  # noqa: SLF001 - as above
    session = Session.from_config(configuration)
    configuration.hook.pytest_sessionstart(session=session)
    configuration.hook.pytest_collection(session=session)
    COLLECTED.session = session
    COLLECTED.items = {item.nodeid: item for item in session.items}


def nearest_first(module: str, names: Iterable[str]) -> list[str]:
    """Tests of the module's own files, of others, and laws; of each kind the quickest first."""

    def distance(name: str) -> tuple[int, float]:
        path = PurePosixPath(name.partition("::")[0])
        own = path.stem.startswith(f"test_{OWN.get(module, module)}")
        return 0 if own else 2 if path.parent.name == "laws" else 1, state().duration_by_test[name]

    return sorted(names, key=distance)


def run_tests(self: PytestRunner, *, mutant_name: str | None, tests: Iterable[str]) -> int:
    """As mutmut's own where there is no mutant; else in this fork, with what was collected."""
    if mutant_name is None:
        return int(PLAIN_RUN(self, mutant_name=mutant_name, tests=tests))
    with change_cwd("mutants"):
        return COLLECTED.run(nearest_first(mutant_name.split(".")[-2], tests))


if __name__ == "__main__":
    PytestRunner.run_tests = run_tests  # type: ignore[method-assign]  # the two places that mutmut asks
    ForkRunner.startup = startup  # type: ignore[method-assign]  # as above
    cli()
