"""``gatepost replay``: a recorded history through the guards, before anybody trusts them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from gatepost.cli.language import _
from gatepost.cli.ui import Ui, takes_options
from gatepost.config.policy import Policy, read_policy
from gatepost.config.values import duration
from gatepost.engine.exits import Exit
from gatepost.engine.replaying import Replayed, Run, Variant, bridged, replay_file, replayed_document
from gatepost.engine.report import error_document, time_text
from gatepost.errors import GatepostError, UsageError
from gatepost.model.limits import Limits
from gatepost.planning.guard_text import guard_words
from gatepost.planning.replay import Held

STEPS = 20
"""Of the progress bar, for each file."""
EVERY_LEAST = timedelta(minutes=1)
SHOWN = 20


@click.command(help=_("Run recorded histories through the guards; nothing is stored or changed."))
@click.argument("files", nargs=-1, required=True, metavar="FILE.jsonl[.gz]...")
@click.option("--every", default="1h", metavar="1h", help=_("How often the list is fetched."))
@click.option(
    "--approve/--no-approve",
    default=None,
    help=_("Only with, or only without, a person who approves at once; default: both."),
)
@click.option(
    "--policy",
    "policies",
    multiple=True,
    metavar="KEY=VALUE[,…]|FILE",
    help=_("Guard settings to compare with the defaults: grace=3d, or a TOML file; may be repeated."),
)
@takes_options
def command(
    ui: Ui, *, files: tuple[str, ...], every: str, approve: bool | None, policies: tuple[str, ...]
) -> int:
    """Each file by itself; one that cannot be read does not stop the others."""
    interval = _interval(every)
    compared = [Policy(_("defaults"), Limits()), *map(read_policy, policies)]
    words = (True, False) if approve is None else (approve,)
    variants = [Variant(policy, word) for policy in compared for word in words]
    with ui.progress(_("Replaying"), STEPS * len(files)) as step:
        done = [_replay(Path(file), variants, interval, step) for file in files]
    failed = [one for one in done if isinstance(one, GatepostError)]
    if failed and len(done) == 1:
        raise failed[0]
    documents = [_document(file, one) for file, one in zip(files, done, strict=True)]
    whole = documents[0] if len(documents) == 1 else {"histories": documents}
    ui.show(whole, lambda: _print(ui, [one for one in done if isinstance(one, Replayed)]))
    if not ui.as_json:
        for error in failed:
            ui.fail(error)
    return Exit.FAILED if failed else Exit.DONE


def _interval(text: str) -> timedelta:
    try:
        return duration(text, EVERY_LEAST)
    except ValueError as error:
        msg = f"--every: {error}"
        raise UsageError(msg, hint="Write a time such as 90s, 10m or 1h.") from None


def _replay(
    file: Path, variants: Sequence[Variant], every: timedelta, step: Callable[[str], None]
) -> Replayed | GatepostError:
    """One file; what is wrong with it is a value, so that the others go on."""
    steps = iter(range(1, STEPS + 1))
    due = next(steps)

    def tell(share: float) -> None:
        nonlocal due
        while share * STEPS >= due <= STEPS:
            step(f"{file.name}: {share:.0%}")
            due = next(steps, STEPS + 1)

    try:
        return replay_file(file, variants, every, tell)
    except GatepostError as error:
        return error


def _document(file: str, one: Replayed | GatepostError) -> dict[str, Any]:
    return (
        replayed_document(one) if isinstance(one, Replayed) else {"file": file, "error": error_document(one)}
    )


def _print(ui: Ui, done: list[Replayed]) -> None:
    for one in done:
        ui.say(one.file, "bold")
        _print_runs(ui, [[run] for run in one.runs])
        ui.say()
        for run in one.runs:
            if run.variant.approve or len(one.runs) == 1:
                _print_held(ui, run)
    if len(done) > 1:
        ui.say(_("all histories"), "bold")
        _print_runs(ui, [list(runs) for runs in zip(*(one.runs for one in done), strict=True)])


def _print_runs(ui: Ui, columns: list[list[Run]]) -> None:
    """A column a variant; of several histories, the sums."""
    table = ui.table("", *(_heading(runs[0]) for runs in columns))
    for name, figure in _figures().items():
        table.add_row(name, *(figure(runs) for runs in columns))
    ui.out.print(table)


def _heading(run: Run) -> str:
    word = _("approved at once") if run.variant.approve else _("nobody approves")
    return f"{run.variant.policy.name}\n{word}"


def _figures() -> dict[str, Callable[[list[Run]], str]]:
    """Rows of the table."""

    def total(of: Callable[[Run], float]) -> Callable[[list[Run]], str]:
        return lambda runs: f"{sum(map(of, runs)):,.10g}"

    def days(of: Callable[[Run], float]) -> Callable[[list[Run]], str]:
        return lambda runs: f"{sum(map(of, runs)):,.1f}"

    return {
        _("changes seen"): total(lambda run: run.replay.changes),
        _("applied at once"): total(lambda run: run.replay.applied),
        _("held"): _held_share,
        _("lost: back in time, and not in force meanwhile"): total(lambda run: len(run.replay.tally.losses)),
        _("bridged: back in time, in force all the while"): total(bridged),
        _("of these, only because the change was held"): total(
            lambda run: sum(one.by_hold for one in run.replay.tally.returns)
        ),
        _("quarantined values"): total(lambda run: len(run.upstream.ever_odd)),
        _("entry-days kept longer than upstream"): days(lambda run: run.replay.tally.kept_entry_days),
        _("entry-days later than upstream"): days(lambda run: run.replay.tally.late_entry_days),
    }


def _held_share(runs: list[Run]) -> str:
    held, changes = sum(len(run.replay.held) for run in runs), sum(run.replay.changes for run in runs)
    return f"{held:,} ({100 * held / (changes or 1):.2f} %)"


def _print_held(ui: Ui, run: Run) -> None:
    """What was stopped, by line and reason."""
    replay, name = run.replay, run.variant.policy.name
    if replay.first is not None:
        ui.say(_("{policy}: the first list is held").format(policy=name), "yellow")
        _print_stopped(ui, replay.first)
    if replay.held:
        ui.say(_("{policy}: held").format(policy=name), "yellow")
    most = len(replay.held) if ui.verbosity else SHOWN
    for held in replay.held[:most]:
        _print_stopped(ui, held)
    if len(replay.held) > most:
        ui.say("  " + _("… and {n} more (-v shows all)").format(n=len(replay.held) - most), "dim")


def _print_stopped(ui: Ui, held: Held) -> None:
    ui.say("  " + _("line {line}, {at}").format(line=held.line, at=time_text(held.at)))
    for reason in held.reasons:
        short = guard_words(_, reason) or f"{reason.measured} / {reason.limit}"
        ui.say(f"    {reason.guard}: {short}")
        ui.say(f"      {_(reason.message)}", "dim")
