"""The exhibits: who had the bug, how it would look here, and which check must see it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "exhibits"


class OutOfDate(Exception):
    """The source is no longer as the exhibit knows it, so it cannot be planted."""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One bug and one place where gatepost could have it."""

    name: str
    origin: str
    """Incident, advisory or case where it really happened."""
    bug: str
    """What it does, in one sentence."""
    file: str
    """Below the root of the source tree."""
    old: str
    """Stands in the file exactly once."""
    new: str
    check: tuple[str, ...]
    """Ids of tests, or one command of proof/ with its arguments."""

    def planted(self, text: str) -> str:
        """The file's text with the bug in it; raises OutOfDate."""
        found = text.count(self.old)
        if found != 1:
            msg = f"{self.name}: {self.file} has {found} places like {self.old.strip().splitlines()[0]!r}"
            raise OutOfDate(msg)
        changed = text.replace(self.old, self.new)
        try:
            compile(changed, self.file, "exec")
        except SyntaxError as error:
            msg = f"{self.name}: {self.file} is no Python with it: {error}"
            raise OutOfDate(msg) from None
        return changed

    def require_check(self, root: Path) -> None:
        """Raise OutOfDate where the check is not there."""
        for each in self.check:
            name, _, test = each.partition("[")[0].split()[0].partition("::")
            place = root / name
            if not place.is_file() or (test and f"def {test}(" not in place.read_text(encoding="utf-8")):
                msg = f"{self.name}: there is no check {each}"
                raise OutOfDate(msg)


def is_command(check: Sequence[str]) -> bool:
    """Whether it is a command of proof/, not tests."""
    return check[0].startswith("proof/")


def exhibits(folder: Path = FOLDER, only: Sequence[str] = ()) -> list[Exhibit]:
    """All, or those of these names, file by file. Raises ValueError for a name twice, or unknown."""
    found = [each for path in sorted(folder.glob("*.toml")) for each in _read(path)]
    names = [each.name for each in found]
    for name in {*names, *only}:
        if names.count(name) != 1:
            msg = f"{names.count(name)} exhibits are called {name!r}"
            raise ValueError(msg)
    return [each for each in found if not only or each.name in only]


def _read(path: Path) -> Iterator[Exhibit]:
    rows: list[dict[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8"))["exhibit"]
    for row in rows:
        yield Exhibit(**{**row, "check": tuple(row["check"])})
