"""``gatepost emulate``: the four platforms on loopback."""

from __future__ import annotations

import click

from gatepost.cli.language import _
from gatepost.cli.ui import Ui, takes_options


@click.command(help=_("The four platforms on loopback, with faults on demand."))
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8700, show_default=True, help=_("The port; 0: any.")
)
@takes_options
def command(ui: Ui, port: int) -> int:
    """Serve until interrupted; docs/emulator.md tells how to steer it."""
    from gatepost.emulator.serve import run  # noqa: PLC0415 - an extra, imported when used

    ui.tell(_("The emulator listens on http://127.0.0.1:{port}; control at /_emulator/").format(port=port))
    run(port)
    return 0
