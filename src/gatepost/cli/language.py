"""The words of the command line in the user's language.

Messages stand in the code in English; the English text is the key of the
Chinese one in ``gatepost/locale/zh.toml``. A message without translation shows
in English.
"""

from __future__ import annotations

import os

from gatepost.kit.catalogue import catalogue

_chosen: dict[str, str] = {}
"""The catalogue in use: English text to translated text; empty for English."""


def choose(arguments: list[str]) -> str:
    """Take the language that ``--lang`` or the environment asks for; all later messages use it."""
    wanted = _from_option(arguments) or _from_environment()
    language = "zh" if wanted.lower().startswith("zh") else "en"
    _chosen.clear()
    _chosen.update(catalogue(language))
    return language


def chosen() -> str:
    """The language in use."""
    return "zh" if _chosen else "en"


def _from_option(arguments: list[str]) -> str:
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
    return _chosen.get(text, text)
