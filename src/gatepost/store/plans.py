"""Plans, the words of persons on them, intents and outcomes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gatepost.errors import UsageError
from gatepost.kit.text import as_text
from gatepost.model.content import Serial
from gatepost.model.plan import Cause, Outcome, Plan, Word
from gatepost.model.record import Failure, OutcomeRecord, WordRecord
from gatepost.store import encode
from gatepost.store._subject import Subject, put
from gatepost.store.schema import accepted, awaits, holders, intents, lists, plans, serials, words

RIGHT = (Outcome.APPLIED.value, Outcome.UNCHANGED.value)
"""Outcomes after which, if verified, the target held what it should."""


class Plans(Subject):
    """What was going to change, who said what to it, and what became of it."""

    def record_plan(self, plan: Plan, at: datetime) -> None:
        """Keep a plan; the same digest again takes its date and status."""
        with self._database.writing() as connection:
            _keep_plan(connection, plan, at)

    def plan(self, digest: str) -> Plan | None:
        """A plan by its digest."""
        with self._database.reading() as connection:
            data = connection.scalar(sa.select(plans.c.plan).where(plans.c.digest == digest))
        return None if data is None else encode.PLAN.unpack(data)

    def plans(self, list_: str | None) -> tuple[Plan, ...]:
        """Plans of a list, or of all; newest first."""
        query = sa.select(plans.c.plan).order_by(plans.c.at.desc(), plans.c.id.desc())
        if list_ is not None:
            query = query.where(plans.c.list == list_)
        with self._database.reading() as connection:
            rows = connection.scalars(query).all()
        return tuple(map(encode.PLAN.unpack, rows))

    def newest_plans(self) -> tuple[Plan, ...]:
        """The newest plan of each target, by target."""
        later = plans.alias()
        overtaken = sa.exists().where(
            later.c.target == plans.c.target,
            sa.or_(later.c.at > plans.c.at, sa.and_(later.c.at == plans.c.at, later.c.id > plans.c.id)),
        )
        with self._database.reading() as connection:
            rows = connection.scalars(
                sa.select(plans.c.plan).where(~overtaken).order_by(plans.c.target)
            ).all()
        return tuple(map(encode.PLAN.unpack, rows))

    def record_word(self, record: WordRecord) -> None:
        """Keep a person's word; the last one counts. Told twice it is kept once: its teller may have died."""
        told = {name: as_text(getattr(record, name)) for name in ("who", "why", "subject")}
        values = {"digest": record.digest, "word": record.word.value, "at": record.at, **told}
        last = sa.select(words).where(words.c.digest == record.digest).order_by(words.c.id.desc()).limit(1)
        with self._database.writing() as connection:
            before = connection.execute(last).mappings().one_or_none()
            if before is None or {**before, "id": 0} != {**values, "id": 0}:
                connection.execute(sa.insert(words).values(**values))

    def word(self, digest: str) -> WordRecord | None:
        """The last word on a digest."""
        with self._database.reading() as connection:
            row = connection.execute(_last_word(words.c.digest == digest)).one_or_none()
        return None if row is None else _word(row)

    def words(self, most: int) -> tuple[WordRecord, ...]:
        """The last words on anything, newest first."""
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(words).order_by(words.c.id.desc()).limit(most)).all()
        return tuple(map(_word, rows))

    def newest_approval(self) -> int:
        """Number of the last word that approves, for :meth:`approved_since`; 0 where there is none."""
        approving = words.c.word == Word.APPROVE.value
        with self._database.reading() as connection:
            return connection.scalar(sa.select(sa.func.max(words.c.id)).where(approving)) or 0

    def approved_since(self, number: int) -> Mapping[int, str]:
        """Digests that were approved after the word of this number, by their words' numbers."""
        query = sa.select(words.c.id, words.c.digest).where(
            words.c.id > number, words.c.word == Word.APPROVE.value
        )
        with self._database.reading() as connection:
            return {row.id: row.digest for row in connection.execute(query)}

    def outcomes(self, most: int) -> tuple[OutcomeRecord, ...]:
        """The last tries on any target, newest first; what was found unchanged is left out."""
        query = sa.select(intents).where(
            sa.or_(intents.c.outcome.is_(None), intents.c.outcome != Outcome.UNCHANGED.value)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(intents.c.id.desc()).limit(most)).all()
        return tuple(map(_record, rows))

    def caused(self, cause: Cause, most: int) -> tuple[OutcomeRecord, ...]:
        """The last tries of one cause, newest first; also what was found unchanged."""
        query = sa.select(intents).where(intents.c.cause == cause.value).order_by(intents.c.id.desc())
        with self._database.reading() as connection:
            rows = connection.execute(query.limit(most)).all()
        return tuple(map(_record, rows))

    def answer_approved(self, held_digest: str, source: str) -> bool:
        """Whether the word that stands on a held answer is to approve."""
        word = self.answer_word(held_digest, source)
        return word is not None and word.word is Word.APPROVE

    def answer_word(self, held_digest: str, source: str) -> WordRecord | None:
        """The last word on a held answer, or on any plan that awaits it.

        A word from before the source's last acceptance was meant for another time and does not count;
        which came first is told by their order in the history, whatever the clocks said.
        """
        used = sa.select(accepted.c.words_until).where(accepted.c.source == source)
        waiting = sa.select(awaits.c.plan).where(awaits.c.held == held_digest)
        meant = sa.or_(words.c.digest == held_digest, words.c.digest.in_(waiting))
        with self._database.reading() as connection:
            row = connection.execute(_last_word(meant)).one_or_none()
            until = connection.scalar(used) or 0
        return _word(row) if row is not None and row.id > until else None

    def record_intent(self, plan: Plan, at: datetime, cause: Cause = Cause.SYNC) -> int:
        """Note that a plan is about to be applied; on disk when this returns. No record, no apply.

        Gives the id that :meth:`record_outcome` completes.
        """
        with self._database.writing() as connection:
            if connection.scalar(sa.select(plans.c.id).where(plans.c.digest == plan.digest)) is None:
                _keep_plan(connection, plan, at)
            made = connection.execute(
                sa.insert(intents).values(
                    target=plan.target,
                    list=plan.list,
                    digest=plan.digest,
                    serial=plan.serial,
                    generation=plan.generation + 1,
                    intended_at=at,
                    verified=False,
                    cause=cause.value,
                )
            )
        return int(made.inserted_primary_key[0])  # type: ignore[index]  # a single insert has one

    def record_unchanged(self, plan: Plan, at: datetime, cause: Cause = Cause.SYNC) -> None:
        """Note that a target was read and found to hold what it should, without a write."""
        with self._database.writing() as connection:
            connection.execute(
                sa.insert(intents).values(
                    target=plan.target,
                    list=plan.list,
                    digest=plan.digest,
                    serial=plan.serial,
                    generation=plan.generation,
                    intended_at=at,
                    at=at,
                    outcome=Outcome.UNCHANGED.value,
                    verified=True,
                    cause=cause.value,
                )
            )

    def record_outcome(
        self,
        intent_id: int,
        at: datetime,
        outcome: Outcome,
        *,
        verified: bool,
        failure: Failure | None = None,
        generation: int | None = None,
    ) -> None:
        """Complete an intent; ``generation`` is what the target was read back at, where it was.

        Raises UsageError for an unknown id.
        """
        values: dict[str, Any] = {"at": at, "outcome": outcome.value, "verified": verified}
        values |= {} if generation is None else {"generation": generation}
        update = sa.update(intents).where(intents.c.id == intent_id)
        with self._database.writing() as connection:
            done = connection.execute(update.values(**values, failure=encode.pack_failure(failure)))
        if not done.rowcount:
            msg = f"the history has no intent {intent_id}"
            raise UsageError(msg)

    def record_reverted(self, digest: str, at: datetime) -> None:
        """Note that an applied plan was taken back."""
        values = {"at": at, "outcome": Outcome.REVERTED.value, "verified": False}
        applied = (intents.c.digest == digest, intents.c.outcome == Outcome.APPLIED.value)
        with self._database.writing() as connection:
            connection.execute(sa.update(intents).where(*applied).values(**values))

    def intended(self, target: str) -> frozenset[str]:
        """Digests of all content that we may have left on a target: last verified, and tried since.

        Nothing at all is what we left only where a purge is known to have happened.
        """
        last = sa.select(sa.func.max(intents.c.id)).where(
            intents.c.target == target, intents.c.verified, intents.c.outcome.in_(RIGHT)
        )
        happened = sa.or_(intents.c.cause != Cause.PURGE.value, intents.c.verified)
        query = (
            sa.select(plans.c.plan)
            .join(intents, intents.c.digest == plans.c.digest)
            .where(intents.c.target == target, intents.c.id >= last.scalar_subquery(), happened)
        )
        with self._database.reading() as connection:
            rows = connection.scalars(query).all()
        return frozenset(encode.PLAN.unpack(data).desired for data in rows)

    def last_outcome(self, target: str) -> OutcomeRecord | None:
        """What became of the last apply to a target; its ``at`` is None where it never ended."""
        return self._intent(intents.c.target == target)

    def applied(self, target: str) -> OutcomeRecord | None:
        """The last apply to a target that was read back and found right."""
        return self._intent(intents.c.target == target, intents.c.verified, intents.c.outcome.in_(RIGHT))

    def unfinished(self) -> tuple[tuple[int, OutcomeRecord], ...]:
        """Intents without an outcome, oldest first: read those targets before anything else."""
        query = sa.select(intents).where(intents.c.outcome.is_(None)).order_by(intents.c.id)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return tuple((row.id, _record(row)) for row in rows)

    def record_holders(self, list_: str, targets: Collection[str]) -> None:
        """Note which targets hold a list from now on; what is known of other lists stays."""
        if set(self.holders(list_)) == set(targets):
            return
        with self._database.writing() as connection:
            connection.execute(sa.delete(holders).where(holders.c.list == list_))
            if targets:
                rows = [{"list": list_, "target": target} for target in targets]
                connection.execute(sa.insert(holders), rows)

    def carried_out(self, list_: str) -> Serial | None:
        """The newest serial that a target of a list holds: past all guards, or approved.

        Of a list that no target holds, the newest there is. None where there is none.
        """
        if targets := self.holders(list_):
            held = (self.carries(target, list_) for target in targets)
            return max((one for one in held if one is not None), default=None)
        newest = sa.select(sa.func.max(serials.c.serial)).join(lists).where(lists.c.name == list_)
        with self._database.reading() as connection:
            number = connection.scalar(newest)
        return None if number is None else Serial(number)

    def carries(self, target: str, list_: str) -> Serial | None:
        """The serial of a list that a target holds; none where it was emptied."""
        last = self.applied(target)
        return last.serial if last and last.list == list_ and last.generation else None

    def holders(self, list_: str) -> Sequence[str]:
        """Targets that hold a list, as was noted last."""
        with self._database.reading() as connection:
            return connection.scalars(sa.select(holders.c.target).where(holders.c.list == list_)).all()

    def _intent(self, *where: sa.ColumnElement[bool]) -> OutcomeRecord | None:
        query = sa.select(intents).where(*where).order_by(intents.c.id.desc()).limit(1)
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _record(row)


def _keep_plan(connection: Connection, plan: Plan, at: datetime) -> None:
    values = {"target": plan.target, "list": plan.list, "serial": plan.serial, "at": at}
    put(connection, plans, {"digest": plan.digest}, {**values, "plan": encode.PLAN.pack(plan)})
    connection.execute(sa.delete(awaits).where(awaits.c.plan == plan.digest))
    if plan.awaits:
        rows = [{"plan": plan.digest, "held": held} for held in dict.fromkeys(plan.awaits)]
        connection.execute(sa.insert(awaits), rows)


def _word(row: Any) -> WordRecord:
    return WordRecord(row.digest, Word(row.word), row.who, row.why, row.at, row.subject)


def _last_word(where: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """On what was held: that a change was confirmed afterwards says nothing of that."""
    on_held = words.c.word != Word.CONFIRM.value
    return sa.select(words).where(where, on_held).order_by(words.c.id.desc()).limit(1)


def _record(row: Any) -> OutcomeRecord:
    return OutcomeRecord(
        target=row.target,
        list=row.list,
        digest=row.digest,
        serial=Serial(row.serial),
        generation=row.generation,
        intended_at=row.intended_at,
        at=row.at,
        outcome=None if row.outcome is None else Outcome(row.outcome),
        verified=row.verified,
        failure=encode.unpack_failure(row.failure),
        cause=Cause(row.cause),
    )
