"""Where mutants are made and run: a folder of its own under build/, so that the checkout stays as it is.

mutmut writes all mutants of a function beside it, in a copy of the package, and
runs each in a forked process by the tests that were seen to call the function.
What is calculated once, at import or in a cache, was calculated before the fork.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from mutmut.mutation.file_mutation import mutate_file_contents

ROOT = Path(__file__).resolve().parents[2]
QUICK = Path(__file__).with_name("quick.py")
PACKAGE = "src/gatepost/planning"
TESTS = (
    "tests/planning",
    "tests/laws/test_address_laws.py",
    "tests/laws/test_carried_law.py",
    "tests/laws/test_entry_laws.py",
    "tests/laws/test_history_laws.py",
    "tests/laws/test_reckoning_laws.py",
)
"""The tests that speak of the planner, and are quick."""
TIMEOUT_CONSTANT = 4.0
TIMEOUT_MULTIPLIER = 20.0
"""A mutant's tests may take (as long as without mutants + the constant) times this, all together."""


class Broken(Exception):
    """The tests do not pass without mutants, or mutmut failed: there is no score."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """A folder to work in, and the tests that judge."""

    folder: Path
    modules: Sequence[str]
    """Those that are mutated."""
    tests: Sequence[str] = TESTS

    @property
    def generated(self) -> Path:
        """The mutated copies of the package, with the results beside them."""
        return self.folder / "mutants" / PACKAGE

    def prepare(self, *, fresh: bool) -> None:
        """Links to the sources and tests as they are now; ``fresh`` forgets earlier results.

        Copies of an earlier run go in any case: mutmut takes those of other modules for mutated ones,
        and keeps tests that are no longer there. Results are kept beside them.
        """
        shutil.rmtree(self.folder if fresh else self.folder / "mutants" / "tests", ignore_errors=True)
        for copy in self.generated.glob("*.py"):
            copy.unlink()
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in ("src", "tests"):
            link = self.folder / name
            if not link.is_symlink():
                link.symlink_to(ROOT / name)
        (self.folder / "pyproject.toml").write_text(self._settings(), encoding="utf-8")
        (self.folder / "mutants" / "mutmut-stats.json").unlink(missing_ok=True)

    def _settings(self) -> str:
        """As the project's, with mutmut's; two plug-ins that collect garbage after every run are left out."""
        settings = {
            "source_paths": ["src/gatepost/"],
            "only_mutate": [f"{PACKAGE}/{module}.py" for module in self.modules],
            "pytest_add_cli_args_test_selection": list(self.tests),
            "pytest_add_cli_args": ["-p", "no:unraisableexception", "-p", "no:threadexception"],
            "timeout_constant": TIMEOUT_CONSTANT,
            "timeout_multiplier": TIMEOUT_MULTIPLIER,
            "track_dependencies": False,
            "use_git_change_detection": False,
        }
        lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
        project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        return "\n".join([project, "[tool.mutmut]", *lines, ""])

    def names(self, module: str) -> list[str]:
        """All mutants of a module, by mutmut's names."""
        path = f"{PACKAGE}/{module}.py"
        with chdir(self.folder):
            made = mutate_file_contents(path, (ROOT / path).read_text(encoding="utf-8"))
        return [f"gatepost.planning.{module}.{name}" for name in made.mutant_names]

    def run(self, names: Sequence[str], *, children: int = 1) -> None:
        """Run mutants; all that have no result yet where no name is given.

        Raises Broken, with mutmut's last words.
        """
        command = [sys.executable, str(QUICK), "run", "--max-children", str(children), *names]
        # each fork is a session of pytest that is never ended: what it leaves goes with this folder
        with TemporaryDirectory(prefix="gatepost-mutation-") as temporary:
            done = subprocess.run(
                command,
                cwd=self.folder,
                env=os.environ | {"HYPOTHESIS_PROFILE": "mutation", "PYTEST_DEBUG_TEMPROOT": temporary},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                text=True,
                check=False,
            )
        (self.folder / "mutmut.log").write_text(done.stdout, encoding="utf-8")
        if done.returncode:
            raise Broken(done.stdout[-2_000:])


def modules() -> list[str]:
    """The modules of the planner that hold code."""
    found = (path.stem for path in sorted((ROOT / PACKAGE).glob("*.py")))
    return [name for name in found if name != "__init__"]


def sampled(names: Sequence[str], size: int, seed: int) -> list[str]:
    """A sample that is the same for the same seed."""
    return random.Random(seed).sample(list(names), min(size, len(names)))
