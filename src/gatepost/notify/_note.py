"""A message before any platform's syntax: a headline, and parts in the order in which they are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from enum import StrEnum
from typing import TypeVar

from gatepost.errors import cut
from gatepost.model.event import Event, EventKind, Shown
from gatepost.notify import _wording
from gatepost.notify._plain import is_linkable
from gatepost.notify.base import Message, Words

T = TypeVar("T")

REASONS_MOST = 6
SUSPECTS_MOST = 5
LINKS_MOST = 2
EVENTS_MOST = 20
"""Events that one message names; the others are counted."""
STEPS = (500, 400, 300, 200, 150, 120, 100, 80, 60, 50, 40, 30, 25, 20, 15, 10, 8, 6, 4, 3, 2, 1, 0)
"""How many values a side are tried to be shown, until the message fits."""


LINE_LEAST = 3
"""Bytes that a line has beside its value, at least."""


class Tone(StrEnum):
    """How bad it is."""

    GOOD = "good"
    NEWS = "news"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Text:
    """A line; it may quote foreign text."""

    text: str


@dataclass(frozen=True, slots=True)
class Headline:
    """The title of one event among several; ours."""

    text: str


@dataclass(frozen=True, slots=True)
class Values:
    """Addresses and domains that came (``+``) or went (``-``), and how many more there are."""

    sign: str
    shown: Shown
    more: str
    """``and 940 more``, or nothing."""


@dataclass(frozen=True, slots=True)
class Command:
    """What to type on the host, after a word that says when."""

    when: str
    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """Something to click."""

    label: str
    url: str
    weight: str = "default"
    """``primary``, ``danger`` or ``default``."""


Part = Text | Headline | Values | Command | Link
ESSENTIAL = Command | Link
"""What is never left out to make a message fit."""


@dataclass(frozen=True, slots=True)
class Note:
    """A message, ready to be put into a platform's syntax."""

    title: str
    tone: Tone
    parts: tuple[Part, ...]


def compose(message: Message, most: int) -> Note:
    """The note of a message, with so many values a side of each event; of several the newest comes first."""
    if len(message.events) == 1:
        event = message.events[0]
        parts = (*_preface(message), *_body(event, message, most), *_ways(event, message))
        return Note(_wording.title(event, message.words), _tone(event), parts)
    return _collected(message, most)


def _collected(message: Message, most: int) -> Note:
    _ = message.words
    events = message.events[: -EVENTS_MOST - 1 : -1]
    parts = [*_preface(message)]
    for event in events:
        parts += [Headline(_wording.title(event, _)), *_body(event, message, most)]
        if event.may_be_approved:
            parts += [Text(f"{one.when} {one.text}") for one in _commands(event, _)]
    if hidden := len(message.events) - len(events):
        parts.append(Text(_("… and {n} earlier events").format(n=hidden)))
    if message.console:
        parts.append(Link(_("Open the console"), f"{message.console}/"))
    title = _("gatepost: {n} events").format(n=len(message.events))
    return Note(title, max((_tone(one) for one in events), key=list(Tone).index), tuple(parts))


def _preface(message: Message) -> Iterator[Part]:
    _ = message.words
    if message.left_out:
        yield Text(_("{n} earlier messages could not be sent in time").format(n=message.left_out))
    if message.brief:
        yield Text(_("not all of it can be said here: see gatepost status on the host"))


def fit(message: Message, render: Callable[[Note], T], size: Callable[[T], int], limit: int) -> T:
    """The rendered message with as many values as fit; its headlines alone, where nothing else does."""
    for most in steps(message, limit):
        made = render(compose(message, most))
        if size(made) <= limit:
            return made
    return render(compose(replace(message, brief=True), 0))


def steps(message: Message, limit: int) -> list[int]:
    """Numbers of values to try, the largest first; none of which the values alone would be too large."""
    sides = [side for one in message.events[-EVENTS_MOST:] for side in (one.added, one.removed)]
    found = []
    for most in reversed(STEPS):
        if sum(len(text) + LINE_LEAST for one in sides for text in one.values[:most]) > limit:
            break
        found.append(most)
    return found[::-1]


def fit_lines(lines: Sequence[tuple[str, bool]], limit: int) -> str:
    """Lines joined, in at most ``limit`` UTF-8 bytes: what is not essential is left out, from the end."""
    left = limit - sum(len(text.encode()) + 1 for text, essential in lines if essential) - len("…\n".encode())
    kept, whole = [], True
    for text, essential in lines:
        size = len(text.encode()) + 1
        if essential or (whole and size <= left):
            kept.append(text)
            left -= 0 if essential else size
        elif whole:
            kept.append("…")
            whole = False
    return "\n".join(kept)


def _tone(event: Event) -> Tone:
    if event.over:
        return Tone.GOOD
    match event.kind:
        case EventKind.APPLIED:
            return Tone.GOOD if event.failure is None else Tone.BAD
        case EventKind.HELD | EventKind.REVERTED:
            return Tone.WARN if event.failure is None else Tone.BAD
        case EventKind.DRIFT:
            return Tone.BAD if event.empty or event.wide else Tone.WARN
        case EventKind.FAILED | EventKind.STALE:
            return Tone.BAD
    return Tone.NEWS


def _body(event: Event, message: Message, most: int) -> Iterator[Part]:
    _ = message.words
    if message.brief:
        return
    yield Text(_("at {time}").format(time=event.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")))
    yield from (Text(one) for one in list(_wording.reasons(event, _))[:REASONS_MOST])
    if event.rejection is not None:
        yield Text(_wording.rejection(event.rejection, _))
    yield from _failure(event, message)
    yield from (Text(_(one)) for one in event.suspects[:SUSPECTS_MOST])
    yield from _values("+", event.added, most, _)
    yield from _values("-", event.removed, most, _)
    if event.entries is not None:
        yield Text(_("{n} entries are in force").format(n=event.entries))
    if event.kind is EventKind.HELD and not event.over and not event.may_be_approved:
        yield Text(_("no approval lifts this; gatepost plan says what does"))


def _failure(event: Event, message: Message) -> Iterator[Part]:
    _ = message.words
    if (failure := event.failure) is None:
        return
    code = f" ({failure.code})" if failure.code is not None else ""
    yield Text(f"{failure.kind}{code}: {_(failure.message)}")
    yield Text(f"→ {_(failure.hint)}")
    links = [one for one in failure.links if is_linkable(one)][
        : LINKS_MOST if len(message.events) == 1 else 0
    ]
    yield from (Link(_("the platform's page"), one) for one in links)


def _values(sign: str, shown: Shown, most: int, _: Words) -> Iterator[Part]:
    if shown.total:
        some = shown.first(most)
        yield Values(sign, some, _("and {n} more").format(n=some.more) if some.more else "")


def _ways(event: Event, message: Message) -> Iterator[Part]:
    """How a person says the word: on the host in any case, and in the console where it has an address."""
    _ = message.words
    if event.may_be_approved:
        yield from _commands(event, _)
    if message.console is None:
        return
    if event.may_be_approved:
        place = f"{message.console}/plans#{anchor(event.digest)}"
        yield Link(_("Approve …"), place, "primary")
        if event.rejection is None:
            yield Link(_("Reject …"), place, "danger")
    else:
        yield Link(_("Open the console"), f"{message.console}/")


def anchor(digest: str) -> str:
    """Where a plan or an answer stands on the console's page of plans."""
    return re.sub(r"[^0-9a-f]", "", digest.removeprefix("sha256:")[:12])


def _commands(event: Event, _: Words) -> tuple[Command, ...]:
    digest = cut(event.digest, 80)
    if event.rejection is not None:
        return (Command(_("to take the rejection back:"), f'gatepost approve {digest} --why "…"'),)
    return (
        Command(_("if this is right:"), f'gatepost approve {digest} --why "…"'),
        Command(_("if it is not:    ").strip(), f'gatepost reject {digest} --why "…"'),
    )
