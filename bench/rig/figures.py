"""Time things in turns, print them side by side, and say whether a target was reached."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping

Job = Callable[[], object]


def medians(jobs: Mapping[str, Job], rounds: int) -> dict[str, float]:
    """Median seconds of each; they take turns, so that all see the same machine."""
    taken: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            taken[name].append(_seconds(job))
    return {name: statistics.median(times) for name, times in taken.items()}


def _seconds(job: Job) -> float:
    gc.collect()
    began = time.perf_counter()
    result = job()
    took = time.perf_counter() - began
    del result
    return took


def show(title: str, seconds: Mapping[str, float], ours: str, per: int = 1, unit: str = "ms") -> None:
    """One table: each time for ``per`` operations, and how many times ours it is."""
    scale = {"ms": 1e3, "ns": 1e9}[unit] / per
    print(f"\n{title}")
    print(f"  {'':44} {unit:>10}  {'x ours':>8}")
    for name, value in seconds.items():
        print(f"  {name:44} {value * scale:10.4g}  {value / seconds[ours]:8.2f}")


def verdict(what: str, reached: float, target: float) -> bool:
    """Print one target (at least so many times faster) and say whether it was reached."""
    good = reached >= target
    print(f"to reach, {what}: >= {target:g}x; reached {reached:.1f}x{'' if good else '  MISSED'}")
    return good
