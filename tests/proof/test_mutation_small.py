"""proof/mutation.py at a size for every day: a handful of mutants of one small function."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GOOD = "tests/planning/test_span.py"
WEAK = "tests/planning/test_plan.py::test_a_target_gets_no_more_than_it_can_hold"
"""It asks for nothing of that function, even where it calls it on its way."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What one run printed, and its exit code."""

    code: int
    text: str

    @property
    def row(self) -> dict[str, str]:
        """The row of all modules, by the heads of the columns."""
        table = [
            [cell.strip() for cell in line.split("|")[1:-1]] for line in self.text.splitlines() if "|" in line
        ]
        return dict(zip(table[0], table[-1], strict=True))


def scored(folder: Path, tests: str) -> Scored:
    """Run it on five faults in the sum of spans, by these tests; without pytest's own environment."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))
    }
    done = subprocess.run(
        [sys.executable, "proof/mutation.py", "span", "--function", "size", "--sample", "5", "--seed", "1",
         "--folder", str(folder), "--tests", tests],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    return Scored(done.returncode, done.stdout + done.stderr)


def test_good_tests_kill_what_is_wrong(tmp_path: Path):
    """Each of five drawn faults in a small function fails a test of that function."""
    done = scored(tmp_path, GOOD)
    assert (done.row["mutants"], done.row["killed"], done.row["survived"]) == ("5", "5", "0"), done.text
    assert done.code == 0, done.text


def test_the_instrument_sees_what_tests_miss(tmp_path: Path):
    """Under a test of something else faults survive: they are shown, and the run fails."""
    done = scored(tmp_path, WEAK)
    assert done.row["mutants"] == "5", done.text
    assert int(done.row["survived"]) > 0, done.text
    assert done.row["survived"] == done.row["unexplained"]
    assert ": span.size (" in done.text
    assert "UNEXPLAINED" in done.text
    assert done.code == 1


def test_explanations_speak_of_the_code_as_it_is():
    """Each line that an explained survivor changes stands in its module, and is explained once."""
    kinds = tomllib.loads((ROOT / "proof/mutation-survivors.toml").read_text(encoding="utf-8"))["kind"]
    changes = [change for kind in kinds for change in kind["changes"]]
    for change in changes:
        source = ROOT / f"src/gatepost/planning/{change['in'].partition('.')[0]}.py"
        lines = {line.strip() for line in source.read_text(encoding="utf-8").splitlines()}
        assert {*change["was"].split(" ⏎ ")} <= lines, change
        assert change["was"] != change["is"]
    assert len({tuple(change.values()) for change in changes}) == len(changes)
    assert all(kind["why"] for kind in kinds)
