"""``gatepost lockout``: an access log against a plan that waits: who would be cut off, who let in."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, cast

import click

from gatepost.cli.building import site_of
from gatepost.cli.language import _, counted
from gatepost.cli.showing import SHORT_DIGEST, SHOWN, status_word
from gatepost.cli.ui import Ui, takes_options
from gatepost.engine.access_log import PROBED, Fields, LogFormat, lines, probe, reader_of
from gatepost.engine.asking import bare
from gatepost.engine.exits import Exit
from gatepost.engine.explaining import known_digest
from gatepost.engine.lockout import TOLD, Change, Counting, Effect, Fate, Lockout, changes, lockout_document
from gatepost.engine.report import time_text
from gatepost.errors import UsageError, cut
from gatepost.model.entry import Direction
from gatepost.model.plan import PlanStatus

AUTO = "auto"
GZIP = b"\x1f\x8b"
CONNECTIONS = frozenset({LogFormat.JSON, LogFormat.CONNTRACK})
"""Formats that tell where a connection went."""


@click.command(help=_("Who in an access log would be cut off, or let in, by what waits."))
@click.argument("list_", metavar="LIST")
@click.option(
    "--log",
    "logs",
    multiple=True,
    required=True,
    metavar="FILE",
    help=_("An access log or connection table, .gz or not; - for stdin; may be repeated."),
)
@click.option(
    "--format",
    "format_",
    type=click.Choice([AUTO, *(one.value for one in LogFormat)]),
    default=AUTO,
    help=_("How its lines are written."),
)
@click.option("--field", metavar="NAME", help=_("With json: the member that holds the client."))
@click.option("--time-field", metavar="NAME", help=_("With json: the member that holds the time."))
@click.option("--plan", "digest", metavar="DIGEST", help=_("This plan or held answer, not what waits now."))
@takes_options
def command(ui: Ui, list_: str, logs: tuple[str, ...], digest: str | None, **options: str | None) -> int:
    """Reads logs and the history; exit 5 if anybody who came would be cut off."""
    fields = Fields(options["field"], options["time_field"])
    with site_of(ui) as site:
        found = changes(site, list_, known_digest(site, digest) if digest else None)
        direction = site.settings.lists[list_].allowlist.direction
    if not found:
        document = lockout_document(Lockout(()), {"list": list_, "logs": [], "format": None})
        ui.show(document, lambda: ui.say(_("nothing waits to be applied on {list}").format(list=list_)))
        return Exit.DONE
    counting, format_ = _count(logs, str(options["format_"]), fields, direction, found)
    report = counting.report
    about = {"list": list_, "logs": [*logs], "format": format_.value}
    ui.show(lockout_document(report, about), lambda: _print(ui, report))
    return Exit.DENIED if report.cuts_off else Exit.DONE


def _count(
    logs: Sequence[str], wanted: str, fields: Fields, direction: Direction, found: Sequence[Change]
) -> tuple[Counting, LogFormat]:
    """All logs, in the format of the first. Raises UsageError where nothing can be read."""
    counting, format_ = Counting(found), None if wanted == AUTO else LogFormat(wanted)
    for name in logs:
        with _opened(name) as file:
            first = [*islice(lines(file), PROBED)]
            format_ = format_ or probe(first, direction, fields)
            if format_ is None:
                msg = f"{cut(name)}: in none of its first lines a client can be found"
                raise UsageError(msg, hint="Name the format with --format; for json also --field.")
            _require(format_, direction)
            counting.count(chain(first, lines(file)), reader_of(format_, direction, fields))
    if format_ is None or not counting.report.read:
        msg = f"no line of {', '.join(map(cut, logs))} names a client"
        raise UsageError(msg, hint="Name the format with --format; for json also --field.")
    return counting, format_


def _require(format_: LogFormat, direction: Direction) -> None:
    if direction is Direction.EGRESS and format_ not in CONNECTIONS:
        msg = f"a log of {format_.value} tells who came; an egress list is about where we go"
        raise UsageError(msg, hint="Use `conntrack -L`, or JSON lines of a proxy with --field.")


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    """A log's bytes, unpacked. Raises UsageError where it cannot be opened, or read to its end."""
    try:
        with _raw(name) as file:
            packed = file.peek(2)[:2] == GZIP  # type: ignore[attr-defined]  # a buffered reader
            yield cast("BinaryIO", gzip.GzipFile(fileobj=file)) if packed else file
    except (OSError, EOFError, zlib.error) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        msg = f"{cut(name)} cannot be read: {cut(str(why))}"
        raise UsageError(msg, hint="Name a file that this user may read.") from None


@contextmanager
def _raw(name: str) -> Iterator[BinaryIO]:
    if name == "-":
        yield sys.stdin.buffer
        return
    with Path(name).open("rb") as file:
        yield file


def fate_words() -> dict[Fate, str]:
    """What each fate is called, in the chosen language."""
    return {
        Fate.LOSES: _("would be CUT OFF"),
        Fate.LATER: _("would be cut off once it is approved, after absences and grace"),
        Fate.PORTS: _("would be let in on other ports"),
        Fate.GAINS: _("would be let in"),
        Fate.KEEPS: _("stay let in"),
        Fate.OUTSIDE: _("are not on the list, before and after"),
    }


_STYLES = {Fate.LOSES: "bold red", Fate.LATER: "bold yellow", Fate.PORTS: "yellow", Fate.GAINS: "green"}


def _print(ui: Ui, report: Lockout) -> None:
    words = _("{read} of 1 line named a client"), _("{read} of {n} lines named a client")
    ui.say(words[report.lines != 1].format(read=report.read, n=report.lines))
    if report.skipped:
        one = _("1 line named nobody: whoever came by it is not in what follows")
        many = _("{n} lines named nobody: whoever came by them is not in what follows")
        ui.say(counted(report.skipped, one, many), "bold yellow")
    for effect in report.effects:
        _print_effect(ui, effect)


def _print_effect(ui: Ui, effect: Effect) -> None:
    change = effect.change
    what = _("target {target}").format(target=change.target) if change.target else _("held answer")
    ui.say()
    digests = ", ".join(one[:SHORT_DIGEST] for one in change.awaits or (change.digest,))
    ui.say(f"{what}  {digests}  ({status_word(PlanStatus(change.status))})", "bold")
    for fate, words in fate_words().items():
        requests = effect.requests[fate]
        if fate not in TOLD:
            text = _("{requests} of clients that {fate}")
            ui.say("  " + text.format(requests=_requests(requests), fate=words))
        elif requests:
            _print_clients(ui, effect, fate, words)
    if not effect.cuts_off:
        ui.say("  " + _("nobody of them would be cut off"), "green")


def _requests(number: int) -> str:
    return counted(number, _("1 request"), _("{n} requests"))


def _print_clients(ui: Ui, effect: Effect, fate: Fate, words: str) -> None:
    clients = effect.ordered(fate)
    count = counted(len(clients), _("1 client"), _("{n} clients"))
    if effect.uncounted[fate]:
        count = _("{n}+ clients").format(n=len(clients))
    text = _("{clients} with {requests} {fate}:")
    told = text.format(clients=count, requests=_requests(effect.requests[fate]), fate=words)
    ui.say("  " + told, _STYLES[fate])
    for one in clients if ui.verbosity > 0 else clients[:SHOWN]:
        seen = _("last {time}").format(time=time_text(one.last)) if one.last else ""
        line = f"{bare(one.value):<39}  {_requests(one.requests)}  {seen}"
        ui.say(f"    {line.rstrip()}  ({one.entry.value})")
    rest = 0 if ui.verbosity > 0 else len(clients) - SHOWN
    if rest > 0:
        ui.say("    " + _("… and {n} more (-v shows all)").format(n=rest), "dim")
