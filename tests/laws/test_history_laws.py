"""Laws of guards, absences and grace over random histories of a source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gatepost.model.answer import Accepted, HeldAnswer
from gatepost.model.content import Allowlist, Override, Serial, Snapshot
from gatepost.model.entry import Direction
from gatepost.model.limits import Limits
from gatepost.model.plan import Capabilities, Current, PlanStatus
from gatepost.planning.accept import accept
from gatepost.planning.aggregate import subtract
from gatepost.planning.canonical import canonical, without
from gatepost.planning.compose import compose
from gatepost.planning.digest import digest_entries
from gatepost.planning.normalise import parse_value
from gatepost.planning.plan import PlanRequest, make_plan
from rigs.answers import START, accepted, answer, entries

HOSTS = tuple(f"101.226.103.{number}" for number in range(6))
POOL = (*HOSTS, "101.226.104.0/24", "2400:da00::1", "a.qq.com")
PIN, EXCLUDED = "8.8.4.4", "101.226.103.1"
LIST = Allowlist(
    "webhooks",
    Direction.INGRESS,
    ("events",),
    pins=(Override(parse_value(PIN), "always"),),
    exclusions=(Override(parse_value(EXCLUDED), "never"),),
)
answers = st.sets(st.sampled_from(POOL), min_size=1)


@given(st.permutations(POOL), st.integers(1, len(POOL) - 1), st.integers(1, len(POOL)))
def test_guards_never_pass_a_total_loss(values: list[str], olds: int, news: int):
    """An answer that shares nothing with the last one is held, however small, whatever families may do."""
    old, new = values[:olds], values[olds:][:news]
    lenient = Limits(new_family="allow", max_added=1000.0)
    verdict = accept(answer(*new, day=1), accepted(*old), (), lenient, approved=False)
    assert isinstance(verdict, HeldAnswer)


@given(answers, answers, st.floats(0, 1), st.integers(0, 9))
def test_what_is_accepted_unasked_is_within_the_limits(
    old: set[str], new: set[str], share: float, number: int
):
    """Whatever the limits are, an accepted answer loses no more than they say (by single addresses)."""
    limits = Limits(max_removed=share, max_removed_entries=number, new_family="allow")
    verdict = accept(answer(*new, day=1), accepted(*old), (), limits, approved=False)
    before = old & {*HOSTS}
    lost = before - new
    if isinstance(verdict, Accepted) and len(lost) > number and "101.226.104.0/24" not in old:
        assert len(lost) / len(before) <= share


@given(answers, answers)
def test_equal_content_plans_nothing(listed: set[str], held: set[str]):
    """A target that holds what it shall hold gets no change; any other gets exactly the difference."""
    content = compose(LIST, {"events": accepted(*listed)}, START)
    holds = canonical(entries(*held))
    plan = make_plan(
        PlanRequest(
            target="edge",
            allowlist=LIST,
            snapshot=Snapshot("webhooks", Serial(1), START, content),
            previous=None,
            current=Current(1, holds, digest_entries(holds)),
            capabilities=Capabilities(domains=True, ports=True),
            held=(),
            missing=(),
            limits=Limits(),
        )
    )
    applied = canonical((*without(holds, plan.remove), *plan.add))
    assert applied == content.effective
    assert bool(plan.add or plan.remove) is (holds != content.effective)
    assert plan.status is not PlanStatus.IN_STEP or holds == content.effective


@dataclass
class Track:
    """What the law knows of one value, by its own count."""

    missed: int = 0
    """Accepted answers in a row without it."""
    gone_at: datetime | None = None
    listed: bool = True
    """Whether it must still be in force."""


class History(RuleBasedStateMachine):
    """A source that answers anything, a clock that jumps, a person who approves at times."""

    limits = Limits(absences=3, grace=timedelta(days=2))

    @initialize(values=answers)
    def begin(self, values: set[str]) -> None:
        """The first answer is accepted."""
        self.now = START
        self.last = accepted(*values)
        self.tracks = {value: Track() for value in values}

    @rule(hours=st.sampled_from([1, 6, 24, 72, -5]))
    def time_passes(self, hours: int) -> None:
        """Or jumps, back too."""
        self.now += timedelta(hours=hours)

    @rule(values=answers | st.just(set()), approved=st.booleans())
    def the_source_answers(self, values: set[str], *, approved: bool) -> None:
        """Accepted answers count; held ones change nothing."""
        days = (self.now - START) / timedelta(days=1)
        verdict = accept(answer(*values, day=days), self.last, (), self.limits, approved=approved)
        if isinstance(verdict, HeldAnswer):
            assert verdict.reasons
            return
        assert values
        before, self.last = self.last.at, verdict
        for value in values:
            self.tracks[value] = Track()
        for value in self.tracks.keys() - values:
            self._miss(self.tracks[value], before, verdict.at)

    def _miss(self, track: Track, before: datetime, at: datetime) -> None:
        track.missed += 1
        if track.missed == self.limits.absences:
            track.gone_at = at
        if track.gone_at is None:
            return
        end = track.gone_at + self.limits.grace
        if track.listed and before >= end and at >= end:
            track.listed = False

    @invariant()
    def nothing_leaves_early_and_nothing_stays_forever(self) -> None:
        """In force is exactly what was seen, missed fewer than three times, or is within its grace."""
        kept = {str(p.entry.value).removesuffix("/32").removesuffix("/128") for p in self.last.presences}
        assert kept == {value for value, track in self.tracks.items() if track.listed}

    @invariant()
    def pins_are_in_and_exclusions_out(self) -> None:
        """Whatever the source says."""
        content = compose(LIST, {"events": self.last}, self.now)
        prefixes = [entry.value for entry in content.effective if "/" in str(entry.value)]
        assert subtract([parse_value(PIN)], prefixes) == []
        assert subtract([parse_value(EXCLUDED)], prefixes) == [parse_value(EXCLUDED)]


History.TestCase.settings = settings(max_examples=settings().max_examples * 3 // 5, stateful_step_count=40)
TestHistory = History.TestCase
