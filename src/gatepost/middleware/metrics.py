"""A gate's numbers for Prometheus, read where the application already serves its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from gatepost.middleware.opening import FollowingGate

if TYPE_CHECKING:  # the application's library, loaded by who has it
    from prometheus_client.core import Metric


class GateCollector:
    """For ``prometheus_client.REGISTRY.register(GateCollector(gate))``."""

    def __init__(self, *gates: FollowingGate) -> None:
        self._gates = gates

    def collect(self) -> Iterator[Metric]:
        """Counters by outcome, and how the list stands; labels hold the list's name and fixed words."""
        from prometheus_client.core import (  # noqa: PLC0415 - the application's library
            CounterMetricFamily,
            GaugeMetricFamily,
        )

        requests = CounterMetricFamily(
            "gatepost_gate_requests", "Requests to guarded paths, by outcome.", labels=("list", "outcome")
        )
        for gate in self._gates:
            for outcome, number in outcomes(gate):
                requests.add_metric((_name(gate), outcome), number)
        yield requests
        for name, text, values in _GAUGES:
            family = GaugeMetricFamily(f"gatepost_gate_{name}", text, labels=("list",))
            for gate in self._gates:
                value = values(gate)
                if value is not None:
                    family.add_metric((_name(gate),), value)
            yield family


def outcomes(gate: FollowingGate) -> Iterable[tuple[str, int]]:
    """Each outcome and how often it was: ``allowed``, ``unguarded``, ``unlisted-signed`` and the refusals."""
    counts = gate.counts
    yield "allowed", counts.allowed
    yield "unguarded", counts.unguarded
    yield "unlisted-signed", counts.unlisted_signed
    yield from counts.refused.items()


def _name(gate: FollowingGate) -> str:
    return gate.status().list or "none"


def _seconds(gate: FollowingGate, clock: str) -> float | None:
    at = getattr(gate.status(), clock)
    return None if at is None else at.timestamp()


_GAUGES = (
    ("list_loaded", "1 once a list is in force; 0: the gate is closed.", lambda gate: gate.status().loaded),
    ("list_stale", "1 while the list could not be read for too long.", lambda gate: gate.status().stale),
    ("list_waiting", "1 while a much shorter list waits to be believed.", lambda gate: gate.status().waiting),
    ("list_entries", "Prefixes in force.", lambda gate: gate.status().entries),
    ("list_serial", "Serial of the list in force.", lambda gate: gate.status().serial),
    ("list_made_seconds", "When this version was made.", lambda gate: _seconds(gate, "listed_at")),
    ("list_loaded_seconds", "When it came into force here.", lambda gate: _seconds(gate, "loaded_at")),
    ("list_checked_seconds", "When it was last read.", lambda gate: _seconds(gate, "checked_at")),
    ("ip_only", "1 where the address alone opens.", lambda gate: gate.ip_only),
)
