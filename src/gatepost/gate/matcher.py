"""Which entry lets this address or name in: bisect over disjoint segments, a memo in front."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from gatepost.model.address import Prefix
from gatepost.model.content import Content, Listed
from gatepost.model.entry import Domain

T = TypeVar("T")


class Matcher(Generic[T]):
    """An immutable table of prefixes and domains, each with what it stands for."""

    find: Callable[[str], T | None]

    def __init__(self, items: Iterable[tuple[Prefix | Domain, T]]) -> None:
        """``items``: value and what to answer for it; the most specific wins, of equal ones the first."""
        raise NotImplementedError

    @classmethod
    def of_content(cls, content: Content) -> Matcher[Listed]:
        """What a list lets in: its listed entries, within what is in force."""
        raise NotImplementedError
