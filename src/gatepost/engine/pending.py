"""What waits to be confirmed, as files: one a change, its state in its name.

A state is entered by renaming, so of two processes that try exactly one succeeds.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from gatepost.engine.state import state_errors
from gatepost.errors import StoreCorrupt, UsageError
from gatepost.kit.clock import Clock
from gatepost.kit.files import read_regular, write_atomic
from gatepost.model.entry import Entry
from gatepost.model.plan import Current
from gatepost.model.record import Failure
from gatepost.planning.canonical import canonical, without
from gatepost.planning.digest import digest_entries
from gatepost.store.encode import WireEntry, entry_of_wire

ARMED, REVERTING, REVERTED, CONFIRMED = "armed", "reverting", "reverted", "confirmed"
SPOKEN = "spoken"
"""Confirmed, and what boot loads is in its place; who did it is not in the history yet."""
SIZE_MAX = 1 << 30
LATE = timedelta(seconds=10)
"""After its end, when what should take it back had time enough."""


class Part(msgspec.Struct, frozen=True):
    """One target: what it held, and the plan that was to change it."""

    target: str
    list: str
    serial: int
    """Of what it held."""
    generation: int
    entries: tuple[WireEntry, ...]
    plan: str
    """Digest of the plan that is to be confirmed."""
    desired: str
    """Digest of what that plan makes the target hold."""
    add: tuple[WireEntry, ...] = ()
    remove: tuple[WireEntry, ...] = ()
    """What that plan changes."""
    place: str = ""
    """In words: it is taken back there, whatever the target is called by then. Empty of older versions."""

    def is_on(self, target: str, place: str) -> bool:
        """Whether it is about this target."""
        return place == self.place if self.place else target == self.target

    def before(self) -> tuple[Entry, ...]:
        """What it held."""
        return tuple(map(entry_of_wire, self.entries))

    def back(self, current: Current) -> tuple[Entry, ...]:
        """What it shall hold again: as before, with what others have put there or taken away since."""
        untouched = current.digest in (self.desired, digest_entries(self.before()))
        if untouched or current.mixed or not current.entries:
            return self.before()
        kept = without(current.entries, map(entry_of_wire, self.add))
        return canonical([*kept, *map(entry_of_wire, self.remove)])


class Pending(msgspec.Struct, frozen=True):
    """One apply that waits to be confirmed."""

    id: str
    who: str
    armed_at: datetime
    until: datetime
    parts: tuple[Part, ...]
    returns: dict[str, msgspec.Raw] = {}
    """By target: the plan that takes it back, written down before it is carried out."""
    done: tuple[str, ...] = ()
    """Targets that hold again what they held."""
    failures: dict[str, Failure] = {}
    """By target: why it was not taken back."""
    boot: str = ""
    """The boot of the host that its time is counted in; empty where boots cannot be told apart."""
    ends: float = 0.0
    """Seconds of that boot after which it is taken back."""
    confirmed_by: str = ""
    confirmed_at: datetime | None = None


def counted_in(clock: Clock, within: timedelta) -> tuple[str, float]:
    """``boot`` and ``ends`` of what begins now."""
    uptime = clock.uptime()
    return (uptime.boot if uptime.shared else "", (uptime.passed + within).total_seconds())


def time_left(pending: Pending, clock: Clock) -> timedelta | None:
    """Until it is to be taken back, negative after that; None where its boot is over, and its time with it.

    Setting the wall clock changes nothing, unless boots cannot be told apart: then there is nothing else.
    """
    uptime = clock.uptime()
    if not (pending.boot and uptime.shared):
        return pending.until - clock.now()
    return timedelta(seconds=pending.ends) - uptime.passed if pending.boot == uptime.boot else None


def is_over(pending: Pending, clock: Clock, since: timedelta = timedelta()) -> bool:
    """Whether its time has ended, and so long ago."""
    left = time_left(pending, clock)
    return left is None or left <= -since


def waiting(state: Path | None) -> tuple[Pending, ...]:
    """Everything that waits to be confirmed or to be taken back, oldest first."""
    found = [one for status in (ARMED, REVERTING) for one in all_in(state, status)]
    return tuple(sorted(found, key=lambda one: one.armed_at))


def waiting_on(state: Path | None, target: str, place: str) -> Pending | None:
    """What waits on one target: while it does, nothing else is begun there."""
    found = (one for one in waiting(state) if any(part.is_on(target, place) for part in one.parts))
    return next(found, None)


def unconfirmed_until(state: Path | None, target: str, place: str) -> datetime | None:
    """Until when the last change of a target may still be taken back; None where nothing waits."""
    waits = waiting_on(state, target, place)
    return waits.until if waits else None


def overdue(state: Path | None, clock: Clock) -> tuple[tuple[Part, Pending], ...]:
    """What stays on targets that should have been taken back by now."""
    late = (one for one in waiting(state) if one.failures or is_over(one, clock, LATE))
    return tuple((part, one) for one in late for part in one.parts if part.target not in one.done)


def pending_folder(state: Path | None) -> Path:
    """Where they are. Raises UsageError for a site that keeps no state."""
    if state is None:
        msg = "this site keeps no state, so nothing can wait to be confirmed"
        raise UsageError(msg)
    return state / "pending"


def path_of(place: Path, id_: str, status: str) -> Path:
    """Of one change in one state."""
    return place / f"{id_}.{status}.json"


def aside(place: Path, id_: str, target: str) -> Path:
    """Where what boot shall load of a target waits for the change to be confirmed."""
    return place / f"{id_}.{target}.last.json"


def write(place: Path, pending: Pending, status: str) -> None:
    """Whole and synced. Raises StoreUnavailable."""
    with state_errors():
        write_atomic(path_of(place, pending.id, status), msgspec.json.encode(pending), mode=0o600)


def claim(state: Path | None, id_: str, status: str) -> bool:
    """Rename from armed; whether it was we who did."""
    place = pending_folder(state)
    try:
        path_of(place, id_, ARMED).rename(path_of(place, id_, status))
    except FileNotFoundError:
        return False
    return True


def all_in(state: Path | None, status: str) -> Iterator[Pending]:
    """All changes in one state. Raises StoreUnavailable, StoreCorrupt."""
    if state is None:
        return
    for path in sorted((state / "pending").glob(f"*.{status}.json")):
        found = _read(path)
        if found is not None:
            yield found


def spoken_in(state: Path | None) -> Iterator[Pending]:
    """Words that are to be recorded; what is none is put aside, since nothing depends on it but the record.

    Raises StoreUnavailable.
    """
    if state is None:
        return
    for path in sorted((state / "pending").glob(f"*.{SPOKEN}.json")):
        try:
            found = _read(path)
        except StoreCorrupt:
            found = None
        if found is not None and path.name == f"{found.id}.{SPOKEN}.json":
            yield found
        else:
            with state_errors():
                path.rename(path.with_suffix(".unreadable"))


def armed(state: Path | None, id_: str) -> Pending | None:
    """The change as it waits now; None once confirmed or claimed. Raises StoreUnavailable, StoreCorrupt."""
    return _read(path_of(pending_folder(state), id_, ARMED))


def _read(path: Path) -> Pending | None:
    with state_errors():
        data = read_regular(path, SIZE_MAX)
    try:
        return None if data is None else msgspec.json.decode(data, type=Pending)
    except msgspec.DecodeError:
        msg = f"{path} is not what gatepost wrote"
        raise StoreCorrupt(msg) from None
