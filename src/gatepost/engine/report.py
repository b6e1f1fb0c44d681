"""Values as the contract's JSON documents (§3): plain data, sorted, times in RFC 3339 UTC."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from gatepost.engine.acceptance import Turn
from gatepost.engine.confirming import Armed
from gatepost.engine.cycle import CycleReport, Unplanned
from gatepost.engine.elapsed import waits
from gatepost.engine.fetching import Got, refuse_empty, to_answer
from gatepost.errors import GatepostError
from gatepost.model import moment
from gatepost.model.address import Prefix
from gatepost.model.answer import Answer, HeldAnswer
from gatepost.model.content import Delta
from gatepost.model.drift import Drift
from gatepost.model.entry import Entry
from gatepost.model.limits import Limits
from gatepost.model.plan import Plan, PlanStatus, Result
from gatepost.model.reason import Reason
from gatepost.model.reckoning import Look
from gatepost.model.record import Failure, SerialRecord, Unread, WordRecord

JSON = dict[str, Any]

NO_DRIFTS: Mapping[str, Drift] = {}
NO_WORDS: Mapping[str, WordRecord] = {}
UNKNOWN = "unknown"
"""Status of what could not be read, beside those of a plan."""


def time_text(at: datetime | None) -> str | None:
    """RFC 3339 in UTC, to the second."""
    return None if at is None else moment.time_text(at)


def error_document(error: GatepostError | Failure) -> JSON:
    """The contract's error object."""
    return (Failure.of(error) if isinstance(error, GatepostError) else error).document


def entry_document(entry: Entry) -> JSON:
    """One entry; ``note`` is the platform's own text."""
    return {
        "value": str(entry.value),
        "type": "prefix" if isinstance(entry.value, Prefix) else "domain",
        "protocol": entry.protocol.value if entry.protocol else None,
        "ports": [list(ports) for ports in entry.ports],
        "necessary": entry.necessary,
        "note": entry.note,
    }


def values_document(entries: Iterable[Entry]) -> list[str]:
    """Values alone, in order, each once."""
    return list(dict.fromkeys(str(entry.value) for entry in sorted(entries, key=lambda one: one.key)))


def fetch_document(got: Iterable[Got], limits: Limits) -> JSON:
    """``fetch --json``."""
    return {"sources": [source_document(one, read_answer(one, limits)) for one in got]}


def read_answer(one: Got, limits: Limits) -> Answer | GatepostError:
    """A source's normalised answer, or why there is none."""
    answer = to_answer(one, limits, one.source.name)
    try:
        return answer if isinstance(answer, GatepostError) else refuse_empty(answer)
    except GatepostError as error:
        return error


def source_document(one: Got, answer: Answer | GatepostError) -> JSON:
    """One source of ``fetch --json``."""
    head = {
        "source": one.source.name,
        "kind": one.source.plugin.kind,
        "direction": one.source.direction.value,
    }
    if isinstance(answer, GatepostError):
        return {**head, "outcome": "failed", "fetched_at": time_text(one.at), "error": error_document(answer)}
    return {
        **head,
        "outcome": "complete",
        "fetched_at": time_text(answer.fetched_at),
        "requests": answer.requests,
        "entries": [entry_document(entry) for entry in answer.entries],
        "quarantined": [{"text": one.text, "reason": one.reason} for one in answer.quarantined],
    }


def reason_document(reason: Reason) -> JSON:
    """What a guard found."""
    return {
        "guard": reason.guard,
        "measured": reason.measured,
        "limit": reason.limit,
        "message": reason.message,
        "absolute": reason.absolute,
    }


def held_document(held: HeldAnswer, word: WordRecord | None = None) -> JSON:
    """An answer that waits for a person's word, with the one that stands."""
    return {
        "digest": held.digest,
        "source": held.source.rpartition("/")[2],
        "add": values_document(held.added),
        "remove": values_document(held.removed),
        "reasons": [reason_document(reason) for reason in held.reasons],
        "word": word_document(word) if word else None,
    }


def plan_document(plan: Plan) -> JSON:
    """A plan by itself: as stored by ``plan --out`` and shown by ``plan --json``."""
    return {
        "target": plan.target,
        "list": plan.list,
        "status": plan.status.value,
        "digest": plan.digest,
        "serial": plan.serial,
        "add": values_document(plan.add),
        "remove": values_document(plan.remove),
        "leaving": values_document(plan.leaving),
        "reasons": [reason_document(reason) for reason in plan.reasons],
        "notes": list(plan.notes),
        "mixed": plan.mixed,
    }


def drift_document(drift: Drift) -> JSON:
    """What others changed on a target."""
    return {
        "at": time_text(drift.at),
        "added": values_document(drift.added),
        "removed": values_document(drift.removed),
        "empty": drift.empty,
        "wide": drift.wide,
        "suspects": list(drift.suspects),
    }


def unread_document(unread: Unread) -> JSON:
    """That a target could not be read: since when, and why."""
    return {"at": time_text(unread.at), "error": error_document(unread.failure)}


def armed_document(armed: Armed) -> JSON:
    """A change that waits to be confirmed."""
    return {"id": armed.id, "until": time_text(armed.until), "timer": armed.timer}


def waiting_document(plan: Plan, words: Mapping[str, WordRecord]) -> JSON:
    """A plan with the word that stands on it."""
    word = words.get(plan.digest) if plan.status is PlanStatus.HELD else None
    return {**plan_document(plan), "word": word_document(word) if word else None}


def result_document(result: Result, words: Mapping[str, WordRecord] = NO_WORDS) -> JSON:
    """A plan with what became of it."""
    outcome = result.outcome.value if result.outcome else None
    document = {**waiting_document(result.plan, words), "outcome": outcome, "verified": result.verified}
    if result.error is not None:
        document["error"] = error_document(result.error)
    return document


def unplanned_document(one: Unplanned) -> JSON:
    """A target that could not be read: nothing is known of it, so nothing is planned."""
    return {
        "target": one.target,
        "list": one.list,
        "status": UNKNOWN,
        "digest": None,
        "serial": None,
        "add": [],
        "remove": [],
        "leaving": [],
        "reasons": [],
        "notes": [],
        "outcome": "failed",
        "verified": False,
        "error": error_document(one.error),
    }


def list_status(turn: Turn, report: CycleReport) -> PlanStatus | None:
    """A list is held if anything of it waits for a person, else in step if all its targets are.

    None where a target of it could not be read, and of the others none says more than in step.
    """
    name = turn.settings.name
    statuses = {result.plan.status for result in report.results if result.plan.list == name}
    if turn.held or PlanStatus.HELD in statuses:
        return PlanStatus.HELD
    if PlanStatus.CHANGES in statuses:
        return PlanStatus.CHANGES
    return None if any(one.list == name for one in report.unplanned) else PlanStatus.IN_STEP


def turn_document(turn: Turn, report: CycleReport) -> JSON:
    """One list of ``plan --json``."""
    status = list_status(turn, report)
    return {
        "list": turn.settings.name,
        "serial": turn.snapshot.serial if turn.snapshot else None,
        "previous": turn.previous,
        "status": status.value if status else UNKNOWN,
        "reasons": [reason_document(reason) for held in turn.held for reason in held.reasons],
        "stale": turn.stale,
        "held": [
            held_document(held, report.words.get(held.digest))
            for held in sorted(turn.held, key=lambda held: held.source)
        ],
        "errors": [
            {"source": source, "error": error_document(error)}
            for source, error in sorted(turn.errors.items())
        ],
    }


def cycle_document(report: CycleReport, drifts: Mapping[str, Drift] = NO_DRIFTS) -> JSON:
    """``plan --json`` and ``apply --json``; with what was found changed on targets, before it was undone."""
    shown = [
        *(result_document(result, report.words) for result in report.results),
        *(unplanned_document(one) for one in report.unplanned),
    ]
    for one in shown:
        drift = drifts.get(one["target"])
        one["drift"] = drift_document(drift) if drift else None
    return {
        "lists": sorted(
            (turn_document(turn, report) for turn in report.turns), key=lambda one: str(one["list"])
        ),
        "plans": sorted(shown, key=lambda one: str(one["target"])),
        "clock": clock_document(report.look),
    }


def clock_document(look: Look | None) -> JSON | None:
    """A wall clock that is not believed, and for how many seconds more; None for one that is."""
    if look is None or look.doubt is None:
        return None
    left = round(waits(look).total_seconds())
    return {"wall": time_text(look.wall), "believed": time_text(look.believed), "left": left}


def word_document(record: WordRecord) -> JSON:
    """``approve --json`` and ``reject --json``."""
    return {
        "digest": record.digest,
        "word": record.word.value,
        "who": record.who,
        "subject": record.subject,
        "why": record.why,
        "at": time_text(record.at),
    }


def serial_document(record: SerialRecord) -> JSON:
    """One line of ``history --json``."""
    return {
        "list": record.list,
        "serial": record.serial,
        "at": time_text(record.at),
        "entries": record.entries,
        "added": record.added,
        "removed": record.removed,
        "digest": record.digest,
    }


def delta_document(name: str, first: int, second: int, delta: Delta) -> JSON:
    """``diff --json``."""
    return {
        "list": name,
        "from": first,
        "to": second,
        "added": [entry_document(entry) for entry in delta.added],
        "removed": [entry_document(entry) for entry in delta.removed],
    }
