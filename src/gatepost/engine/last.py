"""The last content applied to each target, as a file: what is loaded at boot, before there is a network.

No database and no platform is asked then, so the file holds all of it, with its digest.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gatepost.engine.pending import Pending, aside, pending_folder, waiting_on
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
    """Write it down, synced; where a change of the target waits, beside that until it is confirmed.

    So boot never loads what nobody confirmed, and taking it back needs no room here.
    Raises StoreUnavailable, StoreCorrupt.
    """
    place = _place_aside(state, last.target, last.place)
    if place is None:
        keep_for_good(state, last)
    else:
        with state_errors():
            write_atomic(place, _LAST.to_json(last), mode=0o600)


def keep_for_good(state: Path | None, last: Last) -> None:
    """The same, whatever waits. Raises StoreUnavailable."""
    place = folder(state, "last")
    if place is not None:
        with state_errors():
            write_atomic(_path(place, last.target), _LAST.to_json(last), mode=0o600)


def keep_confirmed(state: Path | None, pending: Pending) -> None:
    """What waited with a change is what boot loads from now on. Raises StoreUnavailable."""
    place = folder(state, "last")
    if place is None:
        return
    for part in pending.parts:
        with state_errors(), suppress(FileNotFoundError):
            aside(pending_folder(state), pending.id, part.target).rename(_path(place, part.target))


def forget_last(state: Path | None, target: str) -> None:
    """Nothing is to be loaded at boot any more. Raises StoreUnavailable."""
    place = folder(state, "last")
    if place is not None:
        with state_errors():
            _path(place, target).unlink(missing_ok=True)


def is_kept(state: Path | None, target: str, place: str, digest: str) -> bool:
    """Whether boot loads just this, or will once it is confirmed."""
    with suppress(GatepostError):
        known = [last_of(state, target), _waiting(state, target, place)]
        return any(one is not None and (one.place, one.digest) == (place, digest) for one in known)
    return False


def _waiting(state: Path | None, target: str, place: str) -> Last | None:
    found = _place_aside(state, target, place)
    return None if found is None else _read(found)


def _place_aside(state: Path | None, target: str, place: str) -> Path | None:
    """Where what a change left is kept until it is confirmed; None where nothing waits."""
    waits = waiting_on(state, target, place)
    if waits is None:
        return None
    part = next(one for one in waits.parts if one.is_on(target, place))
    return aside(pending_folder(state), waits.id, part.target)


def last_of(state: Path | None, target: str) -> Last | None:
    """What was last applied; None where nothing ever was. Raises StoreUnavailable, StoreCorrupt."""
    return None if state is None else _read(_path(state / "last", target))


def _path(place: Path, target: str) -> Path:
    return place / f"{target}.json"


def _read(place: Path) -> Last | None:
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
