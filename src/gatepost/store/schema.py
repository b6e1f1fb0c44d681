"""Tables of the history, and how times are kept: integer microseconds since 1970, UTC, everywhere.

The tables are made by the revisions of ``migrations/``; a test holds both
together. Names are nouns of the glossary; ``body`` points to entries that are
kept once however often they were answered.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
)

HEAD = "0007"
"""The newest revision of ``migrations/``; revisions are numbered and sort as text."""

VERSION_TABLE = "gatepost_version"
"""Where Alembic keeps the revision; its default name might be another program's."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_micros(at: datetime) -> int:
    """Microseconds since the epoch; raises TypeError for a naive time."""
    return (at - EPOCH) // timedelta(microseconds=1)


def from_micros(micros: int) -> datetime:
    """Aware UTC time."""
    return EPOCH + timedelta(microseconds=micros)


class Moment(TypeDecorator[datetime]):
    """Aware datetimes outside, integer microseconds inside: exact, sortable, the same in every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """To microseconds."""
        return None if value is None else to_micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """To an aware time."""
        return None if value is None else from_micros(value)


metadata = MetaData()

upkeep = Table(
    "upkeep",
    metadata,
    Column("name", Text, primary_key=True),
    Column("at", Moment, nullable=False),
)
"""When a kind of upkeep (``integrity``) was last done."""

bodies = Table(
    "bodies",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("entries", LargeBinary, nullable=False),
)
"""Entries of answers, compressed, each set once; the key is SHA-256 of the uncompressed bytes."""

attempts = Table(
    "attempts",
    metadata,
    Column("source", Text, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("requests", Integer, nullable=False),
    Column("failure", LargeBinary),
    Column("failures", Integer, nullable=False),
    Column("succeeded_at", Moment),
)

answers = Table(
    "answers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("fetched_at", Moment, nullable=False),
    Column("requests", Integer, nullable=False),
    Column("provenance", Text, nullable=False),
    Column("quarantined", LargeBinary, nullable=False),
    Column("body", LargeBinary, ForeignKey("bodies.digest"), nullable=False),
    Index("answers_source", "source", "id"),
    Index("answers_body", "body"),
)
"""Whole answers as received, accepted or not."""

acceptances = Table(
    "acceptances",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("provenance", Text, nullable=False),
    Column("approved", Boolean, nullable=False),
    Column("body", LargeBinary, ForeignKey("bodies.digest"), nullable=False),
    Index("acceptances_source", "source", "id"),
    Index("acceptances_body", "body"),
)
"""Runs of equal accepted answers; ``at`` is the first of the run, which lasts until the next row."""

accepted = Table(
    "accepted",
    metadata,
    Column("source", Text, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("digest", Text, nullable=False),
    Column("provenance", Text, nullable=False),
    Column("approved", Boolean, nullable=False),
    Column("presences", LargeBinary, nullable=False),
    Column("body", LargeBinary, ForeignKey("bodies.digest"), nullable=False),
    Column("reckoned_at", Moment),
    Column("words_until", BigInteger),
    Index("accepted_body", "body"),
)
"""The answer in force, one row a source; words up to ``words_until`` are older and count no more."""

held = Table(
    "held",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("waiting", Boolean, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Index("held_source", "source", "waiting"),
    Index("held_digest", "digest"),
)
"""Held answers; at most one a source is waiting, the others were released or overtaken."""

lists = Table(
    "lists",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("step", Integer, nullable=False),
)
"""``step`` counts the changes of listed entries, with or without a new serial."""

serials = Table(
    "serials",
    metadata,
    Column("list_id", Integer, ForeignKey("lists.id"), primary_key=True),
    Column("serial", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("step", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("added", Integer, nullable=False),
    Column("removed", Integer, nullable=False),
    Index("serials_step", "list_id", "step"),
)

listed = Table(
    "listed",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("list_id", Integer, ForeignKey("lists.id"), nullable=False),
    Column("place", LargeBinary, nullable=False),
    Column("detail", LargeBinary),
    Column("source", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("since", Moment, nullable=False),
    Column("serial", Integer, nullable=False),
    Column("step_from", Integer, nullable=False),
    Column("step_to", Integer),
    Column("valid_from", Moment, nullable=False),
    Column("valid_to", Moment),
    Index("listed_place", "place", "list_id"),
    Index("listed_current", "list_id", "step_to"),
)
"""Listed entries as intervals, from included, to excluded, NULL while current.

``place`` is family, prefix length and network (or the domain) as fixed-width
bytes, so what covers a value is found by equality. ``serial`` is the one at
which the entry came in. Steps tell apart what happened within one microsecond.
"""

effective = Table(
    "effective",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("list_id", Integer, ForeignKey("lists.id"), nullable=False),
    Column("place", LargeBinary, nullable=False),
    Column("detail", LargeBinary),
    Column("serial_from", Integer, nullable=False),
    Column("serial_to", Integer),
    Index("effective_place", "place", "list_id"),
    Index("effective_current", "list_id", "serial_to"),
)
"""Entries in force as intervals of serials: any serial is rebuilt exactly, and none is stored twice."""

plans = Table(
    "plans",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("target", Text, nullable=False),
    Column("list", Text, nullable=False),
    Column("serial", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("plan", LargeBinary, nullable=False),
    Index("plans_list", "list", "at"),
    Index("plans_target", "target", "at"),
)

holders = Table(
    "holders",
    metadata,
    Column("list", Text, primary_key=True),
    Column("target", Text, primary_key=True),
)
"""Which targets hold a list, as its own last cycle found them configured."""

awaits = Table(
    "awaits",
    metadata,
    Column("held", Text, primary_key=True),
    Column("plan", Text, ForeignKey("plans.digest", ondelete="CASCADE"), primary_key=True),
    Index("awaits_plan", "plan"),
)
"""Which plans approve which held answers."""

words = Table(
    "words",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("word", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("subject", Text, nullable=False, server_default=""),
    Index("words_digest", "digest", "id"),
)

intents = Table(
    "intents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("target", Text, nullable=False),
    Column("list", Text, nullable=False),
    Column("digest", Text, ForeignKey("plans.digest"), nullable=False),
    Column("serial", Integer, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("intended_at", Moment, nullable=False),
    Column("at", Moment),
    Column("outcome", Text),
    Column("verified", Boolean, nullable=False),
    Column("failure", LargeBinary),
    Column("cause", Text, nullable=False, server_default="sync"),
    Index("intents_target", "target", "id"),
    Index("intents_outcome", "outcome"),
    Index("intents_digest", "digest"),
)
"""One row an apply, written before it and completed after it."""

counts = Table(
    "counts",
    metadata,
    Column("target", Text, primary_key=True),
    Column("place", LargeBinary, primary_key=True),
    Column("packets", BigInteger, nullable=False),
    Column("rose_at", Moment),
)
"""Packets that a device last counted on a prefix, and when they were last seen to have risen."""

drifts = Table(
    "drifts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("target", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("drift", LargeBinary, nullable=False),
    Index("drifts_target", "target", "ended_at"),
)
"""Changes by others, each from when it was seen until the target was right again."""

unread = Table(
    "unread",
    metadata,
    Column("target", Text, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("failure", LargeBinary, nullable=False),
)
"""Targets that could not be read when they were last looked at, each with since when and why."""

looks = Table(
    "looks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("boot", Text, nullable=False, unique=True),
    Column("uptime", BigInteger, nullable=False),
    Column("wall", Moment, nullable=False),
    Column("reckoned", Moment, nullable=False),
    Column("believed", Moment, nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("doubted_since", Moment),
    Column("off", BigInteger),
)
"""The last look at the clocks of each boot of each host, the last of all being the one with the highest id;
``uptime``, ``step`` and ``off`` in microseconds."""
