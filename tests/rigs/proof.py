"""The programs of proof/, run as people run them."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass

from house.tree import ROOT


@dataclass(frozen=True)
class Proved:
    """What one of them printed."""

    code: int
    text: str

    @property
    def rows(self) -> dict[str, dict[str, str]]:
        """Its table, by the first column; numbers without separators."""
        lines = [line for line in self.text.splitlines() if line.startswith("|")]
        head, _, *body = ([cell.strip().replace(",", "") for cell in line.split("|")[1:-1]] for line in lines)
        return {cells[0]: dict(zip(head, cells, strict=True)) for cells in body}


def prove(name: str, arguments: str) -> Proved:
    """Run one to its end, with arguments that hold no spaces.

    Its children are not measured for coverage: that would double their time and say nothing new.
    """
    command = [sys.executable, str(ROOT / "proof" / f"{name}.py"), *arguments.split()]
    env = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_PROCESS_")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900, env=env)
    return Proved(done.returncode, done.stdout + done.stderr)
