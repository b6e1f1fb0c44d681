"""An ID token: whether the provider signed it, for us, for this login, now (OpenID Connect Core, 3.1.3.7).

Authlib and its JOSE library judge; here stands what they are asked, and what
becomes of their answers: no text of theirs is passed on, it may quote the token.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import (
    BadSignatureError,
    ExpiredTokenError,
    InvalidClaimError,
    InvalidKeyCurveError,
    InvalidKeyIdError,
    KeyParameterError,
    MissingClaimError,
    UnsupportedAlgorithmError,
)
from joserfc.jwk import KeySet, import_key
from joserfc.jws import JWSRegistry

from gatepost.refusals import LoginUnproven

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Of signatures that the provider alone can make: neither ``none`` nor HMAC, whose key the client has too."""
LEEWAY = 60
"""Seconds by which the provider's clock may be off."""
SUBJECT_MOST = 255
"""Characters, of ASCII: OpenID Connect Core 1.0, 2."""

_KEYS_MOST = 100
_RSA_LEAST = 2048
"""Bits; RFC 7518, 3.3."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say."""

    issuer: str
    client_id: str
    nonce: str = field(repr=False)
    access_token: str = field(repr=False)
    """What ``at_hash`` is of, where it is there."""
    now: datetime


class _Registry(JWSRegistry):
    """Headers that are not known are not heeded, as RFC 7515, 4 wants, unless they are critical."""

    max_header_length = 8192

    def __init__(self) -> None:
        super().__init__(algorithms=ALGORITHMS, strict_check_header=False)


def key_set(documents: Iterable[Mapping[str, Any]]) -> KeySet | None:
    """Public keys for signatures out of a JWK Set; what cannot be used is left out (RFC 7517, 5)."""
    found = [key for one in [*documents][:_KEYS_MOST] if (key := _key(one)) is not None]
    return KeySet(found) if found else None


def verified(token: str, keys: KeySet, expected: Expected) -> Mapping[str, Any] | None:
    """The claims; None where no key of these signed them. Raises LoginUnproven."""
    try:
        signed = jwt.decode(token, keys, registry=_Registry())
        claims = CodeIDToken(signed.claims, signed.header, _options(expected), _params(expected))
        claims.validate(now=int(expected.now.timestamp()), leeway=LEEWAY)
        outcome = _checked(claims)
    except (BadSignatureError, InvalidKeyIdError, InvalidKeyCurveError, KeyParameterError):
        return None  # of another name, or of another kind
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it, and its text may quote it
        outcome = LoginUnproven(f"the provider's ID token is refused: {_words(error)}")
    if isinstance(outcome, LoginUnproven):
        raise outcome
    return outcome


def _options(expected: Expected) -> dict[str, Any]:
    return {
        "iss": {"essential": True, "value": expected.issuer},
        "aud": {"essential": True, "value": expected.client_id},
    }


def _params(expected: Expected) -> dict[str, Any]:
    return {
        "nonce": expected.nonce,
        "client_id": expected.client_id,
        "access_token": expected.access_token,
    }


def _checked(claims: Mapping[str, Any]) -> Mapping[str, Any] | LoginUnproven:
    subject = claims["sub"]
    plain = isinstance(subject, str) and subject.isascii() and subject.isprintable() and bool(subject.strip())
    if not plain or len(subject) > SUBJECT_MOST:
        return LoginUnproven("the provider's ID token is refused: claim sub is wrong")
    return dict(claims)


def _words(error: Exception) -> str:
    match error:
        case ExpiredTokenError():
            return "it is over (exp)"
        case MissingClaimError():
            return f"claim {error.claim} is missing"
        case InvalidClaimError():
            return f"claim {error.claim} is wrong"
        case UnsupportedAlgorithmError():
            return "its algorithm is not one that only the provider can sign with"
    return f"it is no signed token that can be read ({type(error).__name__})"


def _key(document: Mapping[str, Any]) -> Any:
    if document.get("kty") not in ("RSA", "EC") or document.get("use", "sig") != "sig":
        return None
    if document["kty"] == "RSA" and _bits(document.get("n")) < _RSA_LEAST:
        return None
    public = {name: value for name, value in document.items() if name in _PUBLIC}
    try:
        return import_key(public)
    except Exception:  # noqa: BLE001 - a key that cannot be read is none; others may be good
        return None


_PUBLIC = frozenset({"kty", "use", "alg", "kid", "n", "e", "crv", "x", "y"})


def _bits(number: Any) -> int:
    try:
        return int.from_bytes(base64.urlsafe_b64decode(f"{number}===")).bit_length()
    except (binascii.Error, ValueError):
        return 0
