"""``gatepost run``: the service."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

import anyio
import click

from gatepost.cli.building import site_of
from gatepost.cli.language import _, speak_english
from gatepost.cli.notifying import telling
from gatepost.cli.showing import clock_lines, drift_lines, outcome_word, status_word
from gatepost.cli.ui import Ui, error_lines, run_async, takes_options, until_signal
from gatepost.engine.cycle import CycleReport
from gatepost.engine.loop import Tell, run
from gatepost.engine.messenger import Messenger
from gatepost.engine.report import list_status, time_text
from gatepost.engine.site import Site
from gatepost.errors import GatepostError, ServerUnavailable, cut
from gatepost.kit.systemd import READY, STOPPING, WATCHDOG, notify, watchdog_seconds
from gatepost.model.drift import Drift
from gatepost.model.plan import Outcome, Result

if TYPE_CHECKING:
    from gatepost.server.running import Beside


@click.command(help=_("The service: fetch and apply on schedule, and serve."))
@takes_options
def command(ui: Ui) -> int:
    """Runs until SIGTERM or SIGINT; what is applied stays applied."""
    with site_of(ui) as site:
        speak_english()  # a log is searched, and compared with that of other machines
        run_async(lambda: _serve(ui, site), quick=_is_served(site))
    return 0


def _is_served(site: Site) -> bool:
    return site.settings.server.options.enabled and find_spec("uvicorn") is not None


async def _serve(ui: Ui, site: Site) -> None:
    counts = {"lists": len(site.settings.lists), "targets": len(site.settings.targets)}
    async with (
        until_signal(),
        _beside(ui, site) as server,
        telling(site, partial(_wrong, ui, site)) as messenger,
    ):
        _line(ui, site, _("started: lists {lists}, targets {targets}").format(**counts))
        tell = _told(ui, site, server, messenger)
        await _run_watched(site if server is None else server.timed(site), tell, server)
    _line(ui, site, _("stopped; what is applied stays"))


@asynccontextmanager
async def _beside(ui: Ui, site: Site) -> AsyncIterator[Beside | None]:
    """The server, where there is to be one; the service manager is told when it listens and when it ends."""
    if not _is_served(site):
        _check_absence(ui, site)
        with _notified():
            yield None
        return
    from gatepost.server.running import beside  # noqa: PLC0415 - an extra, imported when something is served
    from gatepost.store import Store  # noqa: PLC0415 - loads the SQL library

    async with beside(
        site, partial(Store.open, site.settings.store_url), partial(_wrong, ui, site)
    ) as server:
        _line(ui, site, _("serving {url}").format(url=server.url))
        with _notified():
            yield server


def _check_absence(ui: Ui, site: Site) -> None:
    """Raises ServerUnavailable where the configuration wants a server that cannot be."""
    if not site.settings.server.options.enabled:
        return
    if site.settings.server.given:
        msg = "[server] is configured, but the parts that serve are not installed"
        raise ServerUnavailable(msg, hint="Install them: pip install 'gatepost[server]'")
    _line(ui, site, _("not serving: pip install 'gatepost[server]' adds lists, answers and a console"))


@contextmanager
def _notified() -> Iterator[None]:
    notify(READY)
    try:
        yield
    finally:
        notify(STOPPING)


async def _run_watched(site: Site, tell: Tell, server: Beside | None) -> None:
    """The loop; while this event loop turns, the watchdog hears of it."""
    seconds = watchdog_seconds()
    if seconds is None:
        await run(site, tell, server.wake if server else None)
        return
    async with anyio.create_task_group() as group:
        group.start_soon(_beat, site, seconds / 3)
        await run(site, tell, server.wake if server else None)


async def _beat(site: Site, seconds: float) -> None:
    while True:
        notify(WATCHDOG)
        await site.clock.sleep(seconds)


def _told(ui: Ui, site: Site, server: Beside | None, messenger: Messenger) -> Tell:
    async def report(seen: CycleReport) -> None:
        _log(ui, site, seen)
        if server is not None:
            server.report(seen)
        messenger.report(seen)

    async def fail(error: GatepostError) -> None:
        for line, _style in error_lines(error):
            _wrong(ui, site, line)
        messenger.fail(error)

    async def notice(drift: Drift) -> None:
        for line in drift_lines(drift):
            _wrong(ui, site, line)
        if server is not None:
            server.notice(drift)
        messenger.notice(drift)

    async def taken_back(results: tuple[Result, ...]) -> None:
        for result in results:
            word = outcome_word(result.outcome or Outcome.FAILED)
            _wrong(ui, site, f"{result.plan.target} {word} {result.plan.digest}")
        messenger.taken_back(results)

    return Tell(report, fail, notice, taken_back)


def _line(ui: Ui, site: Site, text: str) -> None:
    """Progress: silent with -q."""
    ui.tell(f"{time_text(site.clock.now())} {text}", style=None)


def _wrong(ui: Ui, site: Site, text: str) -> None:
    """What went wrong: told in any case."""
    ui.err.print(f"{time_text(site.clock.now())} {text}")


def _log(ui: Ui, site: Site, report: CycleReport) -> None:
    for turn in report.turns:
        serial = turn.snapshot.serial if turn.snapshot else "-"
        _line(ui, site, f"{turn.settings.name} serial={serial} {status_word(list_status(turn, report))}")
        for source, error in turn.errors.items():
            _wrong(ui, site, _about(source, error))
    for line in clock_lines(report.look):
        _wrong(ui, site, line)
    for result in report.results:
        if result.outcome is not None:
            plan = result.plan
            change = f"+{len(plan.add)} -{len(plan.remove)}"
            _line(ui, site, f"{plan.target} {outcome_word(result.outcome)} {change} {plan.digest}")
        if result.error is not None:
            _wrong(ui, site, _about(result.plan.target, result.error))
    for one in report.unplanned:
        _wrong(ui, site, _about(one.target, one.error))


def _about(what: str, error: GatepostError) -> str:
    return f"{what}: {error.kind}: {cut(error.message, 600)}"
