"""Sources: attempts, answers received, answers accepted, answers held."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gatepost.model.answer import Accepted, Answer, HeldAnswer
from gatepost.model.entry import Direction, Entry
from gatepost.model.record import Attempt, Failure
from gatepost.store import encode
from gatepost.store._subject import Subject, keep_body, put
from gatepost.store.schema import acceptances, accepted, answers, attempts, bodies, held, words


class Sources(Subject):
    """What platforms answered and what became of it."""

    def record_attempt(self, source: str, at: datetime, requests: int, failure: Failure | None) -> None:
        """Note a try; without ``failure`` it gave a whole answer."""
        values = {"at": at, "requests": requests, "failure": encode.pack_failure(failure), "failures": 0}
        if failure is None:
            values["succeeded_at"] = at
        with self._database.writing() as connection:
            if failure is not None:
                before = sa.select(attempts.c.failures).where(attempts.c.source == source)
                values["failures"] = (connection.scalar(before) or 0) + 1
            put(connection, attempts, {"source": source}, values)

    def attempt(self, source: str) -> Attempt | None:
        """The last try of a source, and when it last succeeded, was accepted and changed.

        Lists may accept a source each by their own guards, under LIST/SOURCE: the
        latest of them all counts.
        """
        of_source = sa.or_(
            accepted.c.source == source, accepted.c.source.endswith(f"/{source}", autoescape=True)
        )
        newest = sa.select(sa.func.max(accepted.c.at), sa.func.max(accepted.c.changed_at)).where(of_source)
        with self._database.reading() as connection:
            row = connection.execute(sa.select(attempts).where(attempts.c.source == source)).one_or_none()
            accepted_at, changed_at = connection.execute(newest).one()
        if row is None:
            return None
        return Attempt(
            source=source,
            at=row.at,
            failure=encode.unpack_failure(row.failure),
            failures=row.failures,
            succeeded_at=row.succeeded_at,
            accepted_at=accepted_at,
            changed_at=changed_at,
        )

    def record_answer(self, answer: Answer) -> None:
        """Keep a whole answer as received; its entries once, however often they come."""
        with self._database.writing() as connection:
            connection.execute(
                sa.insert(answers).values(
                    source=answer.source,
                    kind=answer.kind,
                    direction=answer.direction.value,
                    fetched_at=answer.fetched_at,
                    requests=answer.requests,
                    provenance=answer.provenance,
                    quarantined=encode.QUARANTINED.pack_all(answer.quarantined),
                    body=keep_body(connection, answer.entries),
                )
            )

    def received(self, source: str) -> Answer | None:
        """The last answer as received, accepted or not."""
        query = sa.select(answers, bodies.c.entries).join(bodies).where(answers.c.source == source)
        with self._database.reading() as connection:
            row = connection.execute(query.order_by(answers.c.id.desc()).limit(1)).one_or_none()
        if row is None:
            return None
        return Answer(
            source=source,
            kind=row.kind,
            direction=Direction(row.direction),
            fetched_at=row.fetched_at,
            requests=row.requests,
            entries=encode.unpack_entries(row.entries),
            quarantined=encode.QUARANTINED.unpack_all(row.quarantined),
            provenance=row.provenance,
        )

    def accepted(self, source: str) -> Accepted | None:
        """The answer in force."""
        query = sa.select(accepted, bodies.c.entries).join(bodies).where(accepted.c.source == source)
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return Accepted(
            source=source,
            at=row.at,
            digest=row.digest,
            provenance=row.provenance,
            entries=encode.unpack_entries(row.entries),
            presences=encode.PRESENCE.unpack_all(row.presences),
            approved=row.approved,
            reckoned_at=row.reckoned_at,
        )

    def record_accepted(self, one: Accepted) -> None:
        """Put an accepted answer in force; a run of equal ones is one row of history."""
        with self._database.writing() as connection:
            body = keep_body(connection, one.entries)
            values = {
                "at": one.at,
                "changed_at": _changed_at(connection, one),
                "digest": one.digest,
                "provenance": one.provenance,
                "approved": one.approved,
                "presences": encode.PRESENCE.pack_all(one.presences),
                "body": body,
                "reckoned_at": one.reckoned_at,
                "words_until": sa.select(sa.func.max(words.c.id)).scalar_subquery(),
            }
            put(connection, accepted, {"source": one.source}, values)
            _keep_run(connection, one, body)

    def baseline(self, source: str, at: datetime) -> tuple[Entry, ...] | None:
        """Entries of the answer that was accepted at a moment.

        None before the first, and where that answer has another provenance than
        the one now in force: another provenance is another source.
        """
        query = (
            sa.select(acceptances.c.provenance, bodies.c.entries)
            .join(bodies)
            .where(acceptances.c.source == source, acceptances.c.at <= at)
            .order_by(acceptances.c.id.desc())
            .limit(1)
        )
        current = sa.select(accepted.c.provenance).where(accepted.c.source == source)
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
            provenance = connection.scalar(current)
        return encode.unpack_entries(row.entries) if row and row.provenance == provenance else None

    def accepted_since(self, source: str) -> datetime | None:
        """When the oldest acceptance that is kept began, of the provenance now in force."""
        current = sa.select(accepted.c.provenance).where(accepted.c.source == source).scalar_subquery()
        query = sa.select(sa.func.min(acceptances.c.at)).where(
            acceptances.c.source == source, acceptances.c.provenance == current
        )
        with self._database.reading() as connection:
            oldest: datetime | None = connection.scalar(query)
        return oldest

    def approved_at(self, source: str) -> datetime | None:
        """When an answer was last accepted by a person's approval."""
        query = sa.select(acceptances.c.at).where(acceptances.c.source == source, acceptances.c.approved)
        with self._database.reading() as connection:
            return connection.scalar(query.order_by(acceptances.c.id.desc()).limit(1))

    def record_held(self, one: HeldAnswer) -> None:
        """Let a held answer wait in the place of the one that waited before."""
        values = {"at": one.at, "waiting": True, "answer": encode.HELD.pack(one)}
        with self._database.writing() as connection:
            connection.execute(_release(one.source))
            put(connection, held, {"source": one.source, "digest": one.digest}, values)

    def held(self, source: str) -> HeldAnswer | None:
        """The answer that waits for a person's word."""
        query = sa.select(held.c.answer).where(held.c.source == source, held.c.waiting)
        with self._database.reading() as connection:
            data = connection.scalar(query)
        return None if data is None else encode.HELD.unpack(data)

    def held_answer(self, digest: str) -> HeldAnswer | None:
        """A held answer by its digest, waiting or not."""
        with self._database.reading() as connection:
            data = connection.scalar(sa.select(held.c.answer).where(held.c.digest == digest))
        return None if data is None else encode.HELD.unpack(data)

    def held_digests(self) -> tuple[str, ...]:
        """Of every held answer that is kept, waiting or not."""
        with self._database.reading() as connection:
            return tuple(connection.scalars(sa.select(held.c.digest)).all())

    def clear_held(self, source: str) -> None:
        """Nothing of a source waits any more."""
        with self._database.writing() as connection:
            connection.execute(_release(source))


def _release(source: str) -> sa.Update:
    return sa.update(held).where(held.c.source == source, held.c.waiting).values(waiting=False)


def _changed_at(connection: Connection, one: Accepted) -> datetime:
    """When the accepted answer last differed from the one before, this one considered."""
    query = sa.select(accepted.c.digest, accepted.c.changed_at).where(accepted.c.source == one.source)
    before = connection.execute(query).one_or_none()
    return one.at if before is None or before.digest != one.digest else before.changed_at


def _keep_run(connection: Connection, one: Accepted, body: bytes) -> None:
    """A new row unless the last run goes on; an approval begins one."""
    query = sa.select(acceptances).where(acceptances.c.source == one.source)
    last = connection.execute(query.order_by(acceptances.c.id.desc()).limit(1)).one_or_none()
    same = last is not None and (last.body, last.provenance) == (body, one.provenance)
    if last is None or not same or one.approved > last.approved:
        values = {"source": one.source, "at": one.at, "provenance": one.provenance, "approved": one.approved}
        connection.execute(sa.insert(acceptances).values(**values, body=body))
