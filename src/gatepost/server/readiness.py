"""Whether this server can answer what it is there for: what load balancers and probes ask.

Ready is what has once become so and does not come and go: a list has had good
content, a feed has a version. What is stale, held or failed since is told
beside it, and takes no server out of service that still tells the last good.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from gatepost.engine.health import Health, health_of
from gatepost.errors import StoreError
from gatepost.model.plan import Outcome
from gatepost.server import answers
from gatepost.server.desk import Desk
from gatepost.server.route import Asked, Reply

RETRY_AFTER = "5"
WARNED_FOR = 5.0
"""Seconds for which warnings are not looked up again: anybody may ask as often as they like."""

Told = tuple[str, list[str]]
"""Words with a number in them, and the names that they are about."""


def ready(desk: Desk, asked: Asked) -> Reply:
    """Names are for those who may see the lists; others get numbers."""
    known = not desk.settings.login or bool(asked.who.name)
    reasons = _shown(_reasons(desk), known=known)
    document = answers.Ready(not reasons, reasons, _shown(_warnings(desk), known=known))
    status, headers = (503, {"retry-after": RETRY_AFTER}) if reasons else (200, {})
    return Reply(msgspec.json.encode(document), "application/json", status, headers)


def _shown(told: Iterable[Told], *, known: bool) -> tuple[str, ...]:
    return tuple(f"{text}: {', '.join(names)}" if names and known else text for text, names in told)


def _reasons(desk: Desk) -> Iterator[Told]:
    """What is asked for here and answered with 503."""
    lookup, lists = desk.present.lookup, desk.site.settings.lists
    if not lookup.loaded:
        yield "the history has not been read yet", []
        return
    empty = [name for name in lists if lookup.tables[name].serial is None]
    yield from _of(empty, len(lists), "lists have no good content yet")
    feeds = desk.feeds.states() if desk.feeds else ()
    nothing = [one.list for one in feeds if one.serial is None]
    yield from _of(nothing, len(feeds), "feeds have no good version yet")


def _warnings(desk: Desk) -> tuple[Told, ...]:
    """What is not as it should be, though the last good is answered."""
    present, now = desk.present, desk.site.clock.monotonic()
    if present.warnings is None or now >= present.warnings[0] + WARNED_FOR:
        try:
            found = tuple(_looked_up(desk, health_of(desk.site)))
        except StoreError:
            found = (("the history cannot be read now", []),)
        present.warnings = (now, found)
    return present.warnings[1]


def _looked_up(desk: Desk, health: Health) -> Iterator[Told]:
    sources, lists, targets = health.sources, health.lists, health.targets
    yield from _of([one.source.name for one in sources if one.stale], len(sources), "sources are stale")
    yield from _of([one.name for one in lists if one.held or one.refused], len(lists), "lists are held")
    failed = [
        one.target.name
        for one in targets
        if one.unread or (one.last is not None and one.last.outcome is Outcome.FAILED)
    ]
    yield from _of(failed, len(targets), "targets failed")
    feeds = desk.feeds.states() if desk.feeds else ()
    stuck = [one.list for one in feeds if one.problem and one.serial is not None]
    yield from _of(stuck, len(feeds), "feeds are not what is published now")


def _of(names: list[str], all_: int, what: str) -> Iterator[Told]:
    if names:
        yield f"{len(names)} of {all_} {what}", names
