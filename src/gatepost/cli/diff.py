"""``gatepost diff``: what came and went between two serials."""

from __future__ import annotations

import click

from gatepost.cli.building import site_of
from gatepost.cli.fetch import entry_line
from gatepost.cli.language import _
from gatepost.cli.ui import Ui, takes_options
from gatepost.engine.report import delta_document
from gatepost.engine.site import Site
from gatepost.errors import UsageError
from gatepost.model.content import Delta, Serial, Snapshot
from gatepost.planning.diff import diff

SERIAL_MOST = 2**31 - 1


@click.command(help=_("What came and went between two serials."))
@click.argument("list_name", metavar="LIST")
@click.argument("first", type=click.IntRange(1, SERIAL_MOST), metavar="A")
@click.argument("second", type=click.IntRange(1, SERIAL_MOST), metavar="B")
@takes_options
def command(ui: Ui, list_name: str, first: int, second: int) -> int:
    """Entries in force, as `plan` would add and remove them."""
    with site_of(ui) as site:
        before, after = _snapshot(site, list_name, first), _snapshot(site, list_name, second)
    delta = diff(before.content.effective, after.content.effective)
    ui.show(delta_document(list_name, first, second, delta), lambda: _print(ui, delta))
    return 0


def _snapshot(site: Site, name: str, serial: int) -> Snapshot:
    found = site.store.snapshot(name, Serial(serial))
    if found is None:
        msg = f"there is no serial {serial} of {name!r}"
        raise UsageError(msg, hint="`gatepost history LIST` shows the serials there are.")
    return found


def _print(ui: Ui, delta: Delta) -> None:
    if not delta:
        ui.say(_("no difference"))
    for entry in delta.added:
        ui.say("+ " + entry_line(entry), "green")
    for entry in delta.removed:
        ui.say("- " + entry_line(entry), "red")
