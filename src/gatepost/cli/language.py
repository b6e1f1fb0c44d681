"""The words of the command line in the user's language.

Messages stand in the code in English; the English text is the key of the
Chinese one in ``gatepost/locale/zh.toml``. What was made elsewhere with its values
set in, such as the message of an error, is found by ``zh.sentences.toml``. A
message without translation shows in English.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from gatepost.errors import UsageError, cut
from gatepost.kit.catalogue import catalogue, sentences

ASKED_SHOWN = 40
"""Characters of an unknown language's name that are repeated."""

_chosen: dict[str, str] = {}
"""The catalogue in use: English text to translated text; empty for English."""


LANGUAGES = ("en", "zh")


def choose(arguments: list[str]) -> UsageError | None:
    """Take the language that ``--lang`` or the environment asks for; all later messages use it.

    What is wrong is told where the option asks for another one; an environment
    that does is answered in English.
    """
    asked = _from_option(arguments)
    wanted = _language_of(_from_environment() if asked is None else asked)
    language = wanted or _language_of(_from_environment()) or "en"
    _chosen.clear()
    _chosen.update(catalogue(language))
    if asked is None or wanted:
        return None
    msg = f"--lang {cut(asked, ASKED_SHOWN)}: there is no such language; en and zh are"
    return UsageError(msg, hint="Use --lang en or --lang zh.")


def chosen() -> str:
    """The language in use."""
    return "zh" if _chosen else "en"


def speak_english() -> Callable[[str], str]:
    """Say all that follows in English, for programs and logs; gives how a person is spoken to."""
    asked = translator(chosen())
    _chosen.clear()
    return asked


def translator(language: str) -> Callable[[str], str]:
    """Texts in a language, whatever was chosen for the command line."""
    texts, made = catalogue(language), sentences(language)
    return lambda text: texts.get(text) or made(text)


def _language_of(locale: str) -> str | None:
    """Of ``zh_CN.UTF-8``, ``zh-Hans`` or ``zh``: ``zh``; None for one that we do not speak."""
    name = re.split(r"[-_.@]", locale.lower(), maxsplit=1)[0]
    return name if name in LANGUAGES else None


def _from_option(arguments: list[str]) -> str | None:
    for place, one in enumerate(arguments):
        if one == "--":
            break
        if one == "--lang" and place + 1 < len(arguments):
            return arguments[place + 1]
        if one.startswith("--lang="):
            return one.partition("=")[2]
    return None


def _from_environment() -> str:
    return next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")


def counted(number: int, one: str, many: str) -> str:
    """A number with its noun, both told already; English has two forms."""
    return one if number == 1 else many.format(n=number)


def titled(name: str, text: str) -> str:
    """What is said of something, behind its name."""
    return _("{name}: {text}").format(name=name, text=text)


def _(text: str) -> str:
    """A message in the chosen language."""
    if not _chosen:
        return text
    known = _chosen.get(text)
    return sentences("zh")(text) if known is None else known
