"""``gatepost doctor``: what is wrong, and what to do; made to be pasted to a colleague."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from gatepost import __version__
from gatepost.cli.building import build_site, pick_sources, settings_of
from gatepost.cli.language import _
from gatepost.cli.protection import protected_lines
from gatepost.cli.ui import Ui, error_lines, run_async, takes_options
from gatepost.config import Settings
from gatepost.config.mask import masked
from gatepost.engine.fetching import fetch_sources
from gatepost.engine.report import error_document, read_answer
from gatepost.engine.site import Site
from gatepost.errors import GatepostError
from gatepost.kit.clock import SystemClock
from gatepost.store import Store


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    what: str
    good: bool
    text: str
    error: GatepostError | None = None


@click.command(help=_("What is wrong, and what to do."))
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@takes_options
def command(ui: Ui, sources: tuple[str, ...]) -> int:
    """Looks at everything; changes nothing. Exit 1 if anything is wrong."""
    findings = [_machine(), *_proxies()]
    settings = settings_of(ui)
    findings += [Finding(_("configuration"), good=True, text=str(settings.path)), *_secrets(settings)]
    try:
        store = Store.open(settings.store_url)
    except GatepostError as error:
        findings.append(Finding(_("store"), good=False, text=masked(settings.store_url), error=error))
    else:
        findings.append(Finding(_("store"), good=True, text=_("opens, and passed its check")))
        site = build_site(settings, store, SystemClock())
        findings += run_async(lambda: _look(ui, site, sources))
        store.close()
    document = {"ok": all(one.good for one in findings), "findings": [_document(one) for one in findings]}
    ui.show(document, lambda: _print(ui, findings))
    return 0 if document["ok"] else 1


def _machine() -> Finding:
    kernel = f"{platform.system()} {platform.release()}"
    text = f"gatepost {__version__}, Python {platform.python_version()}, {kernel}"
    return Finding(_("machine"), good=sys.version_info >= (3, 11), text=text)


def _proxies() -> list[Finding]:
    names = sorted(name for name in os.environ if name.lower().endswith("_proxy"))
    text = _("{names} set in the environment: ignored; set `proxy` in the account").format(
        names=", ".join(names)
    )
    return [Finding(_("proxy"), good=True, text=text)] if names else []


def _secrets(settings: Settings) -> list[Finding]:
    found = []
    for account in settings.accounts.values():
        try:
            account.build()
        except GatepostError as error:
            found.append(Finding(_("account") + f" {account.name}", good=False, text="", error=error))
        else:
            found.append(
                Finding(_("account") + f" {account.name}", good=True, text=_("its secrets are there"))
            )
    return found


async def _look(ui: Ui, site: Site, names: tuple[str, ...]) -> list[Finding]:
    wanted = pick_sources(site.settings, names)
    with ui.progress(_("Asking the platforms"), len(wanted)) as step:
        got = await fetch_sources(site.open_source, site.clock, wanted, lambda one: step(one.source.name))
    found = []
    for name, one in got.items():
        answer = read_answer(one, site.settings.limits)
        if isinstance(answer, GatepostError):
            found.append(Finding(_("source") + f" {name}", good=False, text="", error=answer))
        else:
            text = _("{entries} entries, {odd} left out").format(
                entries=len(answer.entries), odd=len(answer.quarantined)
            )
            found.append(Finding(_("source") + f" {name}", good=True, text=text))
    if names:
        return found
    found += [await _target(site, name) for name in site.targets]
    return found + [Finding(_("protected"), good=True, text=line) for line in await protected_lines(site)]


async def _target(site: Site, name: str) -> Finding:
    target = site.targets[name]
    try:
        current = await target.current()
    except GatepostError as error:
        return Finding(_("target") + f" {name}", good=False, text=target.place, error=error)
    text = _("{place}: generation {generation}, {entries} entries").format(
        place=target.place, generation=current.generation, entries=len(current.entries)
    )
    return Finding(_("target") + f" {name}", good=True, text=text)


def _document(one: Finding) -> Mapping[str, Any]:
    error = error_document(one.error) if one.error else None
    return {"what": one.what, "good": one.good, "text": one.text, "error": error}


def _print(ui: Ui, findings: list[Finding]) -> None:
    for one in findings:
        mark, style = (_("good"), "green") if one.good else (_("WRONG"), "bold red")
        ui.say(f"{mark:<6} {one.what}: {one.text}", style)
        for line, look in error_lines(one.error) if one.error else []:
            ui.say(f"       {line}", look)
