"""Sentences with values in them, found again by their English text and told in another language.

Errors and findings are made, kept and sent in English, with their values already set in.
Whoever shows one hands its text in here: the catalogue's English sentence that it was made
of is looked for (``there is no list {}``), its values are taken out, and the other
language's sentence is made with them. Nothing that makes a sentence knows of languages.

In a translation ``{}`` takes the values in their order, ``{1}`` the second one wherever it
stands, ``{:~}`` one that is a sentence of ours itself and is told in the same way, and
``{:~,}`` several of them with commas between. All other values, foreign text among them,
stay as they are and are never looked into.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter

AGAIN, EACH = "~", "~,"
"""The formats of a value that is a sentence itself, and of one that is several."""
COMMA = "\uff0c"
"""Between several, in Chinese."""
DEPTH = 8
"""Sentences within sentences; ours have four at most, foreign text may seem to have any number."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a value goes, after some text."""

    before: str
    value: int | None
    """Which one, from 0; None: the text ends the sentence."""
    form: str


def slots(sentence: str) -> tuple[Slot, ...]:
    """A sentence taken apart at its braces."""
    found: list[Slot] = []
    for before, name, spec, _conversion in Formatter().parse(sentence):
        value = None if name is None else int(name) if name else sum(one.value is not None for one in found)
        found.append(Slot(before, value, spec or ""))
    return tuple(found)


def values_of(parts: tuple[str, ...], text: str) -> tuple[str, ...] | None:
    """What stands between fixed parts, each value as short as can be; None where they do not fit."""
    first, *middle, last = parts
    if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
        return None
    rest, values = text[len(first) : len(text) - len(last)], []
    for part in middle:
        value, there, rest = rest.partition(part)
        if not there:
            return None
        values.append(value)
    return (*values, rest)


def parts_of(sentence: str) -> tuple[str, ...]:
    """The fixed text before, between and after the values of a sentence."""
    found, text = [], ""
    for slot in slots(sentence):
        text += slot.before
        if slot.value is not None:
            found.append(text)
            text = ""
    return (*found, text)


class Sentences:
    """Tells texts in one language, by its catalogue."""

    __slots__ = ("_made", "_whole")

    def __init__(self, catalogue: Mapping[str, str]) -> None:
        split = [(parts_of(english), slots(told)) for english, told in catalogue.items()]
        self._whole = {parts[0]: made for parts, made in split if len(parts) == 1}
        made = [(parts, told) for parts, told in split if len(parts) > 1]
        self._made = sorted(made, key=lambda one: -sum(map(len, one[0])))
        """Those that say most themselves first: others fit by accident."""

    def __call__(self, text: str, depth: int = 0) -> str:
        """A text in this language; one that is in no catalogue stays as it is.

        ``depth``: how many sentences it stands within.
        """
        if (whole := self._whole.get(text)) is not None:
            return self._told(whole, (), depth)
        for parts, made in self._made if depth <= DEPTH else ():
            if (values := values_of(parts, text)) is not None:
                return self._told(made, values, depth)
        return text

    def _told(self, made: tuple[Slot, ...], values: tuple[str, ...], depth: int) -> str:
        return "".join(slot.before + self._value(slot, values, depth) for slot in made)

    def _value(self, slot: Slot, values: tuple[str, ...], depth: int) -> str:
        if slot.value is None:
            return ""
        value = values[slot.value]
        if slot.form == AGAIN:
            return self(value, depth + 1)
        if slot.form == EACH:
            return COMMA.join(self(one, depth + 1) for one in value.split(", "))
        return value
