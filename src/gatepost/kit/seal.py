"""Bytes at rest that a stray copy does not give away: sealed under a key that is not stored beside them.

The file's mode is the protection; the seal is for backups and copies. A
keystream of SHAKE-256 over key and a fresh nonce, then HMAC-SHA256 over both.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

_NONCE = 16
_TAG = 32


def derive(secret: str, *parts: str) -> bytes:
    """32 bytes bound to a secret and to what they are for; they do not lead back to it (HMAC-SHA256)."""
    told = b"".join(len(part.encode()).to_bytes(4) + part.encode() for part in parts)
    return hmac.digest(secret.encode(), told, "sha256")


def seal(key: bytes, plain: bytes) -> bytes:
    """Sealed bytes; another nonce each time."""
    nonce = secrets.token_bytes(_NONCE)
    mixed = nonce + _mix(key, nonce, plain)
    return mixed + hmac.digest(key, mixed, "sha256")


def unseal(key: bytes, sealed: bytes) -> bytes | None:
    """What was sealed; None where it was sealed under another key, or changed."""
    mixed, tag = sealed[:-_TAG], sealed[-_TAG:]
    if len(mixed) < _NONCE or not hmac.compare_digest(tag, hmac.digest(key, mixed, "sha256")):
        return None
    return _mix(key, mixed[:_NONCE], mixed[_NONCE:])


def _mix(key: bytes, nonce: bytes, data: bytes) -> bytes:
    stream = hashlib.shake_256(key + nonce).digest(len(data))
    return bytes(a ^ b for a, b in zip(data, stream, strict=True))
