"""Copies of the source tree: bugs are planted there and never in the checkout."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from exhibiting.catalogue import Exhibit, is_command

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 180.0
"""Seconds after which a check hangs: most take two or three."""
ALL_PATIENCE = 1_800.0
"""The same, for all checks in one run."""
_LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*")
_FAILED = re.compile(r"^FAILED (tests/[^\s\[]+)", re.MULTILINE)
_PASSED, _SAW = 0, 1
"""Exit codes of pytest and of the commands of proof/; others tell nothing."""
_CLUMSY = re.compile(r"^(E\s+)?(NameError|ImportError|ModuleNotFoundError|UnboundLocalError)\b", re.MULTILINE)
"""What a bug that was planted badly dies of: that nobody had to find."""


@dataclass(frozen=True, slots=True)
class Run:
    """A check that ended, or was ended."""

    code: int | None
    """None where it was ended."""
    text: str
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether it saw nothing."""
        return self.code == _PASSED

    @property
    def saw(self) -> bool:
        """Whether it saw a bug: it failed as checks fail, or went on for ever."""
        return self.code is None or (self.code == _SAW and not _CLUMSY.search(self.text))

    @property
    def failed(self) -> list[str]:
        """Tests that failed, without their parameters; none where a check is no test."""
        return _FAILED.findall(self.text)

    def spares(self, check: Sequence[str]) -> bool:
        """Whether tests ran to their end, and none of these failed."""
        told = self.code == _PASSED or (self.code == _SAW and bool(self.failed))
        return told and not any(
            test.startswith(each.partition("[")[0]) for test in self.failed for each in check
        )


@dataclass(frozen=True, slots=True)
class Copy:
    """A source tree of its own, with compiled modules of its own."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> Copy:
        """Copy what the checks need."""
        for name in ("src", "tests", "proof"):
            shutil.copytree(ROOT / name, folder / name, ignore=_LEFT_OUT)
        shutil.copy2(ROOT / "pyproject.toml", folder)
        return cls(folder)

    @contextmanager
    def with_bug(self, exhibit: Exhibit) -> Iterator[None]:
        """Plant one, and take it out again. Raises OutOfDate."""
        path = self.folder / exhibit.file
        before, times = path.read_bytes(), path.stat()
        text = exhibit.planted(before.decode())
        path.write_text(text, encoding="utf-8")
        os.utime(path, (times.st_atime, times.st_mtime + 1_000))  # modules compiled before are not this one's
        try:
            yield
        finally:
            path.write_bytes(before)
            os.utime(path, (times.st_atime, times.st_mtime))
            for compiled in path.parent.glob(f"__pycache__/{path.stem}.*"):
                compiled.unlink()

    def run(self, check: Sequence[str], *options: str, patience: float = PATIENCE) -> Run:
        """Run a check on this copy's gatepost, and on no other."""
        words = check[0].split() if is_command(check) else check
        command = [sys.executable, "-P", "proof/exhibiting/launch.py", *options, *words]
        began = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            text, code = process.communicate(timeout=patience)[0], process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            text, code = process.communicate()[0], None
        return Run(code, text, time.monotonic() - began)

    def _environment(self) -> dict[str, str]:
        """Ours without what belongs to the run that started us; the copy shadows what is installed."""
        left_out = ("PYTEST", "COV", "PYTHON")
        ours = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
        return ours | {"PYTHONPATH": str(self.folder / "src"), "HYPOTHESIS_PROFILE": "mutation"}
