"""AES-256-CBC as the platforms use it: decrypted, and every way to fail told alike."""

from __future__ import annotations

import base64
import binascii

from gatepost.callbacks.base import refuse
from gatepost.errors import ConfigInvalid

BLOCK = 16


def decrypt(key: bytes, iv: bytes, data: bytes, block: int) -> bytes:
    """Plain bytes, PKCS#7 padding to ``block`` bytes taken off.

    Raises CallbackRefused in the same words for everything that is wrong, so
    that nobody learns from it what; ConfigInvalid without the library.
    """
    if not data or len(data) % BLOCK:
        refuse("it cannot be decrypted")
    plain = _cbc(key, iv, data)
    size = plain[-1]
    if not 1 <= size <= block or len(plain) < size or plain[-size:] != bytes([size]) * size:
        refuse("it cannot be decrypted")
    return plain[:-size]


def _cbc(key: bytes, iv: bytes, data: bytes) -> bytes:
    try:
        from cryptography.hazmat.primitives.ciphers import (  # noqa: PLC0415 - an extra, imported when used
            Cipher,
            algorithms,
            modes,
        )
    except ImportError:
        msg = "encrypted callbacks need `pip install gatepost[callbacks]`"
        raise ConfigInvalid(msg) from None
    decryptor = Cipher(algorithms.AES256(key), modes.CBC(iv)).decryptor()
    return decryptor.update(data) + decryptor.finalize()


def unbase64(text: str) -> bytes:
    """Strictly standard base64. Raises CallbackRefused, in the words of :func:`decrypt`."""
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (ValueError, binascii.Error):
        refuse("it cannot be decrypted")
