"""A program that goes on whatever becomes of us: the way back must outlive who left.

It is started at once and waits by itself, so that what it needs was read before
anything was changed, and no clock that is set can delay it. Where systemd runs
the machine it is a transient service, which survives the end of our session
too; else a detached process.

https://www.freedesktop.org/software/systemd/man/latest/systemd-run.html
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from gatepost.errors import ProgramFailed
from gatepost.kit.process import Runner, SystemRunner, environment

SYSTEMD = Path("/run/systemd/system")
KEPT = ("HOME", "XDG_STATE_HOME", "PYTHONPATH", "VIRTUAL_ENV", "TZ")
"""Of our environment: what decides where things are, and never a secret."""
PATIENCE = 10.0


async def start_outliving(
    argv: Sequence[str], name: str, *, runner: Runner | None = None, systemd: Path = SYSTEMD
) -> str:
    """Start ``argv`` so that it outlives us; gives in words what runs it. Raises ProgramFailed.

    ``systemd``: a directory that exists only where systemd runs the machine.
    """
    if _runs(systemd) and await _by_systemd(argv, name, runner):
        return f"systemd service {name}.service"
    return _by_process(argv)


def _runs(systemd: Path) -> bool:
    return systemd.is_dir() and os.geteuid() == 0


async def _by_systemd(argv: Sequence[str], name: str, runner: Runner | None) -> bool:
    kept = [f"--setenv={key}={value}" for key, value in _kept().items()]
    command = ["systemd-run", "--quiet", "--collect", f"--unit={name}", *kept, "--", *argv]
    try:
        finished = await (runner or SystemRunner()).run(command, timeout=PATIENCE)
    except ProgramFailed:
        return False
    return finished.code == 0


def _by_process(argv: Sequence[str]) -> str:
    """A session of its own, without our terminal: our death and the terminal's do not reach it."""
    try:
        process = subprocess.Popen(  # noqa: S603 - our own command line
            [*argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
            env=environment() | _kept(),
        )
    except OSError as error:
        msg = f"the process that takes the change back cannot be started: {error.strerror}"
        raise ProgramFailed(msg) from None
    return f"process {process.pid}"


def _kept() -> dict[str, str]:
    return {key: os.environ[key] for key in KEPT if key in os.environ}
