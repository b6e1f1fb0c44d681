"""Feishu and Lark: the app's bot writes to a chat or a person, as a card or a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import msgspec

from gatepost.errors import PermissionDenied
from gatepost.notify._feishu_card import card
from gatepost.notify._lines import text_of
from gatepost.notify._note import fit
from gatepost.notify.base import Channel, Message, Rate, Words
from gatepost.platforms.feishu import Feishu as Client
from gatepost.platforms.feishu import ReceiverType, User, UserIdType
from gatepost.platforms.feishu_message import Card, Content, Text, app_content

BODY_MOST = 30 * 1024
"""Bytes of a request with a card; https://open.feishu.cn/document/server-docs/im-v1/message/create."""
AROUND = 1024
"""Bytes of the request that are not content, at most."""
TEXT_MOST = 8 * 1024
"""Bytes of a text: the platform takes 150 KB, a person does not."""
_STARTS = {"open_id": "ou_", "union_id": "on_", "chat_id": "oc_"}
_GONE = ("is_resigned", "is_exited", "is_frozen")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeishuOptions:
    """Whom to write to. ValueError for what is no receiver."""

    to: str
    """`chat_id:oc_…`, `open_id:ou_…`, `union_id:on_…`, `user_id:…` or `email:…`."""
    form: Literal["card", "text"] = "card"
    """A card with colours and buttons, or plain text."""

    def __post_init__(self) -> None:
        """Check the receiver's form."""
        type_, _, id_ = self.to.partition(":")
        known = (
            type_ in get_args(ReceiverType) and bool(id_) and id_.isascii() and not set(id_) & set(" \t/?#")
        )
        if not known or not id_.startswith(_STARTS.get(type_, "")) or (type_ == "email") != ("@" in id_):
            msg = "to must be chat_id:oc_…, open_id:ou_…, union_id:on_…, user_id:… or email:…"
            raise ValueError(msg)


class Feishu(Channel):
    """A chat or a person of Feishu or Lark, written to by an app's bot."""

    kind: ClassVar[str] = "feishu"
    platforms: ClassVar[frozenset[str]] = frozenset({"feishu", "lark"})
    rates: ClassVar[tuple[Rate, ...]] = (Rate(5, 1.0), Rate(1000, 60.0))
    receiver: ClassVar[tuple[str, ...]] = ("to",)
    reference: ClassVar[str] = "https://open.feishu.cn/document/server-docs/im-v1/message/create"
    Options: ClassVar[type] = FeishuOptions
    client: Client

    async def check(self, words: Words) -> tuple[str, ...]:
        """A person is looked up in the contacts, where the app may; a chat or email cannot be looked up."""
        _ = words
        type_, _sep, id_ = self.options.to.partition(":")
        if type_ not in get_args(UserIdType):
            return ()
        try:
            user = await self.client.get_user(id_, user_id_type=type_)
        except PermissionDenied:
            return (_("{to} was not looked up: the app may not read contacts").format(to=self.options.to),)
        return _wrong(user, self.options.to, words)

    async def send(self, message: Message) -> tuple[str, ...]:
        """The same message is sent at most once an hour, however often it is tried (the platform's uuid)."""
        content = self._content(message)
        type_, _, id_ = self.options.to.partition(":")
        await self.client.send_message(id_, content, receive_id_type=type_, uuid=message.id)
        return ()

    def _content(self, message: Message) -> Content:
        if self.options.form == "text":
            return Text(text_of(message, TEXT_MOST))
        return fitted_card(message)


def fitted_card(message: Message) -> Card:
    """The card, with as many values as the platform takes."""
    return fit(message, card, _size, BODY_MOST - AROUND)


def _size(content: Card) -> int:
    """Bytes of the content as it stands in the request: JSON in a JSON string."""
    return len(msgspec.json.encode(msgspec.json.encode(app_content(content)).decode()))


def _wrong(user: User, to: str, _: Words) -> tuple[str, ...]:
    state = user.status or {}
    gone = [name for name in _GONE if state.get(name)]
    if not gone:
        return ()
    return (_("{to} gets no messages: the account is {state}").format(to=to, state=", ".join(gone)),)
