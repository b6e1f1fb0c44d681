"""A site whose platforms are the emulator's, over real HTTP on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from gatepost.cli.building import opener
from gatepost.config import Settings, load
from gatepost.emulator.app import Emulator
from gatepost.emulator.serve import serving
from gatepost.engine.cycle import CycleReport, apply_cycle, plan_cycle
from gatepost.engine.site import Site
from gatepost.kit.clock import SystemClock
from gatepost.store import Store
from gatepost.testing import MemoryTarget

ACCOUNTS: Mapping[str, str] = {
    "feishu": 'platform = "feishu"\napp_id = "{id}"\napp_secret = "file:{secret}"',
    "wecom": 'platform = "wecom"\ncorpid = "{id}"\ncorpsecret = "file:{secret}"',
    "wechat": 'platform = "wechat"\nappid = "{id}"\nsecret = "file:{secret}"',
    "chat": 'platform = "tencent_chat"\nsdkappid = {id}\nidentifier = "administrator"\nkey = "file:{secret}"',
}
SOURCES: Mapping[str, str] = {
    "feishu": 'kind = "feishu.events"',
    "wecom": 'kind = "wecom.callback"',
    "wechat": 'kind = "wechat.callback"',
    "chat": 'kind = "tencent_chat.ips"\nnettype = 6',
}
LISTS: Mapping[str, str] = {
    "feishu": "outbound_ip",
    "wecom": "getcallbackip",
    "wechat": "getcallbackip",
    "chat": "nettype6",
}
"""The emulator's name of each source's list."""


class PassingClock(SystemClock):
    """The machine's time, but waiting costs nothing: it only moves the clock."""

    def __init__(self) -> None:
        self.slept = 0.0

    def monotonic(self) -> float:
        """Real time and what was slept."""
        return super().monotonic() + self.slept

    async def sleep(self, seconds: float) -> None:
        """Pass at once."""
        self.slept += seconds


@dataclass
class Emulated:
    """The emulator, a site asking it, and its target in memory."""

    emulator: Emulator
    base_url: str
    site: Site
    target: MemoryTarget

    async def cycle(self) -> CycleReport:
        """A whole cycle."""
        return await apply_cycle(self.site, await self.plan())

    async def plan(self) -> CycleReport:
        """A cycle that changes nothing but the store."""
        return await plan_cycle(self.site, tuple(self.site.settings.lists.values()))

    def with_settings(self, settings: Settings) -> Emulated:
        """The same store and target under other settings."""
        site = replace(self.site, settings=settings, open_source=opener(settings, self.site.clock))
        return replace(self, site=site)


def toml(
    folder: Path,
    emulator: Emulator,
    base_url: str,
    platforms: tuple[str, ...],
    extra: str = "",
    guards: str = "",
) -> str:
    """A configuration for some platforms; secrets stand in files of the folder."""
    parts = [
        "[guards]",
        'deadline = "1s"',
        "source_deadline = 20",
        guards,
        f'[store]\nurl = "sqlite:///{folder}/h.db"',
    ]
    for name in platforms:
        app = next(iter(emulator.state.apps[name].values()))
        secret = folder / f"{name}.secret"
        secret.write_text(app.secrets[0], encoding="utf-8")
        parts += [
            f"[accounts.{name}]",
            ACCOUNTS[name].format(id=app.id, secret=secret),
            f'base_url = "{base_url}/{name}"',
            extra,
            f"[sources.{name}]",
            SOURCES[name],
            f'account = "{name}"',
        ]
    names = ", ".join(f'"{name}"' for name in platforms)
    parts.append(f'[lists.webhooks]\ndirection = "ingress"\nsources = [{names}]')
    return "\n".join(parts) + "\n"


def settings_from(folder: Path, text: str) -> Settings:
    """Written to a file, and read as the program reads it."""
    path = folder / "gatepost.toml"
    path.write_text(text, encoding="utf-8")
    return replace(load(path), cache=folder / "tokens")


def site_from(settings: Settings) -> tuple[Site, MemoryTarget]:
    """A site with a target in memory, on its own store."""
    clock = PassingClock()
    target = MemoryTarget("edge", MemoryTarget.Options())
    store = Store.open(settings.store_url)
    return Site(settings, store, clock, opener(settings, clock), {"edge": target}), target


@asynccontextmanager
async def emulated(folder: Path, *platforms: str, guards: str = "") -> AsyncIterator[Emulated]:
    """Everything up, on a free port; closed at the end."""
    emulator = Emulator()
    async with serving(emulator) as base_url:
        text = toml(folder, emulator, base_url, platforms or tuple(ACCOUNTS), guards=guards)
        site, target = site_from(settings_from(folder, text))
        try:
            yield Emulated(emulator, base_url, site, target)
        finally:
            site.store.close()
