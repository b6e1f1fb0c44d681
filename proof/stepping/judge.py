"""What must be true whatever was done to a run: of the target, the history, the folder, the processes."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stepping.site import BOOT, Ran, Site, history_rows
from stepping.tracer import OverdueError, Trace

CODES = frozenset(range(5))
"""Exits of the contract."""
IGNORED = re.compile(
    r"^(Exception ignored in|Future exception was never).*?^[\w.]+Error(: .*?)?$", re.MULTILINE | re.DOTALL
)
"""What the interpreter says of a destructor that failed, after the program has said what it has to say."""
ENDED = ("applied", "unchanged")


@dataclass(frozen=True, slots=True)
class Allowed:
    """What is no fault of the program where others have a hand in it."""

    theirs: bool = False
    """The target may hold what somebody else put there."""
    words: bool = False
    """A traceback may be said where a person was impatient."""


NOTHING = Allowed()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of one disturbed run and the clean one after it; an empty text is well."""

    target: str
    """``old``, ``new`` or ``other``, right after the disturbance."""
    overdue: str
    """A process that did not end."""
    manners: str
    """How a run that was not killed ended: neither well nor with a typed error."""
    lost: str
    """Of the history, right after."""
    converged: str
    """Why the next run did not end with the new list in force and recorded."""
    orphans: str
    """What is left then that should not be there."""

    @property
    def wrong(self) -> str:
        """Everything that is not as it must be."""
        found = (self.overdue, self.manners, self.lost, self.converged, self.orphans)
        target = "the target holds neither list" if self.target == "other" else ""
        return "; ".join(text for text in (target, *found) if text)


def judge(
    site: Site, trace: Trace, patience: float, after: Callable[[], str] = str, allowed: Allowed = NOTHING
) -> Verdict:
    """Let what is left of a run go on to its end, look at everything, and run once more.

    ``after`` is asked once that has ended.
    """
    overdue = ended(trace, patience)
    ran = site.said(trace.code)
    manners = after()
    state = site.place.state()
    target = {site.old: "old", site.new: "new"}.get(state, "theirs" if allowed.theirs else "other")
    if trace.code is None or trace.code >= 0:
        manners = manners or _manners(ran, target, allowed)
    lost = _lost(site, changed=target == "new")
    clean = site.run()
    converged = _unconverged(site, clean, allowed)
    orphans = ", ".join(sorted(site.files() ^ site.kept))
    return Verdict(target, overdue, manners, lost, converged, orphans)


def ended(trace: Trace, patience: float) -> str:
    """Let it go on to its end; what had to be killed after so many seconds."""
    try:
        trace.run_on(patience)
    except OverdueError:
        left = ", ".join(
            f"{trace.programs[process]} {_standing(one)}" for one, process in trace.living.items()
        )
        trace.end()
        return f"still there after {patience:.0f} s: {left}"
    return ""


def _standing(thread: int) -> str:
    """Where a thread is, in the kernel's words."""
    try:
        place = Path(f"/proc/{thread}")
        state = re.findall(r"State:\t(\w)", (place / "status").read_text(encoding="utf-8"))
        return f"({''.join(state)} {(place / 'wchan').read_text(encoding='ascii')})"
    except OSError:
        return "(gone)"


def _manners(ran: Ran, target: str, allowed: Allowed) -> str:
    if ran.code in CODES and allowed.words:
        return ""
    if ran.code not in CODES or "Traceback" in IGNORED.sub("", ran.err):
        return f"it ended with {ran.code}: {ran.err.strip()[-300:]}"
    if ran.code == 0 and target == "old" and not allowed.theirs:
        return "it said that all was done, and the old list is there"
    kind = ran.document.get("error", {}).get("kind", "")
    return f"an error without a name: {ran.document['error']['message']}" if kind == "Unexpected" else ""


def _lost(site: Site, *, changed: bool) -> str:
    """Read from a copy, so that the next run meets the history just as it was left."""
    scratch = site.folder.with_name(f"{site.folder.name}.looked-at")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    for each in site.folder.glob("history.db*"):
        shutil.copy(each, scratch)
    if not (scratch / "history.db").exists():
        return "applied, and there is no history" if changed or site.rows else ""
    try:
        with closing(sqlite3.connect(scratch / "history.db")) as database:
            return _history(database, site, changed=changed)
    except sqlite3.Error as error:
        return f"the history cannot be read: {error}"


def _history(database: sqlite3.Connection, site: Site, *, changed: bool) -> str:
    whole = _values(database, "PRAGMA integrity_check")
    if whole != ["ok"] or _values(database, "PRAGMA foreign_key_check"):
        return f"the history is damaged: {whole[0]}"
    if not _values(database, "SELECT 1 FROM sqlite_master WHERE name = 'intents'"):
        return "applied, and the history has no tables" if changed or site.rows else ""
    for table, rows in history_rows(database).items():
        if not site.rows.get(table, set()) <= rows:
            return f"rows of {table} are gone"
    serials = _values(database, "SELECT serial FROM serials ORDER BY serial")
    if serials != [*range(1, len(serials) + 1)]:
        return f"serials {serials}"
    newest = _values(database, "SELECT max(generation) FROM intents")[0] or 0
    return "applied, and no intent says so" if changed and newest < site.generation else ""


def _unconverged(site: Site, ran: Ran, allowed: Allowed) -> str:
    if ran.code != 0:
        return f"the next run ended with {ran.code}: {(ran.out + ran.err).strip()[-300:]}"
    states = site.place.state(), site.new
    first, second = map(site.place.content, states) if allowed.theirs else states
    if first != second:
        return "after the next run the new list is not there"
    if said := site.place.settled() or _boot(site):
        return said
    with closing(sqlite3.connect(site.folder / "history.db")) as database:
        return _unsettled(database, site, allowed)


def _boot(site: Site) -> str:
    """Whether what is loaded at boot is the new list: what the undisturbed run had written there."""
    place = site.folder / BOOT
    if not site.boot:
        return ""
    digest = json.loads(place.read_text(encoding="utf-8"))["digest"] if place.exists() else "none"
    return "" if digest == site.boot else f"boot would load {digest}"


def _unsettled(database: sqlite3.Connection, site: Site, allowed: Allowed) -> str:
    if _values(database, "SELECT id FROM intents WHERE outcome IS NULL"):
        return "an intent without an outcome is left"
    last = database.execute(
        "SELECT outcome, verified, generation, serial FROM intents ORDER BY id DESC LIMIT 1"
    ).fetchone()
    outcome, verified, generation, serial = last
    right = allowed.theirs or generation == site.generation
    if outcome not in ENDED or not (verified and right) or serial != 1 + site.has_old:
        return f"the last outcome is {last}"
    serials = _values(database, "SELECT serial FROM serials ORDER BY serial")
    return "" if serials == [*range(1, 2 + site.has_old)] else f"serials {serials}"


def _values(database: sqlite3.Connection, query: str) -> list[Any]:
    return [row[0] for row in database.execute(query)]


def left_over(known: set[int]) -> list[int]:
    """Children of this process that nobody knows."""
    text = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii")
    return [child for child in map(int, text.split()) if child not in known]
