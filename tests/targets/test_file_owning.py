"""What becomes ours, and what of it can go again."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import anyio
import pytest

from gatepost.errors import StalePlan, TargetRejected, TargetUnavailable
from gatepost.kit.files import FileLock
from gatepost.targets.file import File
from rigs.plans import entries, put, texts

pytestmark = pytest.mark.anyio

SOME = entries("8.8.4.0/24", "8.8.8.8/32", "2a00:1::/64")
TEXT = b"8.8.4.0/24\n8.8.8.8/32\n2a00:1::/64\n"
OURS = {"list", ".list.gatepost.json", ".list.gatepost.lock"}


def target(tmp_path, clock, **options) -> File:
    return File("edge", File.Options(path=tmp_path / "list", **options), clock=clock)


def names(place) -> set[str]:
    return {each.name for each in place.iterdir()}


async def test_purge_leaves_nothing(tmp_path, clock):
    """The file, its sidecar and its lock go, then the reload runs, which no longer sees the file."""
    (tmp_path / "neighbour").touch()
    script = f"ls -A {tmp_path} > {tmp_path}/seen"
    edge = target(tmp_path, clock, reload=("sh", "-c", script))
    held = await put(edge, SOME)
    await edge.purge(held)
    assert names(tmp_path) == {"neighbour", "seen"}
    assert "list" not in (tmp_path / "seen").read_text().split()


async def test_purge_of_an_edited_file(tmp_path, clock):
    """What somebody wrote into the file by hand is never removed with it."""
    edge = target(tmp_path, clock)
    await put(edge, SOME)
    (tmp_path / "list").write_bytes(b"9.9.9.9/32\n")
    with pytest.raises(TargetRejected, match="edited by hand"):
        await edge.purge(await edge.current())
    assert (tmp_path / "list").read_bytes() == b"9.9.9.9/32\n"
    assert names(tmp_path) == OURS


async def test_purge_of_a_removed_file(tmp_path, clock):
    """Where somebody removed the file, what is left of ours goes."""
    edge = target(tmp_path, clock)
    await put(edge, SOME)
    (tmp_path / "list").unlink()
    await edge.purge(await edge.current())
    assert names(tmp_path) == set()


async def test_purge_of_another_format(tmp_path, clock):
    """The file is ours by its bytes, whatever format the configuration names today."""
    await put(target(tmp_path, clock), SOME)
    edge = target(tmp_path, clock, format="nginx")
    await edge.purge(await edge.current())
    assert names(tmp_path) == set()


async def test_purge_that_the_reload_refuses(tmp_path, clock):
    """A program that cannot do without the file gets the very same file back, owner and all."""
    edge = target(
        tmp_path, clock, reload=("sh", "-c", f"test -e {tmp_path}/list || {{ echo no >&2; exit 1; }}")
    )
    held = await put(edge, SOME)
    os.chown(tmp_path / "list", 65534, 65534)
    before = (tmp_path / "list").stat()
    with pytest.raises(TargetRejected, match="without it failed: no; the old file is back, and the reload"):
        await edge.purge(held)
    after = (tmp_path / "list").stat()
    assert (after.st_ino, after.st_uid, after.st_mode) == (before.st_ino, 65534, before.st_mode)
    assert await edge.current() == held
    assert names(tmp_path) == OURS


async def test_purge_of_a_file_from_before(tmp_path, clock):
    """An empty file that was there before our first write, which never came about, is not ours to remove."""
    (tmp_path / "list").touch()
    edge = target(tmp_path, clock, reload=("false",))
    with pytest.raises(TargetRejected):
        await put(edge, SOME)
    await edge.purge(await edge.current())
    assert names(tmp_path) == {"list"}


async def test_failed_first_write_leaves_no_mark(tmp_path, clock):
    """Where the first reload fails, the place is as it was: what is put there later is not ours."""
    with pytest.raises(TargetRejected):
        await put(target(tmp_path, clock, reload=("false",)), SOME)
    assert names(tmp_path) == {".list.gatepost.lock"}


CRASH = """
import os, sys, anyio
from pathlib import Path
from rigs.plans import entries, put
from gatepost.targets.file import File
base, *command = sys.argv[1:]

async def purge(step):
    (Path(base) / str(step)).mkdir(exist_ok=True)
    target = File("edge", File.Options(path=Path(base) / str(step) / "list", reload=tuple(command)))
    held = await put(target, entries("8.8.4.0/24", "8.8.8.8/32", "2a00:1::/64"))
    left = [step]
    def die(event, arguments):
        if event in {"open", "os.rename", "os.remove"} and str(arguments[0]).startswith(base):
            left[0] -= 1
            if left[0] < 0:
                os._exit(9)
    sys.addaudithook(die)
    await target.purge(held)

for step in range(100):
    child = os.fork()
    if not child:
        anyio.run(purge, step)
        os._exit(0)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0:
        sys.exit(0)
"""


@pytest.mark.parametrize("command", [(), ("true",)], ids=["plain", "reloading"])
async def test_death_at_every_step_of_a_purge(tmp_path, clock, command):
    """Killed before any step, the file is whole and known as ours, or gone; the next purge ends it."""
    argv = [sys.executable, "-c", CRASH, str(tmp_path), *command]
    await anyio.run_process(
        argv, env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])}
    )
    steps = sorted(tmp_path.iterdir())
    seen = [await recovers(target(step, clock, reload=command), step) for step in steps]
    assert len(seen) > 5
    assert {(1, SOME), (1, ()), (0, ())} == set(seen)


async def recovers(edge, place):
    """What is there afterwards, before the next purge removes it."""
    assert not (place / "list").exists() or (place / "list").read_bytes() == TEXT
    after = await edge.current()
    assert names(place) <= OURS
    await edge.purge(after)
    assert names(place) == set()
    return after.generation, after.entries


@pytest.mark.parametrize(
    ("form", "data", "found"),
    [
        (
            "txt",
            b"8.8.8.8\n\n# office\n10.0.0.0/8 # lab\r\nexample.com",
            ["8.8.8.8/32", "10.0.0.0/8", "example.com"],
        ),
        ("edl", b"8.8.8.9/32\n8.8.8.8/32\n", ["8.8.8.8/31"]),
        ("domains", b"*.example.com\nexample.com\n", ["example.com", "*.example.com"]),
        ("haproxy", b"2a00::1\n", ["2a00::1/128"]),
        ("nginx", b"8.8.8.8/32 1;\n", ["8.8.8.8/32"]),
        ("csv", b"value,type,protocol,ports,necessary\n8.8.8.8/32,prefix,,,\n", ["8.8.8.8/32"]),
    ],
)
async def test_adopted_forms(tmp_path, clock, form, data, found):
    """A file that its format explains becomes ours, not a byte of it changed."""
    (tmp_path / "list").write_bytes(data)
    before = (tmp_path / "list").stat()
    held = await target(tmp_path, clock, format=form).adopt()
    assert (held.generation, sorted(texts(held))) == (1, sorted(found))
    assert (tmp_path / "list").read_bytes() == data
    assert (tmp_path / "list").stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.parametrize(
    ("form", "data"),
    [
        ("txt", b"8.8.8.8\nnot an address\n"),
        ("txt", b"8.8.8.8/16\n"),
        ("txt", b"010.8.8.8\n"),
        ("txt", b"8.8.8.8\x0b9.9.9.9\n"),
        ("txt", b"\xff\xfe8\x00"),
        ("txt", b"# nothing\n"),
        ("edl", b"example.com\n"),
        ("domains", b"8.8.8.8\n"),
        ("nginx", b"8.8.8.8/32 0;\n"),
        ("nginx", b"8.8.8.8/32 1;\n# more\n"),
        ("json", b'{"prefixes": [{"ipv4Prefix": "8.8.8.8/32"}]}\n'),
    ],
)
async def test_not_adopted(tmp_path, clock, form, data):
    """A file of which one line could mean anything else is refused and stays without a mark."""
    (tmp_path / "list").write_bytes(data)
    with pytest.raises(TargetRejected, match=f"not the format {form}"):
        await target(tmp_path, clock, format=form).adopt()
    assert (tmp_path / "list").read_bytes() == data
    assert names(tmp_path) == {"list", ".list.gatepost.lock"}


async def test_odd_things_are_not_adopted(tmp_path, clock):
    """A link, or a file beside a sidecar that is not ours, is refused."""
    (tmp_path / "list").symlink_to("/etc/hostname")
    with pytest.raises(TargetRejected, match="symbolic link"):
        await target(tmp_path, clock).adopt()
    (tmp_path / "list").unlink()
    (tmp_path / "list").write_bytes(TEXT)
    (tmp_path / ".list.gatepost.json").write_text("{}")
    with pytest.raises(TargetRejected, match="sidecar"):
        await target(tmp_path, clock).adopt()
    with pytest.raises(TargetUnavailable):
        await target(tmp_path / "none", clock).adopt()


async def test_adopted_is_edited_and_purged(tmp_path, clock):
    """An adopted file is ours like any other: an edit is seen, older knowledge is stale, and it can go."""
    (tmp_path / "list").write_bytes(b"8.8.8.8 # mine\n")
    edge = target(tmp_path, clock)
    held = await edge.adopt()
    (tmp_path / "list").write_bytes(b"8.8.8.8 # ours\n")
    assert (await edge.current()).digest != held.digest
    with pytest.raises(StalePlan):
        await edge.purge(held)
    (tmp_path / "list").write_bytes(b"8.8.8.8 # mine\n")
    await edge.purge(held)
    assert names(tmp_path) == set()


async def test_suspect(tmp_path, clock):
    """The file tells whose it is and when it was changed."""
    edge = target(tmp_path, clock)
    assert await edge.suspects() == ()
    await put(edge, SOME)
    os.chown(tmp_path / "list", 65534, 65534)
    os.utime(tmp_path / "list", (0, 1_700_000_000))
    words = "belongs to nobody (uid 65534) and was last changed at 2023-11-14T22:13:20Z"
    assert await edge.suspects() == (f"{tmp_path}/list {words}",)
    os.chown(tmp_path / "list", 54321, -1)
    assert "belongs to uid 54321 and" in (await edge.suspects())[0]


async def test_reading_without_rights(tmp_path, clock):
    """Who may only read sees the same, and what lies beside the file stays until somebody may remove it."""
    held = await put(target(tmp_path, clock), SOME)
    left = tmp_path / ".gatepost-new.list"
    left.touch()
    lock = FileLock(tmp_path / ".list.gatepost.lock")
    assert lock.acquire()
    assert await target(tmp_path, clock).current() == held
    assert left.exists()
    lock.release()
    assert await target(tmp_path, clock).current() == held
    assert not left.exists()


async def test_settled_sidecar(tmp_path, clock):
    """After a death between file and sidecar, looking makes the sidecar say what is written."""
    edge = target(tmp_path, clock)
    await put(edge, SOME[:1])
    sidecar = tmp_path / ".list.gatepost.json"
    old = json.loads(sidecar.read_bytes())
    await put(edge, SOME)
    new = json.loads(sidecar.read_bytes())
    sidecar.write_text(json.dumps(old | {"pending": new["written"]}))
    (tmp_path / ".gatepost-new..list.gatepost.json").touch()
    assert (await edge.current()).entries == SOME
    assert json.loads(sidecar.read_bytes()) == new
