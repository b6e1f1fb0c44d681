"""Passwords and tokens: kept as scrypt lines and digests, compared without telling how far they agree.

A line is in the PHC string format: ``$scrypt$ln=15,r=8,p=1$SALT$HASH``, both in
base64 without padding. scrypt is RFC 7914; 32 MiB and about a tenth of a second
each, so whoever verifies does so beside the event loop.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets

from gatepost.kit.secret import Secret

PASSWORD_LEAST, PASSWORD_MOST = 10, 1024
"""Characters of a password that a line is made of."""
TOKEN_LEAST = 20
"""Characters of a token: long enough that guessing is no way."""

_LN, _R, _P = 15, 8, 1
_MEMORY_MOST = 256 << 20
_SALT, _HASH = 16, 32
_LINE = re.compile(
    r"\$scrypt\$ln=([0-9]{1,2}),r=([0-9]{1,2}),p=([0-9]{1,2})\$([A-Za-z0-9+/]{16,88})\$([A-Za-z0-9+/]{22,88})"
)
_NOBODY = "$scrypt$ln=15,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$" + "A" * 43


def make_line(password: Secret) -> str:
    """A line that :func:`verify` knows the password by; another salt each time. Raises ValueError."""
    text = password.reveal()
    if not PASSWORD_LEAST <= len(text) <= PASSWORD_MOST:
        msg = f"a password has {PASSWORD_LEAST} to {PASSWORD_MOST} characters"
        raise ValueError(msg)
    salt = secrets.token_bytes(_SALT)
    made = _scrypt(text, salt, (_LN, _R, _P), _HASH)
    return f"$scrypt$ln={_LN},r={_R},p={_P}${_text(salt)}${_text(made)}"


def check_line(line: Secret | None) -> None:
    """Raise ValueError for what is no line of ours; nothing, and a secret that is not read, is no mistake."""
    if line is not None and line.reveal() and _parse(line.reveal()) is None:
        msg = "a password is the line that `gatepost password` prints, not the password itself"
        raise ValueError(msg)


def check_token(token: Secret | None) -> None:
    """Raise ValueError for a token that can be guessed; nothing, and one that is not read, is no mistake."""
    if token is not None and token.reveal() and len(token.reveal()) < TOKEN_LEAST:
        msg = f"a token has at least {TOKEN_LEAST} characters"
        raise ValueError(msg)


def verify(line: Secret | None, password: Secret) -> bool:
    """Whether a password is the line's; takes as long where there is no line."""
    parsed = _parse(line.reveal() if line else _NOBODY)
    text = password.reveal()
    if parsed is None or len(text) > PASSWORD_MOST:
        return False
    costs, salt, wanted = parsed
    return hmac.compare_digest(_scrypt(text, salt, costs, len(wanted)), wanted) and line is not None


def digest(secret: Secret) -> bytes:
    """SHA-256 of a token: what is kept and looked up instead of it."""
    return hashlib.sha256(secret.reveal().encode("utf-8", "surrogateescape")).digest()


def _parse(line: str) -> tuple[tuple[int, int, int], bytes, bytes] | None:
    found = _LINE.fullmatch(line)
    if not found:
        return None
    ln, r, p = (int(one) for one in found.groups()[:3])
    if not (ln >= 1 and r >= 1 and p >= 1 and (128 * r << ln) + 128 * r * p <= _MEMORY_MOST):
        return None
    try:
        return (ln, r, p), _bytes(found[4]), _bytes(found[5])
    except binascii.Error:
        return None


def _scrypt(text: str, salt: bytes, costs: tuple[int, int, int], length: int) -> bytes:
    ln, r, p = costs
    told = text.encode("utf-8", "surrogateescape")
    return hashlib.scrypt(told, salt=salt, n=1 << ln, r=r, p=p, maxmem=2 * _MEMORY_MOST, dklen=length)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
