"""Webhooks of Tencent Cloud Chat.

https://www.tencentcloud.com/document/product/1047/34354, "Security Considerations"
"""

from __future__ import annotations

import hashlib
from typing import ClassVar

from gatepost.callbacks.base import Callback, Received, parameters, refuse, require_equal, require_small, take
from gatepost.callbacks.document import read_object, text_at
from gatepost.errors import ConfigInvalid
from gatepost.kit.secret import Secret
from gatepost.model.incoming import Incoming

WINDOW = 60.0
"""Seconds; the platform's own advice."""


class TencentChat(Callback):
    """An application's webhook address, with authentication switched on in the console.

    The signature covers the time alone. Whoever sees one request can send others for
    a minute: HTTPS, and the address, must do the rest.
    """

    platform: ClassVar[str] = "tencent_chat"

    def __init__(self, *, token: Secret, sdkappid: int, window: float = WINDOW) -> None:
        """As the console shows them. Raises ConfigInvalid."""
        super().__init__(window)
        if not token.reveal() or sdkappid < 1:
            msg = "a Tencent Chat webhook needs its token and its SDKAppID"
            raise ConfigInvalid(msg)
        self._token = token
        self._sdkappid = str(sdkappid)

    def is_signed(self, incoming: Incoming) -> bool:
        """By its query."""
        return b"Sign=" in incoming.query

    def read(self, incoming: Incoming, now: float) -> Received:
        """The webhook's members."""
        if incoming.method != "POST":
            refuse("it is no POST")
        require_small(incoming)
        given = parameters(incoming)
        sdkappid, command, signature, time = take(given, "SdkAppid", "CallbackCommand", "Sign", "RequestTime")
        require_equal(signature, sign(self._token, time), "its signature")
        self._require_fresh(time, now)
        require_equal(sdkappid, self._sdkappid, "its SDKAppID")
        fields = read_object(incoming.body)
        require_equal(text_at(fields, "CallbackCommand"), command, "its command")
        return Received(fields)


def sign(token: Secret, request_time: str) -> str:
    """SHA-256, in hex, over token and time."""
    return hashlib.sha256(f"{token.reveal()}{request_time}".encode("utf-8", "replace")).hexdigest()
