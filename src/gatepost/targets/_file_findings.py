"""Whether a file can have the effect that its owner thinks: who reads it, who may write it, who is told."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gatepost.errors import cut
from gatepost.kit.process import is_runnable
from gatepost.model.finding import Finding, Severity

STEPS = {
    "readable": "",
    "absent": "Run `gatepost apply`; until then a program that needs the file has no list.",
    "empty": "Run `gatepost apply`; until then the list names nobody.",
    "writable": "Set `mode` to 0644 or less and apply, or correct the directory: who can write it decides.",
    "unreadable": "If a program of another user reads it, set `mode` and open the directories above.",
    "untold": "Set `reload`, unless the program looks at the file by itself.",
    "unchecked": "Set `check`, if the program can test its configuration.",
    "unrunnable": "Install it, or correct its path; until then `gatepost apply` fails.",
}
"""What to do about each kind of finding."""


@dataclass(frozen=True, slots=True)
class Examination:
    """Of one file; raises OSError."""

    path: Path
    check: Sequence[str]
    """Looks at each new file before it takes its place; empty for none."""
    reload: Sequence[str]
    """Is told of each new file; empty for none."""

    def findings(self) -> tuple[Finding, ...]:
        """What was looked at; which program reads a file nobody can tell."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            return (*self._unrunnable(), _finding("absent", f"{self.path} is not there"))
        found = [
            *self._unrunnable(),
            *self._content(status.st_size),
            *self._access(status.st_mode),
            *self._programs(),
        ]
        return tuple(found)

    def _unrunnable(self) -> Iterator[Finding]:
        for key, argv in (("check", self.check), ("reload", self.reload)):
            if argv and not is_runnable(argv[0]):
                yield _finding("unrunnable", f"`{key}`: {cut(argv[0])} is not there, or may not be run")

    def _content(self, size: int) -> Iterator[Finding]:
        if not size:
            yield _finding("empty", f"{self.path} is empty")

    def _access(self, mode: int) -> Iterator[Finding]:
        bits = f"{stat.S_IMODE(mode):04o}"
        if mode & (stat.S_IWGRP | stat.S_IWOTH) or _is_open(self.path.parent):
            yield _finding("writable", f"others may write {self.path} ({bits}), or replace it")
        closed = [each for each in self.path.parents if not each.stat().st_mode & stat.S_IXOTH]
        if not mode & stat.S_IROTH or closed:
            where = f": {closed[-1]} is closed to them" if closed else ""
            message = f"other users cannot read {self.path} ({bits}){where}"
            yield _finding("unreadable", message, Severity.NOTE)
        else:
            yield _finding("readable", f"{self.path} ({bits}) can be read by any user", Severity.GOOD)

    def _programs(self) -> Iterator[Finding]:
        if not self.reload:
            message = "no `reload`: a program that reads the file at its start alone keeps the old list"
            yield _finding("untold", message, Severity.NOTE)
        if not self.check:
            message = "no `check`: no program says whether it can take a new file before it is in place"
            yield _finding("unchecked", message, Severity.NOTE)


def _is_open(directory: Path) -> bool:
    """Whether others may put another file in the place of one here."""
    mode = directory.stat().st_mode
    return bool(mode & (stat.S_IWGRP | stat.S_IWOTH)) and not mode & stat.S_ISVTX


def _finding(kind: str, message: str, severity: Severity = Severity.WRONG) -> Finding:
    return Finding(kind, severity, message, STEPS[kind])
