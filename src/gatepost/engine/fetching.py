"""Ask the sources: all at once, each whole or failed, none delaying another."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

import anyio

from gatepost.config.settings import SourceSettings
from gatepost.engine.site import OpenSource
from gatepost.errors import AnswerRefused, DeadlineExceeded, EmptyAnswer, FetchError, GatepostError
from gatepost.kit.clock import Clock
from gatepost.model.answer import Answer, Fetched
from gatepost.model.limits import Limits
from gatepost.planning.normalise import Rules, normalise

Tell = Callable[["Got"], None]


@dataclass(frozen=True, slots=True)
class Got:
    """What asking one source gave: ``fetched``, or ``error``; never both, never neither."""

    source: SourceSettings
    at: datetime
    fetched: Fetched | None = None
    error: GatepostError | None = None
    provenance: str = ""


def be_silent(_: Got) -> None:
    """Tell nobody."""


async def fetch_sources(
    open_source: OpenSource, clock: Clock, sources: Iterable[SourceSettings], tell: Tell = be_silent
) -> dict[str, Got]:
    """Ask all sources side by side; ``tell`` is called as each comes in."""
    found: dict[str, Got] = {}

    async def ask(source: SourceSettings) -> None:
        found[source.name] = await fetch_source(open_source, clock, source)
        tell(found[source.name])

    async with anyio.create_task_group() as group:
        for source in sources:
            group.start_soon(ask, source)
    return {name: found[name] for name in sorted(found)}


async def fetch_source(open_source: OpenSource, clock: Clock, source: SourceSettings) -> Got:
    """Ask one source within its total deadline. Every failure becomes an error value."""
    at = clock.now()
    try:
        with anyio.fail_after(source.deadline):
            async with open_source(source) as opened:
                fetched = await opened.fetch()
                return Got(source, at, fetched, provenance=opened.provenance)
    except GatepostError as error:
        return Got(source, at, error=error)
    except TimeoutError:
        msg = f"{source.name}: no whole answer within {source.deadline:g} s"
        return Got(source, at, error=DeadlineExceeded(msg))
    except Exception as error:  # noqa: BLE001 - a surprise in one source must not stop the others
        msg = f"{source.name}: the answer could not be read ({type(error).__name__})"
        return Got(source, at, error=AnswerRefused(msg))


def to_answer(got: Got, limits: Limits, name: str) -> Answer | FetchError | GatepostError:
    """A source's answer, normalised by a list's limits, under the name it is accepted by; or its error."""
    if got.fetched is None:
        return got.error or AnswerRefused(f"{got.source.name}: no answer")
    plugin = got.source.plugin
    try:
        seen = normalise(
            got.fetched.entries, Rules(plugin.wildcards, plugin.ranges, limits.special, limits.host_bits)
        )
    except GatepostError as error:
        return error
    return Answer(
        source=name,
        kind=plugin.kind,
        direction=got.source.direction,
        fetched_at=got.at,
        requests=got.fetched.requests,
        entries=seen.entries,
        quarantined=seen.quarantined,
        provenance=got.provenance,
    )


def refuse_empty(answer: Answer) -> Answer:
    """The answer, unless nothing is in it: raises EmptyAnswer."""
    if answer.entries:
        return answer
    msg = f"{answer.source}: a whole answer without one usable entry"
    raise EmptyAnswer(msg)
