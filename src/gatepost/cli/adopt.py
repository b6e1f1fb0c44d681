"""``gatepost adopt``: make what is at a target's place ours."""

from __future__ import annotations

import click

from gatepost.cli.building import pick_targets, site_of
from gatepost.cli.language import _
from gatepost.cli.ui import Ui, run_async, takes_options
from gatepost.cli.word import who
from gatepost.engine.leaving import adopt
from gatepost.engine.report import values_document
from gatepost.engine.site import Site
from gatepost.errors import TargetForeign


@click.command(help=_("Make what is at a target's place ours; its content stays."))
@click.argument("target")
@click.option("--why", required=True, metavar="TEXT", help=_("The reason, for the record."))
@takes_options
def command(ui: Ui, target: str, why: str) -> int:
    """Only a person decides that something carries our mark from now on."""
    with site_of(ui) as site:
        name = pick_targets(site.settings, (target,))[0]
        before = run_async(lambda: _is_ours(site, name))
        current = run_async(lambda: adopt(site, name, who=who(), why=why))
        place = site.targets[name].place
    entries = values_document(current.entries)
    document = {"target": name, "generation": current.generation, "entries": entries, "before": before}
    text = _said(before=before, nothing=not current.generation)
    ui.show(document, lambda: ui.say(text.format(place=place, n=len(current.entries)), "green"))
    return 0


def _said(*, before: bool, nothing: bool) -> str:
    if before and nothing:
        return _("There is nothing to adopt at {place}; nothing was changed.")
    if before:
        return _("{place} was ours before, with {n} entries; nothing was changed.")
    return _("{place} is ours now, with {n} entries as they were; `gatepost plan` shows what differs.")


async def _is_ours(site: Site, name: str) -> bool:
    """Whether there is nothing to adopt: what is there, if anything, carries our mark."""
    try:
        await site.targets[name].current()
    except TargetForeign:
        return False
    return True
