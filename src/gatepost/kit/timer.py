"""A program that goes on whatever becomes of us: the way back must outlive who left.

It is started at once and waits by itself, so that what it needs was read before
anything was changed, and no clock that is set can delay it. It says so when it
has: until then nobody relies on it, and one that dies at birth is noticed. Where
systemd runs the machine it is a transient service, which survives the end of our
session too; else a detached process.

https://www.freedesktop.org/software/systemd/man/latest/systemd-run.html
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import anyio

from gatepost.errors import ProgramFailed, cut
from gatepost.kit.process import Runner, SystemRunner, environment
from gatepost.kit.systemd import READY, notify

SYSTEMD = Path("/run/systemd/system")
KEPT = ("HOME", "XDG_STATE_HOME", "PYTHONPATH", "VIRTUAL_ENV", "TZ")
"""Of our environment: what decides where things are, and never a secret."""
PATIENCE = 60.0
"""Seconds until it must be ready, on a busy machine."""
READY_FD = "GATEPOST_READY_FD"
"""Names the descriptor by which a detached process says that it is ready."""
WORDS_MAX = 4096
"""Bytes of what it said on standard error."""
LINGER = 1.0
"""Seconds that a process has to end once it closed what it should have spoken by."""


async def start_outliving(
    argv: Sequence[str],
    name: str,
    *,
    runner: Runner | None = None,
    systemd: Path = SYSTEMD,
    patience: float = PATIENCE,
) -> str:
    """Start ``argv`` so that it outlives us, and wait until it calls :func:`say_ready`.

    Gives in words what runs it. Raises ProgramFailed where it ends before, or is not ready within so many
    seconds. ``systemd``: a directory that exists only where systemd runs the machine.
    """
    if _runs(systemd) and await _by_systemd(argv, name, runner, patience):
        return f"systemd service {name}.service"
    return await _by_process(argv, patience)


def say_ready() -> None:
    """By who was started so: from here on nothing more is needed that others could take away."""
    notify(READY)
    told = os.environ.pop(READY_FD, "")
    if told.isdecimal():
        with suppress(OSError), open(int(told), "wb", buffering=0) as pipe:  # noqa: PTH123 - no path
            pipe.write(READY.encode())


def _runs(systemd: Path) -> bool:
    return systemd.is_dir() and os.geteuid() == 0


async def _by_systemd(argv: Sequence[str], name: str, runner: Runner | None, patience: float) -> bool:
    """A service of type ``notify`` is started when it says that it is ready."""
    kept = [f"--setenv={key}={value}" for key, value in _kept().items()]
    unit = ["--quiet", "--collect", "--property=Type=notify", f"--unit={name}"]
    try:
        finished = await (runner or SystemRunner()).run(
            ["systemd-run", *unit, *kept, "--", *argv], timeout=patience
        )
    except ProgramFailed:
        return False
    return finished.code == 0


async def _by_process(argv: Sequence[str], patience: float) -> str:
    """A session of its own, without our terminal: our death and the terminal's do not reach it."""
    with TemporaryFile() as said, _pipe() as pipe:
        process = _start(argv, pipe, said)
        pipe.close_theirs()
        if not await _is_ready(pipe.ours, patience):
            words = _last_words(process, said, patience)
            msg = f"the process that takes the change back was not ready: {words}"
            raise ProgramFailed(msg, hint="Nothing was changed: repair that, or do without --confirm-within.")
    process.returncode = 0  # nobody waits for what outlives us
    return f"process {process.pid}"


@dataclass(slots=True)
class _Pipe:
    """From who is started, to us."""

    ours: int
    theirs: int

    def close_theirs(self) -> None:
        """So that its end is seen when the other process ends."""
        if self.theirs >= 0:
            os.close(self.theirs)
        self.theirs = -1


@contextmanager
def _pipe() -> Iterator[_Pipe]:
    pipe = _Pipe(*os.pipe())
    try:
        yield pipe
    finally:
        os.close(pipe.ours)
        pipe.close_theirs()


def _start(argv: Sequence[str], pipe: _Pipe, said: IO[bytes]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 - our own command line
            [*argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
            cwd="/",
            env=environment() | _kept() | {READY_FD: str(pipe.theirs)},
            pass_fds=(pipe.theirs,),
        )
    except OSError as error:
        msg = f"the process that takes the change back cannot be started: {error.strerror}"
        raise ProgramFailed(msg) from None


async def _is_ready(pipe: int, patience: float) -> bool:
    """Whether it said so before it ended, and in time."""
    with anyio.move_on_after(patience):
        await anyio.wait_readable(pipe)
        return os.read(pipe, len(READY)) == READY.encode()
    return False


def _last_words(process: subprocess.Popen[bytes], said: IO[bytes], patience: float) -> str:
    """Why it is of no use, as it says; ended in any case."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(LINGER)
    in_time = process.returncode is not None
    process.kill()
    process.wait()
    said.seek(0)
    text = " ".join(said.read(WORDS_MAX).decode(errors="replace").split())
    return cut(text) or (f"exit code {process.returncode}" if in_time else f"no sign of it in {patience:g} s")


def _kept() -> dict[str, str]:
    return {key: os.environ[key] for key in KEPT if key in os.environ}
