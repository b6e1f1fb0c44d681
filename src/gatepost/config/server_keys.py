"""What ``[server]`` may say, as typed settings: where `run` listens, and who may come for what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gatepost.config.oidc_keys import OidcSettings
from gatepost.gate.trust import Header, Trust
from gatepost.kit.hosts import is_loopback
from gatepost.kit.password import check_line, check_token
from gatepost.kit.secret import Secret
from gatepost.model.role import Role

LISTEN = "127.0.0.1:8642"


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Keys of the table itself."""

    enabled: bool = True
    """Whether `run` serves at all."""
    listen: str = LISTEN
    """Address and port; `[::1]:8642` for IPv6, port 0 for any that is free."""
    certificate: Path | None = None
    """Certificate chain, PEM; with `key`: the server then speaks TLS."""
    key: Path | None = None
    """Private key of the certificate, PEM."""
    url: str | None = None
    """Address that people and devices use, where a proxy stands in front: `https://lists.example.com`."""
    hosts: tuple[str, ...] = ()
    """Further names that requests may call the server by, as in the `Host` header, without port."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses and networks of proxies in front: who they say is calling is who logs in and is counted."""
    proxy_header: Header = Header.X_FORWARDED_FOR
    """The one header in which they say it."""
    session: timedelta = timedelta(hours=12)
    """How long a login lasts."""
    open_feeds: bool = False
    """Whether feeds need no credentials where there are users but no consumers."""


@dataclass(frozen=True, slots=True)
class UserOptions:
    """Keys of one user; `password`, `token` or both."""

    role: Role
    """viewer: sees all; approver: also approves and rejects; admin: all."""
    password: Secret | None = None
    """The line that `gatepost password` printed, for logging in with a browser."""
    token: Secret | None = None
    """For programs: sent as `Authorization: Bearer`; at least 20 characters."""

    def __post_init__(self) -> None:
        """Raises ValueError for what is no line of `gatepost password`, and for a short token."""
        check_line(self.password)
        check_token(self.token)


@dataclass(frozen=True, slots=True)
class ConsumerOptions:
    """Keys of one consumer of feeds: a firewall, a proxy, a script."""

    token: Secret
    """Password of HTTP Basic (the name is the consumer's), or Bearer token; at least 20 characters."""
    token_next: Secret | None = None
    """The one that will replace it: both are good until you move it to `token`."""
    lists: tuple[str, ...] = ()
    """Lists it may fetch; without: all."""

    def __post_init__(self) -> None:
        """Raises ValueError for a short token."""
        check_token(self.token)
        check_token(self.token_next)


@dataclass(frozen=True, slots=True)
class UserSettings:
    """One user; secrets are read when the server starts."""

    name: str
    role: Role
    build: Callable[[], UserOptions]
    """Raises SecretUnavailable."""
    shown: Mapping[str, Any]
    """Keys as written, secrets as their references."""


@dataclass(frozen=True, slots=True)
class ConsumerSettings:
    """One consumer; secrets are read when the server starts."""

    name: str
    lists: tuple[str, ...]
    build: Callable[[], ConsumerOptions]
    """Raises SecretUnavailable."""
    shown: Mapping[str, Any]
    """Keys as written, secrets as their references."""


class Sender(StrEnum):
    """Platforms that send something when their lists change."""

    WECOM = "wecom"
    FEISHU = "feishu"


@dataclass(frozen=True, slots=True)
class HintOptions:
    """Keys of one hint: of WeCom all three of its own, of Feishu at least one."""

    platform: Sender
    """wecom: its event `change_domain_ip`; feishu: any event that you subscribe this address to."""
    sources: tuple[str, ...]
    """Sources to ask when it comes."""
    token: Secret | None = None
    """WeCom's Token of the callback address."""
    aes_key: Secret | None = None
    """WeCom's EncodingAESKey."""
    receiver: str | None = None
    """WeCom's CorpID: messages for another are refused."""
    encrypt_key: Secret | None = None
    """Feishu's Encrypt Key; with it every event is encrypted and signed."""
    verification_token: Secret | None = None
    """Feishu's Verification Token."""

    def __post_init__(self) -> None:
        """Raises ValueError for what is missing, or belongs to the other platform."""
        wecom = {"token": self.token, "aes_key": self.aes_key, "receiver": self.receiver}
        feishu = {"encrypt_key": self.encrypt_key, "verification_token": self.verification_token}
        own, others = (wecom, feishu) if self.platform is Sender.WECOM else (feishu, wecom)
        if strange := [name for name, value in others.items() if value is not None]:
            msg = f"{', '.join(strange)} is not for {self.platform.value}"
            raise ValueError(msg)
        there = [value is not None for value in own.values()]
        if not (all(there) if self.platform is Sender.WECOM else any(there)):
            link = " and " if self.platform is Sender.WECOM else " or "
            msg = f"{self.platform.value} needs {link.join(own)}"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class HintSettings:
    """One hint; secrets are read when the server starts."""

    name: str
    sources: tuple[str, ...]
    build: Callable[[], HintOptions]
    """Raises SecretUnavailable."""
    shown: Mapping[str, Any]
    """Keys as written, secrets as their references."""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Everything the table says."""

    options: ServerOptions = field(default_factory=ServerOptions)
    users: Mapping[str, UserSettings] = field(default_factory=dict)
    consumers: Mapping[str, ConsumerSettings] = field(default_factory=dict)
    hints: Mapping[str, HintSettings] = field(default_factory=dict)
    oidc: OidcSettings | None = None
    """A provider that vouches for people."""
    given: bool = False
    """Whether the table is there: then a server that cannot be is an error."""

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to listen on."""
        host, _, port = self.options.listen.rpartition(":")
        return host.strip("[]"), int(port)

    @property
    def tls(self) -> bool:
        """Whether it speaks TLS itself."""
        return self.options.certificate is not None

    @property
    def https(self) -> bool:
        """Whether people reach it over TLS: its own, or a proxy's."""
        return self.tls or (self.options.url or "").startswith("https:")

    @property
    def trust(self) -> Trust:
        """Whose word about the client counts. Raises ConfigInvalid."""
        return Trust(self.options.trusted_proxies, header=self.options.proxy_header)

    @property
    def proxy_unnamed(self) -> bool:
        """Whether people seem to log in through a proxy here that is not named: all are one client then."""
        told = self.options
        host = urlsplit(told.url or "").hostname or ""
        elsewhere = bool(told.hosts or host) and not is_loopback(host)
        here = is_loopback(self.address[0]) and told.enabled and self.login
        return here and elsewhere and not told.trusted_proxies

    @property
    def login(self) -> bool:
        """Whether anybody must say who they are."""
        return bool(self.users) or self.oidc is not None
