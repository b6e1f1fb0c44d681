"""Login by a provider (OpenID Connect): what the server holds of it, and what must be installed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatepost.config.server_keys import ServerSettings
from gatepost.errors import ConfigInvalid
from gatepost.kit.clock import Clock
from gatepost.server.console_words import _
from gatepost.server.limits import LoginLimit
from gatepost.server.oidc_flow import Flows

if TYPE_CHECKING:
    from gatepost.server.oidc_provider import Provider

START, BACK = "/login/oidc", "/login/oidc/back"
"""The way out to the provider, and the one address that it sends people back to."""


@dataclass(frozen=True, slots=True)
class Oidc:
    """The provider, and those who are on their way."""

    provider: Provider
    flows: Flows
    arrivals: LoginLimit
    """Counts those who come back with what is not good."""
    forgeries: LoginLimit
    """Counts those that are written down of another login's; nobody is refused by it."""

    @classmethod
    def of(cls, settings: ServerSettings, clock: Clock) -> Oidc | None:
        """None where none is configured; then nothing of it is loaded.

        Raises SecretUnavailable, and ConfigInvalid where Authlib is missing.
        """
        if settings.oidc is None:
            return None
        try:
            from gatepost.server.oidc_provider import Provider  # noqa: PLC0415 - an extra, loaded where used
        except ImportError:
            failure = ConfigInvalid(
                "[server.oidc] needs Authlib, which is not installed",
                hint="Install it: pip install 'gatepost[oidc]'",
            )
        else:
            told = _("too many logins came back with what is not good; wait before the next try")
            return cls(
                Provider(settings.oidc, clock), Flows(clock), LoginLimit(clock, told), LoginLimit(clock)
            )
        raise failure
