"""``gatepost init``: write a commented configuration."""

from __future__ import annotations

import re
from pathlib import Path

import click

from gatepost.cli.language import _
from gatepost.cli.ui import Ui, takes_options
from gatepost.config.template import PLATFORMS, template
from gatepost.errors import UsageError

_COMMENT = re.compile(r"# ([^#\n]+)$", re.MULTILINE)


@click.command(help=_("Write a commented gatepost.toml for your platforms."))
@click.argument("platforms", nargs=-1, metavar="PLATFORM...", type=click.Choice(PLATFORMS))
@click.option("--output", metavar="FILE", help=_("Where to; - prints it. Default: gatepost.toml"))
@takes_options
def command(ui: Ui, platforms: tuple[str, ...], output: str | None) -> int:
    """Never overwrites a file."""
    text = template(platforms or PLATFORMS)
    if output == "-":
        ui.show({"file": None, "text": text}, lambda: click.echo(in_words(text), nl=False))
        return 0
    path = Path(output or ui.config or "gatepost.toml")
    _write(path, in_words(text))
    ui.show({"file": str(path)}, lambda: _print(ui, path))
    return 0


def in_words(text: str) -> str:
    """The text of a file with its comments in the chosen language."""
    return _COMMENT.sub(lambda found: f"# {_(found[1])}", text)


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        msg = f"{path} exists; it is not overwritten"
        raise UsageError(msg, hint="Name another file with --output.") from None
    except OSError as error:
        msg = f"{path} cannot be written: {error.strerror}"
        raise UsageError(msg, hint="Name another file with --output.") from None


def _print(ui: Ui, path: Path) -> None:
    ui.say(_("Wrote {path}. Next:").format(path=path), "green")
    ui.say("  " + _("1. put your app ids in, and set the environment variables it names"))
    ui.say(f"  2. gatepost config check --config {path}")
    ui.say(f"  3. gatepost fetch --config {path}")
    ui.say(f"  4. gatepost plan --config {path}")
