"""WeCom: an app writes to members, departments or tags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from gatepost.errors import UsageError, cut
from gatepost.notify._lines import bare, bracketed, text_of
from gatepost.notify.base import Channel, Message, Rate
from gatepost.platforms.wecom import TEXT_BYTES_MAX, MessageType, Receivers, Sent
from gatepost.platforms.wecom import WeCom as Client

_FAMILIES = {"user": "users", "department": "departments", "tag": "tags"}


@dataclass(frozen=True, slots=True, kw_only=True)
class WeComOptions:
    """Whom to write to. ValueError for what is no receiver."""

    agentid: int
    """Number of the app whose secret the account has."""
    to: tuple[str, ...]
    """`user:ID`, `department:ID`, `tag:ID`; `user:@all` is everybody who sees the app."""
    form: Literal["markdown", "text"] = "markdown"
    """Markdown is shown in WeCom alone; text also where members read WeCom's messages in WeChat."""

    def __post_init__(self) -> None:
        """Check the receivers' forms and numbers."""
        try:
            receivers(self.to)
        except UsageError as error:
            raise ValueError(error.message) from None


class WeCom(Channel):
    """Members of a company, written to by an app of WeCom."""

    kind: ClassVar[str] = "wecom"
    platforms: ClassVar[frozenset[str]] = frozenset({"wecom"})
    rates: ClassVar[tuple[Rate, ...]] = (Rate(30, 60.0), Rate(1000, 3600.0))
    receiver: ClassVar[tuple[str, ...]] = ("agentid", "to")
    reference: ClassVar[str] = "https://developer.work.weixin.qq.com/document/path/90236"
    Options: ClassVar[type] = WeComOptions
    client: Client

    async def send(self, message: Message) -> tuple[str, ...]:
        """The platform drops the same text to the same receivers for ten minutes: our own second try."""
        linked, mark = (bracketed, "**") if self._markdown else (bare, "")
        content = text_of(message, TEXT_BYTES_MAX, linked, mark)
        to = receivers(self.options.to)
        form: MessageType = "markdown" if self._markdown else "text"
        return _missed(
            await self.client.send_message(self.options.agentid, content, to, msgtype=form), message
        )

    @property
    def _markdown(self) -> bool:
        return bool(self.options.form == "markdown")


def receivers(to: tuple[str, ...]) -> Receivers:
    """What is written in the configuration, sorted. Raises UsageError."""
    found: dict[str, list[str]] = {"users": [], "departments": [], "tags": []}
    for one in to:
        family, _, id_ = one.partition(":")
        if family not in _FAMILIES or not id_ or "|" in id_ or not id_.isprintable():
            msg = "to lists user:ID, department:ID or tag:ID"
            raise UsageError(msg)
        found[_FAMILIES[family]].append(id_)
    return Receivers(**{family: tuple(ids) for family, ids in found.items()})


def _missed(sent: Sent, message: Message) -> tuple[str, ...]:
    _ = message.words
    missed = [
        one for one in (sent.invaliduser, sent.invalidparty, sent.invalidtag, sent.unlicenseduser) if one
    ]
    if not missed:
        return ()
    return (_("some receivers did not get it: {missed}").format(missed=cut("|".join(missed))),)
