"""minisign's own program: what a device's owner makes keys with, and verifies by."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

WRITTEN = re.compile(r"minisign public key ([0-9A-F]{16})\n(\S{56})\n")


def minisign(*arguments: str | Path, words: str = "") -> subprocess.CompletedProcess[str]:
    """Run it; the test is skipped where there is none, and CI allows no skip."""
    if shutil.which("minisign") is None:
        pytest.skip("minisign is missing; scripts/setup installs it as root")
    argv = ["minisign", *map(str, arguments)]
    return subprocess.run(argv, input=words, capture_output=True, text=True, check=False, timeout=30)


@dataclass(frozen=True)
class Pair:
    """A secret key and the public one, as files."""

    secret: Path
    public: Path

    @property
    def id(self) -> str:
        """By which minisign names it."""
        found = WRITTEN.search(self.public.read_text())
        assert found is not None
        return found[1]

    @property
    def text(self) -> str:
        """The public key itself."""
        found = WRITTEN.search(self.public.read_text())
        assert found is not None
        return found[2]

    def verify(self, place: Path, *options: str) -> tuple[bool, str]:
        """Whether it is good, and what the program says."""
        done = minisign("-V", "-p", self.public, "-m", place, *options)
        return done.returncode == 0, done.stdout + done.stderr


def pair(folder: Path, name: str = "minisign", *, password: str = "") -> Pair:
    """A new one, as documented: without a password, unless one is given."""
    made = Pair(folder / f"{name}.key", folder / f"{name}.pub")
    bare = () if password else ("-W",)
    done = minisign("-G", *bare, "-s", made.secret, "-p", made.public, words=f"{password}\n{password}\n")
    assert done.returncode == 0, done.stderr
    return made
