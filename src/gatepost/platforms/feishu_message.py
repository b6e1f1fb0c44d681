"""Messages in Feishu's forms: text, post (rich text) and card.

The app's API takes the content as a JSON document in a string, a webhook as
an object; a post is wrapped once more for a webhook, and only there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Fragment = Mapping[str, str]
"""One piece of a post's line: ``{"tag": "text", "text": …}`` or ``{"tag": "a", "text": …, "href": …}``."""


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text; at most 150 KB."""

    text: str


@dataclass(frozen=True, slots=True)
class Post:
    """A title and lines of fragments; at most 30 KB."""

    title: str
    lines: Sequence[Sequence[Fragment]]
    language: str = "zh_cn"


@dataclass(frozen=True, slots=True)
class Card:
    """A card's JSON, version 1.0 or 2.0; at most 30 KB and 200 elements."""

    card: Mapping[str, Any]


Content = Text | Post | Card


def message_type(content: Content) -> str:
    """The platform's ``msg_type``."""
    match content:
        case Text():
            return "text"
        case Post():
            return "post"
        case Card():
            return "interactive"


def app_content(content: Content) -> Mapping[str, Any]:
    """What the app's API wants as JSON text in ``content``."""
    match content:
        case Text(text):
            return {"text": text}
        case Post(title, lines, language):
            return {language: {"title": title, "content": [[dict(part) for part in line] for line in lines]}}
        case Card(card):
            return card


def webhook_body(content: Content) -> dict[str, Any]:
    """The body a webhook wants, unsigned."""
    body = {"msg_type": message_type(content)}
    match content:
        case Text():
            return body | {"content": app_content(content)}
        case Post():
            return body | {"content": {"post": app_content(content)}}
        case Card(card):
            return body | {"card": card}
