"""Tables for people, headed by the machine they were made on."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence


def machine(*programs: str) -> str:
    """Kernel, Python, processors and the versions of some programs, one line."""
    parts = [
        f"Linux {platform.release()} {platform.machine()}",
        f"{os.cpu_count()} cores",
        f"Python {platform.python_version()}",
        *map(_version, programs),
    ]
    return ", ".join(parts)


def _version(program: str) -> str:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return done.stdout.partition("\n")[0].strip()


def show(rows: Sequence[Mapping[str, object]]) -> None:
    """One Markdown table; numbers to the right, with thousands."""
    names = list(rows[0])
    texts = [[_text(row[name]) for name in names] for row in rows]
    widths = [max(map(len, column)) for column in zip(names, *texts, strict=True)]
    right = [isinstance(rows[0][name], int | float) for name in names]
    print(_line(names, widths, right))
    print("|" + "|".join(f" {'-' * (w - r)}{':' * r} " for w, r in zip(widths, right, strict=True)) + "|")
    for cells in texts:
        print(_line(cells, widths, right))


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.1f}"
    return str(value)


def _line(cells: Iterable[str], widths: Iterable[int], right: Iterable[bool]) -> str:
    aligned = (f"{c:>{w}}" if r else f"{c:<{w}}" for c, w, r in zip(cells, widths, right, strict=True))
    return "| " + " | ".join(aligned) + " |"
