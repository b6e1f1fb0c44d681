"""``gatepost status``: how old everything is, and what needs a person first."""

from __future__ import annotations

from datetime import datetime

import click

from gatepost.cli.building import site_of
from gatepost.cli.language import _, titled
from gatepost.cli.showing import (
    SHORT_DIGEST,
    drift_lines,
    outcome_word,
    print_clock,
    print_word,
    ways_out,
)
from gatepost.cli.ui import Ui, error_lines, takes_options
from gatepost.engine.exits import Exit
from gatepost.engine.health import Health, ListHealth, SourceHealth, TargetHealth, health_document, health_of
from gatepost.engine.pending import Part, Pending
from gatepost.engine.report import time_text
from gatepost.engine.seeing import see_all
from gatepost.errors import TargetForeign, cut
from gatepost.kit.sentences import SEAM
from gatepost.model.answer import HeldAnswer
from gatepost.model.plan import Cause, Plan, Word
from gatepost.model.record import Failure

MINUTE, HOUR, DAY = 60, 3600, 86400


@click.command(help=_("Each source, list and target: fresh, stale, held."))
@click.option("--no-look", is_flag=True, help=_("Leave the targets alone: say what the history knows."))
@takes_options
def command(ui: Ui, *, no_look: bool) -> int:
    """Read the history and each target; exit 1: failed, empty, open, overdue or unread, 3: held, 4: stale."""
    with site_of(ui) as site:
        health = health_of(site, {} if no_look else see_all(site))
        ui.show(health_document(health), lambda: _print(ui, health, site.clock.now()))
    if health.failed or health.urgent or health.overdue:
        return Exit.FAILED
    if health.held or health.drifted or health.taken_back or any(one.held for one in health.lists):
        return Exit.HELD
    return Exit.STALE if health.stale else Exit.DONE


def _print(ui: Ui, health: Health, now: datetime) -> None:
    sources = ui.table(_("source"), _("kind"), _("asked"), _("answered"), _("changed"), _("state"))
    for one in health.sources:
        sources.add_row(*_source_row(one, health, now))
    lists = ui.table(_("list"), _("serial"), _("entries"), _("in grace"), _("since"), _("state"))
    for row in health.lists:
        cells = ("-" if row.serial is None else str(row.serial), str(row.entries), str(row.grace))
        lists.add_row(row.name, *cells, age(row.at, now), _list_state(row, health))
    targets = ui.table(_("target"), _("kind"), _("list"), _("serial"), _("applied"), _("state"))
    for target in health.targets:
        targets.add_row(*_target_row(target, now))
    for table in (sources, lists, targets):
        ui.out.print(table)
        ui.say()
    print_clock(ui, health.look)
    for row in health.lists:
        _print_refused(ui, row)
    for target in health.targets:
        _print_troubles(ui, target, now)
    for part, pending in health.stranded:
        _print_stranded(ui, part, pending)
    _print_waiting(ui, health)


def _print_waiting(ui: Ui, health: Health) -> None:
    for answer in health.answers:
        list_, _sep, source = answer.source.rpartition("/")
        name = _("{list}: the new answer of {source}").format(list=list_, source=source)
        _print_held(ui, name, answer, health)
        waits = sorted(plan.target for plan in health.held if answer.digest in plan.awaits)
        if waits:
            ui.say("  " + _("targets that wait for it: {targets}").format(targets=", ".join(waits)), "dim")
    for plan in health.own:
        _print_held(ui, plan.target, plan, health)


def _list_state(row: ListHealth, health: Health) -> str:
    if row.held:
        return _held_state(row.name, health)
    if row.stale:
        return _("STALE")
    return _("ANSWER REFUSED") if row.refused else _("fresh")


def _held_state(name: str, health: Health) -> str:
    """Of a list with held answers: what was said of all of them, or that they are held."""
    answers = (one for one in health.answers if one.source.partition("/")[0] == name)
    words = {record.word if (record := health.words.get(one.digest)) else None for one in answers}
    if words == {Word.APPROVE}:
        return _("approved")
    return _("rejected") if words == {Word.REJECT} else _("HELD")


def _print_refused(ui: Ui, row: ListHealth) -> None:
    for source, failure in row.refused.items():
        words = _("{list}: nothing of the last answer of {source} may be used; the last good one stays")
        ui.say(words.format(list=row.name, source=source), "bold yellow")
        for line, style in error_lines(failure):
            ui.say(f"  {line}", style)


def _print_troubles(ui: Ui, one: TargetHealth, now: datetime) -> None:
    if one.drift is not None:
        for line in drift_lines(one.drift):
            ui.say(line, "bold red")
    if one.overdue is not None:
        _print_overdue(ui, one.target.name, one.overdue)
    elif one.taken_back:
        words = _("{target}: the last change was taken back; `gatepost plan` shows what waits for a word")
        ui.say(words.format(target=one.target.name), "yellow")
    if one.unread is not None:
        words = _("{target}: could not be read, so nobody knows what is in force there; first seen {age}")
        ui.say(words.format(target=one.target.name, age=age(one.unread.at, now)), "bold red")
        for line, style in error_lines(one.unread.failure):
            ui.say(f"  {line}", style)
        if one.applied is not None and _may_be_adopted(one.unread.failure):
            words = _("it was ours before: see who changed it; `{adopt}` makes it ours again")
            adopt = f'gatepost adopt {one.target.name} --why "…"'
            ui.say("  → " + words.format(adopt=adopt))
    if one.denied is not None:
        words = _("{target}: not looked at: needs a right that you lack; this is what the history knows")
        ui.say(words.format(target=one.target.name), "yellow")
        ui.say(f"  {cut(_(one.denied.message), 600)}", "dim")
        ui.say("  → " + _(one.denied.next_step), "dim")


def _may_be_adopted(failure: Failure) -> bool:
    """Whether our mark is missing; of one that is damaged, the error itself says what to do."""
    return failure.kind == TargetForeign.__name__ and failure.hint == TargetForeign.hint


def _print_stranded(ui: Ui, part: Part, pending: Pending) -> None:
    words = _("{target}: nobody confirmed the last change, and it was not taken back")
    ui.say(words.format(target=part.target), "bold red")
    words = _(
        "no target is configured any more there ({place}): configure it again, or `gatepost confirm {id}`"
    )
    ui.say("  → " + words.format(place=part.place or part.target, id=pending.id))


def _print_overdue(ui: Ui, target: str, pending: Pending) -> None:
    words = _("{target}: nobody confirmed the last change, and it was not taken back")
    ui.say(words.format(target=target), "bold red")
    if target in pending.failures:
        for line, style in error_lines(pending.failures[target]):
            ui.say(f"  {line}", style)
    words = _("`gatepost revert {id}` takes it back now; `gatepost confirm {id}` keeps it")
    ui.say("  → " + words.format(id=pending.id))


def _print_held(ui: Ui, name: str, held: Plan | HeldAnswer, health: Health) -> None:
    word, ways = health.words.get(held.digest), ways_out(held.reasons)
    if ways:
        ui.say(_("{target} is held, and no approval lifts it:").format(target=name), "bold yellow")
        for reason in held.reasons:
            ui.say("  " + titled(reason.guard, _(reason.message)), "yellow")
        for way in ways:
            ui.say(f"  → {way}")
    if word is not None:
        ui.say(_("{target} was held:").format(target=name), "bold yellow")
        print_word(ui, word, held.digest, "  ", may_be_approved=not ways)
    elif not ways:
        short = held.digest[:SHORT_DIGEST]
        ui.say(SEAM.sub("", _("{target} waits for a word:").format(target=name)), "bold yellow")
        ui.say("  " + _("why, and what it would change:") + f"  gatepost explain {short}")
        ui.say("  " + _("if this is right:") + f'  gatepost approve {short} --why "…"', "bold yellow")
        ui.say("  " + _("if it is not:    ") + f'  gatepost reject {short} --why "…"')


def _source_row(one: SourceHealth, health: Health, now: datetime) -> tuple[str, ...]:
    seen = one.attempt
    refused = any(one.source.name in each.refused for each in health.lists)
    state = _("STALE") if one.stale else _("ANSWER REFUSED") if refused else _("fresh")
    if seen and seen.failure:
        state += f", {seen.failure.kind}"
    moments = (seen.at, seen.succeeded_at, seen.changed_at) if seen else (None, None, None)
    return (one.source.name, one.source.plugin.kind, *(age(moment, now) for moment in moments), state)


def _target_row(one: TargetHealth, now: datetime) -> tuple[str, ...]:
    seen = one.applied
    state = _target_state(one)
    serial = str(seen.serial) if seen and seen.serial else "-"
    return (
        one.target.name,
        one.target.plugin.kind,
        one.target.list,
        serial,
        age(seen.at if seen else None, now),
        state,
    )


def _target_state(one: TargetHealth) -> str:
    """The worst thing first; in brackets what was not looked at."""
    return _words_of(one) if one.denied is None else f"{_words_of(one)} ({_('not looked at')})"


def _words_of(one: TargetHealth) -> str:
    if one.unread is not None:
        return _("NOT READ")
    if one.overdue is not None and not (one.drift and one.drift.urgent):
        return _("NOT TAKEN BACK")
    if one.drift is not None:
        return _("EMPTY") if one.drift.empty else _("OPENED WIDE") if one.drift.wide else _("DRIFTED")
    if one.unconfirmed is not None:
        return _("unconfirmed until {time}").format(time=time_text(one.unconfirmed))
    if one.in_step:
        return _("in step")
    if one.last and one.last.cause is not Cause.SYNC:
        return {Cause.PURGE: _("purged"), Cause.REVERT: _("reverted")}.get(one.last.cause, _("rolled back"))
    return outcome_word(one.last.outcome) if one.last and one.last.outcome else _("waiting")


def age(moment: datetime | None, now: datetime) -> str:
    """How long ago, in the largest unit that says enough."""
    if moment is None:
        return _("never")
    seconds = max(int((now - moment).total_seconds()), 0)
    for unit, text in ((DAY, _("{n} d ago")), (HOUR, _("{n} h ago")), (MINUTE, _("{n} min ago"))):
        if seconds >= unit:
            return text.format(n=seconds // unit)
    return _("{n} s ago").format(n=seconds)
