"""Run the benchmarks: every other script of this folder, or those named.

Each script prints its own table; what it prints also goes to ``build/bench/NAME.txt``. The exit
code is that of the worst script, so a missed target (a script may exit 1 for one) is not overlooked.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
OUTPUT = FOLDER.parent / "build" / "bench"


def scripts(names: list[str]) -> list[Path]:
    """The scripts to run, in order; ends the program for a name that is none."""
    found = {path.stem: path for path in sorted(FOLDER.glob("*.py")) if path.stem not in {"run", "__init__"}}
    if unknown := [name for name in names if name not in found]:
        sys.exit(f"no benchmark {', '.join(unknown)}; there are: {', '.join(found)}")
    return [found[name] for name in names or found]


def machine() -> str:
    """One line that a figure is worth nothing without."""
    cores = os.cpu_count()
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    return f"Python {platform.python_version()}, {platform.machine()}, {cores} cores, load {load}"


def run(script: Path) -> int:
    """Run one, showing each line as it comes and keeping it."""
    began = time.monotonic()
    lines = [f"# {script.name}: {machine()}"]
    print(f"\n{lines[0]}", flush=True)
    command = [sys.executable, str(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            lines.append(line.rstrip("\n"))
    lines.append(f"# exit {process.returncode}, {time.monotonic() - began:.0f} s")
    print(lines[-1])
    OUTPUT.mkdir(parents=True, exist_ok=True)
    (OUTPUT / f"{script.stem}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return process.returncode


if __name__ == "__main__":
    sys.exit(max((run(script) for script in scripts(sys.argv[1:])), default=0))
