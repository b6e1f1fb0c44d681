"""``gatepost purge``: remove what is ours from targets, and nothing else."""

from __future__ import annotations

import click

from gatepost.cli.building import pick_targets, site_of
from gatepost.cli.language import _
from gatepost.cli.showing import print_results
from gatepost.cli.ui import Ui, run_async, takes_options
from gatepost.engine.exits import Exit
from gatepost.engine.leaving import plan_purge, purge
from gatepost.engine.report import result_document
from gatepost.engine.site import Site
from gatepost.errors import UsageError
from gatepost.model.plan import Outcome, Plan, Result


@click.command(help=_("Remove what is ours from targets, and nothing else."))
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
@click.option("-y", "--yes", is_flag=True, help=_("Do not ask; needed where there is no terminal."))
@takes_options
def command(ui: Ui, targets: tuple[str, ...], *, yes: bool) -> int:
    """The one command that takes access away, so it never runs unasked; exit 3 where one is held."""
    with site_of(ui) as site:
        names = pick_targets(site.settings, targets)
        plans = run_async(lambda: _plans(site, names))
        if not yes and not _agreed(ui, plans):
            return 1
        results = run_async(lambda: _purge(site, plans))
    ui.show({"plans": [result_document(one) for one in results]}, lambda: print_results(ui, results))
    outcomes = {one.outcome for one in results}
    if Outcome.FAILED in outcomes:
        return Exit.FAILED
    return Exit.HELD if Outcome.HELD in outcomes else Exit.DONE


def _agreed(ui: Ui, plans: tuple[Plan, ...]) -> bool:
    if not ui.interactive:
        msg = "purge removes access and there is no terminal to ask on"
        raise UsageError(msg, hint="Add --yes if this is meant.")
    shown = tuple(map(Result, plans))
    return ui.agree(_("Remove all of this?"), lambda beside: print_results(beside, shown))


async def _plans(site: Site, names: tuple[str, ...]) -> tuple[Plan, ...]:
    return tuple([await plan_purge(site, name) for name in names])


async def _purge(site: Site, plans: tuple[Plan, ...]) -> tuple[Result, ...]:
    return tuple([await purge(site, plan) for plan in plans])
