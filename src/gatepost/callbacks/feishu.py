"""Events and callbacks of Feishu and Lark.

https://open.feishu.cn/document/server-docs/event-subscription-guide/event-subscription-configure-/encrypt-key-encryption-configuration-case
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, ClassVar

from gatepost.callbacks.aes import BLOCK, decrypt, unbase64
from gatepost.callbacks.base import WINDOW, Callback, Received, refuse, require_equal, require_small
from gatepost.callbacks.document import read_object, text_at
from gatepost.errors import ConfigInvalid
from gatepost.kit.secret import Secret
from gatepost.model.incoming import Incoming

TIMESTAMP, NONCE, SIGNATURE = b"x-lark-request-timestamp", b"x-lark-request-nonce", b"x-lark-signature"
CHALLENGE_MAX = 1_024
"""Characters of a challenge that is sent back."""


class Feishu(Callback):
    """An app's event and callback address.

    With an Encrypt Key every event must be encrypted and signed. Without one Feishu
    signs nothing: the Verification Token in the body is then all there is.
    """

    platform: ClassVar[str] = "feishu"

    def __init__(
        self,
        *,
        encrypt_key: Secret | None = None,
        verification_token: Secret | None = None,
        window: float = WINDOW,
    ) -> None:
        """Both as the developer console shows them. Raises ConfigInvalid where there is neither."""
        super().__init__(window)
        if encrypt_key is None and verification_token is None:
            msg = "a Feishu callback needs its Encrypt Key, or at least its Verification Token"
            raise ConfigInvalid(msg)
        self._encrypt_key = encrypt_key
        self._token = verification_token

    def is_signed(self, incoming: Incoming) -> bool:
        """By its header; where nothing is signed, any POST may hold the token."""
        if incoming.method != "POST":
            return False
        return self._encrypt_key is None or incoming.header(SIGNATURE) is not None

    def read(self, incoming: Incoming, now: float) -> Received:
        """The event, decrypted, or the challenge that asks whether this address is ours."""
        if incoming.method != "POST":
            refuse("it is no POST")
        require_small(incoming)
        signed = self._require_signature(incoming, now)
        document = self._document(read_object(incoming.body))
        is_challenge = document.get("type") == "url_verification"
        if not (signed or is_challenge or self._encrypt_key is None):
            refuse("it has no signature")
        self._require_token(document)
        return _challenge(document) if is_challenge else Received(document, id=_event_id(document))

    def _require_signature(self, incoming: Incoming, now: float) -> bool:
        """Whether it is signed; refuses a signature that is wrong, doubled or of another time."""
        if self._encrypt_key is None or all(name != SIGNATURE for name, _ in incoming.headers):
            return False
        timestamp, nonce = incoming.header(TIMESTAMP), incoming.header(NONCE)
        signature = incoming.header(SIGNATURE)
        if timestamp is None or nonce is None or signature is None:
            refuse("a header of its signature is missing or stands twice")
        require_equal(signature, sign(timestamp, nonce, self._encrypt_key, incoming.body), "its signature")
        self._require_fresh(timestamp, now)
        return True

    def _document(self, wrapper: dict[str, Any]) -> dict[str, Any]:
        if self._encrypt_key is None:
            return wrapper
        data = unbase64(text_at(wrapper, "encrypt"))
        key = hashlib.sha256(self._encrypt_key.reveal().encode()).digest()
        return read_object(decrypt(key, data[:BLOCK], data[BLOCK:], BLOCK))

    def _require_token(self, document: dict[str, Any]) -> None:
        """At ``header.token`` since version 2.0 of the envelope, at the top before."""
        if self._token is not None:
            given = text_at(document, "header", "token") or text_at(document, "token")
            require_equal(given, self._token.reveal(), "its verification token")


def sign(timestamp: str, nonce: str, encrypt_key: Secret, body: bytes) -> str:
    """SHA-256, in hex, over timestamp, nonce, key and the body's bytes as they came."""
    return hashlib.sha256(
        f"{timestamp}{nonce}{encrypt_key.reveal()}".encode("utf-8", "replace") + body
    ).hexdigest()


def _challenge(document: dict[str, Any]) -> Received:
    challenge = text_at(document, "challenge")
    if not 0 < len(challenge) <= CHALLENGE_MAX:
        refuse("its challenge is missing or too long")
    return Received(document, answer=json.dumps({"challenge": challenge}))


def _event_id(document: dict[str, Any]) -> str | None:
    return text_at(document, "header", "event_id") or text_at(document, "uuid") or None
