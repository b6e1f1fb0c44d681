"""Incidents in the recorded histories, named, and what became of each in a run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gatepost.engine.replaying import Run

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Incident:
    """Something that went wrong upstream."""

    history: str
    first: str
    """Day, UTC."""
    last: str
    what: str

    def covers(self, at: datetime) -> bool:
        """Whether a moment is within its days."""
        return _day(self.first) <= at < _day(self.last) + DAY


INCIDENTS = (
    Incident("amazon", "2024-06-27", "2024-07-11", "flaps: 14 networks go and are back 140 times, for hours"),
    Incident("amazon", "2024-12-21", "2024-12-27", "38 entries are away for six days"),
    Incident("amazon", "2025-06-14", "2025-06-17", "15 entries are away for three days"),
    Incident("amazon", "2026-06-20", "2026-08-22", "flaps: one network goes and is back 64 times"),
    Incident(
        "facebook", "2023-05-11", "2023-05-11", "its widest network, a /29 of IPv6, is away for 19 hours"
    ),
    Incident("google", "2022-03-27", "2022-04-30", "a /10 comes and goes, with parts of it in its place"),
    Incident("google", "2024-01-16", "2024-01-16", "233 entries are away for an hour"),
    Incident("openai", "2023-12-01", "2023-12-01", "10 of 11 entries, 61 % of the addresses, are gone"),
    Incident(
        "protonvpn", "2025-02-26", "2025-04-10", "flaps: 228 times entries go and are back within a week"
    ),
    Incident("telegram", "2025-01-28", "2025-02-27", "flaps seven times between two lists, for hours each"),
    Incident("vultr", "2024-08-15", "2024-08-15", "names networks of documentation and of 6to4"),
    Incident("vultr", "2024-10-12", "2024-10-12", "98 % of its IPv6 is away for 7 hours"),
    Incident("vultr", "2025-01-07", "2025-01-08", "98 % of its IPv6 is away for 12 hours, twice"),
)


@dataclass(frozen=True)
class Fate:
    """What a run made of an incident."""

    incident: Incident
    held: int
    bridged: int
    lost: int
    quarantined: int

    @property
    def is_as_claimed(self) -> bool:
        """Seen, and stopped by a guard or bridged by absences and grace; nothing was lost by it."""
        return bool(self.held or self.bridged or self.quarantined) and not self.lost


def fate(incident: Incident, run: Run) -> Fate:
    """By the times of the source's changes."""
    tally = run.replay.tally
    returns = [one for one in tally.returns if incident.covers(one.at)]
    return Fate(
        incident,
        held=sum(incident.covers(one.at) for one in run.replay.held),
        bridged=sum(one.bridged for one in returns),
        lost=sum(one.lost for one in returns),
        quarantined=len(run.upstream.ever_odd) if "documentation" in incident.what else 0,
    )


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
