"""The words of the command line in the user's language.

Messages stand in the code in English; the English text is the key of the
Chinese one in ``locale/zh.toml``. A message without translation shows in
English. Nothing is imported for an English user: ``gatepost --help`` waits
for this module.
"""

from __future__ import annotations

import os

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


def catalogue(language: str) -> dict[str, str]:
    """All messages of a language, by their English text."""
    if language == "en":
        return {}
    import tomllib  # noqa: PLC0415 - an English user does not wait for it

    path = os.path.join(os.path.dirname(__file__), "locale", f"{language}.toml")  # noqa: PTH118, PTH120 - pathlib is slow to import
    with open(path, "rb") as file:  # noqa: PTH123 - as above
        return tomllib.load(file)
