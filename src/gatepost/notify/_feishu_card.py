"""Feishu's card of a message, for apps and for groups' bots.

Every text of a card is ``plain_text``, of which the platform reads no syntax
at all: no mention, no link, no emphasis. So there is nothing to escape.
https://open.feishu.cn/document/feishu-cards/card-components/content-components/plain-text
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gatepost.notify._note import Command, Headline, Link, Note, Part, Text, Tone, Values
from gatepost.notify._plain import line, value
from gatepost.platforms.feishu_message import Card

COLOURS: Mapping[Tone, str] = {
    Tone.GOOD: "green",
    Tone.NEWS: "blue",
    Tone.WARN: "orange",
    Tone.BAD: "red",
}
"""Templates of a card's header."""


def card(note: Note, keyword: str = "") -> Card:
    """The note as a card (JSON 1.0, which every client shows)."""
    buttons = [_button(part) for part in note.parts if isinstance(part, Link)]
    elements = [_div(told) for told in _sections(note)]
    if keyword:
        elements.append(_div(line(keyword)))
    if buttons:
        elements.append({"tag": "action", "actions": buttons})
    header = {"title": _plain(line(note.title, 200)), "template": COLOURS[note.tone]}
    return Card({"config": {"wide_screen_mode": True}, "header": header, "elements": elements})


def _sections(note: Note) -> list[str]:
    """Few elements, since a card may have 200: one before the first headline, and one from each on."""
    found: list[list[str]] = [[]]
    for part in note.parts:
        found += [[]] if isinstance(part, Headline) else []
        found[-1] += [told] if (told := _text(part)) else []
    return ["\n".join(one) for one in found if one]


def _text(part: Part) -> str:
    match part:
        case Text(told) | Headline(told):
            return line(told, 600)
        case Values():
            return "\n".join(_values(part))
        case Command(when, command):
            return f"{when}\n{line(command)}"
    return ""


def _values(part: Values) -> Iterator[str]:
    yield from (f"{part.sign} {value(one)}" for one in part.shown.values)
    if part.more:
        yield part.more


def _plain(told: str) -> dict[str, str]:
    return {"tag": "plain_text", "content": told}


def _div(told: str) -> dict[str, Any]:
    return {"tag": "div", "text": _plain(told)}


def _button(link: Link) -> dict[str, Any]:
    return {"tag": "button", "text": _plain(link.label), "type": link.weight, "url": link.url}
