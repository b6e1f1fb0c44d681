"""What the API answers, as types: the command line's own documents, member by member.

The types make the description at ``/schema``; the values are made by the same
functions as ``--json``, so there is no second shape to keep in step.
"""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

Moment = str
"""RFC 3339 in UTC, to the second."""
Digest = str
"""``sha256:`` and 64 hexadecimal digits."""


class Error(Struct):
    """What went wrong: the error object of every command."""

    kind: str
    code: int | None
    message: str
    transient: bool
    hint: str
    links: tuple[str, ...]
    log_id: str | None


class Problem(Struct):
    """An error as an answer (RFC 9457), with the error object in it."""

    type: str
    title: str
    status: int
    detail: str
    error: Error


class Reason(Struct):
    """What a guard found."""

    guard: str
    measured: str
    limit: str
    message: str
    absolute: bool


class CheckEntry(Struct):
    """An entry that covers the value."""

    value: str
    source: str
    since: Moment
    serial: int
    state: str
    protocol: str | None
    ports: tuple[tuple[int, int], ...]
    note: str | None


class Ended(Struct):
    """An entry that covers the value today, and will not at the moment asked about."""

    value: str
    source: str
    state: str
    at: Moment | None


class CheckList(Struct):
    """One list's word on the value."""

    list: str
    direction: str | None
    serial: int | None
    allowed: bool
    entries: tuple[CheckEntry, ...]
    ended: tuple[Ended, ...] | UnsetType = UNSET
    """Where the moment has yet to come."""


class Check(Struct):
    """Whether a value is allowed: ``check --json``."""

    value: str
    at: Moment
    allowed: bool
    lists: tuple[CheckList, ...]
    foreseen: bool | UnsetType = UNSET
    """True where the moment has yet to come: what is known today, without what ends until then."""


class SourceStatus(Struct):
    """One source of ``status --json``."""

    source: str
    kind: str
    attempted_at: Moment | None
    succeeded_at: Moment | None
    changed_at: Moment | None
    stale: bool
    error: Error | None


class ListStatus(Struct):
    """One list of ``status --json``."""

    list: str
    serial: int | None
    at: Moment | None
    entries: int
    grace: int
    stale: bool
    held: bool
    refused: dict[str, Error]
    """By source: why nothing of its last answer may be used."""


class Drift(Struct):
    """What others changed on a target."""

    at: Moment
    added: tuple[str, ...]
    removed: tuple[str, ...]
    empty: bool
    wide: bool
    suspects: tuple[str, ...]


class Unread(Struct):
    """That a target could not be read: since when, and why."""

    at: Moment
    error: Error


class TargetStatus(Struct):
    """One target of ``status --json``."""

    target: str
    kind: str
    list: str
    serial: int | None
    generation: int | None
    applied_at: Moment | None
    verified: bool
    in_step: bool
    drift: Drift | None
    unread: Unread | None
    looked: bool
    not_looked: Error | None
    unconfirmed_until: Moment | None
    overdue: bool
    taken_back: bool
    outcome: str | None
    error: Error | None


class Word(Struct):
    """A person's word, as recorded: ``approve --json``."""

    digest: Digest
    word: str
    who: str
    why: str
    at: Moment
    subject: str = ""
    """Issuer and lasting name of who spoke, where a login provider vouches for them."""


class Plan(Struct):
    """A plan by itself: as in ``plan --json``."""

    target: str
    list: str
    status: str
    digest: Digest
    serial: int
    add: tuple[str, ...]
    remove: tuple[str, ...]
    leaving: tuple[str, ...]
    reasons: tuple[Reason, ...]
    notes: tuple[str, ...]
    mixed: bool
    word: Word | None
    """The last word on it, or on the answers it waits for, while it is held."""


class HeldAnswer(Struct):
    """A source's answer that waits for a person's word."""

    digest: Digest
    source: str
    add: tuple[str, ...]
    remove: tuple[str, ...]
    reasons: tuple[Reason, ...]
    word: Word | None
    """The last word on it."""


class HeldOfList(HeldAnswer):
    """The same, with the list that it is for."""

    list: str


class Doubt(Struct):
    """A wall clock that is not believed."""

    wall: Moment
    believed: Moment
    left: int
    """Seconds until it is believed."""


class Stranded(Struct):
    """A change that nobody confirmed and nobody can take back: no target is configured there any more."""

    target: str
    place: str
    id: str
    until: Moment | None


class Status(Struct):
    """Everything at one look: ``status --json``."""

    stale: bool
    sources: tuple[SourceStatus, ...]
    lists: tuple[ListStatus, ...]
    targets: tuple[TargetStatus, ...]
    held: tuple[Plan, ...]
    answers: tuple[HeldOfList, ...]
    stranded: tuple[Stranded, ...]
    clock: Doubt | None


class Serial(Struct):
    """One line of a list's history."""

    list: str
    serial: int
    at: Moment
    entries: int
    added: int
    removed: int
    digest: Digest


class History(Struct):
    """Serials of a list, oldest first: ``history --json``."""

    list: str
    serials: tuple[Serial, ...]


class Entry(Struct):
    """An entry by itself: as in ``fetch --json`` and ``diff --json``."""

    value: str
    type: str
    protocol: str | None
    ports: tuple[tuple[int, int], ...]
    necessary: bool | None
    note: str | None


class ListedEntry(Entry):
    """An entry of a list with where it comes from."""

    source: str
    since: Moment
    state: str


class Entries(Struct):
    """What a list holds at a serial; without a serial it never held anything."""

    list: str
    direction: str | None
    serial: int | None
    at: Moment | None
    entries: tuple[ListedEntry, ...]


class Difference(Struct, rename={"first": "from", "second": "to"}):
    """What came and went between two serials: ``diff --json``."""

    list: str
    first: int
    second: int
    added: tuple[Entry, ...]
    removed: tuple[Entry, ...]


class Plans(Struct):
    """The newest plan of each target, and the answers that wait."""

    plans: tuple[Plan, ...]
    held: tuple[HeldAnswer, ...]


class Explanation(Struct):
    """Why a plan or an answer was held, in one paragraph."""

    digest: Digest
    status: str
    paragraph: str
    reasons: tuple[Reason, ...]


class Consumer(Struct):
    """Which version of a list somebody fetched last."""

    consumer: str
    list: str
    serial: int
    at: Moment
    latest: int | None
    lag_seconds: float


class Feed(Struct):
    """What is published of a list."""

    list: str
    serial: int | None
    generation: int | None
    since: Moment | None
    formats: tuple[str, ...]
    problem: str | None


class Consumers(Struct):
    """What is published, and who has which version of it."""

    feeds: tuple[Feed, ...]
    consumers: tuple[Consumer, ...]


class Live(Struct):
    """The process answers."""

    live: bool


class Ready(Struct):
    """Whether it can tell the truth, and if not, why."""

    ready: bool
    reasons: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    """What is stale, held or failed, while the last good is told."""


class Session(Struct):
    """Who asks, and what they may do."""

    user: str
    role: str
    login: bool
    """Whether this server asks for a login at all."""
    csrf: str | None
    """To be sent with every unsafe request of this session, as ``X-CSRF-Token`` or member ``csrf``."""
    expires_at: Moment | None
