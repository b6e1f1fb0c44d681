"""``[server]``: where `run` listens, who may log in, who fetches feeds.

Loopback and no login by default. A bind beyond loopback is refused unless both
a certificate and a login are there.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Mapping
from dataclasses import fields
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from gatepost.config.accounts import placed, unread
from gatepost.config.hints import read_hint
from gatepost.config.oidc import read_oidc
from gatepost.config.server_keys import (
    ConsumerOptions,
    ConsumerSettings,
    ServerOptions,
    ServerSettings,
    UserOptions,
    UserSettings,
)
from gatepost.config.tables import NAME, table_in
from gatepost.config.toml import Document, KeyPath
from gatepost.config.values import build, written
from gatepost.errors import ConfigInvalid
from gatepost.gate.trust import Trust
from gatepost.kit.secret import resolve

FAMILIES = ("users", "consumers", "hints")
OIDC = "oidc"
USERS_MOST = 1000
SESSION_LEAST, SESSION_MOST = timedelta(minutes=5), timedelta(days=30)

_WHERE: KeyPath = ("server",)
_HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:.]+\]")


def read_server(document: Document, lists: Collection[str], sources: Collection[str]) -> ServerSettings:
    """The table, or its defaults; raises ConfigInvalid."""
    table = table_in(document, document.tables, _WHERE)
    own = {key: value for key, value in table.items() if key not in (*FAMILIES, OIDC)}
    document.only(table, [*(one.name for one in fields(ServerOptions)), *FAMILIES, OIDC], _WHERE)
    options = build(ServerOptions, document, _WHERE, own, unread)
    _check(document, options)
    settings = ServerSettings(
        options=options,
        users={name: _user(document, name, one) for name, one in _named(document, table, "users")},
        consumers={
            name: _consumer(document, name, one, lists) for name, one in _named(document, table, "consumers")
        },
        hints={
            name: read_hint(document, (*_WHERE, "hints", name), name, one, sources)
            for name, one in _named(document, table, "hints")
        },
        oidc=read_oidc(document, table),
        given=bool(table),
    )
    _check_reach(document, settings)
    return settings


def _check(document: Document, options: ServerOptions) -> None:
    if (options.certificate is None) != (options.key is None):
        lacking = "key" if options.key is None else "certificate"
        document.refuse(_WHERE, f"the key {lacking!r} is missing: TLS needs certificate and key")
    _check_listen(document, options.listen)
    for n, host in enumerate(options.hosts):
        if not _HOST.fullmatch(host):
            document.refuse((*_WHERE, "hosts", n), "expected a host name or address in lower case, no port")
    if options.url is not None:
        _check_url(document, options.url)
    _check_proxies(document, options)
    if not SESSION_LEAST <= options.session <= SESSION_MOST:
        what = f"expected a duration from {written(SESSION_LEAST)} to {written(SESSION_MOST)}"
        document.refuse((*_WHERE, "session"), what)


def _check_proxies(document: Document, options: ServerOptions) -> None:
    where: KeyPath = (*_WHERE, "trusted_proxies")
    for n, one in enumerate(options.trusted_proxies):
        try:
            Trust([one])
        except ConfigInvalid as error:
            document.refuse((*where, n), error.message)
    try:
        Trust(options.trusted_proxies)
    except ConfigInvalid as error:
        document.refuse(where, error.message)


def _check_listen(document: Document, listen: str) -> None:
    host, _, port = listen.rpartition(":")
    good = bool(re.fullmatch(r"[0-9]{1,5}", port)) and int(port) < 1 << 16
    try:
        address = ipaddress.ip_address(host.strip("[]"))
        good = good and (address.version == 6) == host.startswith("[")  # noqa: PLR2004 - IP's own number
    except ValueError:
        good = False
    if not good:
        document.refuse((*_WHERE, "listen"), 'expected an address and a port, such as "127.0.0.1:8642"')


def _check_url(document: Document, url: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or parts.path.strip("/") or parts.query or parts.fragment or "@" in url:
        document.refuse((*_WHERE, "url"), "expected https://host or https://host:port, nothing behind it")


def _check_reach(document: Document, settings: ServerSettings) -> None:
    """Whoever others can reach needs TLS and a login."""
    if not settings.options.enabled or ipaddress.ip_address(settings.address[0]).is_loopback:
        return
    if settings.oidc is not None and settings.options.url is None:
        what = "beyond loopback [server.oidc] needs the address people use: the provider sends them there"
        document.refuse((*_WHERE, "url"), what)
    lacking = []
    if not settings.tls:
        lacking.append("TLS (certificate and key)")
    if not settings.login:
        lacking.append("a login (a user in [server.users], or [server.oidc])")
    if lacking:
        what = f"beyond loopback the server needs {' and '.join(lacking)}"
        document.refuse((*_WHERE, "listen"), what)


def _named(document: Document, table: Mapping[str, Any], family: str) -> list[tuple[str, Mapping[str, Any]]]:
    where: KeyPath = (*_WHERE, family)
    group = table_in(document, table, where)
    if len(group) > USERS_MOST:
        document.refuse(where, f"expected at most {USERS_MOST:,}")
    for name, one in group.items():
        if not NAME.fullmatch(name):
            document.refuse((*where, name), "a name is 1 to 40 of a-z, 0-9 and -")
        if not isinstance(one, dict):
            document.refuse((*where, name), "expected a table")
    return list(group.items())


def _user(document: Document, name: str, table: Mapping[str, Any]) -> UserSettings:
    where: KeyPath = (*_WHERE, "users", name)
    options = {key: placed(document, value) for key, value in table.items()}
    built = build(UserOptions, document, where, options, unread)
    if built.password is None and built.token is None:
        document.refuse(where, "the key 'password' is missing, or 'token'")
    make = partial(build, UserOptions, document, where, options, resolve)
    return UserSettings(name, built.role, make, dict(table))


def _consumer(
    document: Document, name: str, table: Mapping[str, Any], lists: Collection[str]
) -> ConsumerSettings:
    where: KeyPath = (*_WHERE, "consumers", name)
    options = {key: value if key == "lists" else placed(document, value) for key, value in table.items()}
    built = build(ConsumerOptions, document, where, options, unread)
    for one in built.lists:
        if one not in lists:
            known = ", ".join(sorted(lists)) or "none"
            document.refuse((*where, "lists"), f"expected names of lists ({known})")
    make = partial(build, ConsumerOptions, document, where, options, resolve)
    return ConsumerSettings(name, built.lists, make, dict(table))
