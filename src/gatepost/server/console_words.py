"""The words of the console: English in the code and the templates, Chinese in TOML beside them.

Each request has its own language, so nothing here is global but the catalogues.
The product's catalogue is read as well: hints and messages of errors stand there.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from gatepost.kit import catalogue as shared
from gatepost.model.reason import Reason
from gatepost.planning.guard_text import guard_words

LANGUAGES = ("en", "zh")
OWN = Path(__file__).parent / "locale" / "zh.toml"
"""Texts that the console alone has."""

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def _(text: str) -> str:
    """Marks a text for translation."""
    return text


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence before its language is chosen."""

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)


def say(text: str, **values: Any) -> Said:
    """Short for a sentence with its values."""
    return Said(text, values)


class Words:
    """Tells texts in one language."""

    __slots__ = ("_known", "_made", "language")

    def __init__(self, language: str) -> None:
        self.language = language
        self._known = catalogue() if language == "zh" else {}
        self._made = shared.sentences(language)

    def __call__(self, text: str, **values: Any) -> str:
        """A text with its values set in; values are never looked into."""
        told = self._known.get(text)
        if told is None:
            told = self._made(text)
        return told.format(**values) if values else told

    def tell(self, said: Said) -> str:
        """A sentence made elsewhere."""
        return self(said.text, **said.values)

    def count(self, number: int, one: str, many: str) -> str:
        """A number with its noun; English has two forms."""
        return self(one if number == 1 else many, n=f"{number:,}")

    def age(self, at: datetime, now: datetime) -> str:
        """How long ago, in the largest unit that says enough."""
        passed = now - at
        if passed < _MINUTE:
            return self(_("just now"))
        for unit, text in ((_DAY, _("{n} d ago")), (_HOUR, _("{n} h ago")), (_MINUTE, _("{n} min ago"))):
            if passed >= unit * (2 if unit is _DAY else 1):
                return self(text, n=passed // unit)
        return self(_("just now"))

    def guard(self, reason: Mapping[str, Any]) -> str:
        """What a guard found, short."""
        return guard_words(self, Reason(**reason))


@cache
def catalogue() -> Mapping[str, str]:
    """Chinese by English; the console's own words win."""
    return shared.catalogue("zh") | tomllib.loads(OWN.read_text(encoding="utf-8"))


def language_of(accepted: str) -> str:
    """Chinese where an Accept-Language header likes it better than English (RFC 9110, 12.5.4)."""
    liked = {"en": 0.0, "zh": 0.0}
    for part in accepted.split(",")[:20]:
        tag, _sep, parameter = part.strip().partition(";")
        name = tag.strip().lower().partition("-")[0]
        if name in liked:
            liked[name] = max(liked[name], _quality(parameter))
    return "zh" if liked["zh"] > liked["en"] else "en"


def _quality(parameter: str) -> float:
    try:
        return float(parameter.strip().removeprefix("q=")) if parameter.strip() else 1.0
    except ValueError:
        return 0.0
