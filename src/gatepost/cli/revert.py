"""``gatepost revert``: take back a change that waits to be confirmed; what its timer runs."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import click

from gatepost.cli.building import build_targets, pick_targets, settings_of
from gatepost.cli.language import _
from gatepost.cli.showing import print_results
from gatepost.cli.ui import Ui, run_async, takes_options
from gatepost.config import Settings
from gatepost.engine.confirming import absorb, revert
from gatepost.engine.pending import ARMED, Pending, armed, path_of, pending_folder, time_left, waiting
from gatepost.engine.report import error_document, result_document
from gatepost.engine.state import alone_in
from gatepost.errors import GatepostError, UsageError
from gatepost.kit.clock import Clock, SystemClock
from gatepost.kit.timer import say_ready
from gatepost.model.plan import Outcome, Result
from gatepost.targets.base import Target

LOOK_EVERY = 0.5
"""Seconds between two looks whether it was confirmed meanwhile."""
AGAIN = 5.0
"""Seconds between two tries of a timer."""
PATIENCE = 3600.0
"""Seconds that a timer goes on trying, and that an apply which is still at work is waited for."""


@click.command(help=_("Take back, now, a change that waits to be confirmed."))
@click.argument("id_", metavar="ID")
@click.option("--wait", is_flag=True, help=_("Not now, but when its time has run out."))
@takes_options
def command(ui: Ui, id_: str, *, wait: bool) -> int:
    """Needs no history to take a change back; it is recorded as soon as the history can be written."""
    settings = settings_of(ui)
    pending = next((one for one in waiting(settings.state) if one.id == id_), None)
    if pending is None and not wait:
        msg = f"nothing waits to be confirmed as {id_}: it was confirmed, or taken back"
        raise UsageError(msg, hint="`gatepost status` shows what is applied.")
    targets = build_targets(settings)
    results = run_async(lambda: _revert(settings, targets, pending, wait=wait))
    trouble = _record(settings)
    unrecorded = {"unrecorded": error_document(trouble)} if trouble else {}
    document = {"plans": [result_document(one) for one in results], **unrecorded}
    ui.show(document, lambda: _print(ui, results, trouble))
    return 1 if trouble is not None or any(one.outcome is Outcome.FAILED for one in results) else 0


async def _revert(
    settings: Settings, targets: Mapping[str, Target], pending: Pending | None, *, wait: bool
) -> tuple[Result, ...]:
    if pending is None:
        return ()
    if not wait:
        return await _taken_back(settings, targets, pending)
    await _get_ready(settings, targets, pending)
    await _until(settings, pending)
    clock = SystemClock()
    end = clock.monotonic() + PATIENCE
    results = await _taken_back(settings, targets, pending)
    while clock.monotonic() < end and any(one.outcome is Outcome.FAILED for one in results):
        await clock.sleep(AGAIN)
        results = await _taken_back(settings, targets, pending)
    return results


async def _get_ready(settings: Settings, targets: Mapping[str, Target], pending: Pending) -> None:
    """Read what is to be taken back once, with all that this needs; then whoever started us may go on."""
    for name in pick_targets(settings, [part.target for part in pending.parts]):
        await targets[name].current()
    say_ready()


async def _taken_back(
    settings: Settings, targets: Mapping[str, Target], pending: Pending
) -> tuple[Result, ...]:
    async with alone_in(settings.state, SystemClock(), PATIENCE):
        return await revert(settings.state, targets, pending.id)


async def _until(settings: Settings, pending: Pending) -> None:
    """Wait on a clock that nobody can set; end early where a person confirms.

    Its time begins once we said that we are ready: the file says so by another end.
    """
    clock = SystemClock()
    place = path_of(pending_folder(settings.state), pending.id, ARMED)
    stamp, end = None, _end(pending, clock)
    while clock.monotonic() < end:
        now = _stamp(place)
        if now is None:
            return
        if now != stamp:
            with suppress(GatepostError):  # what cannot be read now ends as was known
                end = _end(armed(settings.state, pending.id) or pending, clock)
            stamp = now
        await clock.sleep(min(LOOK_EVERY, max(end - clock.monotonic(), 0.0)))


def _stamp(place: Path) -> tuple[int, int] | None:
    """Tells one writing of the file from another, without reading what may be large; None once it is gone."""
    try:
        seen = place.stat()
    except FileNotFoundError:
        return None
    return seen.st_ino, seen.st_mtime_ns


def _end(pending: Pending, clock: Clock) -> float:
    left = min(time_left(pending, clock) or timedelta(), pending.until - pending.armed_at)
    return clock.monotonic() + max(left, timedelta()).total_seconds()


def _record(settings: Settings) -> GatepostError | None:
    """Put it into the history; what cannot be written now is by the next run."""
    try:
        from gatepost.store import Store  # noqa: PLC0415 - loads the SQL library, after the change is back

        with Store.open(settings.store_url) as store:
            absorb(store, settings.state, SystemClock().now())
    except GatepostError as error:
        return error
    return None


def _print(ui: Ui, results: tuple[Result, ...], trouble: GatepostError | None) -> None:
    print_results(ui, results)
    if trouble is not None:
        ui.fail(trouble)
