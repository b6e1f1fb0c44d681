"""The tests' own login provider, seen by clients that others wrote: what it says is what they understand."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx2
import jwt
import pytest
from oauthlib.oauth2 import OAuth2Error
from requests_oauthlib import OAuth2Session

from rigs.openid import CLIENT, FORGED, SECRET, VERA, StandIn, stand_in

BACK = "http://127.0.0.1:1/login/oidc/back"
SCOPES = ["openid", "profile"]
GOOD_ELSEWHERE = {
    *("aud of several", "azp", "nonce", "no nonce", "at_hash", "at_hash is a number"),
    *("sub is long", "sub is blank", "exp is a text"),
}
"""What PyJWT does not look at, since OpenID Connect alone forbids it, or takes for what it seems to mean."""


@pytest.fixture(autouse=True)
def over_http(monkeypatch) -> None:
    """To loopback."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


@pytest.fixture(scope="module")
def running() -> Iterator[StandIn]:
    """One for all."""
    with stand_in() as made:
        made.redirects.add(BACK)
        yield made


@pytest.fixture
def provider(running) -> StandIn:
    """As it begins."""
    running.fault, running.person, running.signing = "", dict(VERA), "first"
    running.published = ["first", "weak"]
    return running


def described(provider) -> dict:
    """What it says of itself."""
    return httpx2.get(f"{provider.issuer}/.well-known/openid-configuration").json()


def arrived(provider, session) -> str:
    """Where it sends the browser."""
    way, _ = session.authorization_url(described(provider)["authorization_endpoint"], nonce="n" * 24)
    return httpx2.get(way).headers["location"]


def log_in(provider) -> tuple[dict, OAuth2Session]:
    """The tokens."""
    session = OAuth2Session(CLIENT, redirect_uri=BACK, scope=SCOPES, pkce="S256")
    back = arrived(provider, session)
    place = described(provider)["token_endpoint"]
    return session.fetch_token(place, authorization_response=back, client_secret=SECRET), session


def claims(provider, token: str) -> dict:
    """By its keys."""
    keys = jwt.PyJWKClient(described(provider)["jwks_uri"])
    return jwt.decode(
        token,
        keys.get_signing_key_from_jwt(token),
        algorithms=["RS256", "ES256"],
        audience=CLIENT,
        issuer=provider.issuer,
        options={"require": ["exp", "iat", "iss", "aud", "sub"], "enforce_minimum_key_length": True},
    )


@pytest.mark.parametrize("key", ["first", "ec-key"])
def test_another_client_logs_in(provider, key):
    """Code, PKCE and Basic as requests-oauthlib speaks them; the token as PyJWT reads it; userinfo."""
    provider.rotate(key)
    told, session = log_in(provider)
    found = claims(provider, told["id_token"])
    assert (found["sub"], found["nonce"]) == (VERA["sub"], "n" * 24)
    assert session.get(described(provider)["userinfo_endpoint"]).json() == VERA


def test_another_client_meets_its_refusals(provider):
    """A code twice, another verifier, another secret, another redirect: errors of RFC 6749 all."""
    place = described(provider)["token_endpoint"]
    session = OAuth2Session(CLIENT, redirect_uri=BACK, scope=SCOPES, pkce="S256")
    back = arrived(provider, session)
    with pytest.raises(OAuth2Error, match="invalid_client"):
        session.fetch_token(place, authorization_response=back, client_secret="another")
    assert session.fetch_token(place, authorization_response=back, client_secret=SECRET)["access_token"]
    with pytest.raises(OAuth2Error, match="invalid_grant"):
        session.fetch_token(place, authorization_response=back, client_secret=SECRET)
    back = arrived(provider, session)
    session._code_verifier = "x" * 48
    with pytest.raises(OAuth2Error, match="invalid_grant"):
        session.fetch_token(place, authorization_response=back, client_secret=SECRET)
    elsewhere = OAuth2Session(CLIENT, redirect_uri=f"{BACK}/x", scope=SCOPES, pkce="S256")
    way, _ = elsewhere.authorization_url(described(provider)["authorization_endpoint"], nonce="n" * 24)
    assert httpx2.get(way).status_code == 400


def test_whom_it_turns_away_another_client_sees_so(provider):
    """With the error of RFC 6749, 4.1.2.1."""
    provider.person = None
    session = OAuth2Session(CLIENT, redirect_uri=BACK, scope=SCOPES, pkce="S256")
    back = arrived(provider, session)
    assert parse_qs(urlsplit(back).query)["error"] == ["access_denied"]
    with pytest.raises(OAuth2Error, match="access_denied"):
        session.fetch_token("unused", authorization_response=back, client_secret=SECRET)


@pytest.mark.parametrize("fault", [one for one in FORGED if one not in GOOD_ELSEWHERE])
def test_what_is_wrong_with_a_token_is_wrong_for_another_client(provider, fault):
    """A fault that others do not see would be a fault of the tests."""
    provider.fault = fault
    told, _ = log_in(provider)
    with pytest.raises((jwt.PyJWTError, ValueError)):
        claims(provider, told["id_token"])
