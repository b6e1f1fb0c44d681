"""The commands as the command line library knows them: by name, imported when used."""

from __future__ import annotations

import difflib
import importlib
import sys
from typing import NoReturn

import click

from gatepost import __version__
from gatepost.cli.help import COMMANDS, SUMMARY, help_text
from gatepost.cli.help_page import in_language
from gatepost.cli.language import _
from gatepost.cli.ui import Ui
from gatepost.errors import UsageError, cut


class LazyGroup(click.Group):
    """Finds a command in the module of its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """In the order a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import the command's module now."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"gatepost.cli.{cmd_name}")
        return in_language(module.command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """A mistyped name is answered with the nearest one there is."""
        near = difflib.get_close_matches(args[0], COMMANDS, n=1)
        if args[0] not in COMMANDS and near and not args[0].startswith("-"):
            ctx.fail(f"No such command {args[0]!r}. Did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)

    def get_help(self, ctx: click.Context) -> str:  # noqa: ARG002 - click's signature
        """The same text as without the library."""
        return help_text().rstrip("\n")


@click.command(
    cls=LazyGroup,
    help=_(SUMMARY),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="gatepost", message="%(prog)s %(version)s")
@click.option("--lang", metavar="en|zh", expose_value=False, help=_("Language; default from $LANG."))
def cli() -> None:
    """Keep allow-lists true."""


def run(arguments: list[str]) -> None:
    """Run a command line.

    A wrong one fails like anything else: with exit 1, since 2 tells scripts
    that changes wait, and as an object where --json is asked for.
    """
    try:
        cli.main(arguments, prog_name="gatepost", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(1)
    except click.ClickException as error:
        refuse(arguments, UsageError(cut(error.format_message(), 600)))
    except click.Abort:
        sys.exit(1)


def refuse(arguments: list[str], error: UsageError) -> NoReturn:
    """Say what is wrong with a command line, and end."""
    Ui(None, "--json" in arguments, 0).fail(error)
    sys.exit(1)
