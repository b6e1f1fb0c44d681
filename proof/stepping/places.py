"""Where the list takes effect, seen without a line of gatepost: what is there, and how to put it back."""

from __future__ import annotations

import re
import subprocess
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

THEIRS = """
table inet filter {
  chain input { type filter hook input priority 0; policy accept; tcp dport 443 accept; }
}
"""


class Place(ABC):
    """One kind of target."""

    table: str
    """The target's table in the configuration."""

    @abstractmethod
    def state(self) -> str:
        """Everything that is there, as text: equal texts, equal effect."""

    @abstractmethod
    def restore(self, state: str) -> None:
        """Make it so again."""

    def content(self, state: str) -> str:
        """A state without the number of the write that made it."""
        return state

    def settled(self) -> str:
        """What is wrong with the rest, after a run that went well; nothing: empty."""
        return ""


@dataclass(frozen=True)
class Kernel(Place):
    """The whole ruleset of the network that we are in."""

    backend: str
    timeout: int = 5

    @property
    def table(self) -> str:  # type: ignore[override]  # read alone
        """Its sets stand beside somebody's own chain."""
        named = 'kind = "nftables"\ntable = "gatepost"\nset = "edge"'
        return f'{named}\nbackend = "{self.backend}"\ntimeout = {self.timeout}'

    def state(self) -> str:
        """As ``nft`` lists it; counters and handles are not shown."""
        return nft("list", "ruleset")

    def content(self, state: str) -> str:
        """The generation is an element of its own."""
        return re.sub("0x[0-9a-f]{8}", "a generation", state)

    def restore(self, state: str) -> None:
        """In one transaction."""
        nft("-f", "-", text=f"flush ruleset\n{state or THEIRS}")


@dataclass(frozen=True)
class OnDisk(Place):
    """A file with a check, and a reload that copies it to where a daemon would hold it."""

    folder: Path
    timeout: int = 5

    @property
    def table(self) -> str:  # type: ignore[override]  # read alone
        """Two programs have a say."""
        path, loaded = self.folder / "list.txt", self.folder / "loaded.txt"
        return (
            f'kind = "file"\npath = "{path}"\nformat = "txt"\ntimeout = {self.timeout}\n'
            f'check = ["/usr/bin/test", "-s", "{{path}}"]\nreload = ["/bin/cp", "{path}", "{loaded}"]'
        )

    def state(self) -> str:
        """The file's text."""
        path = self.folder / "list.txt"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def restore(self, state: str) -> None:
        """Nothing: it is put back with its folder."""

    def settled(self) -> str:
        """Whether what the daemon holds is the file."""
        loaded = self.folder / "loaded.txt"
        same = loaded.exists() and loaded.read_text(encoding="utf-8") == self.state()
        return "" if same else "what was reloaded is not what is in the file"


def nft(*arguments: str, text: str = "") -> str:
    """As a user would; raises CalledProcessError."""
    done = subprocess.run(["nft", *arguments], input=text, capture_output=True, text=True, check=True)
    return done.stdout
