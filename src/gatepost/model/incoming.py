"""A request that came to us, as bytes: what checks of callbacks are handed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

Headers = tuple[tuple[bytes, bytes], ...]
"""Names in lower case, and values, line by line, as they came."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One request to us, whole. Its repr shows no text of the sender."""

    method: str
    query: bytes = field(repr=False)
    """What stands behind the ``?``, not decoded."""
    headers: Headers = field(repr=False)
    body: bytes = field(default=b"", repr=False)

    def header(self, name: bytes) -> str | None:
        """A header's one value; None where there is none, or more than one: which would count?"""
        found = list(self._values(name))
        return found[0].decode("latin-1") if len(found) == 1 else None

    def _values(self, name: bytes) -> Iterator[bytes]:
        return (value for each, value in self.headers if each == name)
