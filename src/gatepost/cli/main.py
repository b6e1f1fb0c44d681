"""The door of the program: names and one-line helps; a command's module is imported when it is used."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping

import click

from gatepost import __version__
from gatepost.cli.language import _, choose

COMMANDS: Mapping[str, str] = {
    "demo": "Show everything in one go, without an account.",
    "init": "Write a commented gatepost.toml for your platforms.",
    "config": "Check, show or describe the configuration.",
    "fetch": "Ask the platforms and print entries; store and change nothing.",
    "plan": "Show what would change; change nothing but the store.",
    "apply": "Plan and apply, or apply exactly a plan made before.",
    "approve": "Allow what a guard held, by its digest.",
    "reject": "Refuse what a guard held, by its digest.",
    "status": "Each source, list and target: fresh, stale, held.",
    "history": "The serials of a list.",
    "diff": "What came and went between two serials.",
    "check": "Is an address or domain allowed, by what, since when?",
    "doctor": "What is wrong, and what to do.",
    "run": "The service: fetch and apply on schedule.",
    "emulate": "The four platforms on loopback, with faults on demand.",
}


class LazyGroup(click.Group):
    """Knows its commands by name; each is ``gatepost.cli.<name>:command``."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """In the order a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import the command's module now."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"gatepost.cli.{cmd_name}")
        found: click.Command = module.command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """The list of commands, without importing one of them."""
        with formatter.section(_("Commands")):
            formatter.write_dl([(name, _(text)) for name, text in COMMANDS.items()])


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="gatepost")
def cli() -> None:
    """Keep allow-lists true: ask the platforms, plan, guard, apply, verify."""


def main() -> None:
    """Run the command line."""
    choose(sys.argv[1:])
    cli.help = _("Keep allow-lists true: ask the platforms, plan, guard, apply, verify.")
    cli(prog_name="gatepost")
