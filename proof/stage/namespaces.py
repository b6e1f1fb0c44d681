"""Network namespaces that end with the process that made them, whatever ends it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROOF = Path(__file__).resolve().parent.parent
"""From where our programs are started as modules."""
Talker = subprocess.Popen[str]
"""A program of ours that is spoken to in lines; it ends when its standard input does."""
PATIENCE = 60.0
"""Seconds for any program to end."""


class Unready(Exception):
    """A program of the proof did not do its part, so nothing was shown."""


@dataclass(frozen=True, slots=True)
class Namespace:
    """One network namespace, kept by a process that reads a pipe of ours."""

    pid: int

    @property
    def enter(self) -> list[str]:
        """What to put before a command."""
        return ["nsenter", f"--net=/proc/{self.pid}/ns/net", "--"]

    def run(self, *argv: str, text: str = "") -> str:
        """Run one program inside, to its good end; gives what it printed."""
        command = [*self.enter, *argv]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        if done.returncode:
            msg = f"{' '.join(argv)}: {done.stderr.strip()}"
            raise Unready(msg)
        return done.stdout


@contextmanager
def namespace() -> Iterator[Namespace]:
    """A fresh one with loopback up, gone at the end. Raises Unready where this machine gives none."""
    script = "ip link set lo up && echo ready && exec cat"
    command = ["unshare", "-n", "sh", "-c", script]
    keeper = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        if keeper.stdout is None or keeper.stdout.readline() != b"ready\n":
            msg = "a network namespace needs root"
            raise Unready(msg)
        yield Namespace(keeper.pid)
    finally:
        keeper.communicate(timeout=PATIENCE)


@contextmanager
def started(place: Namespace, module: str, *argv: str) -> Iterator[Talker]:
    """One of the proof's own modules inside, once it has said that it is ready; not left behind."""
    command = [*place.enter, sys.executable, "-m", module, *argv]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, bufsize=1, cwd=PROOF) as process:
        try:
            if heard(process) != "ready":
                msg = f"{module} did not start as expected"
                raise Unready(msg)
            yield process
        finally:
            process.kill()


def tell(process: Talker, line: str) -> None:
    """One line to a module's input."""
    if process.stdin:
        process.stdin.write(line + "\n")


def heard(process: Talker) -> str:
    """The next line of a module's output; raises Unready where it ended instead."""
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        msg = f"{process.args!r} ended with {process.wait(PATIENCE)}"
        raise Unready(msg)
    return line.rstrip("\n")


def ended(process: Talker) -> str:
    """Close a module's input, wait for its end, give the rest of its output; raises Unready for a bad end."""
    out, _ = process.communicate(timeout=PATIENCE)
    if process.returncode:
        msg = f"{process.args!r} ended with {process.returncode}"
        raise Unready(msg)
    return out
