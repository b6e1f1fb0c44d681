"""What Prometheus reads: states from the history at each scrape, counts of what this process saw.

Attempt, success, change, applied and verified each have their own clock: a
source that answers and a list that is not applied are two alarms.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.process_collector import ProcessCollector

from gatepost import __version__
from gatepost.config.settings import SourceSettings
from gatepost.engine.cycle import CycleReport
from gatepost.engine.health import Health, ListHealth, SourceHealth, TargetHealth
from gatepost.engine.site import OpenSource
from gatepost.kit.clock import Clock
from gatepost.model.address import Prefix
from gatepost.model.drift import Drift
from gatepost.model.entry import Entry
from gatepost.model.plan import Plan
from gatepost.server.feeds import Feeds
from gatepost.sources.base import Source

MEDIA = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 60)


class Metrics:
    """Counts of one process; :meth:`text` adds the states."""

    def __init__(self) -> None:
        """A registry of its own: nothing global is touched."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        build = Gauge("gatepost_build_info", "Version that runs.", ["version"], registry=self.registry)
        build.labels(__version__).set(1)
        self._fetch = Histogram(
            "gatepost_source_fetch_duration_seconds",
            "Time of a fetch, whole or failed.",
            ["source"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self._errors = self._counter(
            "source_fetch_errors", "Fetches that gave no whole answer.", "source", "kind"
        )
        self._changes = self._counter("list_changes", "Entries that came into force and went.", "list", "op")
        self._applies = self._counter(
            "target_apply", "Plans carried out, by what became of them.", "target", "result"
        )
        self._refusals = self._counter("guard_refusals", "Times a guard held an answer or a plan.", "reason")
        self._drifts = self._counter("target_drift", "Times others changed a target.", "target")
        self._answered: defaultdict[tuple[str, int], int] = defaultdict(int)
        self._logins = self._counter("logins", "Tries to log in.", "result")
        self._hints = self._counter("hints", "What platforms sent of their own accord.", "hint", "result")

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"gatepost_{name}", text, labels, registry=self.registry)

    def observe(self, report: CycleReport, before: dict[str, tuple[Entry, ...]]) -> None:
        """Count what a cycle saw and did; ``before``: what lists held before it, kept by the caller."""
        for name, got in report.got.items():
            if got.error is not None:
                self._errors.labels(name, got.error.kind).inc()
        for turn in report.turns:
            for held in turn.held:
                self._refuse(reason.guard for reason in held.reasons)
            if turn.snapshot is not None:
                self._count_changes(turn.settings.name, turn.snapshot.content.effective, before)
        for result in report.results:
            self._refuse(reason.guard for reason in result.plan.reasons)
            if result.outcome is not None:
                self._applies.labels(result.plan.target, result.outcome.value).inc()

    def _count_changes(self, name: str, now: tuple[Entry, ...], before: dict[str, tuple[Entry, ...]]) -> None:
        was = before.get(name)
        before[name] = now
        if was is None or was is now:
            return
        old, new = {entry.key for entry in was}, {entry.key for entry in now}
        self._changes.labels(name, "add").inc(len(new - old))
        self._changes.labels(name, "remove").inc(len(old - new))

    def _refuse(self, guards: Iterable[str]) -> None:
        for guard in guards:
            self._refusals.labels(guard).inc()

    def notice(self, drift: Drift) -> None:
        """Others changed a target."""
        self._drifts.labels(drift.target).inc()

    def answered(self, route: str, status: int) -> None:
        """A request was answered: counted as cheaply as can be, from the event loop alone."""
        self._answered[route, status] += 1

    def login(self, result: str) -> None:
        """Somebody tried to log in."""
        self._logins.labels(result).inc()

    def hint(self, name: str, result: str) -> None:
        """A platform sent something, or somebody who is none."""
        self._hints.labels(name, result).inc()

    def timed(self, open_source: OpenSource, clock: Clock) -> OpenSource:
        """The same way to a source, with the time that is spent there."""

        @asynccontextmanager
        async def opened(source: SourceSettings) -> AsyncIterator[Source]:
            began = clock.monotonic()
            try:
                async with open_source(source) as found:
                    yield found
            finally:
                self._fetch.labels(source.name).observe(clock.monotonic() - began)

        return opened

    def text(self, states: Iterable[Metric]) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(_With(self.registry, [self.requests(), *states]))

    def requests(self) -> Metric:
        """Those answered so far."""
        family = CounterMetricFamily("gatepost_http_requests", "Requests answered.", labels=["route", "code"])
        for (route, status), count in sorted(self._answered.copy().items()):
            family.add_metric([route, str(status)], count)
        return family


class _With:
    """A registry and what was measured just now."""

    def __init__(self, registry: CollectorRegistry, states: Sequence[Metric]) -> None:
        self._registry, self._states = registry, states

    def collect(self) -> Iterable[Metric]:
        yield from self._registry.collect()
        yield from self._states


def states_of(
    health: Health, entries: dict[str, tuple[Entry, ...]], plans: Sequence[Plan]
) -> Iterable[Metric]:
    """What the history says now; ``entries``: in force, by list."""
    yield from _sources(health.sources)
    yield from _lists(health.lists, entries)
    yield from _targets(health.targets)
    held = GaugeMetricFamily("gatepost_plans_held", "Plans that wait for a person.", labels=["list"])
    for one in health.lists:
        held.add_metric([one.name], sum(plan.list == one.name for plan in plans))
    yield held


def _sources(sources: Sequence[SourceHealth]) -> Iterable[Metric]:
    seen = [(one.source.name, one.attempt) for one in sources if one.attempt is not None]
    clocks: dict[str, tuple[str, list[tuple[str, datetime | None]]]] = {
        "attempt": ("was last asked", [(name, one.at) for name, one in seen]),
        "success": ("last gave a whole answer", [(name, one.succeeded_at) for name, one in seen]),
        "accepted": ("last gave one that was accepted", [(name, one.accepted_at) for name, one in seen]),
        "change": ("last changed", [(name, one.changed_at) for name, one in seen]),
    }
    for clock, (text, times) in clocks.items():
        yield _times(f"source_last_{clock}", f"When a source {text}.", "source", times)
    failing = [(name, float(one.failures)) for name, one in seen]
    yield _gauge("source_failures", "Fetches in a row that gave no whole answer.", "source", failing)
    stale = [(one.source.name, float(one.stale)) for one in sources]
    yield _gauge("source_stale", "Whether a source is older than its limit.", "source", stale)


def _lists(lists: Sequence[ListHealth], entries: dict[str, tuple[Entry, ...]]) -> Iterable[Metric]:
    counts = GaugeMetricFamily(
        "gatepost_list_entries",
        "Entries in force; domains have the family `domain`.",
        labels=["list", "family"],
    )
    for name, held in entries.items():
        families = [
            f"ipv{entry.value.family.value}" if isinstance(entry.value, Prefix) else "domain"
            for entry in held
        ]
        for family in ("ipv4", "ipv6", "domain"):
            counts.add_metric([name, family], families.count(family))
    yield counts
    numbered = [(one.name, float(one.serial)) for one in lists if one.serial is not None]
    yield _gauge("list_serial", "Serial of a list.", "list", numbered)
    yield _times(
        "list_last_change", "When a list got its serial.", "list", [(one.name, one.at) for one in lists]
    )
    yield _gauge(
        "list_stale",
        "Whether a source of a list is stale.",
        "list",
        [(one.name, float(one.stale)) for one in lists],
    )
    yield _gauge(
        "list_held",
        "Whether an answer waits for a person.",
        "list",
        [(one.name, float(one.held)) for one in lists],
    )


def _targets(targets: Sequence[TargetHealth]) -> Iterable[Metric]:
    verified = [(one.target.name, one.applied.at) for one in targets if one.applied]
    tried = [(one.target.name, one.last.at) for one in targets if one.last]
    applied = [(one.target.name, one.applied.intended_at) for one in targets if one.applied]
    yield _times("target_last_attempt", "When a plan was last carried out, well or not.", "target", tried)
    yield _times("target_last_applied", "When the content there was written or confirmed.", "target", applied)
    yield _times("target_last_verified", "When it was last read back and found right.", "target", verified)
    in_step = [(one.target.name, float(one.in_step and one.drift is None)) for one in targets]
    yield _gauge("target_in_sync", "Whether a target holds its list's serial.", "target", in_step)
    drift = [(one.target.name, float(one.drift is not None)) for one in targets]
    yield _gauge("target_drifted", "Whether others changed a target.", "target", drift)
    empty = [(one.target.name, float(one.drift is not None and one.drift.empty)) for one in targets]
    yield _gauge("target_empty", "Whether nothing is left where something was applied.", "target", empty)
    wide = [(one.target.name, float(one.drift is not None and one.drift.wide)) for one in targets]
    yield _gauge("target_opened_wide", "Whether others let in far more than the list.", "target", wide)
    unread = [(one.target.name, float(one.unread is not None)) for one in targets]
    yield _gauge("target_unreadable", "Whether a target could not be read.", "target", unread)


def feed_states(feeds: Feeds) -> Iterable[Metric]:
    """Requests by list, format and status; what each consumer has, and how late it is."""
    requests = CounterMetricFamily(
        "gatepost_feed_requests", "Answers of feeds.", labels=["list", "format", "code"]
    )
    for (name, ending, status), count in sorted(feeds.counts.copy().items()):
        requests.add_metric([name, ending, str(status)], count)
    yield requests
    labels = ["consumer", "list"]
    lag = GaugeMetricFamily(
        "gatepost_consumer_lag_seconds", "For how long a later version has been there.", labels=labels
    )
    seen = GaugeMetricFamily(
        "gatepost_consumer_last_fetch_timestamp_seconds", "When a consumer last fetched.", labels=labels
    )
    for one in feeds.fetched():
        lag.add_metric([one.consumer, one.list], one.behind.total_seconds())
        seen.add_metric([one.consumer, one.list], one.at.timestamp())
    yield from (lag, seen)


def _gauge(name: str, text: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
    family = GaugeMetricFamily(f"gatepost_{name}", text, labels=[label])
    for key, value in values:
        family.add_metric([key], value)
    return family


def _times(name: str, text: str, label: str, times: Iterable[tuple[str, datetime | None]]) -> Metric:
    known = [(key, at.timestamp()) for key, at in times if at is not None]
    return _gauge(f"{name}_timestamp_seconds", text, label, known)
