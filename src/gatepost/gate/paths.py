"""Which paths are guarded. A path that two readers could understand differently is guarded too."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from gatepost.errors import ConfigInvalid, cut

MEMO_MAX = 4_096
"""Paths remembered; then the memo is emptied."""
MEMO_TEXT_MAX = 512
"""Characters of the longest path remembered."""

_AMBIGUOUS = re.compile(r"%|\\|//|;|\ufffd|[\x00-\x1f\x7f]|(?:^|/)\.\.?(?:/|\Z)|\A(?!/)")
"""In a decoded path: encoded twice, a backslash, empty and dot segments, parameters, broken UTF-8."""
_AMBIGUOUS_RAW = re.compile(r"%(?:2f|5c|2e|25|00|3b)", re.IGNORECASE)
"""In a path as it came: an encoded slash, backslash, dot, percent sign, NUL or semicolon."""


class Paths:
    """Immutable. Guards every path that begins with one of the prefixes, whatever its case."""

    __slots__ = ("_known", "_prefixes", "all")

    def __init__(self, prefixes: Iterable[str] = ("/",)) -> None:
        """Raises ConfigInvalid for a prefix that is no plain path."""
        if isinstance(prefixes, str):
            msg = "guarded paths are a list such as ['/feishu/'], not one text"
            raise ConfigInvalid(msg)
        self._prefixes = tuple(_prefix(text) for text in prefixes)
        if not self._prefixes:
            msg = "guard at least one path; '/' guards all"
            raise ConfigInvalid(msg)
        self.all = "" in self._prefixes
        """Whether every path is guarded."""
        self._known: dict[tuple[str, str, str], bool] = {}

    def guards(self, path: str, raw: str = "", root: str = "") -> bool:
        """Whether a request's path is guarded.

        ``path``: decoded; ``raw``: as it came, where the server tells; ``root``: where the application
        is mounted. A server may or may not have put ``root`` before the path: each reading counts.
        """
        if self.all:
            return True
        key = path, raw, root
        answer = self._known.get(key)
        if answer is None:
            answer = self._look(path, raw, root)
            if len(path) + len(raw) + len(root) <= MEMO_TEXT_MAX:
                if len(self._known) >= MEMO_MAX:
                    self._known.clear()
                self._known[key] = answer
        return answer

    def _look(self, path: str, raw: str, root: str) -> bool:
        if _AMBIGUOUS.search(path) or _AMBIGUOUS_RAW.search(raw):
            return True
        readings = [path, root + path]
        if root and path.startswith(root):
            readings.append(path[len(root) :])
        return any(_plain(each).startswith(self._prefixes) for each in readings)


def _plain(path: str) -> str:
    """As a lenient router could read it."""
    return unicodedata.normalize("NFKC", path).casefold()


def _prefix(text: str) -> str:
    if not text.startswith("/") or "?" in text or (_AMBIGUOUS.search(text) and text != "/"):
        msg = f"the guarded path {cut(text, 80)!r} is not a plain path such as /feishu/"
        raise ConfigInvalid(msg)
    return _plain(text.rstrip("/"))
