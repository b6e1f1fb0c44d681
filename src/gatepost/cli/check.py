"""``gatepost check``: is an address or domain allowed, by what, since when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import click

from gatepost.cli.building import site_of
from gatepost.cli.language import _, titled
from gatepost.cli.ui import Ui, run_async, takes_options
from gatepost.engine.asking import CheckAnswer, Ended, ListAnswer, ask, bare, check_document, covers
from gatepost.engine.exits import Exit
from gatepost.engine.naming import UNKNOWN_NAME, VALUE
from gatepost.engine.report import time_text
from gatepost.engine.site import Site
from gatepost.errors import UsageError, cut
from gatepost.model.address import Prefix
from gatepost.model.content import State
from gatepost.model.entry import Domain
from gatepost.model.plan import Current
from gatepost.planning.compose import PIN
from gatepost.planning.normalise import parse_value


@click.command(help=_("Is an address or domain allowed, by what, since when?"))
@click.argument("value")
@click.option(
    "--list", "lists", multiple=True, metavar="LIST", help=_("Ask only this list; may be repeated.")
)
@click.option("--at", metavar="TIME", help=_("At this time: 2026-01-31 or 2026-01-31T08:00:00Z."))
@click.option("--target", metavar="TARGET", help=_("Also ask the device itself."))
@takes_options
def command(ui: Ui, value: str, lists: tuple[str, ...], at: str | None, target: str | None) -> int:
    """Exit 0 if allowed, 5 if not."""
    wanted = value_of(value)
    with site_of(ui) as site:
        answer = ask(site, wanted, lists=lists, at=None if at is None else _time(at))
        if target:
            answer = replace(answer, on_target=_on_target(site, target, wanted))
    ui.show(check_document(answer), lambda: _print(ui, answer, then=at is not None))
    return Exit.DONE if answer.allowed else Exit.DENIED


def value_of(text: str) -> Prefix | Domain:
    """What a person asks about. Raises UsageError."""
    try:
        return parse_value(text)
    except ValueError as error:
        msg = f"{cut(text, 80)!r} is not an address, network or domain ({error})"
        raise UsageError(msg, hint=VALUE) from None


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        moment.astimezone(UTC)
    except (ValueError, OverflowError):
        msg = f"{cut(text, 40)!r} is not a time such as 2026-01-31T08:00:00Z"
        raise UsageError(msg, hint="Write it in UTC, such as 2026-01-31T08:00:00Z or 2026-01-31.") from None
    # times are printed to the second: one that is pasted back means all of it
    moment = moment.replace(microsecond=moment.microsecond or 999_999)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _on_target(site: Site, name: str, value: Prefix | Domain) -> bool:
    if name not in site.targets:
        msg = f"there is no target {name!r} ({', '.join(sorted(site.targets)) or 'none'})"
        raise UsageError(msg, hint=UNKNOWN_NAME)
    current: Current = run_async(site.targets[name].current)
    return any(covers(entry, value) for entry in current.entries)


def _print(ui: Ui, answer: CheckAnswer, *, then: bool) -> None:
    """``then``: whether another time than now was asked about."""
    verdict = _("allowed") if answer.allowed else _("NOT allowed")
    if then:
        words = _("{verdict} at {time}, as things stand now") if answer.foreseen else _("{verdict} at {time}")
        verdict = words.format(verdict=verdict, time=time_text(answer.at))
    ui.say(titled(bare(answer.value), verdict), "bold green" if answer.allowed else "bold red")
    for one in answer.lists:
        for gone in one.ended:
            ui.say(
                "  "
                + _ending(gone).format(
                    list=one.list,
                    entry=gone.hit.listed.entry.value,
                    source=gone.hit.listed.source,
                    time=time_text(gone.at),
                )
            )
        if not one.hits and not one.ended:
            ui.say("  " + _nothing(one, then=then).format(list=one.list))
        for hit in one.hits:
            ui.say(
                "  "
                + _("{list}: {entry} from {source}, {state}, since {since} (serial {serial})").format(
                    list=one.list,
                    entry=hit.listed.entry.value,
                    source=hit.listed.source,
                    state=state_word(hit.state),
                    since=time_text(hit.listed.since),
                    serial=hit.serial,
                )
            )
    if answer.on_target is not None:
        there, absent = _("the device holds it now"), _("the device does NOT hold it now")
        ui.say("  " + (there if answer.on_target else absent))
    if answer.foreseen:
        ui.say(
            "  " + _("what sources will say until then, nobody knows; what ends by then is counted as ended")
        )


def _nothing(one: ListAnswer, *, then: bool) -> str:
    """Where no single entry covers the value."""
    if one.allowed:
        return _("{list}: several entries cover it together")
    if one.serial is None:
        return _("{list}: it held nothing yet") if then else _("{list}: it holds nothing yet")
    return _("{list}: no entry covers it")


def _ending(gone: Ended) -> str:
    if gone.at is None:
        return _("{list}: {entry} from {source} is no longer configured")
    if gone.hit.listed.source == PIN:
        return _("{list}: the pin {entry} ends {time}")
    return _("{list}: {entry} from {source} is gone upstream and kept until {time}")


def state_word(state: State) -> str:
    """A state in words."""
    return {
        State.LISTED: _("listed"),
        State.GRACE: _("gone upstream, kept for now"),
        State.PINNED: _("pinned"),
        State.EXCLUDED: _("excluded"),
    }[state]
