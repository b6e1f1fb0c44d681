"""The words of the command line in the user's language.

Messages stand in the code in English; the English text is the key of the
Chinese one in ``locale/zh.toml``. A message without translation shows in English.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from functools import cache
from pathlib import Path

LANGUAGES = ("en", "zh")

_language: ContextVar[str] = ContextVar("language", default="en")


def choose(arguments: Sequence[str]) -> str:
    """The language that ``--lang`` or the environment asks for; told to all later messages."""
    wanted = _from_option(arguments) or _from_environment()
    language = "zh" if wanted.lower().startswith("zh") else "en"
    _language.set(language)
    return language


def _from_option(arguments: Sequence[str]) -> str:
    for place, one in enumerate(arguments):
        if one == "--lang" and place + 1 < len(arguments):
            return arguments[place + 1]
        if one.startswith("--lang="):
            return one.partition("=")[2]
    return ""


def _from_environment() -> str:
    return next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")


def _(text: str) -> str:
    """A message in the chosen language."""
    return text if _language.get() == "en" else catalogue(_language.get()).get(text, text)


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """All messages of a language, by their English text."""
    import tomllib  # noqa: PLC0415 - an English user does not wait for it

    path = Path(__file__).with_name("locale") / f"{language}.toml"
    return {str(key): str(value) for key, value in tomllib.loads(path.read_text(encoding="utf-8")).items()}
