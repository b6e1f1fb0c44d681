"""``[accounts.NAME]``: credentials, checked in form; the secrets are read when a client is opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from gatepost.config.settings import AccountSettings
from gatepost.config.tables import named
from gatepost.config.toml import Document, KeyPath
from gatepost.config.values import build
from gatepost.errors import cut
from gatepost.kit.discovery import plugins
from gatepost.kit.hosts import is_loopback
from gatepost.kit.secret import Secret, check_reference, resolve
from gatepost.platforms.base import Platform, Reach


def read_accounts(document: Document) -> dict[str, AccountSettings]:
    """All accounts; raises ConfigInvalid."""
    clients = {client.platform: client for client in plugins("gatepost.platforms", Platform)}
    return {name: _account(document, name, one, clients) for name, one in named(document, "accounts")}


def _account(
    document: Document, name: str, table: Mapping[str, Any], clients: Mapping[str, type[Platform]]
) -> AccountSettings:
    where: KeyPath = ("accounts", name)
    platform = table.get("platform")
    client = clients.get(platform) if isinstance(platform, str) else None
    if client is None:
        document.refuse((*where, "platform"), f"expected one of {', '.join(sorted(clients))}")
    options = {key: placed(document, value) for key, value in table.items() if key != "platform"}
    built = build(client.Account, document, where, options, unread)
    _check_host(document, where, client, built)
    if built.proxy is not None:
        check_proxy(document, (*where, "proxy"), built.proxy)
    proxy = urlsplit(built.proxy or "").hostname
    return AccountSettings(
        name=name,
        client=client,
        build=partial(build, client.Account, document, where, options, resolve),
        shown={"platform": platform, **_defaults(client), **table},
        hosts=frozenset({proxy}) if proxy else client.hosts_of(built),
    )


def _check_host(document: Document, where: KeyPath, client: type[Platform], account: Reach) -> None:
    """Refuse now what no request would be sent to: a host that must not have the account's secrets."""
    if account.base_url is None:
        return
    parts = urlsplit(account.base_url)
    host = parts.hostname or ""
    if is_loopback(host):
        return
    if parts.scheme != "https":
        document.refuse((*where, "base_url"), "expected https (http to loopback only): secrets go there")
    if host not in client.hosts and not account.allow_custom_host:
        own = ", ".join(sorted(client.hosts))
        what = f"{cut(host, 80)!r} is none of the platform's own hosts ({own}), so no secret goes there"
        document.refuse((*where, "base_url"), f"{what} without allow_custom_host = true")


def _defaults(client: type[Platform]) -> dict[str, Any]:
    """What holds of keys that are not written, where something does."""
    return {one.name: one.default for one in fields(client.Account) if one.default not in (MISSING, None)}


def placed(document: Document, value: Any) -> Any:
    """``file:PATH`` with the path as the configuration means it."""
    if not isinstance(value, str) or not value.startswith("file:") or value == "file:":
        return value
    return f"file:{document.beside(value.removeprefix('file:'))}"


def unread(reference: str) -> Secret:
    """Check a reference's form and read nothing; raises ConfigInvalid."""
    check_reference(reference)
    return Secret("")


def check_proxy(document: Document, where: KeyPath, proxy: str) -> None:
    """Refuse a login, a query or a path in it; the text is not repeated, it may hold a password."""
    try:
        parts = urlsplit(proxy)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or "@" in proxy or parts.query or parts.fragment:
        document.refuse(
            where, "expected http://host:port or https://host:port; a login is a secret, named by proxy_login"
        )
