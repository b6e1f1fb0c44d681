"""``gatepost run``: the service."""

from __future__ import annotations

import signal

import anyio
import click

from gatepost.cli.building import site_of
from gatepost.cli.language import _
from gatepost.cli.showing import outcome_word, status_word
from gatepost.cli.ui import Ui, error_lines, run_async, takes_options
from gatepost.engine.cycle import CycleReport
from gatepost.engine.loop import run
from gatepost.engine.report import list_status
from gatepost.engine.site import Site
from gatepost.errors import GatepostError


@click.command(help=_("The service: fetch and apply on schedule."))
@takes_options
def command(ui: Ui) -> int:
    """Runs until SIGTERM or SIGINT; what is applied stays applied."""
    with site_of(ui) as site:
        run_async(lambda: _serve(ui, site))
    return 0


async def _serve(ui: Ui, site: Site) -> None:
    async def report(seen: CycleReport) -> None:
        _log(ui, site, seen)

    async def fail(error: GatepostError) -> None:
        for line, _style in error_lines(error):
            _line(ui, site, line)

    _line(
        ui,
        site,
        _("started: {lists} lists, {targets} targets").format(
            lists=len(site.settings.lists), targets=len(site.settings.targets)
        ),
    )
    async with anyio.create_task_group() as group:
        group.start_soon(_stop_on_signal, group.cancel_scope)
        await run(site, report, fail)
    _line(ui, site, _("stopped; what is applied stays"))


async def _stop_on_signal(scope: anyio.CancelScope) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _signal in signals:
            scope.cancel()
            return


def _line(ui: Ui, site: Site, text: str) -> None:
    ui.err.print(f"{site.clock.now():%Y-%m-%dT%H:%M:%SZ} {text}")


def _log(ui: Ui, site: Site, report: CycleReport) -> None:
    plans = [result.plan for result in report.results]
    for turn in report.turns:
        serial = turn.snapshot.serial if turn.snapshot else "-"
        _line(ui, site, f"{turn.settings.name} serial={serial} {status_word(list_status(turn, plans))}")
        for source, error in turn.errors.items():
            _line(ui, site, f"{source}: {error.kind}: {error.message}")
    for result in report.results:
        if result.outcome is not None:
            plan = result.plan
            change = f"+{len(plan.add)} -{len(plan.remove)}"
            _line(ui, site, f"{plan.target} {outcome_word(result.outcome)} {change} {plan.digest}")
    for one in report.unplanned:
        _line(ui, site, f"{one.target}: {one.error.kind}: {one.error.message}")
