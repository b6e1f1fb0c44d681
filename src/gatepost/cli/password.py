"""``gatepost password``: the line that a user of the server logs in by."""

from __future__ import annotations

import getpass
import sys

import click

from gatepost.cli.language import _
from gatepost.cli.ui import Ui, takes_options
from gatepost.errors import UsageError
from gatepost.kit.password import PASSWORD_MOST, make_line
from gatepost.kit.secret import Secret


@click.command(help=_("Make the line that a user of the server logs in by."))
@takes_options
def command(ui: Ui) -> int:
    """Asks twice on a terminal, else reads one line; never an argument, which others could see."""
    try:
        line = make_line(
            _asked() if sys.stdin.isatty() else Secret(sys.stdin.readline(PASSWORD_MOST + 2).rstrip("\r\n"))
        )
    except ValueError as error:
        raise UsageError(str(error), hint=_HINT) from None
    ui.show({"password": line}, lambda: click.echo(line))
    return 0


_HINT = "Type a longer one, or pipe it: `gatepost password < FILE`."


def _asked() -> Secret:
    first = getpass.getpass(_("Password: "), stream=sys.stderr)
    if first != getpass.getpass(_("Again: "), stream=sys.stderr):
        msg = "the two were not the same"
        raise UsageError(msg, hint=_HINT)
    return Secret(first)
