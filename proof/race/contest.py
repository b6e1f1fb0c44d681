"""Rounds in which all writers apply a plan made on one state; who won, and what is there afterwards."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory

from stage.namespaces import Talker, Unready, heard, namespace, started, tell

from gatepost.planning.digest import digest_entries
from race.contenders import PLANTED, content

State = tuple[int, str]
"""Generation and digest of what a target holds."""


@dataclass(slots=True)
class Result:
    """Of one kind of target."""

    kind: str
    writers: int
    winners: list[int] = field(default_factory=list)
    """Of each round."""
    errors: Counter[str] = field(default_factory=Counter)
    """Of the losers, by kind."""
    victories: Counter[int] = field(default_factory=Counter)
    """By writer."""
    foreign: int = 0
    """Rounds after which the target did not hold what the winner wanted, at the next generation."""

    @property
    def planted(self) -> bool:
        """Whether something was taken out, so that it must go wrong."""
        return self.kind.endswith(PLANTED)

    @property
    def is_whole(self) -> bool:
        """One winner each, its content, and all others' plans stale."""
        return set(self.winners) == {1} and not self.foreign and set(self.errors) <= {"StalePlan"}

    @property
    def is_as_claimed(self) -> bool:
        """Whole; or the contrary, where that is what must be seen."""
        return self.is_whole != self.planted

    def cells(self) -> dict[str, object]:
        """For the table."""
        losers = ", ".join(f"{name} {count:,}" for name, count in sorted(self.errors.items()))
        return {
            "target": self.kind,
            "writers": self.writers,
            "rounds": len(self.winners),
            "winners min": min(self.winners),
            "winners max": max(self.winners),
            "writers that ever won": len(self.victories),
            "content not the winner's": self.foreign,
            "losers' errors": losers or "none",
        }


@dataclass(frozen=True, slots=True)
class Writers:
    """Those that take part, all alive."""

    alive: list[Talker]
    entries: int

    def contest(self, kind: str, rounds: int, chance: random.Random) -> Result:
        """All rounds at one kind of target."""
        result = Result(kind, len(self.alive))
        held = self.state(kind)
        for turn in range(rounds):
            outcomes = self.race([kind, turn, *held], chance)
            before, held = held, self.state(kind)
            judge(result, outcomes, [self.digest(w, turn) for w in winners(outcomes)], (before, held))
        return result

    def state(self, kind: str) -> State:
        """As the first writer reads it."""
        tell(self.alive[0], json.dumps([kind]))
        generation, digest = json.loads(heard(self.alive[0]))
        return generation, digest

    def race(self, line: list[object], chance: random.Random) -> list[str]:
        """One round: what came of each writer, by number."""
        for writer in self.alive:
            tell(writer, json.dumps(line))
        if {heard(writer) for writer in self.alive} != {"gate"}:
            msg = "a writer did not come to write"
            raise Unready(msg)
        for writer in chance.sample(self.alive, len(self.alive)):
            tell(writer, "go")
        return [heard(writer) for writer in self.alive]

    def digest(self, writer: int, turn: int) -> str:
        """Of what a writer wants."""
        return digest_entries(content(writer, turn, self.entries))


def winners(outcomes: list[str]) -> list[int]:
    """By number."""
    return [number for number, outcome in enumerate(outcomes) if outcome == "won"]


def judge(result: Result, outcomes: list[str], wanted: list[str], states: tuple[State, State]) -> None:
    """Add one round to the result."""
    (generation, _), after = states
    result.winners.append(len(wanted))
    result.victories.update(winners(outcomes))
    result.errors.update(outcome for outcome in outcomes if outcome != "won")
    result.foreign += len(wanted) != 1 or after != (generation + 1, wanted[0])


@contextmanager
def writers(count: int, entries: int) -> Iterator[Writers]:
    """So many, ready, in a namespace and a folder of their own; none is left behind."""
    with namespace() as place, TemporaryDirectory() as folder, ExitStack() as stack:
        ready = [started(place, "race.writer", folder, str(n), str(entries)) for n in range(count)]
        with ThreadPoolExecutor(count) as pool:
            alive = [*pool.map(stack.enter_context, ready)]
        yield Writers(alive, entries)
