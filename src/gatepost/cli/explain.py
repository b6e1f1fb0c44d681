"""``gatepost explain``: why a plan was held, or why an address or domain is allowed or not."""

from __future__ import annotations

import click

from gatepost.cli.building import site_of
from gatepost.cli.check import value_of
from gatepost.cli.language import _
from gatepost.cli.ui import Ui, takes_options
from gatepost.engine.explaining import explain, explanation_document, is_digest, known_digest
from gatepost.engine.explaining_values import ValueExplanation, explain_value, value_document
from gatepost.engine.report import JSON
from gatepost.engine.site import Site


@click.command(help=_("Why: a plan or answer by its digest, an address or domain by itself."))
@click.argument("what", metavar="DIGEST|VALUE")
@click.option(
    "--list", "lists", multiple=True, metavar="LIST", help=_("Ask only this list; may be repeated.")
)
@takes_options
def command(ui: Ui, what: str, lists: tuple[str, ...]) -> int:
    """Reads the history alone."""
    with site_of(ui) as site:
        if is_digest(what):
            document = _of_digest(ui, site, what)
            ui.show(document, lambda: ui.say(document["paragraph"]))
            return 0
        found = explain_value(site, value_of(what), lists, ui.prose)
    ui.show(value_document(found), lambda: _print(ui, found))
    return 0


def _of_digest(ui: Ui, site: Site, named: str) -> JSON:
    found = explain(site, known_digest(site, named), ui.prose)
    return explanation_document(found) if found else {}


def _print(ui: Ui, found: ValueExplanation) -> None:
    for one in found.stories:
        ui.say(one.paragraph)
