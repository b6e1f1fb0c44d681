"""Wall time of `gatepost --help` and `gatepost check` beside `python -c pass`: medians, taking turns.

Target: `--help` within five times `python -c pass`. Exit 1 where it is missed.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 21
TARGET = 5.0
CONFIGURATION = """\
[sources.office]
kind = "static"
direction = "ingress"
entries = ["8.8.8.8", "9.9.9.0/24"]

[lists.office]
direction = "ingress"
sources = ["office"]
"""
GATEPOST = str(Path(sys.executable).with_name("gatepost"))


def commands(folder: Path) -> dict[str, list[str]]:
    """What is measured, by the name in the table."""
    configuration = folder / "gatepost.toml"
    configuration.write_text(
        f'[store]\nurl = "sqlite:///{folder}/gatepost.db"\n\n{CONFIGURATION}', encoding="utf-8"
    )
    configured = ["--config", str(configuration)]
    subprocess.run([GATEPOST, "plan", *configured], check=False, capture_output=True)
    return {
        "python -c pass": [sys.executable, "-c", "pass"],
        "gatepost --help": [GATEPOST, "--help"],
        "gatepost --version": [GATEPOST, "--version"],
        "gatepost check 8.8.8.8": [GATEPOST, "check", "8.8.8.8", *configured],
    }


def environment() -> dict[str, str]:
    """As a user has it: byte code is kept, messages are English."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"LANG": "C.UTF-8"}


def seconds(command: list[str]) -> float:
    """Wall time of one run; its exit code must be 0."""
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
    took = time.perf_counter() - began
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return took


def measure(measured: dict[str, list[str]]) -> dict[str, float]:
    """Median seconds of each; the commands take turns, so that all see the same machine."""
    times: dict[str, list[float]] = {name: [] for name in measured}
    for _ in range(ROUNDS + 1):
        for name, command in measured.items():
            times[name].append(seconds(command))
    return {name: statistics.median(found[1:]) for name, found in times.items()}


def main() -> int:
    """Print the table; the first round warms the file cache and does not count."""
    with tempfile.TemporaryDirectory() as folder:
        medians = measure(commands(Path(folder)))
    base = medians["python -c pass"]
    print(f"{'command':32}{'median':>10}{'ratio':>9}   ({ROUNDS} runs each)")
    for name, median in medians.items():
        print(f"{name:32}{median * 1000:>7.1f} ms{median / base:>8.1f}x")
    ratio = medians["gatepost --help"] / base
    print(f"--help: {ratio:.1f}x, target at most {TARGET:.0f}x: {'kept' if ratio <= TARGET else 'MISSED'}")
    return int(ratio > TARGET)


if __name__ == "__main__":
    sys.exit(main())
