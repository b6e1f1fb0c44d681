"""``gatepost doctor``: what is wrong, and what to do; made to be pasted to a colleague."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from gatepost import __version__
from gatepost.cli.building import build_site, opener, pick_sources, pick_targets, settings_of
from gatepost.cli.examining import finding_lines, finding_words, rights, severity_mark
from gatepost.cli.language import _
from gatepost.cli.protection import protected_lines
from gatepost.cli.ui import Ui, error_lines, run_async, takes_options
from gatepost.config import Settings
from gatepost.config.mask import masked
from gatepost.engine.diagnosing import Asked, diagnose
from gatepost.engine.fetching import fetch_sources
from gatepost.engine.reaching import findings as reached
from gatepost.engine.reaching import reach as reach_all
from gatepost.engine.reaching import way_to
from gatepost.engine.report import error_document, read_answer
from gatepost.engine.site import Site
from gatepost.errors import GatepostError, cut
from gatepost.kit.clock import SystemClock
from gatepost.kit.process import SystemRunner
from gatepost.model.answer import Answer
from gatepost.model.content import State
from gatepost.model.entry import Direction
from gatepost.model.finding import Finding, Severity
from gatepost.store import Store

if TYPE_CHECKING:
    from gatepost.kit.http import Http

ALL = "all"
"""What stands for every target."""


@dataclass(frozen=True, slots=True)
class Look:
    """One thing looked at."""

    what: str
    good: bool
    text: str
    error: GatepostError | None = None
    finding: Finding | None = None
    """Of the examination of a target."""

    @property
    def severity(self) -> Severity:
        """A note is good enough."""
        if self.finding:
            return self.finding.severity
        return Severity.GOOD if self.good else Severity.WRONG


@click.command(help=_("What is wrong, and what to do."))
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="NAME",
    help=_("Only this target, and whether its list has any effect; all: every target."),
)
@click.option("--reach", is_flag=True, help=_("Also connect to all that egress lists name, by TCP."))
@click.option(
    "--reach-port",
    type=click.IntRange(1, 65535),
    default=443,
    metavar="PORT",
    help=_("The port to try where an entry names none."),
)
@takes_options
def command(
    ui: Ui, sources: tuple[str, ...], targets: tuple[str, ...], *, reach: bool, reach_port: int
) -> int:
    """Looks at everything, or at what is named; changes nothing. Exit 1 if anything is wrong or unsure."""
    settings = settings_of(ui)
    wanted = _targets(settings, sources, targets)
    looks = [_machine(), *_proxies(), *run_async(lambda: _rights(settings, wanted))]
    looks += [Look(_("configuration"), good=True, text=str(settings.path)), *_secrets(settings)]
    try:
        store = Store.open(settings.store_url)
    except GatepostError as error:
        looks.append(Look(_("store"), good=False, text=masked(settings.store_url), error=error))
    else:
        looks.append(Look(_("store"), good=True, text=_("opens, and passed its check")))
        site = build_site(settings, store, SystemClock())
        asked = () if targets and not sources else tuple(one.name for one in pick_sources(settings, sources))
        looks += run_async(lambda: _look(ui, site, asked, wanted))
        if reach:
            lists = _lists(settings, asked, wanted if targets else ())
            looks += run_async(lambda: _reach(ui, site, lists, reach_port))
        if not (sources or targets):
            looks += run_async(lambda: _protected(site))
        store.close()
    document = {"ok": all(one.good for one in looks), "findings": [_document(one) for one in looks]}
    ui.show(document, lambda: _print(ui, looks))
    return 0 if document["ok"] else 1


def _targets(settings: Settings, sources: tuple[str, ...], targets: tuple[str, ...]) -> tuple[str, ...]:
    """Those named; all, where nothing is named at all or by that word."""
    if not targets:
        return () if sources else tuple(settings.targets)
    return pick_targets(settings, () if ALL in targets else targets)


def _machine() -> Look:
    kernel = f"{platform.system()} {platform.release()}"
    text = f"gatepost {__version__}, Python {platform.python_version()}, {kernel}"
    return Look(_("machine"), good=sys.version_info >= (3, 11), text=text)


async def _rights(settings: Settings, targets: tuple[str, ...]) -> list[Look]:
    """Of interest where a target writes to the kernel."""
    if not any(settings.targets[name].plugin.kind == "nftables" for name in targets):
        return []
    found = await rights(SystemRunner())
    return [Look(_("rights"), good=found.enough, text=found.words)]


def _proxies() -> list[Look]:
    names = sorted(name for name in os.environ if name.lower().endswith("_proxy"))
    text = _("{names} set in the environment: ignored; set `proxy` in the account").format(
        names=", ".join(names)
    )
    return [Look(_("proxy"), good=True, text=text)] if names else []


def _secrets(settings: Settings) -> list[Look]:
    found = []
    for account in settings.accounts.values():
        try:
            account.build()
        except GatepostError as error:
            found.append(Look(_("account") + f" {account.name}", good=False, text="", error=error))
        else:
            found.append(Look(_("account") + f" {account.name}", good=True, text=_("its secrets are there")))
    return found


async def _look(ui: Ui, site: Site, sources: tuple[str, ...], targets: tuple[str, ...]) -> list[Look]:
    found = await _sources(ui, site, sources) if sources else []
    for name in targets:
        found += await _target(site, name)
    return found


async def _protected(site: Site) -> list[Look]:
    return [Look(_("protected"), good=True, text=line) for line in await protected_lines(site)]


async def _sources(ui: Ui, site: Site, names: tuple[str, ...]) -> list[Look]:
    wanted = pick_sources(site.settings, names)
    clients: dict[str, Http] = {}
    opened = opener(site.settings, site.clock, clients.__setitem__)
    with ui.progress(_("Asking the platforms"), len(wanted)) as step:
        got = await fetch_sources(opened, site.clock, wanted, lambda one: step(one.source.name))
    asked = {
        name: Asked(
            one.source,
            clients[name].requests if name in clients else 0,
            tuple(clients[name].contacts.values()) if name in clients else (),
        )
        for name, one in got.items()
    }
    found = []
    for name, one in got.items():
        found.append(_source(site, name, read_answer(one, site.settings.limits)))
        findings = diagnose(asked[name], [*asked.values()], site.clock.now())
        found += [_examined(found[-1].what, finding) for finding in findings]
    return found


def _source(site: Site, name: str, answer: Answer | GatepostError) -> Look:
    what = _("source") + f" {name}"
    if isinstance(answer, GatepostError):
        return Look(what, good=False, text=site.settings.sources[name].plugin.kind, error=answer)
    text = _("{entries} entries, {odd} left out").format(
        entries=len(answer.entries), odd=len(answer.quarantined)
    )
    return Look(what, good=True, text=text)


def _lists(settings: Settings, sources: tuple[str, ...], targets: tuple[str, ...]) -> tuple[str, ...]:
    """Egress lists that take any of these sources or are on any of these targets."""
    there = {settings.targets[target].list for target in targets}
    return tuple(
        name
        for name, one in sorted(settings.lists.items())
        if one.allowlist.direction is Direction.EGRESS
        and (name in there or {*one.allowlist.sources} & {*sources})
    )


async def _reach(ui: Ui, site: Site, lists: tuple[str, ...], port: int) -> list[Look]:
    found = [look for name in lists for look in await _reach_list(ui, site, name, port)]
    return found or [Look(_("reach"), good=True, text=_("none of this is for an egress list"))]


async def _reach_list(ui: Ui, site: Site, name: str, port: int) -> list[Look]:
    what = _("list") + f" {name}"
    snapshot = site.store.latest(name)
    if snapshot is None:
        return [Look(what, good=True, text=_("nothing was accepted yet: run `gatepost plan`"))]
    listed = [one.entry for one in snapshot.content.listed if one.state is not State.EXCLUDED]
    way = way_to(listed, port)
    ui.tell(_("{list}: connecting to {count} places").format(list=name, count=len(way.probes)), least=1)
    return [_examined(what, one) for one in reached(name, way, await reach_all(way.probes))]


async def _target(site: Site, name: str) -> list[Look]:
    target, what = site.targets[name], _("target") + f" {name}"
    direction = site.settings.lists[site.settings.targets[name].list].allowlist.direction
    try:
        current = await target.current()
        findings = await target.findings(direction)
    except GatepostError as error:
        return [Look(what, good=False, text=target.place, error=error)]
    text = _("{place}: generation {generation}, {entries} entries").format(
        place=target.place, generation=current.generation, entries=len(current.entries)
    )
    return [Look(what, good=True, text=text), *(_examined(what, found) for found in findings)]


def _examined(what: str, found: Finding) -> Look:
    good = found.severity not in {Severity.WRONG, Severity.UNSURE}
    return Look(what, good, f"{found.kind}: {finding_words().get(found.kind, '')}", finding=found)


def _document(one: Look) -> Mapping[str, Any]:
    error = error_document(one.error) if one.error else None
    document = {"what": one.what, "good": one.good, "text": one.text, "error": error}
    if one.finding is None:
        return {**document, "finding": None}
    found = one.finding
    told = {"kind": found.kind, "severity": found.severity.value, "message": found.message}
    return {**document, "finding": {**told, "next_step": found.next_step}}


def _print(ui: Ui, looks: list[Look]) -> None:
    for one in looks:
        mark, style = severity_mark(one.severity)
        ui.say(f"{mark:<6} {one.what}: {one.text}", style)
        lines = error_lines(one.error) if one.error else []
        lines += finding_lines(one.finding) if one.finding else []
        for line, look in lines:
            ui.say(f"       {cut(line, 800)}", look)
