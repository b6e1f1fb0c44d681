"""Feishu's and Lark's custom group bot: a webhook, signed where the bot asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal

import msgspec

from gatepost.kit.secret import Secret
from gatepost.notify._feishu_card import card
from gatepost.notify._lines import text_of
from gatepost.notify._note import fit
from gatepost.notify.base import Channel, Message, Rate
from gatepost.platforms.feishu_bot import FeishuBot as Client
from gatepost.platforms.feishu_message import Card, Content, Text, webhook_body

if TYPE_CHECKING:  # the HTTP library is loaded only where a channel is opened
    from gatepost.kit.http import Http

BODY_MOST = 20 * 1024
"""Bytes of a request; https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot."""
SIGNATURE = 256
"""Bytes that timestamp and signature take, at most."""
TEXT_MOST = 8 * 1024
KEYWORD_MOST = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class FeishuBotOptions:
    """The bot. ValueError for a keyword that is too long."""

    url: Secret
    """The bot's webhook address; whoever knows it can write to the group."""
    secret: Secret | None = None
    """The bot's signing secret, where its security settings ask for a signature."""
    keyword: str = ""
    """A word that the bot's security settings ask for; put at the end of each message."""
    form: Literal["card", "text"] = "card"
    """A card with colours and buttons, or plain text."""

    def __post_init__(self) -> None:
        """Check the keyword."""
        if len(self.keyword) > KEYWORD_MOST:
            msg = f"keyword has at most {KEYWORD_MOST} characters"
            raise ValueError(msg)


class FeishuBot(Channel):
    """A group of Feishu or Lark, written to by its custom bot."""

    kind: ClassVar[str] = "feishu_bot"
    rates: ClassVar[tuple[Rate, ...]] = (Rate(5, 1.0), Rate(100, 60.0))
    receiver: ClassVar[tuple[str, ...]] = ("url",)
    reference: ClassVar[str] = "https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot"
    Options: ClassVar[type] = FeishuBotOptions
    client: Http

    @classmethod
    def hosts(cls, options: FeishuBotOptions) -> frozenset[str]:  # noqa: ARG003 - the platform's, whatever is written
        """Feishu's and Lark's."""
        return Client.hosts

    async def send(self, message: Message) -> tuple[str, ...]:
        """Sent once: a webhook knows no message id."""
        bot = Client(self.options.url, self.client, self.client.clock, self.options.secret)
        await bot.send(self._content(message))
        return ()

    def _content(self, message: Message) -> Content:
        keyword = self.options.keyword
        if self.options.form == "text":
            return Text(text_of(message, TEXT_MOST, tail=(keyword,) if keyword else ()))
        return fitted_card(message, keyword)


def fitted_card(message: Message, keyword: str = "") -> Card:
    """The card, with as many values as the platform takes."""
    return fit(message, partial(card, keyword=keyword), _size, BODY_MOST - SIGNATURE)


def _size(content: Content) -> int:
    return len(msgspec.json.encode(webhook_body(content)))
