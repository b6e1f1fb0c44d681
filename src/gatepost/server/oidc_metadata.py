"""What a login provider says of itself, and whether it may (OpenID Connect Discovery 1.0, 3 and 4.3)."""

from __future__ import annotations

from urllib.parse import urlsplit

from msgspec import Struct

from gatepost.config.oidc_keys import OidcSettings
from gatepost.errors import cut
from gatepost.kit.hosts import is_loopback
from gatepost.kit.oauth import BASIC, POST
from gatepost.refusals import ProviderFailed
from gatepost.server.console_words import _


class Metadata(Struct, frozen=True):
    """What a provider says of itself (Discovery 1.0, 3), as far as it matters here."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] | None = None
    code_challenge_methods_supported: tuple[str, ...] | None = None
    authorization_response_iss_parameter_supported: bool = False


def check_metadata(found: Metadata, settings: OidcSettings) -> None:
    """Raise ProviderFailed for a description of somebody else, or of places that nobody named."""
    if found.issuer != settings.options.issuer:
        msg = f"the provider calls itself {cut(found.issuer)}; issuer in [server.oidc] says otherwise"
        raise ProviderFailed(msg, hint=_("Name the issuer exactly as the provider does."))
    methods = found.code_challenge_methods_supported
    if methods is not None and "S256" not in methods:
        msg = "the provider knows no PKCE with S256"
        raise ProviderFailed(msg)
    ways = found.token_endpoint_auth_methods_supported
    if ways is not None and not {BASIC, POST} & {*ways}:
        msg = "the provider takes no client_secret, in a header or in a form"
        raise ProviderFailed(msg)
    _place(found.authorization_endpoint, settings)
    for place in (found.token_endpoint, found.jwks_uri, found.userinfo_endpoint):
        if place is not None:
            _own_place(place, settings)


def _own_place(place: str, settings: OidcSettings) -> None:
    """A place that we ask: what is secret goes there."""
    host = _place(place, settings)
    if host not in {settings.host, *settings.options.hosts}:
        msg = f"the provider names {cut(host)}, which is neither the issuer's host nor in hosts"
        raise ProviderFailed(msg, hint=_("Name it in hosts of [server.oidc] if it is the provider's."))


def _place(place: str, settings: OidcSettings) -> str:
    """The host of an address over https; over http where issuer and host are loopback."""
    try:
        parts = urlsplit(place)
        host = parts.hostname or ""
    except ValueError:
        parts, host = urlsplit(""), ""
    local = is_loopback(settings.host) and is_loopback(host)
    good = parts.scheme == "https" or (parts.scheme == "http" and local)
    if not good or not host or "@" in parts.netloc or not place.isascii() or not place.isprintable():
        shown = cut(place.partition("?")[0].rpartition("@")[2])
        msg = f"the provider names a place that is no https address: {shown}"
        raise ProviderFailed(msg)
    return host
