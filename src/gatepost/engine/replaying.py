"""``gatepost replay``: files of recorded changes through several runs at once, and what they tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from gatepost.config.policy import Policy
from gatepost.engine.recorded import read_history
from gatepost.engine.report import reason_document, time_text
from gatepost.model.limits import Limits
from gatepost.planning.normalise import Rules
from gatepost.planning.replay import Held, Memory, Replay, Setting
from gatepost.planning.upstream import Upstream

JSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Variant:
    """A policy, with or without a person who approves at once what may be approved."""

    policy: Policy
    approve: bool

    @property
    def rules(self) -> Rules:
        """How it reads values."""
        limits = self.policy.limits
        return Rules(special=limits.special, host_bits=limits.host_bits)

    def setting(self, every: timedelta) -> Setting:
        """Entries away no longer than the default grace, or its own where that is longer, count as lost."""
        limits = self.policy.limits
        return Setting(limits, max(limits.grace, Limits().grace), every, self.approve)


@dataclass(frozen=True, slots=True)
class Run:
    """One variant, run."""

    variant: Variant
    replay: Replay
    upstream: Upstream


@dataclass(frozen=True, slots=True)
class Replayed:
    """One file, run in all variants."""

    file: str
    runs: tuple[Run, ...]


def replay_file(
    path: Path, variants: Sequence[Variant], every: timedelta, tell: Callable[[float], None]
) -> Replayed:
    """Run a history in all variants side by side; raises what ``read_history`` raises."""
    upstreams = {variant.rules: Upstream(variant.rules) for variant in variants}
    runs: list[Run] = []
    memory = Memory()
    for change in read_history(path, tell):
        if not runs:
            runs = [_begin(path, variant, every, change.at, upstreams, memory) for variant in variants]
        deltas = {
            rules: upstream.shift(change.added, change.removed) for rules, upstream in upstreams.items()
        }
        for upstream in upstreams.values():
            memory.keep(upstream.figures)
        for run in runs:
            run.replay.shift(change.line, change.at, deltas[run.variant.rules], run.upstream.state)
    for run in runs:
        run.replay.end()
    return Replayed(str(path), tuple(runs))


def _begin(
    path: Path,
    variant: Variant,
    every: timedelta,
    start: datetime,
    upstreams: dict[Rules, Upstream],
    memory: Memory,
) -> Run:
    name = path.name.split(".")[0] or path.name
    replay = Replay(name, variant.setting(every), start, memory)
    return Run(variant, replay, upstreams[variant.rules])


def replayed_document(one: Replayed) -> JSON:
    """One history of ``replay --json``: the first variant, and the others within it."""
    first, *others = one.runs
    document = {"file": one.file, **run_document(first)}
    for run in others:
        if run.variant.policy == first.variant.policy:
            document["without_approvals"] = run_document(run)
    document["policies"] = [run_document(run) for run in others if run.variant.policy != first.variant.policy]
    return document


def run_document(run: Run) -> JSON:
    """One variant: the contract's members, then ours."""
    replay, tally = run.replay, run.replay.tally
    return {
        "changes": replay.changes,
        "applied": replay.applied,
        "held": [held_document(held) for held in replay.held],
        "lost": len(tally.losses),
        "bridged": bridged(run),
        "quarantined": len(run.upstream.ever_odd),
        "kept_entry_days": round(tally.kept_entry_days, 2),
        "policy": run.variant.policy.name,
        "approvals": run.variant.approve,
        "within_days": replay.setting.window / timedelta(days=1),
        "first_held": held_document(replay.first) if replay.first else None,
        "bridged_by_hold": sum(one.by_hold for one in tally.returns),
        "late_entry_days": round(tally.late_entry_days, 2),
        "losses": [
            {
                "value": str(loss.entry.value),
                "gone_at": time_text(loss.gone_at),
                "back_at": time_text(loss.back_at),
            }
            for loss in tally.losses
        ],
        "returns": [
            {
                "at": time_text(one.at),
                "away_since": time_text(one.away_since),
                "bridged": one.bridged,
                "by_hold": one.by_hold,
                "lost": one.lost,
            }
            for one in tally.returns
        ],
        "quarantined_values": [
            {"text": one.text, "reason": one.reason}
            for one in sorted(run.upstream.ever_odd, key=lambda one: (one.text, one.reason))
        ],
    }


def bridged(run: Run) -> int:
    """Entries that came back in time and were in force all the while."""
    return sum(one.bridged for one in run.replay.tally.returns)


def held_document(held: Held) -> JSON:
    """A change that was stopped."""
    return {
        "at": time_text(held.at),
        "line": held.line,
        "reasons": [reason_document(one) for one in held.reasons],
        "approved": held.approved,
        "passed_at": time_text(held.passed_at),
    }
