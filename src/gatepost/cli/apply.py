"""``gatepost apply``: plan and apply, or apply exactly a plan made before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import click

from gatepost.cli.building import site_of, starter
from gatepost.cli.language import _
from gatepost.cli.plan import make_report
from gatepost.cli.planfile import read_plans
from gatepost.cli.showing import print_report, tell_unkept
from gatepost.cli.ui import Ui, run_async, takes_options
from gatepost.cli.word import who
from gatepost.config.values import duration
from gatepost.engine.applying import ready
from gatepost.engine.confirming import Armed
from gatepost.engine.cycle import CycleReport, apply_cycle, apply_to_confirm
from gatepost.engine.exits import exit_of
from gatepost.engine.naming import whole_digest
from gatepost.engine.report import armed_document, cycle_document, time_text
from gatepost.engine.seeing import drifts_of, note_unplanned
from gatepost.engine.site import Site
from gatepost.errors import UsageError
from gatepost.model.drift import Drift
from gatepost.model.plan import Plan, PlanStatus, Result


@click.command(help=_("Plan and apply, or apply exactly a plan made before."))
@click.argument("lists", nargs=-1, metavar="[LIST]...")
@click.option("--plan", "plan_file", metavar="FILE", help=_("Apply exactly this saved plan, or refuse."))
@click.option("--digest", metavar="DIGEST", help=_("Apply exactly the plan of this digest, or refuse."))
@click.option(
    "--confirm-within",
    "within",
    metavar="TIME",
    help=_("Take it back by itself unless `gatepost confirm` comes in time: 5m, 90s."),
)
@click.option("-y", "--yes", is_flag=True, help=_("Do not ask on a terminal."))
@takes_options
def command(
    ui: Ui,
    lists: tuple[str, ...],
    plan_file: str | None,
    digest: str | None,
    within: str | None,
    *,
    yes: bool,
) -> int:
    """Apply; guards are the safety, not the question."""
    if "" in (plan_file, digest):
        msg = "--plan and --digest need a value: an empty one is not a wish for everything"
        raise UsageError(msg, hint="`gatepost plan` shows what is held, with its digest.")
    if bool(lists) + bool(plan_file) + bool(digest) > 1:
        msg = "give lists, or --plan, or --digest: only one of them"
        raise UsageError(msg)
    with site_of(ui) as site:
        if plan_file or digest:
            plans = read_plans(Path(plan_file)) if plan_file else (_stored(site, str(digest)),)
            report = _exactly(site, plans)
        else:
            report = make_report(ui, site, lists)
            note_unplanned(site, report, denied=True)
        drifts = drifts_of(site, report)
        if not (plan_file or digest or yes) and ui.interactive and not _agreed(ui, report, drifts):
            return exit_of(report)
        report, armed = run_async(lambda: _carry_out(site, report, _span(within)))
        waits = {"confirm": armed_document(armed)} if armed else {}
        ui.show({**cycle_document(report, drifts), **waits}, lambda: _print(ui, report, drifts, armed))
        tell_unkept(ui, report.results)
        return exit_of(report)


def _span(within: str | None) -> timedelta | None:
    try:
        return None if within is None else duration(within)
    except ValueError as error:
        msg = f"--confirm-within: {error}"
        raise UsageError(msg, hint="Write a time such as 90s, 10m or 1h.") from None


async def _carry_out(
    site: Site, report: CycleReport, within: timedelta | None
) -> tuple[CycleReport, Armed | None]:
    if within is None:
        return await apply_cycle(site, report), None
    return await apply_to_confirm(site, report, within, who=who(), start=starter(site.settings))


def _print(ui: Ui, report: CycleReport, drifts: Mapping[str, Drift], armed: Armed | None) -> None:
    print_report(ui, report, drifts)
    if armed is not None:
        until = time_text(armed.until)
        ui.say(_("It will be taken back at {until} unless you run:").format(until=until), "bold yellow")
        ui.say(f"  gatepost confirm {armed.id}", "bold yellow")
        ui.say(
            "  " + _("({timer} does that, whatever becomes of this session)").format(timer=_(armed.timer)),
            "dim",
        )


def _agreed(ui: Ui, report: CycleReport, drifts: Mapping[str, Drift]) -> bool:
    """Ask once, where there is something to ask about."""
    if not any(result.plan.status is PlanStatus.CHANGES for result in report.results):
        return True
    return ui.agree(_("Apply this?"), lambda beside: print_report(beside, report, drifts))


def _stored(site: Site, named: str) -> Plan:
    plans = {plan.digest: plan for plan in site.store.plans(None)}
    return plans[whole_digest(named, plans, "is the digest of no plan")]


def _exactly(site: Site, plans: tuple[Plan, ...]) -> CycleReport:
    """Plans made earlier, exactly; where one of them is no longer true, none is begun."""

    async def work() -> tuple[Result, ...]:
        return tuple([Result(await ready(site, plan)) for plan in plans])

    return CycleReport({}, (), run_async(work), ())
