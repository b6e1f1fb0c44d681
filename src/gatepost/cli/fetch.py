"""``gatepost fetch``: ask the platforms, print entries, store and change nothing."""

from __future__ import annotations

import click

from gatepost.cli.building import opener, pick_sources, settings_of
from gatepost.cli.language import _, counted
from gatepost.cli.ui import Ui, error_lines, run_async, shorten, takes_options
from gatepost.engine.exits import Exit
from gatepost.engine.fetching import Got, fetch_sources
from gatepost.engine.report import fetch_document, read_answer
from gatepost.errors import GatepostError, cut
from gatepost.kit.clock import SystemClock
from gatepost.model.answer import Answer
from gatepost.model.entry import Entry
from gatepost.model.limits import Limits

SHOWN = 20


@click.command(help=_("Ask the platforms and print entries; store and change nothing."))
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@takes_options
def command(ui: Ui, sources: tuple[str, ...]) -> int:
    """Fetch the named sources, or all."""
    settings = settings_of(ui)
    wanted = pick_sources(settings, sources)
    clock = SystemClock()

    async def ask() -> dict[str, Got]:
        with ui.progress(_("Asking the platforms"), len(wanted)) as step:
            return await fetch_sources(
                opener(settings, clock), clock, wanted, lambda one: step(one.source.name)
            )

    got = run_async(ask)
    ui.show(fetch_document(got.values(), settings.limits), lambda: _print(ui, got, settings.limits))
    failed = any(isinstance(read_answer(one, settings.limits), GatepostError) for one in got.values())
    return Exit.STALE if failed else Exit.DONE


def _print(ui: Ui, got: dict[str, Got], limits: Limits) -> None:
    for one in got.values():
        answer = read_answer(one, limits)
        head = f"{one.source.name}  {one.source.plugin.kind}  {_(one.source.direction.value)}"
        if isinstance(answer, GatepostError):
            ui.say(f"{head}  " + _("failed"), "bold red")
            for line, style in error_lines(answer):
                ui.say(f"  {line}", style)
        else:
            _print_answer(ui, head, answer)
        ui.say()


def _print_answer(ui: Ui, head: str, answer: Answer) -> None:
    entries = counted(len(answer.entries), _("1 entry"), _("{n} entries"))
    facts = _(", ").join([entries, counted(answer.requests, _("1 request"), _("{n} requests"))])
    ui.say(f"{head}  {facts}", "bold")
    for line in shorten(
        [entry_line(entry) for entry in answer.entries], SHOWN if not ui.verbosity else 10**9
    ):
        ui.say(f"  {line}")
    for odd in answer.quarantined:
        text = _("left out: {text} ({reason})").format(text=cut(odd.text, 80), reason=_(odd.reason))
        ui.say(f"  {text}", "yellow")


def entry_line(entry: Entry) -> str:
    """An entry for people: value, protocol and ports, necessity, note."""
    ports = ",".join(str(a) if a == b else f"{a}-{b}" for a, b in entry.ports)
    way = f"{entry.protocol or ''}{'/' if entry.protocol and ports else ''}{ports}"
    need = {True: _("necessary"), False: _("optional"), None: ""}[entry.necessary]
    return "  ".join(part for part in (f"{entry.value!s:<22}", way, need, cut(entry.note or "", 60)) if part)
