"""Cases A1 to A28 of what can go wrong while fetching, run against gatepost over real HTTP.

A plain module: each case is run from a site that holds a good list, and what
gatepost then did is a :class:`Row`. The table in docs/safety-cases.md is made of these.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import anyio

from gatepost.emulator.app import Emulator
from gatepost.emulator.base import Role
from gatepost.emulator.fault import Fault
from gatepost.emulator.faults import CATALOGUE
from gatepost.emulator.serve import Certificate, serving
from gatepost.emulator.state import ListChange
from gatepost.engine.cycle import CycleReport
from gatepost.engine.loop import due
from gatepost.engine.site import Site
from gatepost.errors import GatepostError
from gatepost.kit.clock import SystemClock
from gatepost.kit.http import Http, HttpSettings
from gatepost.model.content import Override
from gatepost.planning.normalise import parse_value
from gatepost.testing import FrozenClock
from rigs.emulated import ACCOUNTS, Emulated, emulated, settings_from, site_from, toml

PLATFORMS = tuple(ACCOUNTS)


@dataclass(frozen=True, slots=True)
class Row:
    """What one case came to on one platform (or on gatepost itself)."""

    case: str
    platform: str
    sent: str
    did: str
    kind: str
    """Of the error; empty where none was due."""
    kept: bool
    """Whether the list in force stayed as it was."""


def served() -> list[Fault]:
    """Faults that a server can produce."""
    return [fault for fault in CATALOGUE.values() if not fault.unserved]


def rows_of(fault: Fault) -> tuple[str, ...]:
    """Where it can happen: pages exist on one platform only, and Chat signs its calls without a token."""
    if fault.pages_only:
        return ("feishu",)
    return tuple(name for name in PLATFORMS if fault.role is not Role.TOKEN or name != "chat")


async def run_platform(folder: Path, platform: str) -> list[Row]:
    """A good cycle, then one under each fault; whatever it did must not carry over."""
    rows = []
    async with emulated(folder, platform) as world:
        await world.cycle()
        before = world.target.entries
        for fault in served():
            if platform in rows_of(fault):
                report = await _struck(world, fault, platform)
                rows.append(_row(fault, platform, report, kept=world.target.entries == before))
    return rows


async def _struck(world: Emulated, fault: Fault, platform: str) -> CycleReport:
    """One cycle under a fault, with a fresh emulator and no cached token."""
    world.emulator.reset()
    for file in world.site.settings.cache.glob("*"):
        file.unlink()
    world.emulator.inject(fault.id, platform=platform, interval=0.05)
    return await (_impatient(world) if fault.case == "A4" else world).cycle()


def _impatient(world: Emulated) -> Emulated:
    """The same site with a deadline that a test can wait for."""
    settings = world.site.settings
    sources = {
        name: replace(one, bounds=replace(one.bounds, deadline=0.2)) for name, one in settings.sources.items()
    }
    return world.with_settings(replace(settings, sources=sources))


def _row(fault: Fault, platform: str, report: CycleReport, *, kept: bool) -> Row:
    turn = report.turns[0]
    kind = "".join(error.kind for error in turn.errors.values())
    return Row(fault.id, platform, fault.says, did(report), kind, kept)


def did(report: CycleReport) -> str:
    """In words: what the cycle did with the answer."""
    turn = report.turns[0]
    if turn.errors:
        return "refused it; the last good list stays"
    if turn.held:
        guards = ", ".join(dict.fromkeys(reason.guard for held in turn.held for reason in held.reasons))
        return f"held it ({guards}); the last good list stays"
    return "accepted it; the list in force is the same"


# -- cases that no server produces alone

Special = Callable[[Path], Awaitable[Row]]


async def proxy_environment(folder: Path) -> Row:
    """A16: every proxy variable points to a port where nobody listens."""
    names = (
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "SSL_CERT_FILE",
    )
    saved = {name: os.environ.get(name) for name in names}
    os.environ |= dict.fromkeys(names, "http://127.0.0.1:9")
    try:
        async with emulated(folder, "feishu") as world:
            report = await world.cycle()
    finally:
        for name, value in saved.items():
            os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)
    kind = "".join(error.kind for error in report.turns[0].errors.values())
    return Row(
        "A16",
        "gatepost",
        CATALOGUE["A16"].says,
        "ignored them and asked the platform itself",
        kind,
        kept=not kind,
    )


async def untrusted_certificate(folder: Path) -> Row:
    """A17: the platform's name, with a certificate that no authority of ours signed."""
    pem = str(Path(__file__).parents[1] / "kit" / "tls" / "good.pem")
    async with serving(Emulator(), certificate=Certificate(pem, pem)) as base_url:
        return await _asked(folder, "A17", base_url.replace("127.0.0.1", "localhost"))


async def configured_base_url(folder: Path) -> Row:
    """A18: another host in the configuration, with the owner's word, but inside."""
    return await _asked(folder, "A18", "https://169.254.169.254", "allow_custom_host = true")


async def _asked(folder: Path, case: str, base_url: str, more: str = "") -> Row:
    """One cycle of a site whose platform is at this place; ``more`` of its account."""
    text = toml(folder, Emulator(), base_url, ("feishu",))
    settings = settings_from(folder, text.replace("[accounts.feishu]", f"[accounts.feishu]\n{more}"))
    site, target = site_from(settings)
    report = await Emulated(Emulator(), base_url, site, target).cycle()
    site.store.close()
    kind = "".join(error.kind for error in report.turns[0].errors.values())
    what = "refused to send anything there" if kind == "HostRefused" else "refused the connection"
    return Row(case, "gatepost", CATALOGUE[case].says, what, kind, kept=not target.entries)


async def dns_rebinding(folder: Path) -> Row:
    """A19: an allowed custom host whose name resolves to private space."""
    del folder

    async def inside(host: str, port: int) -> tuple[str, ...]:
        del host, port
        return ("10.0.0.7",)

    settings = HttpSettings(frozenset(), allow_custom_host=True)
    async with Http(settings, SystemClock(), resolve=inside) as http:
        try:
            await http.request("GET", "https://platform.example/")
            kind = ""
        except GatepostError as error:
            kind = error.kind
    return Row("A19", "gatepost", CATALOGUE["A19"].says, "refused to connect", kind, kept=True)


async def restart_loop(folder: Path) -> Row:
    """A21: a service that restarts is not due again before its interval."""
    async with emulated(folder, "wechat") as world:
        first = len(due(world.site))
        await world.plan()
        asked = len(world.emulator.journal.dump())
        again = len(due(world.site))
    kept = (first, again) == (1, 0) and asked > 0
    return Row(
        "A21", "gatepost", CATALOGUE["A21"].says, "waited out the interval, which the store keeps", "", kept
    )


async def refresh_stampede(folder: Path) -> Row:
    """A22: eight clients with one cache need one token: one call."""
    async with emulated(folder, "feishu") as world, anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(_fetch_once, world)
    calls = [entry for entry in world.emulator.journal.dump() if "tenant_access_token" in str(entry["path"])]
    what = "asked for one token; the others waited for it"
    return Row("A22", "gatepost", CATALOGUE["A22"].says, what, "", kept=len(calls) == 1)


async def _fetch_once(world: Emulated) -> None:
    async with world.site.open_source(world.site.settings.sources["feishu"]) as source:
        await source.fetch()


async def classic_token(folder: Path) -> Row:
    """A23: the classic call is never made unless the owner asks for it."""
    async with emulated(folder, "wechat") as world:
        await world.cycle()
        paths = [str(entry["path"]) for entry in world.emulator.journal.dump()]
    kept = any(path.endswith("stable_token") for path in paths) and not any(
        p.endswith("/token") for p in paths
    )
    return Row("A23", "wechat", CATALOGUE["A23"].says, "used stable_token, which leaves it alone", "", kept)


async def clock_jump(folder: Path) -> Row:
    """A26: one entry is gone upstream, one excluded for a month; the clock jumps a year, and two back."""
    async with emulated(folder, "feishu") as world:
        frozen = FrozenClock(world.site.clock.now())
        listed = world.emulator.state.lists["feishu"]["outbound_ip"]
        world.site = _excluding(replace(world.site, clock=frozen), str(listed.values[1]))
        before = _in_force(await world.cycle())
        listed.change(ListChange(remove=(listed.values[0],)))
        for _ in range(3):
            await world.cycle()
        kept = bool(before)
        for jump in (365, 0, -730, 0):
            frozen.step(timedelta(days=jump))
            kept = kept and _in_force(await world.cycle()) == before
            frozen.advance(timedelta(minutes=1))
    what = "removed nothing and let nothing in: what ends by time ends when that has passed"
    return Row("A26", "gatepost", CATALOGUE["A26"].says, what, "", kept=kept)


def _in_force(report: CycleReport) -> list[str]:
    """What the only list lets in."""
    (turn,) = report.turns
    return [] if turn.snapshot is None else [str(one.value) for one in turn.snapshot.content.effective]


def _excluding(site: Site, value: str) -> Site:
    """Each list without a value, for a month."""
    until = site.clock.now() + timedelta(days=30)
    out = (Override(parse_value(value), "bad", until),)
    lists = {
        name: replace(one, allowlist=replace(one.allowlist, exclusions=out))
        for name, one in site.settings.lists.items()
    }
    return replace(site, settings=replace(site.settings, lists=lists))


SPECIAL: Mapping[str, Special] = {
    "A16": proxy_environment,
    "A17": untrusted_certificate,
    "A18": configured_base_url,
    "A19": dns_rebinding,
    "A21": restart_loop,
    "A22": refresh_stampede,
    "A23": classic_token,
    "A26": clock_jump,
}
