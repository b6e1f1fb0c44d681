"""The last content applied to each target, as a file: what is loaded at boot, before there is a network.

No database and no platform is asked then, so the file holds all of it, with its digest.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gatepost.engine.state import folder, state_errors
from gatepost.errors import GatepostError, StoreCorrupt, VerifyFailed
from gatepost.kit.files import read_regular, write_atomic
from gatepost.model.content import Serial
from gatepost.model.entry import Entry
from gatepost.model.plan import Outcome, Plan, PlanStatus, Result
from gatepost.planning.digest import digest_entries
from gatepost.planning.put_back import plan_back
from gatepost.store.encode import Codec
from gatepost.targets.base import Target

SIZE_MAX = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Last:
    """What was last applied to a target and read back."""

    target: str
    list: str
    serial: Serial
    at: datetime
    place: str
    """In words: a target of the same name in another place is another target."""
    digest: str
    entries: tuple[Entry, ...]


_LAST = Codec(Last)


def keep_last(state: Path | None, last: Last) -> None:
    """Write it down, synced. Raises StoreUnavailable."""
    place = folder(state, "last")
    if place is not None:
        with state_errors():
            write_atomic(place / f"{last.target}.json", _LAST.to_json(last), mode=0o600)


def forget_last(state: Path | None, target: str) -> None:
    """Nothing is to be loaded at boot any more. Raises StoreUnavailable."""
    place = folder(state, "last")
    if place is not None:
        with state_errors():
            (place / f"{target}.json").unlink(missing_ok=True)


def last_of(state: Path | None, target: str) -> Last | None:
    """What was last applied; None where nothing ever was. Raises StoreUnavailable, StoreCorrupt."""
    if state is None:
        return None
    place = state / "last" / f"{target}.json"
    try:
        with state_errors():
            data = read_regular(place, SIZE_MAX)
        last = None if data is None else _LAST.from_json(data)
    except ValueError:  # msgspec's errors are ValueErrors
        last = None
        data = b""
    if last is None and data is not None:
        msg = f"{place} is not what gatepost wrote"
        raise StoreCorrupt(msg)
    if last is not None and digest_entries(last.entries) != last.digest:
        msg = f"{place} was changed since gatepost wrote it"
        raise StoreCorrupt(msg)
    return last


async def load_last(target: Target, last: Last) -> Result:
    """Put the last content where nothing of ours is; whatever else is there stays as it is."""
    current = await target.current()
    plan = plan_back(last.target, last.list, last.serial, current, last.entries)
    if plan.status is PlanStatus.HELD:
        return Result(plan, Outcome.HELD)
    if plan.status is PlanStatus.IN_STEP or current.generation or last.place != target.place:
        return Result(plan, Outcome.UNCHANGED, verified=plan.status is PlanStatus.IN_STEP)
    return await _load(target, plan, last)


async def _load(target: Target, plan: Plan, last: Last) -> Result:
    try:
        await target.apply(plan, last.entries)
        seen = await target.current()
        if seen.digest != last.digest or seen.mixed:
            msg = (
                f"{target.place}: after loading it holds {len(seen.entries)} entries, not {len(last.entries)}"
            )
            raise VerifyFailed(msg)
    except GatepostError as error:
        return Result(plan, Outcome.FAILED, error=error)
    return Result(plan, Outcome.APPLIED, verified=True)
