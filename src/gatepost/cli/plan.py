"""``gatepost plan``: show what would change."""

from __future__ import annotations

from pathlib import Path

import click

from gatepost.cli.building import pick_lists, site_of
from gatepost.cli.language import _
from gatepost.cli.planfile import write_plans
from gatepost.cli.showing import print_report
from gatepost.cli.ui import Ui, run_async, takes_options
from gatepost.engine.cycle import CycleReport, plan_cycle
from gatepost.engine.exits import exit_of
from gatepost.engine.report import cycle_document
from gatepost.engine.seeing import drifts_of, note_unplanned
from gatepost.engine.site import Site


@click.command(help=_("Show what would change; change nothing but the store."))
@click.argument("lists", nargs=-1, metavar="[LIST]...")
@click.option("--out", metavar="FILE", help=_("Save the plan, for `apply --plan FILE`."))
@takes_options
def command(ui: Ui, lists: tuple[str, ...], out: str | None) -> int:
    """Fetch, accept and plan; exit 2 where changes wait, 3 where a guard holds."""
    with site_of(ui) as site:
        report = make_report(ui, site, lists)
        note_unplanned(site, report, denied=False)
        drifts = drifts_of(site, report)
        if out:
            write_plans(Path(out), [result.plan for result in report.results])
        ui.show(cycle_document(report, drifts), lambda: print_report(ui, report, drifts))
        return exit_of(report)


def make_report(ui: Ui, site: Site, names: tuple[str, ...]) -> CycleReport:
    """Plan some lists, with progress."""
    lists = pick_lists(site.settings, names)
    sources = {source for one in lists for source in one.allowlist.sources}

    async def work() -> CycleReport:
        with ui.progress(_("Asking the platforms"), len(sources)) as step:
            return await plan_cycle(site, lists, lambda one: step(one.source.name))

    report: CycleReport = run_async(work)
    return report
