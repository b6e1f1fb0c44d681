"""ID tokens and keys by themselves: what the library would take with a warning is refused here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gatepost.refusals import LoginUnproven
from gatepost.server.oidc_token import LEEWAY, Expected, key_set, verified
from rigs.openid import CLIENT, VERA, half, public, token

ISSUER = "https://sso.example.com"
NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)
ACCESS = "access-token-of-this-login"
CLAIMS = {
    "iss": ISSUER,
    "aud": CLIENT,
    "iat": int(NOW.timestamp()),
    "exp": int(NOW.timestamp()) + 300,
    "nonce": "n" * 24,
    "at_hash": half(ACCESS),
    **VERA,
}


def expected(later: float = 0) -> Expected:
    """By our clock."""
    return Expected(ISSUER, CLIENT, "n" * 24, ACCESS, NOW + timedelta(seconds=later))


@pytest.mark.filterwarnings("ignore")
def test_keys_that_are_none_are_left_out():
    """Short ones, secrets, those to encrypt with, broken ones; a private half is not even kept."""
    wrong = [
        public("weak"),
        {"kty": "oct", "k": "c2VjcmV0", "kid": "x"},
        {**public("first"), "use": "enc"},
        {"kty": "RSA", "kid": "x"},
        {**public("first"), "n": 7},
        {**public("ec"), "crv": "P-999"},
        {"kty": "PQ"},
        {},
    ]
    assert key_set(wrong) is None
    assert [one.kid for one in key_set([*wrong, {**public("first"), "d": "AQAB"}])] == ["first"]


def test_clocks_may_be_a_minute_apart():
    """In both directions, and no more."""
    keys = key_set([public("first")])
    made = token(CLAIMS, "first")
    for later in (-LEEWAY, 0, 300 + LEEWAY - 1):
        assert verified(made, keys, expected(later))["sub"] == VERA["sub"]
    for later in (-LEEWAY - 1, 300 + LEEWAY):
        with pytest.raises(LoginUnproven):
            verified(made, keys, expected(later))


def test_another_key_of_whatever_kind_is_no_key_of_the_token():
    """So that keys are fetched anew, rather than the login refused."""
    made = token(CLAIMS, "first", kid=None)
    for other in ("second", "ec"):
        assert verified(made, key_set([public(other)]), expected()) is None
    assert verified(token(CLAIMS, "first"), key_set([{**public("ec"), "kid": "first"}]), expected()) is None


def test_a_refusal_holds_nothing_of_the_token():
    """Neither its text nor what hangs on it."""
    made = token({**CLAIMS, "nonce": "canary-nonce-canary"}, "first")
    with pytest.raises(LoginUnproven) as told:
        verified(made, key_set([public("first")]), expected())
    assert told.value.__cause__ is None
    assert told.value.__context__ is None
    assert "canary" not in told.value.message
