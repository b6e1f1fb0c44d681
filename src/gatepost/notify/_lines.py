"""A note as lines, for chats that read some syntax: foreign text is defused, ours is ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gatepost.notify._note import (
    ESSENTIAL,
    Command,
    Headline,
    Link,
    Note,
    Part,
    Text,
    Values,
    compose,
    fit_lines,
    steps,
)
from gatepost.notify._plain import defused, value
from gatepost.notify.base import Message

Linked = Callable[[Link], str]


def bare(link: Link) -> str:
    """A link where there is no syntax for one."""
    return f"{link.label} {link.url}"


def bracketed(link: Link) -> str:
    """A link in Markdown."""
    return f"[{link.label}]({link.url})"


def text_of(
    message: Message, limit: int, linked: Linked = bare, mark: str = "", tail: tuple[str, ...] = ()
) -> str:
    """The message in at most ``limit`` UTF-8 bytes: with as many values as fit, the others counted.

    ``tail``: lines of our own at its end.
    """
    told: list[tuple[str, bool]] = []
    for most in steps(message, limit):
        told = [*lines(compose(message, most), linked, mark), *((one, True) for one in tail)]
        text = "\n".join(one for one, _ in told)
        if len(text.encode()) <= limit:
            return text
    return fit_lines(told, limit)


def lines(note: Note, linked: Linked = bare, mark: str = "") -> Iterator[tuple[str, bool]]:
    """Each line, and whether it is essential; ``mark`` stands around headlines."""
    yield f"{mark}{defused(note.title)}{mark}", True
    for part in note.parts:
        essential = isinstance(part, ESSENTIAL)
        yield from ((told, essential) for told in _told(part, linked, mark))


def _told(part: Part, linked: Linked, mark: str) -> Iterator[str]:
    match part:
        case Text(told):
            yield defused(told)
        case Headline(told):
            yield f"{mark}{defused(told)}{mark}"
        case Values():
            yield from (f"{part.sign} {value(one)}" for one in part.shown.values)
            yield from [part.more] if part.more else []
        case Command(when, command):
            yield f"{when} {command}"
        case Link():
            yield linked(part)
