"""Who is to take a change back is relied on only once it has said that it can."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from gatepost.errors import ProgramFailed
from gatepost.kit.process import Finished
from gatepost.kit.timer import start_outliving

pytestmark = pytest.mark.anyio

READY = "import time; from gatepost.kit.timer import say_ready; say_ready(); time.sleep(600)"


def python(code):
    """A program of ours."""
    return [sys.executable, "-c", code]


class Systemd:
    """Says of each unit whether it was started."""

    def __init__(self, code):
        self.code = code
        self.argv = []

    async def run(self, argv, *, stdin=b"", timeout):  # noqa: ARG002, ASYNC109 - the seam's signature
        """As `systemd-run` ends, once a unit of type notify is ready or not to be."""
        self.argv = [*argv]
        return Finished("systemd-run", self.code, b"", b"")


def end(pid):
    """It is in a session of its own, so this ends it alone."""
    assert os.getsid(pid) == pid
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


async def started(systemd, **more):
    """The words for a process that says it is ready; ended when it was seen."""
    words = await start_outliving(python(READY), "gatepost-revert-0", systemd=systemd, **more)
    if words.startswith("process "):
        end(int(words.removeprefix("process ")))
        return "process"
    return words


async def test_a_process_that_is_ready(tmp_path):
    """It goes on in a session of its own after it said that it is ready."""
    assert await started(tmp_path / "none") == "process"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import no_such_thing", "No module named 'no_such_thing'"),
        ("raise SystemExit(3)", "exit code 3"),
        ("import os; os.closerange(3, 99); import time; time.sleep(600)", "no sign of it"),
    ],
)
async def test_a_process_that_dies_at_birth(tmp_path, code, words):
    """It is refused in its own words, and nothing of it stays."""
    with pytest.raises(ProgramFailed, match=words):
        await start_outliving(python(code), "gatepost-revert-0", systemd=tmp_path / "none")


async def test_a_process_that_never_gets_ready(tmp_path):
    """It is waited for so long and then ended."""
    note = tmp_path / "pid"
    code = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    with pytest.raises(ProgramFailed, match=r"no sign of it in 0\.\d+ s"):
        await start_outliving(python(code), "gatepost-revert-0", systemd=tmp_path / "none", patience=0.7)
    if note.exists():
        with pytest.raises(ProcessLookupError):
            os.kill(int(note.read_text()), 0)


async def test_a_program_that_is_not_there(tmp_path):
    """It is told as what it is."""
    with pytest.raises(ProgramFailed, match="cannot be started"):
        await start_outliving([str(tmp_path / "nothing")], "gatepost-revert-0", systemd=tmp_path / "none")


async def test_systemd_waits_for_the_same_word(tmp_path):
    """Its unit counts as started when it says that it is ready; where it does not, a process takes over."""
    good, bad = Systemd(0), Systemd(1)
    as_root = os.geteuid() == 0
    assert await started(tmp_path, runner=good) == (
        "systemd service gatepost-revert-0.service" if as_root else "process"
    )
    assert ("--property=Type=notify" in good.argv) is as_root
    assert await started(tmp_path, runner=bad) == "process"
