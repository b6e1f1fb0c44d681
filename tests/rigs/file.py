"""A directory of its own to write a file into."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gatepost.model.entry import Entry
from gatepost.targets.file import File

FORMS = ("file", "reloading")


class Rig:
    """What the contract suite needs to know of files."""

    def __init__(self, directory: Path, *, reloading: bool) -> None:
        self.path = directory / "list.txt"
        self.reload = ("true",) if reloading else ()

    def target(self) -> File:
        """A new object for the same place."""
        return File("edge", File.Options(path=self.path, reload=self.reload))

    def occupy(self) -> None:
        """Something of somebody else's at the place."""
        self.path.write_text("198.51.100.7\n")

    def edit(self) -> None:
        """Somebody adds a line by hand."""
        with self.path.open("a") as file:
            file.write("9.9.9.9/32\n")

    def orphan(self, *texts: str) -> None:
        """A list that somebody else wrote."""
        self.path.write_text("# ours\n" + "\n".join(texts))

    async def cut_off(self, _: tuple[Entry, ...]) -> bool:
        """A file is written whole."""
        return False

    def content(self) -> bytes:
        """The file."""
        return self.path.read_bytes()

    def state(self) -> str:
        """Everything that is there, but for the lock."""
        files = sorted(self.path.parent.iterdir())
        return "".join(f"{each.name}\n{each.read_text()}" for each in files if each.suffix != ".lock")


@contextmanager
def rig(tmp_path: Path, form: str) -> Iterator[Rig]:
    """Nothing there yet."""
    yield Rig(tmp_path, reloading=form == "reloading")
