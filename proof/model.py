"""Anything in any order: a state machine of two gateposts, the guarantees checked after every step.

``python proof/model.py``; ``--help`` lists the sizes. Exit 1 with the shortest way to break
a guarantee, if there is one.
"""

from __future__ import annotations

import argparse
import sys
import time

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from modelling.machine import Gateposts, Gullible, Hasty, counted
from stage.table import machine, show

PLANTED: dict[str, type[Gateposts]] = {"leaves": Hasty, "clock": Gullible}
"""What the instrument must find."""


def arguments() -> argparse.Namespace:
    """Of the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sequences", type=int, default=1_000)
    parser.add_argument("--steps", type=int, default=50, help="most steps of a sequence")
    parser.add_argument("--seed", type=int, default=20_260_105)
    parser.add_argument(
        "--planted",
        choices=sorted(PLANTED),
        help="let entries leave at once, or take every jump of the clock for time: is that found?",
    )
    return parser.parse_args()


def play(kind: type[Gateposts], sequences: int, steps: int, start: int) -> None:
    """Raises what broke, after hypothesis has made it short."""
    shrinks = () if kind in PLANTED.values() else (Phase.shrink,)
    chosen = settings(
        max_examples=sequences,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        print_blob=True,
        phases=(Phase.generate, *shrinks),
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(seed(start)(kind), settings=chosen)


def main() -> None:
    """One table."""
    wanted = arguments()
    began = time.monotonic()
    play(PLANTED.get(wanted.planted, Gateposts), wanted.sequences, wanted.steps, wanted.seed)
    print(f"{machine()}, seed {wanted.seed}\n")
    show([{"step": name, "times": times} for name, times in counted.most_common()])
    print(
        f"\n{wanted.sequences} sequences of at most {wanted.steps} steps, "
        f"{time.monotonic() - began:.0f} s: every guarantee held after every step"
    )


if __name__ == "__main__":
    main()
    sys.exit(0)
