"""``gatepost confirm``: a change made with ``--confirm-within`` stays."""

from __future__ import annotations

import click

from gatepost.cli.building import settings_of
from gatepost.cli.language import _
from gatepost.cli.ui import Ui, takes_options
from gatepost.cli.word import who
from gatepost.engine.confirming import confirm
from gatepost.engine.pending import Pending
from gatepost.engine.report import time_text
from gatepost.kit.clock import SystemClock


@click.command(help=_("Keep a change that would be taken back by itself."))
@click.argument("id_", required=False, metavar="[ID]")
@takes_options
def command(ui: Ui, id_: str | None) -> int:
    """Needs neither the history nor a platform: a person in a hurry must not wait for them."""
    done = confirm(settings_of(ui).state, id_, who=who(), at=SystemClock().now())
    document = {"confirmed": [_document(one) for one in done]}
    ui.show(document, lambda: _print(ui, done))
    return 0


def _document(one: Pending) -> dict[str, object]:
    return {
        "id": one.id,
        "who": one.who,
        "armed_at": time_text(one.armed_at),
        "until": time_text(one.until),
        "targets": [part.target for part in one.parts],
    }


def _print(ui: Ui, done: tuple[Pending, ...]) -> None:
    for one in done:
        targets = ", ".join(part.target for part in one.parts)
        ui.say(
            _("Confirmed {id}: the change of {targets} stays.").format(id=one.id, targets=targets), "green"
        )
