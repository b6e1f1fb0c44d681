"""``gatepost rollback``: an earlier serial of a list once more, as a new one."""

from __future__ import annotations

import click

from gatepost.cli.building import pick_lists, site_of
from gatepost.cli.diff import SERIAL_MOST
from gatepost.cli.language import _
from gatepost.cli.showing import print_results
from gatepost.cli.ui import Ui, run_async, takes_options
from gatepost.cli.word import who
from gatepost.engine.exits import Exit
from gatepost.engine.report import result_document
from gatepost.engine.rollback import earlier, preview, roll_back
from gatepost.model.content import Serial
from gatepost.model.plan import Outcome, Result


@click.command(help=_("Apply an earlier serial of a list again, as a new one."))
@click.argument("list_name", metavar="LIST")
@click.option(
    "--to",
    "serial",
    type=click.IntRange(1, SERIAL_MOST),
    required=True,
    metavar="SERIAL",
    help=_("The serial to go back to."),
)
@click.option("--why", required=True, metavar="TEXT", help=_("The reason, for the record."))
@click.option("-y", "--yes", is_flag=True, help=_("Do not ask on a terminal."))
@takes_options
def command(ui: Ui, list_name: str, serial: int, why: str, *, yes: bool) -> int:
    """Stays until a person approves what the sources say: asks no platform."""
    with site_of(ui) as site:
        one = pick_lists(site.settings, (list_name,))[0]
        content = earlier(site, one, Serial(serial))
        if ui.interactive and not yes:
            plans = run_async(lambda: preview(site, one, content))
            print_results(ui, tuple(Result(plan) for plan in plans))
            if not click.confirm(_("Apply this?"), default=False):
                ui.say(_("Nothing was changed."))
                return Exit.DONE
        results = run_async(lambda: roll_back(site, one, content, who=who(), why=why))
        latest = site.store.latest(one.name)
    now = latest.serial if latest else None
    document = {"list": one.name, "serial": now, "plans": [result_document(each) for each in results]}
    ui.show(document, lambda: _print(ui, one.name, serial, now, results))
    outcomes = {each.outcome for each in results}
    return Exit.FAILED if Outcome.FAILED in outcomes else Exit.HELD if Outcome.HELD in outcomes else Exit.DONE


def _print(ui: Ui, name: str, serial: int, now: int | None, results: tuple[Result, ...]) -> None:
    ui.say(_("{list}: serial {old} is back, as serial {new}").format(list=name, old=serial, new=now), "bold")
    print_results(ui, results)
    ui.say(_("It stays until somebody approves what the sources say by then."))
