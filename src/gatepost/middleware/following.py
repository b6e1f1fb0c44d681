"""Keeps a gate's list current: looks, offers what it finds, tells what went wrong, and goes on.

One thread a gate, started in each process that serves: after a fork it is
started anew. Nothing that goes wrong here ever opens or empties a gate.
"""

from __future__ import annotations

import logging
import os
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from weakref import WeakSet

from gatepost.errors import GatepostError, Unexpected, cut
from gatepost.gate.gate import Gate
from gatepost.kit.clock import Clock
from gatepost.middleware.origin import Origin

SETTLE_EVERY = 30.0
"""Seconds between the readings that make a much shorter list believed."""

_log = logging.getLogger("gatepost.gate")


@dataclass(frozen=True, slots=True)
class Status:
    """How a gate's list stands."""

    place: str
    loaded: bool
    list: str | None
    serial: int | None
    """None where the list came as plain text."""
    entries: int
    listed_at: datetime | None
    """When this version of the list was made, where it says so."""
    loaded_at: datetime | None
    """When it came into force here."""
    checked_at: datetime | None
    """When its origin was last read, whole or unchanged."""
    stale: bool
    """Whether that is longer ago than allowed. The list stays in force."""
    waiting: bool
    """Whether a much shorter list waits to be read again."""
    failure: str | None
    """What went wrong at the last look."""


class Follower:
    """Looks at an origin for a gate. Safe to ask for its status from any thread."""

    def __init__(
        self, gate: Gate, origin: Origin, clock: Clock, *, every: float | None, stale_after: timedelta
    ) -> None:
        self._gate = gate
        self._origin = origin
        self._clock = clock
        self._every = every or origin.every
        self._stale_after = stale_after
        self._loaded_at: datetime | None = None
        self._checked_at: datetime | None = None
        self._begun_at = clock.now()
        self._failure: str | None = None
        self._told_stale = False
        self._is_forked = False
        """Whether what was read last may have come to the old process alone."""
        self._stop = threading.Event()

    def start(self) -> None:
        """Look now where that is quick, then from a thread of its own."""
        if self._origin.is_local:
            self.turn()
        self._start_thread(at_once=not self._origin.is_local)
        _running.add(self)

    def _start_thread(self, *, at_once: bool) -> None:
        self._stop = threading.Event()
        thread = threading.Thread(
            target=self._run, args=(self._stop, at_once), name="gatepost-gate", daemon=True
        )
        thread.start()

    def forked(self) -> None:
        """In a new process: the thread stayed in the old one."""
        self._gate.forked()
        self._is_forked = True
        self._start_thread(at_once=True)

    def stop(self) -> None:
        """No further look; what is in force stays so."""
        _running.discard(self)
        self._stop.set()

    def _run(self, stop: threading.Event, at_once: bool) -> None:  # noqa: FBT001 - a thread's arguments
        if at_once:
            self.turn()
        while not stop.wait(self.pause):
            self.turn()

    @property
    def pause(self) -> float:
        """Seconds until the next look."""
        return max(self._every, SETTLE_EVERY) if self._gate.is_waiting else self._every

    def turn(self) -> None:
        """One look. Raises nothing."""
        try:
            listing = self._origin.look(whole=self._gate.is_waiting or self._is_forked)
            self._is_forked = False
            if listing is not None and self._gate.offer(listing):
                self._loaded_at = self._clock.now()
                _log.info("%s: %d entries in force", self._origin.place, listing.entries)
        except GatepostError as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the gate keeps its list and goes on
            self._fail(Unexpected(f"{type(error).__name__}: {cut(str(error))}"))
        else:
            self._checked_at = self._clock.now()
            self._succeed()
        self._tell_stale()

    def _fail(self, error: GatepostError) -> None:
        if self._failure != error.message:
            stays = "the last list stays" if self._gate.standing.listing else "the gate stays closed"
            _log.warning("%s: %s; %s", error.kind, error.message, stays)
        self._failure = error.message

    def _succeed(self) -> None:
        if self._failure is not None:
            _log.info("%s can be read again", self._origin.place)
        self._failure = None
        if self._gate.is_waiting:
            _log.warning(
                "%s lost much at once: it counts once it was read the same again", self._origin.place
            )

    def _tell_stale(self) -> None:
        stale = self._is_stale()
        if stale and not self._told_stale:
            _log.error("%s is stale: not read since %s", self._origin.place, self._checked_at or "the start")
        self._told_stale = stale

    def _is_stale(self) -> bool:
        return self._clock.now() - (self._checked_at or self._begun_at) > self._stale_after

    def status(self) -> Status:
        """Now."""
        listing = self._gate.standing.listing
        edition = listing.edition if listing else None
        return Status(
            place=self._origin.place,
            loaded=listing is not None,
            list=edition.list if edition else None,
            serial=edition.serial if edition else None,
            entries=listing.entries if listing else 0,
            listed_at=edition.at if edition else None,
            loaded_at=self._loaded_at,
            checked_at=self._checked_at,
            stale=self._is_stale(),
            waiting=self._gate.is_waiting,
            failure=self._failure,
        )


_running: WeakSet[Follower] = WeakSet()


def _forked() -> None:
    for follower in list(_running):
        follower.forked()


os.register_at_fork(after_in_child=_forked)
