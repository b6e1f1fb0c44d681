"""``gatepost approve``: a person's word on what a guard held."""

from __future__ import annotations

import click

from gatepost.cli.language import _
from gatepost.cli.ui import Ui, takes_options
from gatepost.cli.word import speak
from gatepost.model.plan import Word


@click.command(help=_("Allow what a guard held, by its digest."))
@click.argument("digest")
@click.option("--why", required=True, metavar="TEXT", help=_("The reason, for the record."))
@takes_options
def command(ui: Ui, digest: str, why: str) -> int:
    """Record the word with who and when."""
    return speak(ui, digest, Word.APPROVE, why)
