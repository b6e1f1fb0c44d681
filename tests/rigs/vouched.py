"""The server on a port with a login provider beside it, and browsers that come to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx2
import msgspec
from anyio.from_thread import start_blocking_portal

from gatepost.config.oidc_keys import OidcOptions, OidcSettings
from gatepost.config.server_keys import ServerOptions, ServerSettings
from gatepost.kit.clock import SystemClock
from gatepost.kit.secret import Secret
from gatepost.model.role import Role
from gatepost.server.app import Server
from gatepost.server.oidc_provider import Provider
from gatepost.server.serve import serving
from rigs.openid import CLIENT, SECRET, StandIn, stand_in
from rigs.serving import House, house, people
from rigs.surfing import Surfer, site

ROLES = {"staff": Role.VIEWER, "net": Role.APPROVER, "root": Role.ADMIN}
BACK = "/login/oidc/back"


def oidc(issuer: str, secret: str = SECRET, roles: Mapping[str, Role] = ROLES, **keys: Any) -> OidcSettings:
    """Settings of a provider."""
    options = OidcOptions(**{"issuer": issuer, "client_id": CLIENT, "client_secret": Secret(secret), **keys})
    return OidcSettings(options, roles, lambda: options)


def vouching(provider: StandIn, *, local: bool = True, **keys: Any) -> ServerSettings:
    """A server with it, and with local users or without."""
    options = {name: keys.pop(name) for name in ("url",) if name in keys}
    own = people() if local else ServerSettings()
    options = ServerOptions(listen="127.0.0.1:0", **options)
    return replace(own, options=options, oidc=oidc(provider.issuer, **keys))


@dataclass
class Street:
    """A server, its provider, and what a browser does."""

    house: House
    provider: StandIn
    url: str = ""
    surfers: list[Surfer] = field(default_factory=list)

    def surfer(self) -> Surfer:
        """A browser that was nowhere yet."""
        self.surfers.append(Surfer())
        return self.surfers[-1]

    def log_in(self, surfer: Surfer, next_: str = "/v1/session") -> httpx2.Response:
        """As by the link of the login page."""
        return surfer.go(f"{self.url}/login/oidc?next={next_}", site(self.url))

    def stopped(self, surfer: Surfer, person: Any = None) -> str:
        """A login up to where the provider sends the browser back, not gone there: that address."""
        self.provider.person = person or self.provider.person
        surfer.go(f"{self.url}/login/oidc", site(self.url), until=BACK)
        return surfer.went[-1]

    def session(self, surfer: Surfer) -> dict[str, Any] | None:
        """Who the server takes the browser for."""
        answer = surfer.go(f"{self.url}/v1/session")
        return answer.json() if answer.status_code == 200 else None

    def entrances(self) -> list[dict[str, Any]]:
        """The book at the door, oldest first."""
        return [msgspec.to_builtins(one) for one in reversed(self.house.desk.entrances.last(100))]

    def texts(self) -> dict[str, bytes]:
        """Everything that the server wrote to disk or answered, but where it sends the browser on."""
        folder = self.house.site.settings.state
        found = {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for at, surfer in enumerate(self.surfers):
            for n, answer in enumerate(surfer.answers):
                if answer.url.host != "localhost":
                    heads = {k: v for k, v in answer.headers.items() if k not in ("location", "set-cookie")}
                    found[f"{at}.{n} {answer.url.path}"] = answer.content + repr(heads).encode()
        return found


def hurried(made: House, within: float) -> House:
    """The same, waiting for its provider this long."""
    assert made.desk.oidc is not None
    assert made.desk.settings.oidc is not None
    provider = Provider(made.desk.settings.oidc, SystemClock(), within=within)
    desk = replace(made.desk, oidc=replace(made.desk.oidc, provider=provider))
    return replace(made, desk=desk, server=Server(desk))


@contextmanager
def street(
    folder: Path,
    *,
    made: House | None = None,
    provider: StandIn | None = None,
    within: float | None = None,
    **keys: Any,
) -> Iterator[Street]:
    """Both on ports; ``made``: on a site that was there before; other keys are the configuration's."""
    with ExitStack() as stack:
        at = provider or stack.enter_context(stand_in())
        settings = vouching(at, **keys)
        here = made.again(settings) if made else stack.enter_context(house(folder, SystemClock(), settings))
        here = here if within is None else hurried(here, within)
        portal = stack.enter_context(start_blocking_portal())
        url = stack.enter_context(portal.wrap_async_context_manager(serving(here.desk, here.server)))
        at.redirects.add(f"{url}{BACK}")
        try:
            yield Street(here, at, url)
        finally:
            at.released.set()
