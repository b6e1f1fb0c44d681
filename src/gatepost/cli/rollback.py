"""``gatepost rollback``: an earlier serial of a list once more, as a new one."""

from __future__ import annotations

import click

from gatepost.cli.building import pick_lists, site_of
from gatepost.cli.diff import SERIAL_MOST
from gatepost.cli.language import _
from gatepost.cli.showing import print_results, tell_unkept
from gatepost.cli.ui import Ui, run_async, shorten, takes_options
from gatepost.cli.word import who
from gatepost.engine.exits import Exit, exit_of_results
from gatepost.engine.report import result_document
from gatepost.engine.rollback import earlier, preview, roll_back
from gatepost.engine.site import Site
from gatepost.model.content import Content, Serial
from gatepost.model.entry import Entry
from gatepost.model.plan import Outcome, Result
from gatepost.planning.canonical import without


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
@click.option("--why", metavar="TEXT", help=_("The reason, for the record. Default: the serial."))
@click.option("-y", "--yes", is_flag=True, help=_("Do not ask on a terminal."))
@takes_options
def command(ui: Ui, list_name: str, serial: int, why: str | None, *, yes: bool) -> int:
    """Stays until a person approves what the sources say: asks no platform."""
    with site_of(ui) as site:
        one = pick_lists(site.settings, (list_name,))[0]
        content = earlier(site, one, Serial(serial))
        left_out = _left_out(site, one.name, Serial(serial), content)
        if ui.interactive and not yes:
            plans = tuple(map(Result, run_async(lambda: preview(site, one, content))))
            if not ui.agree(_("Apply this?"), lambda beside: print_results(beside, plans)):
                return Exit.DONE
        before = site.store.latest(one.name)
        reason = f"back to serial {serial}" if why is None else why
        results = run_async(lambda: roll_back(site, one, content, who=who(), why=reason))
        latest = site.store.latest(one.name)
    now = latest.serial if latest else None
    refused = latest == before and bool(results) and all(each.outcome is Outcome.HELD for each in results)
    document = {
        "list": one.name,
        "serial": now,
        "left_out": [str(each.value) for each in left_out],
        "plans": [result_document(each) for each in results],
    }

    def show() -> None:
        _print(ui, one.name, serial, None if refused else now, results)
        _print_left_out(ui, left_out)

    ui.show(document, show)
    tell_unkept(ui, results)
    return exit_of_results(results)


def _left_out(site: Site, name: str, serial: Serial, content: Content) -> tuple[Entry, ...]:
    """What the serial held and today's exclusions keep out."""
    found = site.store.snapshot(name, serial)
    return without(found.content.effective, content.effective) if found else ()


def _print_left_out(ui: Ui, left_out: tuple[Entry, ...]) -> None:
    if left_out:
        ui.say(_("Left out, since today's exclusions say so:"))
        for line in shorten([str(each.value) for each in left_out], 20):
            ui.say(f"  - {line}")


def _print(ui: Ui, name: str, serial: int, now: int | None, results: tuple[Result, ...]) -> None:
    """``now`` is None where it was refused."""
    names = {"list": name, "old": serial, "new": now}
    if now is None:
        ui.say(
            _("{list}: serial {old} is not brought back, and nothing was changed").format(**names), "bold red"
        )
        print_results(ui, results)
        return
    ui.say(_("{list}: serial {old} is back, as serial {new}").format(**names), "bold")
    print_results(ui, results)
    ui.say(_("It stays until somebody approves what the sources say by then."))
