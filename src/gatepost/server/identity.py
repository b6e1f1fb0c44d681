"""Who asks: the users of the configuration, by session or token."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gatepost.config.server_keys import ServerSettings, UserOptions
from gatepost.kit.password import digest
from gatepost.kit.secret import Secret
from gatepost.model.role import Role

COOKIE = "gatepost"
COOKIE_TLS = "__Host-gatepost"
"""Over TLS: browsers take this name only with Secure, Path=/ and no Domain (RFC 6265bis, 4.1.3.2)."""


class Way(StrEnum):
    """How somebody is known."""

    OPEN = "open"
    """No login is configured."""
    SESSION = "session"
    TOKEN = "token"  # noqa: S105 - the name of a way, not a token


@dataclass(frozen=True, slots=True)
class Identity:
    """Whoever asks."""

    name: str
    role: Role
    way: Way
    csrf: str | None = None
    expires: datetime | None = None
    subject: str = ""
    """Issuer and lasting name of somebody for whom a login provider vouches."""


@dataclass(frozen=True, slots=True)
class User:
    """One user with secrets resolved."""

    name: str
    role: Role
    line: Secret | None
    mark: str
    """Changes with the password: sessions begun before are over then."""


@dataclass(frozen=True, slots=True)
class Users:
    """All users, found by name and by token."""

    by_name: Mapping[str, User]
    by_token: Mapping[bytes, User]
    """By SHA-256: the time of a look-up tells nothing, since nobody chooses how a digest begins."""

    @classmethod
    def of(cls, settings: ServerSettings) -> Users:
        """Resolve every secret now. Raises SecretUnavailable, ConfigInvalid."""
        by_name: dict[str, User] = {}
        by_token: dict[bytes, User] = {}
        for name, one in settings.users.items():
            options = one.build()
            by_name[name] = user = User(name, one.role, options.password, _mark(name, options))
            if options.token is not None:
                by_token[digest(options.token)] = user
        return cls(by_name, by_token)

    def of_token(self, token: str) -> User | None:
        """Whose token it is."""
        return self.by_token.get(digest(Secret(token)))


def csrf_of(session: str) -> str:
    """The token that goes with a session: bound to it, and nothing that leads back to it."""
    return hmac.digest(session.encode(), b"gatepost csrf", "sha256").hex()


def key_of(session: str) -> str:
    """What is kept of a session's id."""
    return hashlib.sha256(session.encode()).hexdigest()


def cookie_name(*, secure: bool) -> str:
    """Name of the session's cookie: over TLS one that no other host of the domain can set (RFC 6265bis)."""
    return COOKIE_TLS if secure else COOKIE


def _mark(name: str, options: UserOptions) -> str:
    line = digest(options.password) if options.password else b""
    return hashlib.sha256(name.encode() + line).hexdigest()[:16]
