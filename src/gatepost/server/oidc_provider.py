"""The login provider: where it is, and what it says of somebody who comes back with a code.

Ways and words are those of OpenID Connect Core and Discovery 1.0 with PKCE (RFC 7636);
each request is bounded as any of ours, goes to the issuer's host or one that the
configuration names, and all of a login's requests together have one deadline.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import anyio
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.discovery import get_well_known_url
from joserfc.jwk import KeySet
from msgspec import Struct

from gatepost.config.oidc_keys import OidcSettings
from gatepost.kit.clock import Clock
from gatepost.kit.http import Http, HttpSettings, Value
from gatepost.kit.oauth import BASIC, client_shown
from gatepost.kit.secret import Secret, bearer
from gatepost.refusals import LoginUnproven, ProviderFailed
from gatepost.server.console_words import _
from gatepost.server.oidc_asking import Asking
from gatepost.server.oidc_flow import Flow
from gatepost.server.oidc_metadata import Metadata, check_metadata
from gatepost.server.oidc_person import Claims, Person, lacks, person_of
from gatepost.server.oidc_token import Expected, key_set, verified

WITHIN = 15.0
"""Seconds for all that one request of a person asks of the provider."""
KEPT = 3600.0
"""Seconds for which the provider's own description is believed."""
SPARED = 5.0
"""Seconds for which a provider that cannot be asked is not asked again."""
BODY_MOST = 512 * 1024

_CODE = re.compile(r"[a-z_]{1,40}")


class KeysAnswer(Struct):
    """RFC 7517, 5."""

    keys: list[dict[str, Any]]


class TokenAnswer(Struct):
    """OpenID Connect Core 1.0, 3.1.3.3; an error's word instead."""

    access_token: str = ""
    token_type: str = ""
    id_token: str = ""
    error: str = ""


class Provider:
    """One provider; for the event loop."""

    def __init__(
        self,
        settings: OidcSettings,
        clock: Clock,
        open_http: Callable[[HttpSettings, Clock], Http] = Http,
        within: float = WITHIN,
    ) -> None:
        """Reads the secret. Raises SecretUnavailable, ConfigInvalid."""
        self.settings = settings
        self._options = settings.build()
        self._clock, self._within = clock, within
        self._open = open_http
        self._metadata: tuple[float, Metadata] | None = None
        self._keys: KeySet | None = None
        self._failed: tuple[float, str, str] | None = None
        self._describing = anyio.Lock(fast_acquire=True)

    async def way(self, flow: Flow, redirect: str) -> str:
        """Where somebody goes to log in. Raises ProviderFailed."""
        async with self._session() as asking:
            found = await self._described(asking)
        return str(
            prepare_grant_uri(
                found.authorization_endpoint,
                self._options.client_id,
                "code",
                redirect_uri=redirect,
                scope=" ".join(self._options.scopes),
                state=flow.state,
                nonce=flow.nonce,
                code_challenge=create_s256_code_challenge(flow.verifier),
                code_challenge_method="S256",
            )
        )

    def check_sender(self, issuer: str | None) -> None:
        """Raise LoginUnproven where the answer names another provider, or none (RFC 9207)."""
        names = (
            self._metadata is not None and self._metadata[1].authorization_response_iss_parameter_supported
        )
        if issuer != self._options.issuer and (issuer is not None or names):
            msg = "the answer does not come from the provider that was asked (iss)"
            raise LoginUnproven(msg)

    async def vouched(self, code: Secret, flow: Flow, redirect: str) -> Person:
        """Who comes back; ``redirect``: where to, as it was said when they left.

        Raises ProviderFailed, LoginUnproven, RoleMissing.
        """
        form: dict[str, Value] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "code_verifier": Secret(flow.verifier),
        }
        async with self._session() as asking:
            found = await self._described(asking)
            told = await self._redeemed(asking, found, form)
            access, client = Secret(told.access_token), self._options.client_id
            expected = Expected(found.issuer, client, flow.nonce, told.access_token, self._clock.now())
            claims = await self._proven(asking, found, told.id_token, expected)
            if lacks(claims, self.settings) and found.userinfo_endpoint is not None:
                more = await self._userinfo(asking, found.userinfo_endpoint, access, claims)
                claims = {**more, **{name: value for name, value in claims.items() if value is not None}}
        return person_of(claims, self.settings)

    def _session(self) -> Asking:
        hosts = frozenset({self.settings.host, *self._options.hosts})
        bounds = HttpSettings(
            hosts=hosts,
            deadline=self._within,
            max_body=BODY_MOST,
            ca_file=self._options.ca_file,
            proxy=self._options.proxy,
            proxy_login=self._options.proxy_login,
        )
        return Asking(self._open(bounds, self._clock), self._within)

    async def _described(self, asking: Asking) -> Metadata:
        """Asked for by one at a time: whoever waits meanwhile takes what that one got."""
        async with self._describing:
            return await self._description(asking)

    async def _description(self, asking: Asking) -> Metadata:
        now = self._clock.monotonic()
        if self._metadata is not None and now < self._metadata[0] + KEPT:
            return self._metadata[1]
        if self._failed is not None and now < self._failed[0] + SPARED:
            raise ProviderFailed(self._failed[1], hint=self._failed[2])
        try:
            place = get_well_known_url(self._options.issuer, external=True)
            found = await asking.document("GET", place, Metadata)
            check_metadata(found, self.settings)
        except ProviderFailed as error:
            self._failed = (self._clock.monotonic(), error.message, error.next_step)
            raise
        self._metadata, self._keys = (now, found), None
        return found

    async def _redeemed(self, asking: Asking, found: Metadata, form: dict[str, Value]) -> TokenAnswer:
        methods = found.token_endpoint_auth_methods_supported or (BASIC,)
        shown = client_shown(self._options.client_id, self._options.client_secret, methods)
        place = found.token_endpoint
        reply = await asking.reply("POST", place, headers=shown.headers, form={**form, **shown.form})
        told = asking.read(reply, TokenAnswer)
        if told.error:
            raise _refusal(told.error)
        if reply.status != 200 or not (told.id_token and told.access_token):  # noqa: PLR2004 - OK
            msg = f"the provider's token endpoint answered {reply.status} without the tokens of a login"
            raise ProviderFailed(msg)
        if told.token_type.lower() != "bearer":
            msg = "the provider gives tokens of a type that nobody asked for"
            raise ProviderFailed(msg)
        return told

    async def _proven(self, asking: Asking, found: Metadata, token: str, expected: Expected) -> Claims:
        """Keys that are known may be old ones: they are asked for once more."""
        claims = verified(token, self._keys, expected) if self._keys is not None else None
        if claims is None:
            answer = await asking.document("GET", found.jwks_uri, KeysAnswer)
            self._keys = key_set(answer.keys)
            claims = verified(token, self._keys, expected) if self._keys is not None else None
        if claims is None:
            msg = "the provider's ID token is refused: no key of the provider signed it"
            raise LoginUnproven(msg)
        return claims

    async def _userinfo(self, asking: Asking, place: str, access: Secret, claims: Claims) -> Claims:
        headers = {"authorization": bearer(access)}
        told = await asking.document("GET", place, dict[str, Any], headers=headers)
        if told.get("sub") != claims["sub"]:
            msg = "the provider's userinfo is of somebody else (sub)"
            raise LoginUnproven(msg)
        return told


def _refusal(error: str) -> ProviderFailed | LoginUnproven:
    """Of the token endpoint (RFC 6749, 5.2)."""
    word = error if _CODE.fullmatch(error) else "no word that it may say"
    if word == "invalid_grant":
        return LoginUnproven(
            "the provider does not take the code back: used before, too late, or not its own"
        )
    if word in ("invalid_client", "unauthorized_client"):
        hint = _("Compare client_id and client_secret of [server.oidc] with the provider's console.")
        return ProviderFailed(f"the provider refused this server: {word}", hint=hint)
    return ProviderFailed(f"the provider's token endpoint refused: {word}")
