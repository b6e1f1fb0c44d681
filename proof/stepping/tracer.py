"""One process and all it starts, stopped at both ends of every system call."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import NoReturn

from stepping import ptrace
from stepping.marks import Cell

SYSCALL_STOP = signal.SIGTRAP | 0x80
OPTIONS = ptrace.SYSGOOD | ptrace.FORK | ptrace.VFORK | ptrace.CLONE | ptrace.EXEC | ptrace.EXITKILL
PATIENCE = 60.0
"""Seconds in which a run must have ended that nothing is done to: far more than it takes."""
FIRST = "gatepost"
BATCH = 128
"""Bytes from which what is sent in step S9 is a batch for nf_tables, no question to it."""


class OverdueError(Exception):
    """Something still ran when all should have ended."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A thread at one end of a system call."""

    number: int
    """Counted over all threads, from 1."""
    thread: int
    process: int
    program: str
    entering: bool
    call: str
    step: str
    values: tuple[int, ...] = field(repr=False)
    """Arguments where it enters, else the result."""

    @property
    def name(self) -> str:
        """As it is counted: program, call, side."""
        return f"{self.program} {self.call}{'>' if self.entering else '<'}"


@dataclass
class Trace:
    """A child that stands before its first step, with all it will start."""

    pid: int
    cell: Cell
    living: dict[int, int] = field(default_factory=dict)
    """The process of each thread that is not yet gone."""
    programs: dict[int, str] = field(default_factory=dict)
    """What each process there ever was runs."""
    code: int | None = None
    """How the first process ended, as :func:`os.waitstatus_to_exitcode` says it."""
    count: int = 0
    _calls: dict[int, str] = field(default_factory=dict)
    _failing: dict[int, int] = field(default_factory=dict)
    _due: tuple[int, int] | None = None

    def stops(self) -> Iterator[Stop]:
        """Each boundary in its turn; the thread goes on when the next one is asked for."""
        while self.living:
            self._resume_due(ptrace.SYSCALL)
            thread, status = self._next()
            if os.WIFSTOPPED(status):
                stop = self._stopped(thread, status)
                if stop is not None and self.cell.begun:
                    yield stop

    def run_on(self, patience: float = PATIENCE) -> None:
        """Let everything go on to its end, unwatched. Raises OverdueError after so many seconds."""
        with alarm(patience):
            while self.living:
                self._resume_due(ptrace.CONT)
                thread, status = self._next()
                if os.WIFSTOPPED(status):
                    self._due = (thread, self._signal_of(thread, status))

    def fail(self, stop: Stop, number: int) -> None:
        """The call that is entered is not made, and gives this error."""
        ptrace.request(ptrace.POKEUSER, stop.thread, ptrace.ORIG_RAX, -1)
        self._failing[stop.thread] = number

    def hold(self) -> None:
        """The thread of the last stop is not let go on; only SIGKILL ends it."""
        self._due = None

    def kill(self, number: signal.Signals = signal.SIGKILL, *processes: int) -> None:
        """Send a signal; to all that is left where none is named."""
        for process in processes or {*self.living.values()}:
            with suppress(ProcessLookupError):
                ptrace.send(process, number)

    def end(self) -> None:
        """Kill what is left and bury it."""
        self.kill()
        self.run_on()

    def _next(self) -> tuple[int, int]:
        thread, status = os.waitpid(-1, ptrace.ANY_THREAD)
        if not os.WIFSTOPPED(status):
            self.living.pop(thread, None)
            if thread == self.pid:
                self.code = os.waitstatus_to_exitcode(status)
        return thread, status

    def _stopped(self, thread: int, status: int) -> Stop | None:
        self._due = (thread, self._signal_of(thread, status))
        if os.WSTOPSIG(status) != SYSCALL_STOP:
            return None
        try:
            return self._boundary(thread, ptrace.info(thread))
        except ProcessLookupError:
            return None

    def _boundary(self, thread: int, found: ptrace.Info) -> Stop:
        process = self.living[thread]
        self.count += self.cell.begun
        entering = found.op == ptrace.ENTRY
        if entering:
            self._calls[thread] = ptrace.name(found.values[0])
        elif thread in self._failing:
            ptrace.request(ptrace.POKEUSER, thread, ptrace.RAX, -self._failing.pop(thread))
        values = tuple(found.values[1:7] if entering else found.values[:1])
        call, program = self._calls.get(thread, "?"), self.programs[process]
        if self.cell.step == "S9" and entering and hands_over(call, values):
            self.cell.advance("S10")
        return Stop(self.count, thread, process, program, entering, call, self.cell.step, values)

    def _signal_of(self, thread: int, status: int) -> int:
        """The signal to hand on; none where it is ptrace that stopped it."""
        if thread not in self.living:
            self._begin(thread)
            return 0
        if status >> 16 == ptrace.EVENT_EXEC:
            self.programs[thread] = Path(f"/proc/{thread}/exe").readlink().name
        number = os.WSTOPSIG(status)
        return 0 if number in (signal.SIGTRAP, SYSCALL_STOP) else number

    def _begin(self, thread: int) -> None:
        process, parent = _family(thread)
        self.living[thread] = process
        self.programs.setdefault(process, f"{self.programs.get(parent, FIRST)}'")

    def _resume_due(self, how: int) -> None:
        if self._due is not None:
            (thread, number), self._due = self._due, None
            with suppress(ProcessLookupError):
                ptrace.request(how, thread, None, number or None)


def hands_over(call: str, values: tuple[int, ...]) -> bool:
    """Whether a call that is entered gives nf_tables a transaction: step S10 begins with it."""
    return call == "sendmsg" or (call == "sendto" and values[2] >= BATCH)


def start(work: Callable[[], int], cell: Cell) -> Trace:
    """A child that will do this, and end with what it gives."""
    cell.reset()
    pid = os.fork()
    if pid == 0:
        _be_traced(work, cell)
    os.waitpid(pid, ptrace.ANY_THREAD)
    ptrace.request(ptrace.SETOPTIONS, pid, None, OPTIONS)
    trace = Trace(pid, cell, {pid: pid}, {pid: FIRST})
    trace._due = (pid, 0)  # noqa: SLF001 - the one who makes it
    return trace


def _be_traced(work: Callable[[], int], cell: Cell) -> NoReturn:
    code = 70
    try:
        ptrace.request(ptrace.TRACEME)
        os.kill(os.getpid(), signal.SIGSTOP)
        cell.watch()
        code = work()
    finally:
        os._exit(code)


def _family(thread: int) -> tuple[int, int]:
    """The process of a thread, and its parent."""
    text = Path(f"/proc/{thread}/status").read_text(encoding="utf-8")
    found = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
    return int(found["Tgid"]), int(found["PPid"])


@contextmanager
def alarm(seconds: float) -> Iterator[None]:
    """OverdueError in this block after so many seconds."""

    def ring(_number: int, _frame: FrameType | None) -> NoReturn:
        msg = f"something still runs after {seconds:g} s"
        raise OverdueError(msg)

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
