"""``gatepost config``: check, show or describe the configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from pathlib import Path
from typing import Any

import click

from gatepost.cli.building import settings_of
from gatepost.cli.language import _
from gatepost.cli.ui import Ui, takes_options
from gatepost.config import Settings, schema
from gatepost.config.mask import masked
from gatepost.config.oidc_keys import OidcSettings
from gatepost.config.server_keys import ConsumerSettings, HintSettings, UserSettings
from gatepost.config.settings import NotifySettings
from gatepost.engine.report import time_text
from gatepost.errors import GatepostError
from gatepost.kit.clock import SystemClock
from gatepost.kit.secret import Secret
from gatepost.model.address import Prefix
from gatepost.model.entry import Domain
from gatepost.planning.pins import Effect, idle

REFERENCES = ("env:", "file:", "keyring:")


@click.group(help=_("Check, show or describe the configuration."))
@click.option("--lang", metavar="en|zh", expose_value=False, help=_("Language; default from $LANG."))
def command() -> None:
    """Three views of one file."""


@command.command(help=_("Check every key, reference and secret."))
@takes_options
def check(ui: Ui) -> int:
    """Exit 1 with file and line where something is wrong."""
    settings = settings_of(ui)
    missing, notices = _accounts(settings)
    notices += _idle_pins(settings)
    document = {
        "file": str(settings.path),
        "ok": not missing,
        "problems": missing,
        "notices": notices,
        "accounts": len(settings.accounts),
        "sources": len(settings.sources),
        "lists": len(settings.lists),
        "targets": len(settings.targets),
    }
    ui.show(document, lambda: _print_check(ui, settings, missing, notices))
    return 1 if missing else 0


def _accounts(settings: Settings) -> tuple[list[str], list[str]]:
    """What is wrong with the accounts' secrets, and what their owner should know."""
    missing, notices = [], []
    for account in settings.accounts.values():
        try:
            notices += [f"{account.name}: {one}" for one in account.client.notices_of(account.build())]
        except GatepostError as error:
            missing.append(str(error))
    server = settings.server
    if server.proxy_unnamed:
        notices.append(
            _("server: behind a proxy that trusted_proxies does not name all people are one client")
        )
    others: list[UserSettings | ConsumerSettings | HintSettings | OidcSettings | NotifySettings] = [
        *server.users.values(),
        *server.consumers.values(),
        *server.hints.values(),
        *([server.oidc] if server.oidc else []),
        *settings.notify,
    ]
    for one in others:
        try:
            one.build()
        except GatepostError as error:
            missing.append(str(error))
    return missing, notices


def _idle_pins(settings: Settings) -> list[str]:
    """Pins that let nothing in, by the clock of this host."""
    found = []
    for name, one in sorted(settings.lists.items()):
        for pin in idle(one.allowlist, SystemClock().now()):
            if pin.effect is Effect.ENDED:
                words = _("{list}: the pin {value} has ended ({until}) and lets nothing in")
            else:
                words = _("{list}: the pin {value} lets nothing in: {exclusions} is excluded")
            exclusions = ", ".join(str(each.value) for each in pin.exclusions)
            until = time_text(pin.pin.until)
            found.append(words.format(list=name, value=pin.pin.value, until=until, exclusions=exclusions))
    return found


def _print_check(ui: Ui, settings: Settings, missing: list[str], notices: list[str]) -> None:
    for problem in missing:
        ui.say(_(problem), "bold red")
    if missing:
        return
    counts = _("accounts {accounts}, sources {sources}, lists {lists}, targets {targets}").format(
        accounts=len(settings.accounts),
        sources=len(settings.sources),
        lists=len(settings.lists),
        targets=len(settings.targets),
    )
    ui.say(f"{settings.path}: {_('good')} ({counts})", "green")
    for notice in notices:
        ui.say(_(notice), "yellow")
    for name in sorted(
        {*settings.sources} - {s for one in settings.lists.values() for s in one.allowlist.sources}
    ):
        ui.say(_("note: the source {name} is in no list").format(name=name), "yellow")
    for name in sorted({*settings.lists} - {one.list for one in settings.targets.values()}):
        ui.say(_("note: the list {name} has no target").format(name=name), "yellow")


@command.command(help=_("Print the effective settings, secrets masked."))
@takes_options
def show(ui: Ui) -> int:
    """Defaults included."""
    document = effective(settings_of(ui))
    ui.show(document, lambda: click.echo(json.dumps(document, ensure_ascii=False, indent=1)))
    return 0


@command.command("schema", help=_("Print the JSON Schema, for editors."))
@takes_options
def print_schema(ui: Ui) -> int:
    """The same document with and without --json."""
    ui.show(schema(), lambda: click.echo(json.dumps(schema(), ensure_ascii=False, indent=1)))
    return 0


def effective(settings: Settings) -> dict[str, Any]:
    """All settings as plain data; a secret shows as its reference's scheme and nothing else."""
    return {
        "file": masked(str(settings.path)),
        "store": {
            "url": masked(settings.store_url),
            "keep": plain(settings.keep),
            "max_bytes": settings.max_bytes,
        },
        "guards": plain(settings.limits),
        "accounts": {name: _referring(one.shown) for name, one in settings.accounts.items()},
        "sources": {
            name: {
                "kind": one.plugin.kind,
                "account": one.account,
                "direction": one.direction.value,
                "every": plain(one.every),
                "stale_after": plain(one.stale_after),
                "source_deadline": one.deadline,
                **plain(one.bounds),
                **plain(one.options),
            }
            for name, one in settings.sources.items()
        },
        "lists": {
            name: {**plain(one.allowlist), "guards": plain(one.limits)}
            for name, one in settings.lists.items()
        },
        "targets": {
            name: {"kind": one.plugin.kind, "list": one.list, "repair": one.repair, **plain(one.options)}
            for name, one in settings.targets.items()
        },
        "protect": {
            **plain(settings.protect),
            "addresses": [{"value": str(one.value), "why": one.why} for one in settings.protect.addresses],
        },
        "server": {
            **plain(settings.server.options),
            **({"oidc": _oidc(settings.server.oidc)} if settings.server.oidc else {}),
            "users": {name: _referring(one.shown) for name, one in settings.server.users.items()},
            "consumers": {name: _referring(one.shown) for name, one in settings.server.consumers.items()},
            "hints": {name: _referring(one.shown) for name, one in settings.server.hints.items()},
        },
        "notify": [_notifier(one) for one in settings.notify],
    }


def _oidc(one: OidcSettings) -> dict[str, Any]:
    return {**plain(one.options), **_referring(one.shown)}


def _notifier(one: NotifySettings) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "account": one.account,
        "on": list(one.on),
        "lang": one.lang,
        "digest": plain(one.digest),
        "options": _referring(one.options),
    }


def _referring(written: Any) -> Any:
    """Members that may be references: these name a place, not a value, and are masked all the same."""
    match written:
        case Mapping():
            return {str(key): _referring(one) for key, one in written.items()}
        case list():
            return [_referring(one) for one in written]
        case str() if written.startswith(REFERENCES):
            return f"{written.partition(':')[0]}:***"
    return plain(written)


def plain(value: Any) -> Any:
    """Settings values as JSON data."""
    match value:
        case Mapping():
            return {str(key): plain(one) for key, one in value.items()}
        case tuple() | list() | frozenset():
            return [plain(one) for one in value]
    if is_dataclass(value) and not isinstance(value, Prefix | Domain):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    return _scalar(value)


def _scalar(value: Any) -> Any:
    match value:
        case Secret():
            return "***"
        case Prefix() | Domain():
            return str(value)
        case Enum():
            return value.value
        case str() | Path():
            return masked(str(value))
        case timedelta():
            return f"{value // timedelta(seconds=1)}s"
        case datetime() if value.tzinfo is UTC:
            return time_text(value)
        case date() | time():
            return value.isoformat()
    return value
