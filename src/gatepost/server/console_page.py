"""A page: a template, the words of a language, and who looks.

Templates escape everything they are handed; a name that is missing is an error,
not a gap. Pages need no script to work, and hold none: the policy of the server
lets nothing run but our own files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gatepost import __version__
from gatepost.engine.approval import unspoken
from gatepost.errors import cut
from gatepost.model.role import Role
from gatepost.server.console_files import link
from gatepost.server.console_words import LANGUAGES, Words, language_of
from gatepost.server.desk import Desk
from gatepost.server.head import cookie
from gatepost.server.route import Asked, Reply

COOKIE = "gatepost-look"
THEMES = ("auto", "light", "dark")
FOREIGN_MOST = 2000
"""Characters shown of what others wrote; marks that turn the direction of writing are spelt out."""

_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


_environment.globals["file"] = link
_environment.filters["foreign"] = lambda text, limit=FOREIGN_MOST: cut(str(text), limit)


@dataclass(frozen=True, slots=True)
class Look:
    """How somebody wants pages: language and theme."""

    language: str = "en"
    theme: str = "auto"

    @classmethod
    def of(cls, head: Mapping[bytes, bytes]) -> Look:
        """What was chosen before, else what the browser asks for."""
        language, _, theme = (cookie(head, COOKIE) or "").partition(".")
        if language not in LANGUAGES:
            language = language_of(head.get(b"accept-language", b"").decode("latin-1"))
        return cls(language, theme if theme in THEMES else "auto")

    @property
    def text(self) -> str:
        """For the cookie."""
        return f"{self.language}.{self.theme}"


@dataclass(frozen=True, slots=True)
class Page:
    """What every template is handed beside its own matter."""

    look: Look
    words: Words
    here: str
    """Path and query of the page itself, to come back to."""
    now: datetime

    @property
    def other_language(self) -> str:
        """The one that the page is not in."""
        return "en" if self.look.language == "zh" else "zh"

    @property
    def next_theme(self) -> str:
        """The one after the one in use."""
        return THEMES[(THEMES.index(self.look.theme) + 1) % len(THEMES)]

    def age(self, text: str | None) -> str:
        """How long ago a document's time is."""
        return self.words.age(datetime.fromisoformat(text), self.now) if text else ""


def words_of(asked: Asked) -> Words:
    """The language of whoever asks."""
    return Words(Look.of(asked.head).language)


def place(path: str, **query: Any) -> str:
    """A path with those parameters that are there."""
    known = {key: value for key, value in query.items() if value not in (None, "")}
    return f"{path}?{urlencode(known)}" if known else path


def show(desk: Desk, asked: Asked, template: str, here: str, **matter: Any) -> Reply:
    """A page for somebody who may see it, with what waits for a person counted."""
    found = {
        "who": asked.who,
        "login": desk.settings.login,
        "may_decide": asked.who.role.covers(Role.APPROVER),
        "waiting": sum(map(len, unspoken(desk.site))),
    }
    return Reply(render(asked.head, template, here, desk.site.clock.now(), **found, **matter))


def render(head: Mapping[bytes, bytes], template: str, here: str, now: datetime, **matter: Any) -> bytes:
    """A template's page."""
    look = Look.of(head)
    words = Words(look.language)
    page = Page(look, words, here, now)
    defaults: dict[str, Any] = {"who": None, "login": False, "waiting": 0, "may_decide": False, "twin": None}
    text = _environment.get_template(template).render(
        {**defaults, **matter, "_": words, "page": page, "version": __version__}
    )
    return text.encode()
