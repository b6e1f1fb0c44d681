"""``[server.oidc]``: a login that another service vouches for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from gatepost.config.accounts import check_proxy, placed, unread
from gatepost.config.oidc_keys import OidcOptions, OidcSettings, RoleGroups
from gatepost.config.tables import table_in
from gatepost.config.toml import Document, KeyPath
from gatepost.config.values import build
from gatepost.errors import cut
from gatepost.kit.hosts import is_loopback
from gatepost.kit.secret import resolve
from gatepost.model.role import Role

ROLES = "roles"
TEXT_MOST = 200
"""Characters of any key of it."""

_WHERE: KeyPath = ("server", "oidc")
_SECRETS = ("client_secret", "proxy_login")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
"""As RFC 6749, 3.3."""
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


def read_oidc(document: Document, tables: Mapping[str, Any]) -> OidcSettings | None:
    """The table, if it is there; ``tables`` is ``[server]``. Raises ConfigInvalid."""
    if "oidc" not in tables:
        return None
    table = table_in(document, tables, _WHERE)
    document.only(table, [*(one.name for one in fields(OidcOptions)), ROLES], _WHERE)
    options = {
        key: placed(document, value) if key in _SECRETS else value
        for key, value in table.items()
        if key != ROLES
    }
    built = build(OidcOptions, document, _WHERE, options, unread)
    _check(document, built)
    make = partial(build, OidcOptions, document, _WHERE, options, resolve)
    return OidcSettings(built, _roles(document, table), make, dict(table))


def _check(document: Document, options: OidcOptions) -> None:
    _check_issuer(document, options.issuer)
    texts = {
        "client_id": options.client_id,
        "role_claim": options.role_claim,
        "name_claim": options.name_claim,
    }
    for key, text in {**texts, "title": options.title or "-"}.items():
        if text is not None and not (0 < len(text) <= TEXT_MOST and text.isprintable()):
            document.refuse((*_WHERE, key), f"expected 1 to {TEXT_MOST} printable characters")
    for n, scope in enumerate(options.scopes):
        if not _SCOPE.fullmatch(scope):
            document.refuse((*_WHERE, "scopes", n), "expected one scope: ASCII, no spaces")
    if "openid" not in options.scopes:
        document.refuse((*_WHERE, "scopes"), "without 'openid' the provider does not say who somebody is")
    for n, host in enumerate(options.hosts):
        if not _HOST.fullmatch(host):
            document.refuse((*_WHERE, "hosts", n), "expected a host name in lower case, no port")
    if options.proxy is not None:
        check_proxy(document, (*_WHERE, "proxy"), options.proxy)


def _check_issuer(document: Document, issuer: str) -> None:
    where = (*_WHERE, "issuer")
    try:
        parts = urlsplit(issuer)
        host = parts.hostname or ""
        good = bool(host) and parts.port != 0 and issuer.isascii() and issuer.isprintable()
    except ValueError:
        document.refuse(where, "expected https://host or https://host/path")
    plain = set(issuer) & set("?#@ \\")
    if not good or plain or len(issuer) > TEXT_MOST or parts.netloc != parts.netloc.lower():
        document.refuse(where, "expected https://host or https://host/path, the host in lower case")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        document.refuse(where, "expected https (http to loopback only): on the way anybody could answer")


def _roles(document: Document, table: Mapping[str, Any]) -> dict[str, Role]:
    where: KeyPath = (*_WHERE, ROLES)
    groups = build(RoleGroups, document, where, table_in(document, table, where), unread)
    found: dict[str, Role] = {}
    for role in Role:
        for n, group in enumerate(getattr(groups, role.value)):
            if not group or len(group) > TEXT_MOST:
                document.refuse((*where, role.value, n), f"expected 1 to {TEXT_MOST} characters")
            if group in found:
                what = f"{cut(group, 64)!r} stands under {found[group].value!r} already"
                document.refuse((*where, role.value, n), what)
            found[group] = role
    if not found:
        document.refuse(where, "nobody would get in: name groups for viewer, approver or admin")
    return found
