"""Messages in another language, by their English text: one TOML file a language, read when it is wanted.

Nothing is imported for an English user: ``gatepost --help`` waits for this module.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache


def catalogue(language: str) -> dict[str, str]:
    """All messages of a language, by their English text; English has none."""
    return {} if language == "en" else _read(f"{language}.toml")


@cache
def sentences(language: str) -> Callable[[str], str]:
    """Tells, in a language, what was made in English with its values set in: errors and findings.

    Fixed words of the system and of libraries are known as well, as errors quote them.
    """
    from gatepost.kit.sentences import Sentences  # noqa: PLC0415 - an English user does not wait for it

    whole = {english: told for english, told in catalogue(language).items() if "{" not in english}
    made = ("sentences", "libraries") if language != "en" else ()
    return Sentences(
        whole | {key: told for one in made for key, told in _read(f"{language}.{one}.toml").items()}
    )


def _read(name: str) -> dict[str, str]:
    import tomllib  # noqa: PLC0415 - an English user does not wait for it

    package = os.path.dirname(os.path.dirname(__file__))  # noqa: PTH120 - pathlib is slow to import
    with open(os.path.join(package, "locale", name), "rb") as file:  # noqa: PTH118, PTH123 - as above
        return tomllib.load(file)
