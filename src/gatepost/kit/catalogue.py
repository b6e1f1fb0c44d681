"""Messages in another language, by their English text: one TOML file a language, read when it is wanted.

Nothing is imported for an English user: ``gatepost --help`` waits for this module.
"""

from __future__ import annotations

import os


def catalogue(language: str) -> dict[str, str]:
    """All messages of a language, by their English text; English has none."""
    if language == "en":
        return {}
    import tomllib  # noqa: PLC0415 - an English user does not wait for it

    package = os.path.dirname(os.path.dirname(__file__))  # noqa: PTH120 - pathlib is slow to import
    with open(os.path.join(package, "locale", f"{language}.toml"), "rb") as file:  # noqa: PTH118, PTH123 - as above
        return tomllib.load(file)
