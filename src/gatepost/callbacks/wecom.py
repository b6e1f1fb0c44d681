"""Callbacks of WeCom: messages, events, and ``change_domain_ip``, which says that a list changed.

https://developer.work.weixin.qq.com/document/path/90930
"""

from __future__ import annotations

from typing import ClassVar

from gatepost.callbacks.base import (
    WINDOW,
    Callback,
    Received,
    parameters,
    refuse,
    require_equal,
    require_small,
    take,
)
from gatepost.callbacks.weixin import Envelope, message_id, read_body, sealed_in, sign
from gatepost.kit.secret import Secret
from gatepost.model.incoming import Incoming


class WeCom(Callback):
    """An app's callback address: always signed and encrypted."""

    platform: ClassVar[str] = "wecom"

    def __init__(
        self, *, token: Secret, encoding_aes_key: Secret, receiver: str, window: float = WINDOW
    ) -> None:
        """As the console shows them; ``receiver``: the CorpID of an own app. Raises ConfigInvalid."""
        super().__init__(window)
        self._token = token
        self._envelope = Envelope(encoding_aes_key, receiver)

    def is_signed(self, incoming: Incoming) -> bool:
        """By its query."""
        return b"msg_signature=" in incoming.query

    def read(self, incoming: Incoming, now: float) -> Received:
        """The message, decrypted; of a GET the text that WeCom wants back."""
        require_small(incoming)
        given = parameters(incoming)
        signature, timestamp, nonce = take(given, "msg_signature", "timestamp", "nonce")
        if incoming.method == "GET":
            sealed = take(given, "echostr")[0].replace(" ", "+")  # a plus sign that was not encoded
        elif incoming.method == "POST":
            sealed = sealed_in(read_body(incoming.body))
        else:
            refuse("it is neither GET nor POST")
        require_equal(signature, sign(self._token.reveal(), timestamp, nonce, sealed), "its signature")
        self._require_fresh(timestamp, now)
        plain = self._envelope.open(sealed)
        if incoming.method == "GET":
            return Received({}, answer=plain.decode("utf-8", "replace"))
        fields = read_body(plain)
        return Received(fields, id=message_id(fields))


def tells_of_change(received: Received) -> bool:
    """Whether WeCom says that its domains and addresses changed: a hint to fetch now, no list.

    https://developer.work.weixin.qq.com/document/path/100080
    """
    wanted = {"MsgType": "event", "Event": "security", "ChangeType": "change_domain_ip"}
    return all(received.fields.get(name) == value for name, value in wanted.items())
