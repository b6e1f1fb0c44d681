"""A directory of its own to publish a feed in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gatepost.model.entry import Entry
from gatepost.targets.feed import Feed

FORMS = ("all", "one", "there")


class Rig:
    """What the contract suite needs to know of feeds."""

    def __init__(self, directory: Path, form: str) -> None:
        self.path = directory / "feed"
        self.formats = ("txt",) if form == "one" else ()
        if form == "there":
            self.path.mkdir()

    def target(self) -> Feed:
        """A new object for the same place."""
        return Feed("edge", Feed.Options(path=self.path, formats=self.formats))

    def occupy(self) -> None:
        """Something of somebody else's at the place."""
        self.path.mkdir(exist_ok=True)
        (self.path / "index.html").write_text("198.51.100.7\n")

    def edit(self) -> None:
        """Somebody adds a line by hand."""
        with (self.path / "current/webhooks.txt").open("a") as file:
            file.write("9.9.9.9/32\n")

    def orphan(self, *texts: str) -> None:
        """A list that somebody else published."""
        self.path.mkdir(exist_ok=True)
        (self.path / "webhooks.txt").write_text("".join(f"{text}\n" for text in texts))

    async def cut_off(self, _: tuple[Entry, ...]) -> bool:
        """A version is published whole."""
        return False

    def content(self) -> bytes:
        """The list, wherever it stands."""
        bare = self.path / "webhooks.txt"
        return (bare if bare.exists() else self.path / "current/webhooks.txt").read_bytes()

    def state(self) -> str:
        """Everything that is there, but for the lock."""
        found = sorted(each for each in self.path.parent.rglob("*") if each.suffix != ".lock")
        return "".join(f"{each}\n{_content(each)}\n" for each in found)


def _content(place: Path) -> str:
    if place.is_symlink():
        return str(place.readlink())
    return place.read_bytes().hex() if place.is_file() else ""


@contextmanager
def rig(tmp_path: Path, form: str) -> Iterator[Rig]:
    """Nothing there yet."""
    yield Rig(tmp_path, form)
