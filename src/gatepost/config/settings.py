"""Typed settings: what a configuration file says, checked and with defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from gatepost.config.server_keys import ServerSettings
from gatepost.model.content import Allowlist
from gatepost.model.entry import Direction
from gatepost.model.limits import Limits
from gatepost.model.protect import Protected
from gatepost.notify.base import Channel
from gatepost.platforms.base import Bounds, Platform
from gatepost.sources.base import Source
from gatepost.targets.base import Target


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """Credentials of one platform account; secrets are resolved only when a client is opened."""

    name: str
    client: type[Platform]
    build: Callable[[], Any]
    """Makes the client's ``Account``; raises SecretUnavailable."""
    shown: Mapping[str, Any]
    """Effective keys for people, secrets as their references."""
    hosts: frozenset[str] = frozenset()
    """Hosts that requests of this account connect to: the platform's, or the proxy's."""


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """One configured source."""

    name: str
    plugin: type[Source]
    options: Any
    account: str | None
    direction: Direction
    every: timedelta
    stale_after: timedelta
    """Age of the last accepted answer from which every surface says stale."""
    bounds: Bounds
    """Of one request and one list."""
    deadline: float
    """Seconds for the whole fetch, retries included."""


@dataclass(frozen=True, slots=True)
class ListSettings:
    """One configured list with its guards."""

    allowlist: Allowlist
    limits: Limits

    @property
    def name(self) -> str:
        """The list's name."""
        return self.allowlist.name


@dataclass(frozen=True, slots=True)
class TargetSettings:
    """One configured target."""

    name: str
    plugin: type[Target]
    options: Any
    list: str
    repair: bool = False
    """Whether what others changed there is undone without asking."""


@dataclass(frozen=True, slots=True)
class NotifySettings:
    """One configured notifier; its secrets are read when something is sent."""

    kind: str
    on: tuple[str, ...]
    account: str | None
    options: Mapping[str, Any]
    """The kind's own keys as written, secrets as their references."""
    plugin: type[Channel]
    build: Callable[[], Any]
    """Makes the channel's ``Options``; raises SecretUnavailable."""
    lang: str = "en"
    digest: timedelta | None = None
    """How long events are collected before they are sent as one message; None: each at once."""
    lane: str = ""
    """Name of the receiver that tells nothing of it: notifiers of one receiver share it, and its rate."""


@dataclass(frozen=True, slots=True)
class ProtectSettings:
    """What no plan may cut off: the owner's own values, and what is found around us."""

    addresses: tuple[Protected, ...] = ()
    session: bool = True
    """The address that the SSH session running us comes from."""
    control_plane: bool = True
    """The server that holds the history."""
    dns: bool = True
    """This host's name servers."""
    ntp: bool = True
    """This host's time servers."""
    platforms: bool = True
    """Where accounts and public lists are asked."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a configuration file says."""

    path: Path
    store_url: str
    cache: Path | None
    """Directory of token caches, 0700; None keeps tokens in memory, where the user has no home directory."""
    state: Path | None = None
    """Directory of what this host must know without the history; None where there is no home for it."""
    keep: timedelta = timedelta(days=400)
    """Age from which history is forgotten; what is in force never is."""
    max_bytes: int = 1 << 30
    """Size from which more of it is forgotten."""
    limits: Limits = field(default_factory=Limits)
    accounts: Mapping[str, AccountSettings] = field(default_factory=dict)
    sources: Mapping[str, SourceSettings] = field(default_factory=dict)
    lists: Mapping[str, ListSettings] = field(default_factory=dict)
    targets: Mapping[str, TargetSettings] = field(default_factory=dict)
    protect: ProtectSettings = field(default_factory=ProtectSettings)
    server: ServerSettings = field(default_factory=ServerSettings)
    notify: tuple[NotifySettings, ...] = ()
