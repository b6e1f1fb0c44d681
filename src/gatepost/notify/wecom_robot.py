"""WeCom: a group's message robot, a webhook whose key is its secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal
from urllib.parse import parse_qs, urlsplit

from gatepost.errors import ConfigInvalid
from gatepost.kit.secret import Secret
from gatepost.notify._lines import bare, bracketed, text_of
from gatepost.notify.base import Channel, Message, Rate
from gatepost.platforms.wecom import (
    ROBOT_MARKDOWN_BYTES_MAX,
    ROBOT_MESSAGES_PER_MINUTE,
    TEXT_BYTES_MAX,
    WeCom,
    WeComRobot,
)

if TYPE_CHECKING:  # the HTTP library is loaded only where a channel is opened
    from gatepost.kit.http import Http

_SEND = "/cgi-bin/webhook/send"


@dataclass(frozen=True, slots=True, kw_only=True)
class WeComRobotOptions:
    """The robot."""

    url: Secret
    """The robot's webhook address with its `key`; whoever knows it can write to the group."""
    form: Literal["markdown", "text"] = "markdown"
    """Markdown has emphasis and links; text is shown everywhere."""


class WeComRobotChannel(Channel):
    """A group of WeCom, written to by its message robot."""

    kind: ClassVar[str] = "wecom_robot"
    rates: ClassVar[tuple[Rate, ...]] = (Rate(ROBOT_MESSAGES_PER_MINUTE, 60.0),)
    receiver: ClassVar[tuple[str, ...]] = ("url",)
    reference: ClassVar[str] = "https://developer.work.weixin.qq.com/document/path/91770"
    Options: ClassVar[type] = WeComRobotOptions
    client: Http

    @classmethod
    def hosts(cls, options: WeComRobotOptions) -> frozenset[str]:  # noqa: ARG003 - the platform's, whatever is written
        """WeCom's."""
        return WeCom.hosts

    async def send(self, message: Message) -> tuple[str, ...]:
        """Sent once: a webhook knows no message id."""
        key, base_url = _taken_apart(self.options.url)
        robot = WeComRobot(key, self.client, self.client.clock, base_url)
        if self.options.form == "text":
            await robot.send_text(text_of(message, TEXT_BYTES_MAX, bare))
        else:
            await robot.send_markdown(text_of(message, ROBOT_MARKDOWN_BYTES_MAX, bracketed, "**"))
        return ()


def _taken_apart(url: Secret) -> tuple[Secret, str]:
    """The key, and where the API is. Raises ConfigInvalid without a word of the address."""
    try:
        parts = urlsplit(url.reveal())
    except ValueError:
        parts = urlsplit("")
    keys = parse_qs(parts.query).get("key", [])
    if len(keys) != 1 or not parts.path.endswith(_SEND) or "@" in parts.netloc:
        msg = f"the robot's url is not https://…{_SEND}?key=…"
        raise ConfigInvalid(msg, hint="Copy the whole address from the robot's page in the group.")
    return Secret(keys[0]), f"{parts.scheme}://{parts.netloc}{parts.path.removesuffix(_SEND)}"
