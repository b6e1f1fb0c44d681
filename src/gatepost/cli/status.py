"""``gatepost status``: how old everything is, and what needs a person first."""

from __future__ import annotations

from datetime import datetime

import click

from gatepost.cli.building import site_of
from gatepost.cli.language import _
from gatepost.cli.showing import SHORT_DIGEST, drift_lines, outcome_word
from gatepost.cli.ui import Ui, takes_options
from gatepost.engine.exits import Exit
from gatepost.engine.health import Health, SourceHealth, TargetHealth, health_document, health_of
from gatepost.model.plan import Cause

MINUTE, HOUR, DAY = 60, 3600, 86400


@click.command(help=_("Each source, list and target: fresh, stale, held."))
@takes_options
def command(ui: Ui) -> int:
    """Read the history alone; exit 1: failed or empty, 3: held or drifted, 4: stale."""
    with site_of(ui) as site:
        health = health_of(site)
        ui.show(health_document(health), lambda: _print(ui, health, site.clock.now()))
    if health.failed or health.empty:
        return Exit.FAILED
    if health.held or health.drifted or any(one.held for one in health.lists):
        return Exit.HELD
    return Exit.STALE if health.stale else Exit.DONE


def _print(ui: Ui, health: Health, now: datetime) -> None:
    sources = ui.table(_("source"), _("kind"), _("asked"), _("answered"), _("changed"), _("state"))
    for one in health.sources:
        sources.add_row(*_source_row(one, now))
    lists = ui.table(_("list"), _("serial"), _("entries"), _("in grace"), _("since"), _("state"))
    for row in health.lists:
        state = _("HELD") if row.held else _("STALE") if row.stale else _("fresh")
        cells = ("-" if row.serial is None else str(row.serial), str(row.entries), str(row.grace))
        lists.add_row(row.name, *cells, age(row.at, now), state)
    targets = ui.table(_("target"), _("kind"), _("list"), _("serial"), _("applied"), _("state"))
    for target in health.targets:
        targets.add_row(*_target_row(target, now))
    for table in (sources, lists, targets):
        ui.out.print(table)
        ui.say()
    for target in health.targets:
        if target.drift is not None:
            for line in drift_lines(target.drift):
                ui.say(line, "bold red")
    for plan in health.held:
        ui.say(
            _("{target} waits for a word:").format(target=plan.target)
            + f'  gatepost approve {plan.digest[:SHORT_DIGEST]} --why "…"',
            "bold yellow",
        )


def _source_row(one: SourceHealth, now: datetime) -> tuple[str, ...]:
    seen = one.attempt
    state = _("STALE") if one.stale else _("fresh")
    if seen and seen.failure:
        state += f", {seen.failure.kind}"
    moments = (seen.at, seen.succeeded_at, seen.changed_at) if seen else (None, None, None)
    return (one.source.name, one.source.plugin.kind, *(age(moment, now) for moment in moments), state)


def _target_row(one: TargetHealth, now: datetime) -> tuple[str, ...]:
    seen = one.applied
    state = _target_state(one)
    serial = str(seen.serial) if seen else "-"
    return (
        one.target.name,
        one.target.plugin.kind,
        one.target.list,
        serial,
        age(seen.at if seen else None, now),
        state,
    )


def _target_state(one: TargetHealth) -> str:
    """The worst thing first."""
    if one.drift is not None:
        return _("EMPTY") if one.drift.empty else _("DRIFTED")
    if one.unconfirmed is not None:
        return _("unconfirmed until {time}").format(time=one.unconfirmed.astimezone().strftime("%H:%M:%S"))
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
