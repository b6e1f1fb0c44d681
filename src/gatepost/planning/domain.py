"""Host names from foreign text: letters, digits and hyphens, in A-label form, below a public suffix.

Nothing is repaired: a name that is not exactly one is withheld with a reason word.
Sources: RFC 1123 §2.1 (LDH), RFC 5891 (IDNA 2008), UTS #39 §5.2 (mixed scripts).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from gatepost.model.entry import Domain
from gatepost.planning.odd import Odd, Oddity

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

NAME_MAX = 253
LABEL_MAX = 63

_LDH = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", re.ASCII)
_TOGETHER = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "IDEOGRAPHIC"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO", "IDEOGRAPHIC"}),
    frozenset({"LATIN", "CJK", "HANGUL", "IDEOGRAPHIC"}),
)
"""Scripts that one language writes in one word (UTS #39, highly restrictive)."""


def parse_domain(text: str, *, tree: bool = False) -> Domain:
    """The domain that a text names; ``*.`` in front, or ``tree``, means every name below it.

    Raises Odd.
    """
    name = text.strip(" ")
    if name.startswith("*."):
        name, tree = name[2:], True
    name = _to_ascii(_plausible(name))
    labels = name.split(".")
    for label in labels:
        _check_label(label)
    _check_end(labels)
    if tree and (len(labels) == 1 or _suffixes().is_public(name)):
        raise Odd(Oddity.PUBLIC_SUFFIX)
    if len(labels) == 1:
        raise Odd(Oddity.SINGLE_LABEL)
    return Domain(name, tree)


def _plausible(name: str) -> str:
    """Refuse by shape, and by length before any costly step (CVE-2024-3651)."""
    if "*" in name:
        raise Odd(Oddity.WILDCARD)
    if len(name) > NAME_MAX:
        raise Odd(Oddity.TOO_LONG)
    if ":" in name or "/" in name or not name.isprintable():
        raise Odd(Oddity.NOT_A_DOMAIN)
    if name.endswith("."):
        raise Odd(Oddity.TRAILING_DOT)
    if any(len(label) > LABEL_MAX for label in name.split(".")):
        raise Odd(Oddity.LABEL_TOO_LONG)
    return name


def _to_ascii(name: str) -> str:
    lower = name.lower()
    if lower.isascii() and "xn--" not in lower:
        return lower
    ascii_name = ".".join(map(_to_a_label, lower.split(".")))
    if len(ascii_name) > NAME_MAX:
        raise Odd(Oddity.TOO_LONG)
    return ascii_name


def _to_a_label(label: str) -> str:
    """One label by IDNA 2008, strictly: no mapping, and an A-label must be the one of its U-label."""
    import idna  # noqa: PLC0415 - tables of 1 MB, for names that hold more than ASCII

    if label.isascii() and not label.startswith("xn--"):
        return label
    try:
        a_label = idna.alabel(label).decode("ascii")
        u_label = idna.ulabel(a_label)
    except UnicodeError:
        raise Odd(Oddity.BAD_IDN) from None
    if _mixes_scripts(u_label):
        raise Odd(Oddity.MIXED_SCRIPT)
    return a_label


def _mixes_scripts(label: str) -> bool:
    """Whether letters of one label come from scripts that no language writes together."""
    letters = (c for c in label if unicodedata.category(c).startswith("L"))
    scripts = {unicodedata.name(c, "").partition(" ")[0] for c in letters}
    return len(scripts) > 1 and not any(scripts <= together for together in _TOGETHER)


def _check_label(label: str) -> None:
    if "_" in label:
        raise Odd(Oddity.UNDERSCORE)
    if not _LDH.fullmatch(label):
        raise Odd(Oddity.NOT_A_DOMAIN)


def _check_end(labels: list[str]) -> None:
    """Refuse what resolvers and browsers read as an address or as this very host."""
    if labels[-1] == "localhost":
        raise Odd(Oddity.LOCALHOST)
    if labels[-1].isdigit() or re.fullmatch(r"0x[0-9a-f]*", labels[-1]):
        raise Odd(Oddity.IP_LITERAL)


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList  # noqa: PLC0415 - reads 300 kB of data: only when asked

    return PublicSuffixList()
