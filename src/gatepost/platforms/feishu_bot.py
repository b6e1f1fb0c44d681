"""Feishu's and Lark's custom group bot: a webhook, signed where the bot asks for it."""

from __future__ import annotations

import base64
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, ClassVar, Self

from gatepost.kit.clock import Clock, SystemClock
from gatepost.kit.reply import HttpSettings
from gatepost.kit.secret import Secret
from gatepost.platforms.base import Bounds
from gatepost.platforms.feishu_codes import BOT, CODES
from gatepost.platforms.feishu_envelope import read_refusal, to_error
from gatepost.platforms.feishu_message import Content, webhook_body

if TYPE_CHECKING:  # the HTTP library is loaded only where a bot is opened
    import httpx2

    from gatepost.kit.http import Http


class FeishuBot:
    """A group's custom bot: a webhook whose address is its secret.

    https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
    """

    hosts: ClassVar[frozenset[str]] = frozenset({"open.feishu.cn", "open.larksuite.com"})
    """Where a webhook may be; and loopback."""

    def __init__(self, hook: Secret, http: Http, clock: Clock, secret: Secret | None = None) -> None:
        """``hook`` is the whole webhook address; ``secret`` signs, where the bot asks for signatures."""
        self._hook = hook
        self._http = http
        self._clock = clock
        self._secret = secret

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        hook: Secret,
        *,
        secret: Secret | None = None,
        clock: Clock | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
        bounds: Bounds | None = None,
    ) -> AsyncIterator[Self]:
        """A bot with a connection of its own; the webhook is one of Feishu's, Lark's or loopback."""
        from gatepost.kit.http import Http  # noqa: PLC0415 - loads the HTTP library

        clock, bounds = clock or SystemClock(), bounds or Bounds()
        settings = HttpSettings(cls.hosts, deadline=bounds.deadline, max_body=bounds.max_body)
        async with Http(settings, clock, transport) as http:
            yield cls(hook, http, clock, secret)

    async def send(self, content: Content) -> None:
        """Send a message, once: a webhook knows no uuid, so a retry could send it twice."""
        body = webhook_body(content)
        if self._secret is not None:
            timestamp = str(int(self._clock.now().timestamp()))
            body = {"timestamp": timestamp, "sign": sign(timestamp, self._secret), **body}
        reply = await self._http.request("POST", self._hook, json=body)
        refusal = read_refusal(reply)
        if refusal is not None:
            raise to_error(refusal, reply, CODES, BOT)


def sign(timestamp: str, secret: Secret) -> str:
    """A webhook's signature: HMAC-SHA256 of nothing, keyed by timestamp and secret (seconds, within 1 h)."""
    return base64.b64encode(hmac.digest(f"{timestamp}\n{secret.reveal()}".encode(), b"", "sha256")).decode()
