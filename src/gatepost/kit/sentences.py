"""Sentences with values in them, found again by their English text and told in another language.

Errors and findings are made, kept and sent in English, with their values already set in.
Whoever shows one hands its text in here: the catalogue's English sentence that it was made
of is looked for (``there is no list {}``), its values are taken out, and the other
language's sentence is made with them. Nothing that makes a sentence knows of languages.

In a translation ``{}`` takes the values in their order, ``{1}`` the second one wherever it
stands, ``{:~}`` one that can be nothing but a sentence of ours and is told in the same way,
``{:~,}`` several of them with commas between, ``{:=}`` a fixed word of the system, known
whole or left as it is, and ``{:.}`` a name: where it is no single word, the sentence is
another. All other values, foreign text among them, stay as they are and are never looked
into; nor is a sentence found by words that stand within quotes, or behind another's: so
foreign text of several words stands at the end of a sentence, or is quoted in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from string import Formatter

COMMA = "\uff0c"
"""Between several, in Chinese."""
AGAIN, EACH, WORD, NAME = "~", "~,", "=", "."
"""The forms of values, as above."""
TOLD = frozenset({AGAIN, EACH, WORD})
"""Those whose values are told."""
MOST = 64
"""Sentences looked for in one text, within each other and beside; ours have a dozen."""
LONGEST = 4096
"""Characters of a text that is looked into; longer ones stay as they are."""
QUOTED = re.compile(r"""(?<![^\s(\[{=:,/`])(?:'((?:[^'\\]|\\.)*+)'|"((?:[^"\\]|\\.)*+)")""")
"""Foreign text as ``repr`` shows it."""
WIDE = "[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]"
"""A Chinese character or sign: between two of them stands no space."""
SEAM = re.compile(f"(?<={WIDE}) (?={WIDE})")
OPAQUE = "\0"
"""Stands for each character of foreign text; no shown text has it."""


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


def joined(text: str, more: str) -> str:
    """Two texts in a row, without a space where both are Chinese."""
    around = SEAM.sub("", f"{text[-2:]}{more[:2]}")
    return f"{text[:-2]}{around}{more[2:]}"


def covered(text: str) -> str:
    """A text of the same length whose quoted parts of several words cannot be read."""
    return QUOTED.sub(_opaque, text)


def _opaque(found: re.Match[str]) -> str:
    text, quote = found[0], found[0][0]
    return f"{quote}{OPAQUE * (len(text) - 2)}{quote}" if " " in text else text


def values_of(parts: tuple[str, ...], text: str) -> tuple[slice, ...] | None:
    """Where values stand between fixed parts, each as short as can be; None where they do not fit."""
    first, *middle, last = parts
    begin, end = len(first), len(text) - len(last)
    if not text.startswith(first) or not text.endswith(last) or end < begin:
        return None
    values = []
    for part in middle:
        there = text.find(part, begin, end)
        if there < 0:
            return None
        values.append(slice(begin, there))
        begin = there + len(part)
    return (*values, slice(begin, end))


def parts_of(sentence: str) -> tuple[str, ...]:
    """The fixed text before, between and after the values of a sentence."""
    found, text = [], ""
    for slot in slots(sentence):
        text += slot.before
        if slot.value is not None:
            found.append(text)
            text = ""
    return (*found, text)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A sentence with values, as it is looked for, and how it is told."""

    parts: tuple[str, ...]
    made: tuple[Slot, ...]
    word: int | None
    """The first of its parts that says a word; None where it is signs alone."""

    def fit(self, text: str) -> tuple[slice, ...] | None:
        """Where its values stand in a text that may have been made of it."""
        values = values_of(self.parts, text)
        if values is None or any(" " in text[values[name]] for name in self._names()):
            return None
        return values

    def _names(self) -> Iterator[int]:
        return (slot.value for slot in self.made if slot.form == NAME and slot.value is not None)

    def begins(self, values: tuple[slice, ...], text: str) -> int:
        """Where its own words begin in a text that it fits."""
        if self.word is None:
            return len(text)
        return values[self.word - 1].stop if self.word else 0


def pattern(english: str, told: str) -> Pattern:
    """A sentence of the catalogue."""
    parts = parts_of(english)
    word = next((n for n, part in enumerate(parts) if any(map(str.isalpha, part))), None)
    return Pattern(parts, slots(told), word)


class Sentences:
    """Tells texts in one language, by its catalogue."""

    __slots__ = ("_made", "_whole")

    def __init__(self, catalogue: Mapping[str, str]) -> None:
        split = [pattern(english, told) for english, told in catalogue.items()]
        self._whole = {
            one.parts[0]: "".join(slot.before for slot in one.made) for one in split if len(one.parts) == 1
        }
        made = [one for one in split if len(one.parts) > 1]
        self._made = sorted(made, key=lambda one: -sum(map(len, one.parts)))
        """Those that say most themselves first: others fit by accident."""

    def __call__(self, text: str) -> str:
        """A text in this language; one that is in no catalogue stays as it is."""
        return _Telling(self, MOST).tell(text) if len(text) <= LONGEST else text

    def word(self, text: str) -> str:
        """A fixed text."""
        return self._whole.get(text, text)

    def found(self, text: str) -> tuple[Pattern, tuple[str, ...]] | None:
        """The sentence that a text was made of, and its values.

        Of several that fit, the one whose own words come first: what stands
        behind them may be foreign, and say what it likes.
        """
        shown = covered(text)
        fitting = ((one, at) for one in self._made if (at := one.fit(shown)) is not None)
        one, at = min(fitting, key=lambda fit: fit[0].begins(fit[1], shown), default=(None, ()))
        return None if one is None else (one, tuple(text[each] for each in at))


@dataclass(slots=True)
class _Telling:
    """One text being told."""

    sentences: Sentences
    left: int
    """How many more sentences are looked for."""

    def tell(self, text: str) -> str:
        known = self.sentences.word(text)
        if known != text or self.left <= 0:
            return known
        self.left -= 1
        found = self.sentences.found(text)
        return text if found is None else self._made(found[0].made, found[1])

    def _made(self, made: tuple[Slot, ...], values: tuple[str, ...]) -> str:
        """With no space between Chinese of the sentence and that of a value told by us."""
        text, ours = "", False
        for slot in made:
            text = joined(text, slot.before) if ours else text + slot.before
            ours = slot.form in TOLD
            value = self._value(slot, values)
            text = joined(text, value) if ours else text + value
        return text

    def _value(self, slot: Slot, values: tuple[str, ...]) -> str:
        if slot.value is None:
            return ""
        value = values[slot.value]
        if slot.form == AGAIN:
            return self.tell(value)
        if slot.form == EACH:
            return COMMA.join(map(self.tell, value.split(", ")))
        return self.sentences.word(value) if slot.form == WORD else value
