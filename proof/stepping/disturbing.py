"""What can be done to a run at one boundary of one of its system calls."""

from __future__ import annotations

import errno
import os
import signal
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from stepping.judge import Allowed
from stepping.marks import START
from stepping.places import nft
from stepping.site import Site
from stepping.tracer import FIRST, Stop, Trace, hands_over

After = Callable[[], str]
"""Done when the disturbed run has ended: what is wrong then; an empty text is well."""

WRITES = frozenset(["write", "pwrite64", "writev", "ftruncate", "fallocate", "fsync", "fdatasync"])
NAMES_CHANGED = frozenset(["rename", "renameat", "renameat2", "mkdir", "unlink", "link"])
ON_FILES = WRITES | {"pread64"}
HANDLES = frozenset(
    ["openat", "socket", "pipe2", "epoll_create1", "dup", "fcntl", "timerfd_create", "eventfd2"]
)
STARTS = frozenset(["clone", "clone3", "fork", "vfork"])
_WRITING = os.O_CREAT | os.O_WRONLY | os.O_RDWR
_HIT_TWICE_AFTER = 25
"""Boundaries between the first signal and the second."""
_OUTPUT = (1, 2)
"""What it says must be heard where a fault lasts: it goes to another disk."""
_SENT = 1024
_LOOK_ON = 40
"""Hundredths of a second that a second writer gets while the first one stands still."""


def nothing() -> str:
    """Nothing more is to be looked at."""
    return ""


class Disturbance(ABC):
    """One row of the matrix."""

    name: str
    patience: float = 30.0
    """Seconds in which the disturbed run must have ended."""
    quietly: bool = True
    """Whether what it says must be a typed error, not only its exit code."""
    may_differ: bool = False
    """Whether somebody else's change may be what the target holds after it."""

    @property
    def allowed(self) -> Allowed:
        """For the judge."""
        return Allowed(self.may_differ, words=not self.quietly)

    @abstractmethod
    def fits(self, trace: Trace, stop: Stop) -> bool:
        """Whether it can be done here."""

    @abstractmethod
    def strike(self, site: Site, trace: Trace, stop: Stop, going: Iterator[Stop]) -> After:
        """Do it, going on through the run as far as need be."""


@dataclass
class Failing(Disturbance):
    """A system call that gives an error, once or from then on."""

    name: str
    number: int
    calls: frozenset[str]
    lasting: bool = False
    program: str = ""
    """Of this program alone."""

    def fits(self, trace: Trace, stop: Stop) -> bool:  # noqa: ARG002 - see Disturbance
        """Entering one of the calls, on files where it is meant for these."""
        if not stop.entering or stop.call not in self.calls or self.program not in ("", stop.program):
            return False
        if stop.call in ON_FILES:
            return _is_file(stop) and not (self.lasting and stop.values[0] in _OUTPUT)
        if stop.call == "sendto" and stop.values[2] <= 1:
            return False  # the event loop waking itself up
        return stop.call != "openat" or self.number == errno.EMFILE or bool(stop.values[2] & _WRITING)

    def strike(self, site: Site, trace: Trace, stop: Stop, going: Iterator[Stop]) -> After:  # noqa: ARG002 - see Disturbance
        """This call, and each that fits after it where it lasts."""
        trace.fail(stop, self.number)
        for later in going:
            if self.lasting and self.fits(trace, later):
                trace.fail(later, self.number)
            if not self.lasting and later.thread == stop.thread:
                break  # it was told
        return nothing


def _is_file(stop: Stop) -> bool:
    try:
        place = Path(f"/proc/{stop.process}/fd/{stop.values[0]}").readlink()
    except OSError:
        return False
    return place.is_absolute() and place != Path(os.devnull)


@dataclass
class Signalled(Disturbance):
    """A signal to the program, or two."""

    name: str
    signals: tuple[signal.Signals, ...]
    patience: float = 10.0
    quietly: bool = True

    def fits(self, trace: Trace, stop: Stop) -> bool:
        """Anywhere in the program itself."""
        return stop.process == trace.pid

    def strike(self, site: Site, trace: Trace, stop: Stop, going: Iterator[Stop]) -> After:  # noqa: ARG002 - see Disturbance
        """The second a little later."""
        first, *others = self.signals
        trace.kill(first, trace.pid)
        for another in others:
            for _, _ in zip(range(_HIT_TWICE_AFTER), going, strict=False):
                pass
            trace.kill(another, trace.pid)
        return nothing


@dataclass
class Hanging(Disturbance):
    """A program that the run started stands still for ever."""

    name: str = "a program hangs"
    patience: float = 10.0

    def fits(self, trace: Trace, stop: Stop) -> bool:  # noqa: ARG002 - see Disturbance
        """In a child that has become another program."""
        return stop.entering and not stop.program.startswith(FIRST)

    def strike(self, site: Site, trace: Trace, stop: Stop, going: Iterator[Stop]) -> After:  # noqa: ARG002 - see Disturbance
        """It is not let go on."""
        trace.hold()
        return nothing


@dataclass
class Silent(Disturbance):
    """The kernel takes a batch and never answers."""

    name: str = "the kernel never answers"
    patience: float = 10.0

    def fits(self, trace: Trace, stop: Stop) -> bool:  # noqa: ARG002 - see Disturbance
        """Where the batch is handed over."""
        return stop.entering and stop.step == "S10" and hands_over(stop.call, stop.values)

    def strike(self, site: Site, trace: Trace, stop: Stop, going: Iterator[Stop]) -> After:  # noqa: ARG002 - see Disturbance
        """It looks sent."""
        trace.fail(stop, -_SENT)
        next(later for later in going if later.thread == stop.thread)
        return nothing


@dataclass
class Missing(Disturbance):
    """The program that is to be started is not there, from some moment on."""

    name: str = "nft missing"

    def fits(self, trace: Trace, stop: Stop) -> bool:  # noqa: ARG002 - see Disturbance
        """Where a child is about to become it."""
        return stop.entering and stop.call == "execve"

    def strike(self, site: Site, trace: Trace, stop: Stop, going: Iterator[Stop]) -> After:  # noqa: ARG002 - see Disturbance
        """Wherever it is looked for."""
        trace.fail(stop, errno.ENOENT)
        for later in going:
            if self.fits(trace, later):
                trace.fail(later, errno.ENOENT)
        return nothing


@dataclass
class Meddling(Disturbance):
    """Somebody else changes the place while the run stands still."""

    name: str
    act: Callable[[Site], After]
    may_differ: bool = True

    def fits(self, trace: Trace, stop: Stop) -> bool:
        """Anywhere in the program itself, once it has begun its work."""
        return stop.process == trace.pid and stop.step != START

    def strike(self, site: Site, trace: Trace, stop: Stop, going: Iterator[Stop]) -> After:  # noqa: ARG002 - see Disturbance
        """While it stands still."""
        return self.act(site)


def second_writer(site: Site) -> After:
    """A whole other run; it gets a moment to be first, then both go on."""
    pid = site.begin("second")
    for _ in range(_LOOK_ON):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return partial(_of_second, site, os.waitstatus_to_exitcode(status))
        signal.sigtimedwait((), 0.01)
    return partial(_wait_for_second, site, pid)


def _wait_for_second(site: Site, pid: int) -> str:
    with suppress(ChildProcessError):
        _, status = os.waitpid(pid, 0)
        return _of_second(site, os.waitstatus_to_exitcode(status))
    return _of_second(site, None)


def _of_second(site: Site, code: int | None) -> str:
    said = site.said(code, "second")
    ended = code in (None, 0, 1) and "Traceback" not in said.err
    return "" if ended else f"the second writer ended with {code}: {said.err[-300:]}"


def add_element(site: Site) -> After:  # noqa: ARG001 - the network is the place
    """Drift: an address that nobody told us of."""
    return _by_hand("add element inet gatepost edge_v4 { 9.9.9.9 }")


def remove_element(site: Site) -> After:  # noqa: ARG001 - as above
    """Drift: an address of the old list and of the new one is gone."""
    return _by_hand("delete element inet gatepost edge_v4 { 101.226.10.0/26 }")


def delete_table(site: Site) -> After:  # noqa: ARG001 - as above
    """All of ours is gone."""
    return _by_hand("delete table inet gatepost")


def foreign_table(site: Site) -> After:
    """A table of another owner is in our place; it must stay as it is."""
    return _foreign(site, "add set inet gatepost edge_v4 { type ipv4_addr; flags interval; }")


def foreign_type(site: Site) -> After:
    """Our mark is there, and a set of our name but of another type."""
    mark = "add set inet gatepost gatepost_owner { type mark; }"
    return _foreign(site, f"{mark}\nadd set inet gatepost edge_v4 {{ type ether_addr; }}")


def add_line(site: Site) -> After:
    """Drift in the file."""
    with (site.folder / "list.txt").open("a", encoding="utf-8") as file:
        file.write("9.9.9.9/32\n")
    return nothing


def delete_file(site: Site) -> After:
    """The file is gone, what is beside it is not."""
    (site.folder / "list.txt").unlink(missing_ok=True)
    return nothing


def lying_nft(site: Site) -> After:
    """From now on ``nft -f`` reads its input and says that it is done."""
    place = site.folder / "bin" / "nft"
    place.parent.mkdir()
    place.write_text(
        '#!/bin/sh\n[ "$1" = -f ] && exec cat >/dev/null\nexec /usr/sbin/nft "$@"\n', encoding="ascii"
    )
    place.chmod(0o755)
    return partial(_honest_again, place)


def _honest_again(place: Path) -> str:
    place.unlink()
    place.parent.rmdir()
    return ""


def _foreign(site: Site, sets: str) -> After:
    _by_hand(f"delete table inet gatepost\nadd table inet gatepost\n{sets}")
    before = site.place.state()
    return partial(_untouched, site, before)


def _untouched(site: Site, before: str) -> str:
    """Afterwards everything is put back, so that the next run has a place of ours."""
    after = site.place.state()
    site.place.restore(site.old)
    return "" if before == after else "what is not ours was changed"


def _by_hand(text: str) -> After:
    nft("-f", "-", text=text + "\n")
    return nothing
