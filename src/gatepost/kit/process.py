"""Run a program: argument list and bytes in, exit code and bytes out.

Never through a shell, never with our environment (it may hold secrets), never
without an end: a program that does not finish in time is killed with every
process of its group.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

import anyio
from anyio.abc import ByteReceiveStream, ByteSendStream, Process

from gatepost.errors import ProgramFailed, cut

STDOUT_MAX = 256 * 1024 * 1024
"""Bytes of output; a program that writes more has failed. A million nftables elements as JSON are 50 MB."""
STDERR_MAX = 16 * 1024
"""Bytes of standard error that are kept; the rest is read and dropped."""
LINGER = 1.0
"""Seconds that output may stay open after the program has ended (a child that was left behind)."""
SYSTEM_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


@dataclass(frozen=True, slots=True)
class Finished:
    """A program that ended by itself, whatever its exit code."""

    program: str
    code: int
    """Exit code; negative: the signal that ended it."""
    stdout: bytes
    stderr: bytes
    """Foreign text: show it only as :attr:`words`."""

    @property
    def words(self) -> str:
        """What the program said on standard error, fit to show."""
        return cut(self.stderr.decode(errors="replace").strip()) or f"exit code {self.code}"

    def require(self) -> bytes:
        """Standard output of a program that succeeded; else raises ProgramFailed with its words."""
        if self.code:
            msg = f"{self.program} failed: {self.words}"
            raise ProgramFailed(msg, code=self.code)
        return self.stdout


class Runner(Protocol):
    """The seam: what targets may know of programs."""

    async def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float) -> Finished:  # noqa: ASYNC109 - the process group must be killed when it ends
        """Run one program for at most ``timeout`` seconds.

        Raises ProgramFailed where it cannot be run, does not end in time or
        writes too much; a non-zero exit is an answer, not an error.
        """
        ...


class SystemRunner:
    """Programs of this machine, each in a session of its own."""

    def __init__(self, *, stdout_max: int = STDOUT_MAX) -> None:
        """``stdout_max`` in bytes."""
        self._stdout_max = stdout_max

    async def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float) -> Finished:  # noqa: ASYNC109 - see Runner
        """See :meth:`Runner.run`."""
        process = await _start(argv)
        out, err = _Sink(self._stdout_max), _Sink(STDERR_MAX)
        try:
            with anyio.fail_after(timeout):
                code = await _talk(process, stdin, out, err)
        except TimeoutError:
            msg = f"{argv[0]} did not end within {timeout:g} s and was killed"
            raise ProgramFailed(msg) from None
        finally:
            await _end(process, out, err)
        if out.dropped:
            msg = f"{argv[0]} wrote more than {self._stdout_max} bytes"
            raise ProgramFailed(msg)
        return Finished(argv[0], code, bytes(out.kept), bytes(err.kept))


def environment() -> dict[str, str]:
    """All that a program gets of our environment: where programs are, and plain English messages."""
    ours = [place for place in os.environ.get("PATH", "").split(":") if place.startswith("/")]
    return {"PATH": ":".join(dict.fromkeys([*ours, *SYSTEM_PATH])), "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}


def is_runnable(program: str) -> bool:
    """Whether there is such a program, where a run looks for it, that this user may run."""
    return shutil.which(program, path=environment()["PATH"]) is not None


@dataclass(slots=True)
class _Sink:
    """Keeps the first ``limit`` bytes of a stream and reads the rest away."""

    limit: int
    kept: bytearray = field(default_factory=bytearray)
    dropped: bool = False
    closed: bool = False

    async def drain(self, stream: ByteReceiveStream) -> None:
        """Read to the end."""
        async for chunk in stream:
            room = self.limit - len(self.kept)
            self.kept += chunk[:room]
            self.dropped = self.dropped or len(chunk) > room
        self.closed = True


async def _start(argv: Sequence[str]) -> Process:
    try:
        return await anyio.open_process([*argv], env=environment(), start_new_session=True)
    except RuntimeError as error:  # asyncio watches each program in a thread, and there was none to be had
        msg = f"{cut(argv[0])} cannot be run: {cut(str(error))}"
        raise ProgramFailed(msg, hint="Look at the limits of processes and memory.") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "an argument holds a NUL"
        msg = f"{cut(argv[0])} cannot be run: {reason}"
        raise ProgramFailed(msg, hint=f"Install {cut(argv[0])}, or correct its path.") from None


async def _talk(process: Process, stdin: bytes, out: _Sink, err: _Sink) -> int:
    if process.stdin is None or process.stdout is None or process.stderr is None:
        msg = "pipes were asked for"
        raise AssertionError(msg)
    async with anyio.create_task_group() as group:
        group.start_soon(_feed, process.stdin, stdin)
        group.start_soon(out.drain, process.stdout)
        group.start_soon(err.drain, process.stderr)
        code = await process.wait()
        group.cancel_scope.deadline = anyio.current_time() + LINGER
    return code


async def _feed(stream: ByteSendStream, data: bytes) -> None:
    with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
        if data:
            await stream.send(data)
    await stream.aclose()


async def _end(process: Process, out: _Sink, err: _Sink) -> None:
    """Leave no process behind: the group is killed unless program and pipes have all ended."""
    if process.returncode is None or not (out.closed and err.closed):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    with anyio.CancelScope(shield=True):
        await process.aclose()
