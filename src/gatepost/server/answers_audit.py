"""What the API answers of what was done, and by whom: types as in :mod:`gatepost.server.answers`."""

from __future__ import annotations

from msgspec import Struct

from gatepost.server.answers import Digest, Error, Moment, Word


class Outcome(Struct):
    """What became of one apply."""

    target: str
    list: str
    digest: Digest
    serial: int
    generation: int
    intended_at: Moment
    at: Moment | None
    outcome: str | None
    verified: bool
    cause: str
    error: Error | None


class Entrance(Struct):
    """Somebody logged in, failed to, or left."""

    at: Moment
    event: str
    who: str
    address: str
    subject: str = ""
    """Of somebody for whom a login provider vouches: issuer and the provider's lasting name."""
    why: str = ""
    """What kept somebody out who came by way of a login provider: the error's kind."""


class RolledBack(Struct):
    """What a rollback did on a target; whoever wanted it gave the word of the same digest."""

    target: str
    list: str
    digest: Digest
    serial: int
    """That the earlier content got."""
    back_to: int | None
    """The first serial that held just that, where one did."""


class Audit(Struct):
    """Who did what, newest first."""

    words: tuple[Word, ...]
    outcomes: tuple[Outcome, ...]
    entrances: tuple[Entrance, ...]
    rollbacks: tuple[RolledBack, ...] = ()
