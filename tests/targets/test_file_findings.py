"""Whether a file can have its effect: who can read it, who may write it, who is told."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from gatepost.model.entry import Direction
from gatepost.model.finding import Severity
from gatepost.targets.file import File
from rigs.plans import entries, put

pytestmark = pytest.mark.anyio


@pytest.fixture
def folder():
    """A directory that other users can get to, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as made:
        place = Path(made)
        place.chmod(0o755)
        yield place


def target(folder: Path, **options) -> File:
    return File("edge", File.Options(path=folder / "list", **options))


async def kinds(made: File) -> list[str]:
    found = await made.findings(Direction.INGRESS)
    assert all(each.next_step or each.severity is Severity.GOOD for each in found)
    return [f"{each.severity} {each.kind}" for each in found]


async def test_a_file_with_a_check_and_a_reload_is_good(folder):
    """Nothing is found on a file that all can read, we alone can write, and programs are told of."""
    made = target(folder, check=("true",), reload=("true",))
    await put(made, entries("8.8.8.8/32"))
    assert await kinds(made) == ["good readable"]


async def test_a_file_that_nobody_is_told_of(folder):
    """Without a reload or a check there is a note for each: nobody can tell which program reads a file."""
    made = target(folder)
    await put(made, entries("8.8.8.8/32"))
    assert await kinds(made) == ["good readable", "note untold", "note unchecked"]


@pytest.mark.parametrize("program", ["/no/such/prog", "no-such-prog", "list"])
@pytest.mark.parametrize("key", ["check", "reload"])
async def test_a_program_that_cannot_be_run(folder, key, program):
    """Is told before the apply that fails of it: no such program, or a file that is none."""
    assert "wrong unrunnable" in await kinds(target(folder, **{key: (program, "{path}")}))
    (folder / "list").write_text("8.8.8.8/32\n")
    given = str(folder / "list") if program == "list" else program
    assert "wrong unrunnable" in await kinds(target(folder, **{key: (given, "{path}")}))


async def test_a_file_that_is_not_there(folder):
    """Before the first apply there is no list: wrong."""
    assert await kinds(target(folder)) == ["wrong absent"]


async def test_an_empty_file(folder):
    """A file that names nobody is wrong."""
    (folder / "list").touch(0o644)
    assert "wrong empty" in await kinds(target(folder))


@pytest.mark.parametrize("mode", ["0664", "0646", "0666"])
async def test_others_may_write(folder, mode):
    """A file that others can write is theirs: wrong."""
    made = target(folder, mode=mode)
    await put(made, entries("8.8.8.8/32"))
    assert "wrong writable" in await kinds(made)


@pytest.mark.parametrize(("mode", "wrong"), [(0o777, True), (0o775, True), (0o1777, False), (0o755, False)])
async def test_others_may_replace(folder, mode, wrong):
    """So is one in a directory where others can put another in its place."""
    made = target(folder)
    await put(made, entries("8.8.8.8/32"))
    folder.chmod(mode)
    assert ("wrong writable" in await kinds(made)) == wrong


@pytest.mark.parametrize(("mode", "above"), [("0600", 0o755), ("0640", 0o755), ("0644", 0o700)])
async def test_others_cannot_read(folder, mode, above):
    """A file, or a directory above it, that is closed to other users is a note."""
    made = target(folder, mode=mode)
    await put(made, entries("8.8.8.8/32"))
    folder.chmod(above)
    assert "note unreadable" in await kinds(made)
