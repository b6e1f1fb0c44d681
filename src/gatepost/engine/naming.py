"""What people call things by: a plan or an answer by the beginning of its digest, and what is to be typed."""

from __future__ import annotations

from collections.abc import Iterable

from gatepost.errors import UsageError, cut

ALGORITHM = "sha256:"
DIGEST_SHORTEST = 8
"""Hexadecimal digits that a digest is at least called by."""

UNKNOWN_NAME = "Name one of those in brackets; `gatepost config show` tells more of each."
"""What to do about a list, source or target that is not there."""
VALUE = "Write it as 203.0.113.7, 203.0.113.0/24 or api.example.com."
"""What to do about an address, network or domain that is none."""


def begins(named: str, digest: str) -> bool:
    """Whether a digest is called so, in any case, with or without the algorithm."""
    return digest.startswith(ALGORITHM + named.lower().removeprefix(ALGORITHM))


def whole_digest(named: str, known: Iterable[str], none: str) -> str:
    """The one known digest that begins so. Raises UsageError: ``none``, several, too few digits."""
    found = {one for one in known if begins(named, one)}
    if len(named.lower().removeprefix(ALGORITHM)) < DIGEST_SHORTEST:
        trouble = f"is too short: give at least {DIGEST_SHORTEST} digits"
    elif len(found) == 1:
        return found.pop()
    else:
        trouble = "is not unique" if found else none
    msg = f"{cut(named, 80)} {trouble}"
    raise UsageError(msg, hint="`gatepost plan` shows what is held, with its digest.")
