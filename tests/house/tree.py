"""The checkout as the house rules see it: its files and their text."""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = frozenset({".git", ".venv", ".make", "build", "dist", "__pycache__", ".hypothesis"})


@cache
def tracked_files() -> tuple[str, ...]:
    """Files that git tracks or would; every file of the folder where there is no git."""
    command = [
        "git",
        "-c",
        "safe.directory=*",
        "-C",
        str(ROOT),
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    names = found.stdout.split("\0") if found.returncode == 0 else _walk()
    return tuple(sorted(name for name in names if name and (ROOT / name).is_file()))


def _walk() -> list[str]:
    found = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in LEFT_OUT and not name.endswith("_cache")]
        found += [str((Path(folder) / name).relative_to(ROOT)) for name in files]
    return found


def python_files(under: str) -> tuple[str, ...]:
    """Python files of a folder, by path."""
    return tuple(n for n in tracked_files() if n.startswith(f"{under}/") and n.endswith(".py"))


@cache
def read(path: str) -> str:
    """Text of a file of the checkout."""
    return (ROOT / path).read_text(encoding="utf-8")
