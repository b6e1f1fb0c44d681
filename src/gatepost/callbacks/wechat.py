"""Messages and events of WeChat official accounts and mini programs.

https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/Technical_Plan.html
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
from gatepost.errors import ConfigInvalid
from gatepost.kit.secret import Secret
from gatepost.model.incoming import Incoming

ECHO_MAX = 256
"""Characters of a text that is sent back."""


class WeChat(Callback):
    """An account's server address.

    With an EncodingAESKey (safe and compatible mode) only the encrypted part of a
    message is read. Without one the signature does not cover the body: it says
    only that the sender knows the token.
    """

    platform: ClassVar[str] = "wechat"

    def __init__(
        self,
        *,
        token: Secret,
        appid: str = "",
        encoding_aes_key: Secret | None = None,
        window: float = WINDOW,
    ) -> None:
        """As the console shows them; the AppID belongs to the key. Raises ConfigInvalid."""
        super().__init__(window)
        if not token.reveal():
            msg = "a WeChat callback needs its Token"
            raise ConfigInvalid(msg)
        self._token = token
        self._envelope = None if encoding_aes_key is None else Envelope(encoding_aes_key, appid)

    def is_signed(self, incoming: Incoming) -> bool:
        """By its query."""
        return b"signature=" in incoming.query

    def read(self, incoming: Incoming, now: float) -> Received:
        """The message; of a GET the text that WeChat wants back."""
        require_small(incoming)
        given = parameters(incoming)
        timestamp, nonce = take(given, "timestamp", "nonce")
        if incoming.method == "POST" and self._envelope is not None:
            sealed = sealed_in(read_body(incoming.body))
            self._require(take(given, "msg_signature")[0], timestamp, nonce, sealed)
            self._require_fresh(timestamp, now)
            fields = read_body(self._envelope.open(sealed))
            return Received(fields, id=message_id(fields))
        self._require(take(given, "signature")[0], timestamp, nonce)
        self._require_fresh(timestamp, now)
        return _plain(incoming, given)

    def _require(self, signature: str, *texts: str) -> None:
        require_equal(signature, sign(self._token.reveal(), *texts), "its signature")


def _plain(incoming: Incoming, given: dict[str, str]) -> Received:
    match incoming.method:
        case "GET":
            echo = take(given, "echostr")[0]
            if len(echo) > ECHO_MAX or not (echo.isascii() and echo.isalnum()):
                refuse("its echostr is not what the platform sends")
            return Received({}, answer=echo)
        case "POST":
            fields = read_body(incoming.body)
            return Received(fields, id=message_id(fields))
    return refuse("it is neither GET nor POST")
