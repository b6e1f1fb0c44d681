"""``gatepost history``: the serials of a list."""

from __future__ import annotations

import click

from gatepost.cli.building import site_of
from gatepost.cli.language import _
from gatepost.cli.ui import Ui, takes_options
from gatepost.engine.naming import UNKNOWN_NAME
from gatepost.engine.report import serial_document, time_text
from gatepost.errors import UsageError
from gatepost.model.record import SerialRecord


@click.command(help=_("The serials of a list."))
@click.argument("list_name", metavar="LIST")
@takes_options
def command(ui: Ui, list_name: str) -> int:
    """Newest last."""
    with site_of(ui) as site:
        if list_name not in {*site.settings.lists, *site.store.lists()}:
            msg = f"there is no list {list_name!r} ({', '.join(sorted(site.settings.lists)) or 'none'})"
            raise UsageError(msg, hint=UNKNOWN_NAME)
        records = site.store.serials(list_name)
    document = {"list": list_name, "serials": [serial_document(one) for one in records]}
    ui.show(document, lambda: _print(ui, records))
    return 0


def _print(ui: Ui, records: tuple[SerialRecord, ...]) -> None:
    if not records:
        ui.say(_("nothing was accepted yet: run `gatepost plan`"))
        return
    table = ui.table(_("serial"), _("at"), _("entries"), _("came"), _("went"))
    for one in records:
        table.add_row(
            str(one.serial), time_text(one.at) or "", str(one.entries), f"+{one.added}", f"-{one.removed}"
        )
    ui.out.print(table)
