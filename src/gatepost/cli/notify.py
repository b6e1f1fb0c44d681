"""``gatepost notify``: whether messages arrive, and what still waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import anyio
import click

from gatepost.cli.building import settings_of
from gatepost.cli.language import _, titled, translator
from gatepost.cli.notifying import channel_opener
from gatepost.cli.ui import Ui, error_lines, run_async, takes_options
from gatepost.config import Settings
from gatepost.config.settings import NotifySettings
from gatepost.engine.mailbox import Mailbox
from gatepost.engine.messenger import DEADLINE, console_of, mailboxes, to_error
from gatepost.engine.report import error_document, time_text
from gatepost.errors import GatepostError, UsageError, cut
from gatepost.kit.clock import SystemClock
from gatepost.model.event import About, Event, EventKind
from gatepost.notify.base import Message


@dataclass(frozen=True, slots=True)
class Tried:
    """One notifier, and what became of its test message."""

    settings: NotifySettings
    remarks: tuple[str, ...] = ()
    error: GatepostError | None = None

    @property
    def document(self) -> Mapping[str, Any]:
        """As JSON."""
        error = error_document(self.error) if self.error else None
        head = {"kind": self.settings.kind, "account": self.settings.account, "on": list(self.settings.on)}
        return {**head, "sent": self.error is None, "remarks": list(self.remarks), "error": error}


@click.group(help=_("Whether messages arrive, and what still waits."))
@click.option("--lang", metavar="en|zh", expose_value=False, help=_("Language; default from $LANG."))
def command() -> None:
    """Two views of the notifiers."""


@command.command(help=_("Send a test message by each notifier."))
@takes_options
def test(ui: Ui) -> int:
    """Exit 1 where one could not be sent."""
    settings = _with_notifiers(ui)
    tried = run_async(lambda: _try_all(settings))
    ui.show({"notifiers": [one.document for one in tried]}, lambda: _print_tried(ui, tried))
    return 1 if any(one.error for one in tried) else 0


@command.command(help=_("What still waits to be sent."))
@takes_options
def status(ui: Ui) -> int:
    """Reads the mailboxes of the service; changes nothing. Exit 1 where one cannot be read."""
    settings = _with_notifiers(ui)
    boxes = [(one, Mailbox(place)) for one, place in mailboxes(settings)]
    ui.show(
        {"notifiers": [_box_document(one, box) for one, box in boxes]},
        lambda: _print_boxes(ui, boxes),
    )
    return 1 if any(box.trouble for _, box in boxes) else 0


def _with_notifiers(ui: Ui) -> Settings:
    settings = settings_of(ui)
    if not settings.notify:
        msg = "no [[notify]] is configured"
        raise UsageError(msg, hint="docs/notify.md tells how.")
    return settings


async def _try_all(settings: Settings) -> list[Tried]:
    return [await _try(settings, one) for one in settings.notify]


async def _try(settings: Settings, one: NotifySettings) -> Tried:
    clock, words = SystemClock(), translator(one.lang)
    event = Event(kind=EventKind.TEST, about=About.SERVICE, name="gatepost", at=clock.now())
    try:
        with anyio.fail_after(DEADLINE):
            async with channel_opener(settings, clock)(one) as channel:
                remarks = await channel.check(words)
                message = Message((event,), words, console_of(settings))
                return Tried(one, (*remarks, *await channel.send(message)))
    except Exception as error:  # noqa: BLE001 - the next notifier is tried all the same
        return Tried(one, error=to_error(error))


def _print_tried(ui: Ui, tried: list[Tried]) -> None:
    for one in tried:
        name = " ".join(part for part in (one.settings.kind, one.settings.account) if part)
        if one.error is None:
            ui.say(titled(name, _("sent")), "green")
        else:
            ui.say(titled(name, _("NOT sent")), "bold red")
            for line, style in error_lines(one.error):
                ui.say(f"  {line}", style)
        for remark in one.remarks:
            ui.say(f"  {cut(remark, 600)}", "yellow")


def _box_document(one: NotifySettings, box: Mailbox) -> Mapping[str, Any]:
    waiting = [
        {"event": event.kind.value, "name": event.name, "over": event.over, "at": time_text(event.at)}
        for event in box.pending
    ]
    head = {"kind": one.kind, "account": one.account, "trouble": box.trouble}
    return {**head, "left_out": box.left_out, "waiting": waiting}


def _print_boxes(ui: Ui, boxes: list[tuple[NotifySettings, Mailbox]]) -> None:
    for one, box in boxes:
        name = " ".join(part for part in (one.kind, one.account) if part)
        if box.trouble:
            ui.say(titled(name, _(box.trouble)), "bold red")
            continue
        counts = _("{n} wait, {left_out} left out").format(n=len(box.pending), left_out=box.left_out)
        ui.say(titled(name, counts), "yellow" if box.pending else "green")
        for event in box.pending:
            ui.say(f"  {time_text(event.at)} {event.kind.value} {event.name}", "dim")
