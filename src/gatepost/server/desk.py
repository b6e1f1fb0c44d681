"""What handlers are handed: the site on a store of the server's own, and everything with a state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from gatepost.config.server_keys import ServerSettings
from gatepost.engine.site import Site
from gatepost.server.door import Door
from gatepost.server.entrances import Entrances
from gatepost.server.feeds import Feeds
from gatepost.server.hints import Hints
from gatepost.server.identity import Users
from gatepost.server.limits import LoginLimit
from gatepost.server.lookup import Lookup
from gatepost.server.metrics import Metrics
from gatepost.server.oidc import Oidc
from gatepost.server.sessions import Sessions


def no_wake(name: str) -> None:
    """Nobody turns here: the next run will."""


@dataclass(slots=True)
class Present:
    """What is known now, replaced whole."""

    lookup: Lookup
    warnings: tuple[float, tuple[tuple[str, list[str]], ...]] | None = None
    """What is not as it should be, and when it was looked up, by the clock's monotonic seconds."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything a request may need."""

    site: Site
    users: Users
    sessions: Sessions
    logins: LoginLimit
    entrances: Entrances
    door: Door
    metrics: Metrics
    present: Present = field(default_factory=lambda: Present(Lookup.of_nothing()))
    wake: Callable[[str], None] = no_wake
    """Have a list looked at now; callable from any thread."""
    feeds: Feeds | None = None
    """What is published to devices; None where nothing of it is served."""
    oidc: Oidc | None = None
    """The provider that vouches for people; None where none is configured."""
    hints: Hints | None = None
    """Where platforms say that their lists changed."""

    @property
    def settings(self) -> ServerSettings:
        """The server's part of the configuration."""
        return self.site.settings.server

    @classmethod
    def of(
        cls,
        site: Site,
        metrics: Metrics | None = None,
        wake: Callable[[str], None] = no_wake,
        feeds: Feeds | None = None,
        hints: Hints | None = None,
    ) -> Desk:
        """Resolve secrets, read sessions. Raises SecretUnavailable, ConfigInvalid, StoreUnavailable."""
        settings = site.settings
        users = Users.of(settings.server)
        sessions = Sessions(settings.state, settings.server.options.session)
        entrances = Entrances(settings.state)
        return cls(
            site=site,
            users=users,
            sessions=sessions,
            logins=LoginLimit(site.clock, names=users.by_name, known=entrances.logins()),
            entrances=entrances,
            door=Door(settings.server, users, sessions, site.clock),
            metrics=metrics or Metrics(),
            wake=wake,
            feeds=feeds,
            hints=hints,
            oidc=Oidc.of(settings.server, site.clock),
        )
