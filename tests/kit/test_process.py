from __future__ import annotations

import os
import sys
import threading
from contextlib import nullcontext

import anyio
import pytest

from gatepost.errors import ProgramFailed
from gatepost.kit.process import SystemRunner
from rigs.processes import gone

NEEDS_THREAD = sys.version_info < (3, 12)
pytestmark = pytest.mark.anyio

STUBBORN = """
import os, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = os.fork()
if child:
    open(sys.argv[1], "w").write(f"{os.getpid()} {child}")
while True:
    signal.pause()
"""


async def run(*argv: str, stdin: bytes = b"", timeout: float = 20.0, **settings):  # noqa: ASYNC109 - the runner's own
    return await SystemRunner(**settings).run(argv, stdin=stdin, timeout=timeout)


async def test_bytes_in_and_out():
    """Input comes out again whole, far beyond what a pipe holds."""
    data = os.urandom(3_000_000)
    assert (await run("cat", stdin=data)).stdout == data


async def test_exit_code_is_an_answer():
    """A program that fails is not an error of the runner; its words are cut and made printable."""
    script = "import sys; sys.stderr.write('no\\x1b[31m' + 'x' * 1000); sys.exit(3)"
    finished = await run(sys.executable, "-c", script)
    assert (finished.code, finished.stdout) == (3, b"")
    assert finished.words.startswith(r"no\x1b[31m")
    assert len(finished.words) == 256
    with pytest.raises(ProgramFailed, match="failed: no") as caught:
        finished.require()
    assert caught.value.code == 3


async def test_silent_failure_has_words():
    """A program that fails without a word is quoted by its exit code."""
    assert (await run("false")).words == "exit code 1"
    assert (await run("true")).require() == b""


async def test_no_shell():
    """Arguments reach the program as they are."""
    nasty = "$(id); `id` | cat > /tmp/x && *"
    assert (await run("printf", "%s", nasty)).stdout.decode() == nasty


async def test_nothing_of_our_environment(monkeypatch):
    """A program gets a path and a language, and no secret of ours."""
    monkeypatch.setenv("FEISHU_APP_SECRET", "canary")
    monkeypatch.setenv("PATH", f"relative/bin::{os.environ['PATH']}")
    found = dict(line.split("=", 1) for line in (await run("env")).stdout.decode().splitlines())
    assert set(found) == {"PATH", "LC_ALL", "LANG"}
    assert all(place.startswith("/") for place in found["PATH"].split(":"))


@pytest.mark.parametrize("argv", [("no-such-program-here",), ("/etc/passwd",), ("cat", "a\0b")])
async def test_cannot_be_run(argv):
    """A program that is missing, not executable or not expressible is an error that says what to do."""
    with pytest.raises(ProgramFailed, match="cannot be run") as caught:
        await run(*argv)
    assert "Install" in caught.value.next_step


async def test_killed_with_its_children(tmp_path):
    """At the timeout a program that ignores SIGTERM is gone, and its children too."""
    note = tmp_path / "pids"
    with pytest.raises(ProgramFailed, match="did not end within 1 s"):
        await run(sys.executable, "-c", STUBBORN, str(note), timeout=1)
    assert await gone([int(pid) for pid in note.read_text().split()])


async def test_cancelled(tmp_path):
    """Cancelling us ends the program and its children."""
    note = tmp_path / "pids"
    async with anyio.create_task_group() as group:
        group.start_soon(run, sys.executable, "-c", STUBBORN, str(note))
        while not (note.exists() and note.read_text().count(" ")):
            await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()
    assert await gone([int(pid) for pid in note.read_text().split()])


async def test_left_behind(tmp_path):
    """A child left behind with our pipes keeps nobody waiting, and is ended."""
    note = tmp_path / "pid"
    finished = await run("sh", "-c", f"sleep 600 & echo $! > {note}; echo done")
    assert (finished.code, finished.stdout) == (0, b"done\n")
    assert await gone([int(note.read_text())])


async def test_endless_output():
    """A program that never stops writing is killed at the timeout; one that writes too much has failed."""
    with pytest.raises(ProgramFailed, match="did not end"):
        await run("yes", timeout=0.5, stdout_max=1000)
    with pytest.raises(ProgramFailed, match="more than 1000 bytes"):
        await run("head", "-c", "1001", "/dev/zero", stdout_max=1000)
    assert len((await run("head", "-c", "1000", "/dev/zero", stdout_max=1000)).stdout) == 1000


async def test_input_not_wanted():
    """A program that does not read its input is no trouble."""
    assert (await run("true", stdin=b"x" * 3_000_000)).code == 0


async def test_no_thread_to_watch_it():
    """Where the system gives no thread to watch a program with (Python 3.11 needs one), the error says so."""
    before = threading.stack_size(1 << 46)
    try:
        with pytest.raises(ProgramFailed, match="can't start new thread") if NEEDS_THREAD else nullcontext():
            await run("true")
    finally:
        threading.stack_size(before)
