"""Whose token it is, without the time of the answer telling anything of it."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from hashlib import blake2b
from typing import Generic, TypeVar

from gatepost.kit.secret import Secret

T = TypeVar("T")


class TokenTable(Generic[T]):
    """Owners by token: found by a digest under a key of this process, then compared in constant time."""

    def __init__(self, owners: Iterable[tuple[Secret, T]]) -> None:
        """An owner may have several tokens; of two owners of one token the later has it."""
        self._key = secrets.token_bytes(32)
        self._table = {self._digest(token.reveal()): (token, owner) for token, owner in owners}

    def find(self, given: str) -> T | None:
        """The owner of a token, None for nobody's; the empty one is nobody's."""
        found = self._table.get(self._digest(given))
        known = found[0].reveal() if found else ""
        same = hmac.compare_digest(_bytes(known), _bytes(given))
        return found[1] if found and same and given else None

    def _digest(self, token: str) -> bytes:
        return blake2b(_bytes(token), key=self._key, digest_size=32).digest()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
