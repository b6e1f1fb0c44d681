"""Text that stays text: what a chat would take for syntax is replaced by its look-alike."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from gatepost.errors import cut

LINE_MOST = 300
"""Characters of one line of foreign text."""
HOSTS = frozenset(
    {
        "open.feishu.cn",
        "open.larksuite.com",
        "developers.weixin.qq.com",
        "developer.work.weixin.qq.com",
        "open.work.weixin.qq.com",
        "cloud.tencent.com",
        "www.tencentcloud.com",
        "trtc.io",
    }
)
"""Where the platforms document and grant: the only foreign addresses that a message links to."""

_FULL = 0xFEE0
"""From a character of ASCII to its look-alike, which no chat takes for syntax."""
_LOOK_ALIKES = {ord("`"): "'"} | {ord(one): chr(ord(one) + _FULL) for one in "<>[]@&\\"}
_PAIRS = {pair: "".join(chr(ord(one) + _FULL) for one in pair) for pair in ("**", "__", "~~", "//")}
_LEADING = re.compile(r"^\s*[#>\-+*=|]+")
_VALUE = re.compile(r"(\*\.)?[a-z0-9.:-]{1,253}(/[0-9]{1,3})?")
_PLAIN_URL = re.compile(r"https://[A-Za-z0-9.-]+(/[A-Za-z0-9/._~%?&=:,@+-]*)?")


def line(text: str, most: int = LINE_MOST) -> str:
    """One line of foreign text, for places that know no syntax."""
    return cut(text, most)


def defused(text: str, most: int = LINE_MOST) -> str:
    """The same for chats that know some: no tag, mention, link, code or emphasis is left of it."""
    shown = line(text, most).translate(_LOOK_ALIKES)
    for pair, harmless in _PAIRS.items():
        shown = shown.replace(pair, harmless)
    return _LEADING.sub(lambda found: "·" * len(found[0]), shown)


def value(text: str) -> str:
    """An address or domain as it is; whatever is not of that form is defused."""
    return text if _VALUE.fullmatch(text) else defused(text)


def is_linkable(url: str) -> bool:
    """Whether an address that a platform gave may stand in a message to be clicked."""
    return bool(_PLAIN_URL.fullmatch(url)) and urlsplit(url).hostname in HOSTS
