"""``gatepost run``: the service."""

from __future__ import annotations

import click

from gatepost.cli.building import site_of
from gatepost.cli.language import _
from gatepost.cli.showing import drift_lines, outcome_word, status_word
from gatepost.cli.ui import Ui, error_lines, run_async, takes_options, until_signal
from gatepost.engine.cycle import CycleReport
from gatepost.engine.loop import Tell, run
from gatepost.engine.report import list_status, time_text
from gatepost.engine.site import Site
from gatepost.errors import GatepostError, cut
from gatepost.model.drift import Drift
from gatepost.model.plan import Outcome, Result


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
            _wrong(ui, site, line)

    async def notice(drift: Drift) -> None:
        for line in drift_lines(drift):
            _wrong(ui, site, line)

    async def taken_back(results: tuple[Result, ...]) -> None:
        for result in results:
            word = outcome_word(result.outcome or Outcome.FAILED)
            _wrong(ui, site, f"{result.plan.target} {word} {result.plan.digest}")

    counts = {"lists": len(site.settings.lists), "targets": len(site.settings.targets)}
    async with until_signal():
        _line(ui, site, _("started: {lists} lists, {targets} targets").format(**counts))
        await run(site, Tell(report, fail, notice, taken_back))
    _line(ui, site, _("stopped; what is applied stays"))


def _line(ui: Ui, site: Site, text: str) -> None:
    """Progress: silent with -q."""
    ui.tell(f"{time_text(site.clock.now())} {text}", style=None)


def _wrong(ui: Ui, site: Site, text: str) -> None:
    """What went wrong: told in any case."""
    ui.err.print(f"{time_text(site.clock.now())} {text}")


def _log(ui: Ui, site: Site, report: CycleReport) -> None:
    plans = [result.plan for result in report.results]
    for turn in report.turns:
        serial = turn.snapshot.serial if turn.snapshot else "-"
        _line(ui, site, f"{turn.settings.name} serial={serial} {status_word(list_status(turn, plans))}")
        for source, error in turn.errors.items():
            _wrong(ui, site, _about(source, error))
    for result in report.results:
        if result.outcome is not None:
            plan = result.plan
            change = f"+{len(plan.add)} -{len(plan.remove)}"
            _line(ui, site, f"{plan.target} {outcome_word(result.outcome)} {change} {plan.digest}")
        if isinstance(result.error, GatepostError):
            _wrong(ui, site, _about(result.plan.target, result.error))
    for one in report.unplanned:
        _wrong(ui, site, _about(one.target, one.error))


def _about(what: str, error: GatepostError) -> str:
    return f"{what}: {error.kind}: {cut(error.message, 600)}"
