"""The server over a site in memory: two lists, a source that answers as told, users of every role."""

from __future__ import annotations

import base64
import hashlib
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx2

from gatepost.config.server_keys import ServerOptions, ServerSettings, UserOptions, UserSettings
from gatepost.config.settings import ListSettings, Settings, SourceSettings, TargetSettings
from gatepost.engine.cycle import CycleReport, apply_cycle, plan_cycle
from gatepost.engine.site import Site
from gatepost.kit.secret import Secret
from gatepost.model.content import Allowlist
from gatepost.model.entry import Direction
from gatepost.model.limits import Limits
from gatepost.model.role import Role
from gatepost.platforms.base import Bounds
from gatepost.server.app import Server
from gatepost.server.consumers import Consumers
from gatepost.server.desk import Desk
from gatepost.server.feeds import Feeds
from gatepost.server.lookup import look_up
from gatepost.store import Store
from gatepost.testing import FrozenClock, MemorySource, MemoryTarget, raw

BASE = "http://127.0.0.1:8642"
TEN = tuple(f"101.126.59.{n}" for n in range(10))
PASSWORDS = {"vera": "the viewer's own", "bob": "the approver's own", "alice": "the admin's own"}
ROLES = {"vera": Role.VIEWER, "bob": Role.APPROVER, "alice": Role.ADMIN}
TOKENS = {name: f"{name}-token-of-twenty-or-more" for name in ROLES}


def line(password: str, salt: bytes = b"salt-for-a-test!") -> Secret:
    """A line of the cheapest kind: tests verify many."""
    made = hashlib.scrypt(password.encode(), salt=salt, n=16, r=1, p=1, dklen=32)
    parts = [base64.b64encode(one).decode().rstrip("=") for one in (salt, made)]
    return Secret(f"$scrypt$ln=4,r=1,p=1${parts[0]}${parts[1]}")


def user(name: str, password: str | None = None) -> UserSettings:
    """One of the three."""
    options = UserOptions(ROLES[name], line(password or PASSWORDS[name]), Secret(TOKENS[name]))
    return UserSettings(name, ROLES[name], lambda: options, {})


def people(**options: Any) -> ServerSettings:
    """With a login."""
    return ServerSettings(ServerOptions(**options), {name: user(name) for name in ROLES}, given=True)


@dataclass
class House:
    """A site, its server, and handles on what surrounds them."""

    site: Site
    clock: FrozenClock
    source: MemorySource
    desk: Desk
    server: Server
    woken: list[str] = field(default_factory=list)

    async def cycle(self, *values: str) -> CycleReport:
        """A whole cycle; the source says this from now on."""
        if values:
            self.source.answer = raw(*values)
        lists = (self.site.settings.lists["webhooks"],)
        report = await apply_cycle(self.site, await plan_cycle(self.site, lists))
        self.look()
        return report

    def look(self) -> None:
        """What the server does every second."""
        self.desk.present.lookup = look_up(self.site, self.desk.present.lookup)

    async def held(self) -> str:
        """A list, and then a change that is held; its plan's digest."""
        await self.cycle(*TEN)
        self.clock.advance(timedelta(hours=1))
        report = await self.cycle(TEN[0])
        return report.results[0].plan.digest

    @asynccontextmanager
    async def client(self, base: str = BASE, **options: Any) -> AsyncIterator[httpx2.AsyncClient]:
        """Asks the server without a socket."""
        transport = httpx2.ASGITransport(self.server, raise_app_exceptions=True, client=("192.0.2.9", 4711))
        async with httpx2.AsyncClient(transport=transport, base_url=base, **options) as made:
            yield made

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        """One request."""
        return await self.ask("GET", path, **headers)

    async def ask(self, method: str, path: str, *, json: Any = None, **headers: str) -> httpx2.Response:
        """One request; underscores in names of headers become dashes."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.client() as client:
            return await client.request(method, path, json=json, headers=named)

    async def log_in(self, name: str) -> dict[str, str]:
        """Headers of a browser in a session, unsafe requests included."""
        done = await self.ask("POST", "/login", json={"user": name, "password": PASSWORDS[name]})
        assert done.status_code == 200, done.text
        cookie = done.headers["set-cookie"].partition(";")[0]
        return {"cookie": cookie, "x_csrf_token": done.json()["csrf"], "origin": BASE}

    def fed(self, folder: Path, consumers: Consumers | None = None) -> House:
        """The same, serving what is published of its list in a directory."""
        desk = replace(self.desk, feeds=Feeds({"webhooks": folder}, consumers or Consumers(), self.clock))
        return replace(self, desk=desk, server=Server(desk))

    def again(self, server: ServerSettings) -> House:
        """The same site and state under another process and configuration."""
        site = replace(self.site, settings=replace(self.site.settings, server=server))
        return _house(site, self.clock, self.source)


def bearer(name: str) -> dict[str, str]:
    """Headers of a program."""
    return {"authorization": f"Bearer {TOKENS[name]}"}


def _house(site: Site, clock: FrozenClock, source: MemorySource) -> House:
    woken: list[str] = []
    desk = Desk.of(site, wake=woken.append)
    made = House(site, clock, source, desk, Server(desk), woken)
    made.look()
    return made


@cache
def _empty_history() -> bytes:
    """Made once: a test needs no migration of its own."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "history.db"
        Store.open(f"sqlite:///{place}").close()
        return place.read_bytes()


@contextmanager
def house(folder: Path, clock: FrozenClock, server: ServerSettings | None = None) -> Iterator[House]:
    """Nothing fetched yet."""
    source = MemorySource(MemorySource.Options(), raw(*TEN))
    hour = timedelta(hours=1)
    events = SourceSettings(
        name="events",
        plugin=MemorySource,
        options=MemorySource.Options(),
        account=None,
        direction=Direction.INGRESS,
        every=hour,
        stale_after=24 * hour,
        bounds=Bounds(),
        deadline=5.0,
    )
    names = {"webhooks": ("events",), "empty": ()}
    lists = {
        name: ListSettings(Allowlist(name, Direction.INGRESS, sources), Limits())
        for name, sources in names.items()
    }
    settings = Settings(
        path=folder / "gatepost.toml",
        store_url="sqlite://",
        cache=folder,
        state=folder / "state",
        sources={"events": events},
        lists=lists,
        targets={"edge": TargetSettings("edge", MemoryTarget, MemoryTarget.Options(), "webhooks")},
        server=server or ServerSettings(),
    )

    @asynccontextmanager
    async def open_source(_: SourceSettings) -> AsyncIterator[MemorySource]:
        yield source

    target = MemoryTarget("edge", MemoryTarget.Options())
    (folder / "history.db").write_bytes(_empty_history())
    with Store.open(f"sqlite:///{folder / 'history.db'}") as store:
        yield _house(Site(settings, store, clock, open_source, {"edge": target}), clock, source)
