"""Real histories through the guards at default settings: nothing that comes back was ever out.

``python proof/replay.py [FOLDER]``; ``--help`` lists what can be chosen. Each history
runs with a person who approves at once and with none; once more without
absences and grace: there entries must be lost, which is how the books are known
to see a loss; and with ``widest_known``, for whoever follows lists of wide networks.
Claims are of the defaults. Exit 1 where any fails.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from past.incidents import INCIDENTS, Fate, fate
from stage.table import machine, show

from gatepost.config.policy import Policy
from gatepost.config.values import duration
from gatepost.engine.replaying import Replayed, Run, Variant, bridged, replay_file
from gatepost.model.limits import Limits

HISTORIES = Path(__file__).parent.parent / "tests" / "data" / "history"
HELD_MOST = 1.0
"""Per cent of all changes."""
DEFAULTS = Policy("defaults", Limits())
VARIANTS = {
    "approved at once": Variant(DEFAULTS, approve=True),
    "nobody approves": Variant(DEFAULTS, approve=False),
    "without absences and grace": Variant(
        Policy("none", Limits(absences=1, grace=timedelta())), approve=True
    ),
    "approved at once, widest_known = 10 %": Variant(
        Policy("widest_known", Limits(widest_known=0.1)), approve=True
    ),
}


def arguments() -> argparse.Namespace:
    """Of the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=HISTORIES, help="of *.jsonl.gz")
    parser.add_argument("--only", nargs="*", default=[], help="names of histories; default: all")
    parser.add_argument("--every", default="1h", help="from poll to poll")
    return parser.parse_args()


def histories(chosen: argparse.Namespace) -> Iterator[Replayed]:
    """Each, run; says on standard error how far it is."""
    for path in sorted(chosen.folder.glob("*.jsonl*")):
        if not chosen.only or path.name.partition(".")[0] in chosen.only:
            began = time.process_time()
            yield replay_file(path, [*VARIANTS.values()], duration(chosen.every), lambda _: None)
            print(f"{time.process_time() - began:6.1f} s  {path.name}", file=sys.stderr)


def name(one: Replayed) -> str:
    """Of its history."""
    return Path(one.file).name.partition(".")[0]


def figures(label: str, runs: list[Run]) -> dict[str, object]:
    """A row: of one history, or of all together."""
    changes, held = sum(run.replay.changes for run in runs), sum(len(run.replay.held) for run in runs)
    return {
        "history": label,
        "changes": changes,
        "applied at once": changes - held,
        "held": held,
        "held %": f"{100 * held / (changes or 1):.2f}",
        "lost": sum(len(run.replay.tally.losses) for run in runs),
        "bridged": sum(map(bridged, runs)),
        "quarantined": sum(len(run.upstream.ever_odd) for run in runs),
        "entry-days kept longer": sum(run.replay.tally.kept_entry_days for run in runs),
        "entry-days late": sum(run.replay.tally.late_entry_days for run in runs),
    }


def table(done: list[Replayed], place: int) -> dict[str, object]:
    """Print the figures of one variant; returns the row of sums."""
    print(f"### {[*VARIANTS][place]}\n")
    rows = [figures(name(one), [one.runs[place]]) for one in done]
    whole = figures("all", [one.runs[place] for one in done])
    show([*rows, whole])
    print()
    return whole


def stopped(done: list[Replayed]) -> None:
    """Print every change that was held, with its reasons, and the first lists that were."""
    print("### held, one by one (approved at once)\n")
    firsts = [(one, one.runs[0].replay.first) for one in done]
    held = [(one, each) for one in done for each in one.runs[0].replay.held]
    for one, each in [*((one, first) for one, first in firsts if first), *held]:
        reasons = "; ".join(
            f"{reason.guard} {reason.measured} (limit {reason.limit})" for reason in each.reasons
        )
        print(f"* {name(one)}, line {each.line}, {each.at:%Y-%m-%d %H:%M}: {reasons}")
    print()


def fates(done: list[Replayed]) -> list[Fate]:
    """Print what became of each named incident; both with and without approvals."""
    print("### incidents\n")
    known = {name(one): one for one in done}
    found = [
        (incident, [fate(incident, run) for run in known[incident.history].runs[:2]])
        for incident in INCIDENTS
        if incident.history in known
    ]
    rows = [
        {
            "history": incident.history,
            "when": incident.first
            if incident.first == incident.last
            else f"{incident.first} to {incident.last}",
            "what": incident.what,
            "held": approved.held,
            "bridged": approved.bridged,
            "lost": approved.lost,
            "quarantined": approved.quarantined,
            "lost, nobody approves": alone.lost,
        }
        for incident, (approved, alone) in found
    ]
    if rows:
        show(rows)
        print()
    return [each for _, both in found for each in both]


def report(done: list[Replayed]) -> bool:
    """Print all; true where everything is as claimed."""
    print(f"{machine()}; {sum(len(one.runs) for one in done)} runs, peak memory ", end="")
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB\n")
    approved, alone, planted, known = [table(done, place) for place in range(len(VARIANTS))]
    stopped(done)
    incidents = fates(done)
    claims = {
        "nothing that came back within the grace was lost, with and without approvals": (
            approved["lost"] == alone["lost"] == 0
        ),
        f"with widest_known, at most {HELD_MOST:g} % of the changes were held": _is_calm(known),
        f"every incident named ({len(incidents) // 2}) was held, bridged or quarantined": all(
            one.is_as_claimed for one in incidents
        ),
        "without absences and grace the books show losses": planted["lost"] != 0,
    }
    for claim, holds in claims.items():
        print(f"{claim}: {'yes' if holds else 'NO'}")
    by_default = f"{approved['held %']} %: {'yes' if _is_calm(approved) else 'no, each wide network waits'}"
    print(f"the same by default, {by_default}")
    return all(claims.values())


def _is_calm(row: dict[str, object]) -> bool:
    return float(str(row["held %"])) <= HELD_MOST


if __name__ == "__main__":
    sys.exit(0 if report([*histories(arguments())]) else 1)
