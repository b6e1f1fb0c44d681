"""What writes on this machine: a directory that is missing or closed is told with what to do."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from gatepost.errors import TargetUnavailable
from gatepost.model.entry import Direction
from gatepost.targets._local import NO_DIRECTORY
from gatepost.targets.feed import Feed
from gatepost.targets.file import File
from rigs.plans import entries, put

pytestmark = pytest.mark.anyio
LOOKING = """
import sys
from pathlib import Path
import anyio
from gatepost.errors import TargetUnavailable
from gatepost.model.entry import Direction
from gatepost.targets.feed import Feed
from gatepost.targets.file import File
for kind in (Feed, File):
    made = kind("edge", kind.Options(path=Path(sys.argv[1]) / "edge"))
    try:
        anyio.run(made.findings, Direction.INGRESS)
    except TargetUnavailable as error:
        print(error.message.rpartition(": ")[2])
"""


@pytest.fixture(params=[Feed, File], ids=lambda one: one.kind)
def made(request, tmp_path):
    """In a directory that is not there."""
    kind = request.param
    return kind("edge", kind.Options(path=tmp_path / "lists" / "edge"))


@pytest.fixture
def folder():
    """A directory that others may read and not write, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o555)
        yield Path(place)


async def test_a_directory_that_is_not_there_is_named(made, tmp_path):
    """By applying and by looking, which advises no apply; once it is made, all is well."""
    for trying in (lambda: put(made, entries("8.8.8.8/32")), lambda: made.findings(Direction.INGRESS)):
        with pytest.raises(TargetUnavailable) as told:
            await trying()
        assert told.value.message.endswith(f"there is no directory {tmp_path / 'lists'}")
        assert told.value.next_step == NO_DIRECTORY
    (tmp_path / "lists").mkdir()
    assert {one.kind for one in await made.findings(Direction.INGRESS)} & {"absent", "unpublished"}
    await put(made, entries("8.8.8.8/32"))
    assert not {one.kind for one in await made.findings(Direction.INGRESS)} & {"absent", "unpublished"}


async def test_what_is_no_directory_is_told(made, tmp_path):
    """By looking too."""
    (tmp_path / "lists").touch()
    with pytest.raises(TargetUnavailable, match="Not a directory"):
        await made.findings(Direction.INGRESS)


def test_a_directory_that_we_may_not_write_in_is_told(folder):
    """By looking too: another apply would help nobody."""
    argv = [sys.executable, "-c", LOOKING, str(folder)]
    as_nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]
    done = subprocess.run(
        [*([] if os.getuid() else as_nobody), *argv], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["Permission denied"] * 2
