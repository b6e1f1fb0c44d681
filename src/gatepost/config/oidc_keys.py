"""What ``[server.oidc]`` may say: the provider that vouches for people, and what their groups may do here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gatepost.kit.secret import Secret
from gatepost.model.role import Role


@dataclass(frozen=True, slots=True)
class OidcOptions:
    """Keys of the table itself."""

    issuer: str
    """The provider's issuer, to the letter: `https://sso.example.com/realms/office`; http for loopback."""
    client_id: str
    """What the provider calls this server."""
    client_secret: Secret
    """The client's secret at the provider."""
    title: str = ""
    """What the login page calls the provider; without: the issuer's host."""
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    """Scopes asked for, `openid` among them; some providers tell groups only for a scope of their own."""
    name_claim: str | None = None
    """Claim that people are shown by; without: `preferred_username`, else a verified `email`, else `sub`."""
    role_claim: str = "groups"
    """Claim that holds a person's groups; `realm_access.roles` reaches into a claim."""
    hosts: tuple[str, ...] = ()
    """Further hosts that the provider's token, keys and userinfo may be at; without: the issuer's alone."""
    ca_file: Path | None = None
    """PEM file of a further certificate authority, trusted beside the system's."""
    proxy: str | None = None
    """`http://host:port` of a proxy on the way to the provider."""
    proxy_login: Secret | None = None
    """`user:password` for the proxy."""


@dataclass(frozen=True, slots=True)
class RoleGroups:
    """Groups by role; whoever is in none of them is not let in, whoever is in several has the highest."""

    viewer: tuple[str, ...] = ()
    """Values of the role claim that let see all."""
    approver: tuple[str, ...] = ()
    """Values that also let approve and reject."""
    admin: tuple[str, ...] = ()
    """Values that let do all."""


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """The provider; the secret is read when the server starts."""

    options: OidcOptions
    """Secrets in it are empty."""
    roles: Mapping[str, Role]
    """By value of the role claim."""
    build: Callable[[], OidcOptions]
    """Raises SecretUnavailable."""
    shown: Mapping[str, Any] = field(default_factory=dict)
    """Keys as written, secrets as their references."""

    @property
    def host(self) -> str:
        """The issuer's host: who is known by this provider is shown as ``name@host``."""
        return urlsplit(self.options.issuer).hostname or ""

    @property
    def title(self) -> str:
        """What the login page calls it."""
        return self.options.title or self.host

    @property
    def mark(self) -> str:
        """Changes with whoever vouches for people, and with what their groups may do: sessions end then."""
        told = self.options
        parts = [told.issuer, told.client_id, told.name_claim, told.role_claim, sorted(self.roles.items())]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
