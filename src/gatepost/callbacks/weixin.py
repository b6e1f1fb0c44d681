"""What WeCom and WeChat share: the signature over sorted texts, and the encrypted envelope.

https://developer.work.weixin.qq.com/document/path/90968
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Any

from gatepost.callbacks.aes import BLOCK, decrypt, unbase64
from gatepost.callbacks.base import refuse, require_equal
from gatepost.callbacks.document import read_object, text_at
from gatepost.callbacks.xml import read_xml
from gatepost.errors import ConfigInvalid
from gatepost.kit.secret import Secret

KEY_LENGTH = 43
PADDED_TO = 32
"""Bytes; twice the block of AES."""
_RANDOM, _LENGTH = 16, 4


@dataclass(frozen=True, slots=True)
class Envelope:
    """How one app's messages are sealed. Raises ConfigInvalid for a key that is none."""

    aes_key: Secret
    """``EncodingAESKey``: 43 characters."""
    receiver: str
    """CorpID, SuiteID or AppID: a message for another is refused."""

    def __post_init__(self) -> None:
        """Check the key's form; its text is not repeated."""
        if len(self._key()) != PADDED_TO:
            msg = f"an EncodingAESKey has {KEY_LENGTH} characters of base64"
            raise ConfigInvalid(msg)
        if not self.receiver:
            msg = "name the CorpID, SuiteID or AppID that messages are for"
            raise ConfigInvalid(msg)

    def open(self, text: str) -> bytes:
        """The message in base64 as plain bytes. Raises CallbackRefused."""
        key = self._key()
        plain = decrypt(key, key[:BLOCK], unbase64(text), PADDED_TO)
        length = int.from_bytes(plain[_RANDOM : _RANDOM + _LENGTH], "big")
        end = _RANDOM + _LENGTH + length
        if len(plain) < _RANDOM + _LENGTH or end > len(plain):
            refuse("it cannot be decrypted")
        require_equal(plain[end:].decode("utf-8", "replace"), self.receiver, "its receiver")
        return plain[_RANDOM + _LENGTH : end]

    def _key(self) -> bytes:
        try:
            return base64.b64decode(self.aes_key.reveal() + "=", validate=True)
        except (ValueError, binascii.Error):
            return b""


def sign(*texts: str) -> str:
    """SHA-1, in hex, over the texts in the order of their bytes."""
    return hashlib.sha1(
        b"".join(sorted(text.encode("utf-8", "replace") for text in texts)), usedforsecurity=False
    ).hexdigest()


def read_body(body: bytes) -> dict[str, Any]:
    """XML, or JSON where the app was set to it."""
    return read_object(body) if body.lstrip()[:1] == b"{" else read_xml(body)


def sealed_in(fields: dict[str, Any]) -> str:
    """The sealed text of a message."""
    text = text_at(fields, "Encrypt")
    if not text:
        refuse("it is not encrypted")
    return text


def message_id(fields: dict[str, Any]) -> str | None:
    """Of a message its number; of an event who and when (WeChat says so of its repetitions)."""
    number = fields.get("MsgId")
    if number:
        return str(number)
    parts = [str(fields.get(name, "")) for name in ("FromUserName", "CreateTime", "Event", "ChangeType")]
    return ":".join(parts) if parts[0] and parts[1] else None
