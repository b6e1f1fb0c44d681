from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import anyio
import pytest

from gatepost.errors import ConfigInvalid, StalePlan, TargetForeign, TargetRejected, TargetUnavailable
from gatepost.kit.files import FileLock
from gatepost.model.entry import Domain, Entry, Protocol
from gatepost.targets.file import File
from rigs.plans import entries, many, plan_for, put, texts

pytestmark = pytest.mark.anyio

SOME = entries("8.8.4.0/24", "8.8.8.8/32", "2a00:1::/64")
OTHER = entries("9.9.9.9/32")
TEXT = b"8.8.4.0/24\n8.8.8.8/32\n2a00:1::/64\n"
MIXED = (
    Entry(SOME[0].value, Protocol.TCP, ((443, 443), (8000, 8010)), necessary=True),
    Entry(Domain("example.com"), Protocol.UDP),
    Entry(Domain("example.com", tree=True)),
)


def target(tmp_path, clock, **options) -> File:
    return File("edge", File.Options(path=tmp_path / "list", **options), clock=clock)


def names(tmp_path) -> set[str]:
    return {each.name for each in tmp_path.iterdir()}


async def test_what_it_makes(tmp_path, clock):
    """The file in its format and mode, the sidecar, the lock, and nothing else."""
    await put(target(tmp_path, clock, mode="0640"), SOME)
    assert (tmp_path / "list").read_bytes() == TEXT
    assert stat.S_IMODE((tmp_path / "list").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / ".list.gatepost.json").stat().st_mode) == 0o600
    assert names(tmp_path) == {"list", ".list.gatepost.json", ".list.gatepost.lock"}


@pytest.mark.parametrize("form", ["csv", "json"])
async def test_everything_comes_back(tmp_path, clock, form):
    """Protocols, ports, necessity and domains are read back as they were applied."""
    held = await put(target(tmp_path, clock, format=form), MIXED)
    assert held.entries == MIXED


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"format": "nope"}, "there are csv, domains, edl"),
        ({"mode": "7777"}, "octal"),
        ({"mode": "rw"}, "octal"),
    ],
)
def test_wrong_options(tmp_path, clock, options, words):
    """A format that does not exist, or a mode that is none, is refused with what there is."""
    with pytest.raises(ConfigInvalid, match=words):
        target(tmp_path, clock, **options)


async def test_check_sees_the_new_file(tmp_path, clock):
    """The check reads the new file before it takes the place of the old one."""
    await put(target(tmp_path, clock), OTHER)
    seen = tmp_path / "seen"
    script = f"cat {tmp_path}/list $1 > {seen}"
    await put(target(tmp_path, clock, check=("sh", "-c", script, "sh", "{path}")), SOME)
    assert seen.read_bytes() == b"9.9.9.9/32\n" + TEXT


@pytest.mark.parametrize(
    ("check", "error"),
    [
        (("sh", "-c", "echo no such directive >&2; exit 1"), TargetRejected),
        (("no-such-program-here",), TargetUnavailable),
        (("sleep", "600"), TargetUnavailable),
    ],
    ids=["refused", "missing", "hanging"],
)
async def test_failed_check(tmp_path, clock, check, error):
    """A check that fails, is missing or hangs leaves the old file, and nothing beside it."""
    held = await put(target(tmp_path, clock), OTHER)
    before = names(tmp_path)
    with pytest.raises(error):
        await put(target(tmp_path, clock, check=check, timeout=0.5), SOME)
    assert await target(tmp_path, clock).current() == held
    assert (tmp_path / "list").read_bytes() == b"9.9.9.9/32\n"
    assert names(tmp_path) == before


def reload(tmp_path, line: str) -> tuple[str, ...]:
    """A reload that notes the content it saw, and fails where the file holds that line."""
    return ("sh", "-c", f"cat {tmp_path}/list >> {tmp_path}/seen; ! grep -q '^{line}' {tmp_path}/list")


async def test_failed_reload(tmp_path, clock):
    """A reload that fails brings the old file back and reloads that; the error says both."""
    edge = target(tmp_path, clock, reload=reload(tmp_path, "8.8.4.0"))
    held = await put(edge, OTHER)
    with pytest.raises(TargetRejected, match="old file is back, and the reload of it works"):
        await edge.apply(plan_for(held, SOME), SOME)
    assert (tmp_path / "seen").read_bytes() == b"9.9.9.9/32\n" + TEXT + b"9.9.9.9/32\n"
    assert await edge.current() == held
    assert (await put(edge, entries("8.8.8.8/32"))).generation == 2


async def test_failed_first_reload(tmp_path, clock):
    """Where there was no file before, there is none after; a reload that fails again says so."""
    edge = target(tmp_path, clock, reload=("sh", "-c", "echo broken >&2; exit 1"))
    fresh = await edge.current()
    with pytest.raises(
        TargetRejected, match="broken; the old file is back, but its reload fails too: broken"
    ):
        await edge.apply(plan_for(fresh, SOME), SOME)
    assert not (tmp_path / "list").exists()
    assert await edge.current() == fresh


async def test_missing_reload(tmp_path, clock):
    """A reload that cannot be run counts as failed."""
    held = await put(target(tmp_path, clock), OTHER)
    with pytest.raises(TargetRejected, match="cannot be run"):
        await put(target(tmp_path, clock, reload=("no-such-program-here",)), SOME)
    assert await target(tmp_path, clock).current() == held


CRASH = """
import os, sys, anyio
from pathlib import Path
from rigs.plans import entries, put
from gatepost.targets.file import File
base, started, *command = sys.argv[1:]

def target(step):
    (Path(base) / str(step)).mkdir(exist_ok=True)
    return File("edge", File.Options(path=Path(base) / str(step) / "list", reload=tuple(command)))

async def apply(step):
    left = [step]
    def die(event, arguments):
        if event in {"open", "os.rename", "os.remove"} and str(arguments[0]).startswith(base):
            left[0] -= 1
            if left[0] < 0:
                os._exit(9)
    if started == "started":
        await put(target(step), entries("9.9.9.9/32"))
    sys.addaudithook(die)
    await put(target(step), entries("8.8.4.0/24", "8.8.8.8/32", "2a00:1::/64"))

for step in range(100):
    child = os.fork()
    if not child:
        anyio.run(apply, step)
        os._exit(0)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0:
        sys.exit(0)
"""


@pytest.mark.parametrize("command", [(), ("true",)], ids=["plain", "reloading"])
@pytest.mark.parametrize("started", ["started", "fresh"])
async def test_death_at_every_step(tmp_path, clock, started, command):
    """Killed before any step, the file is the old or the new one; the next run knows which and goes on.

    Looking is enough to clear up what lay beside it.
    """
    argv = [sys.executable, "-c", CRASH, str(tmp_path), started, *command]
    await anyio.run_process(
        argv, env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])}
    )
    steps = sorted(tmp_path.iterdir())
    seen = [await recovers(target(step, clock, reload=command), step, started) for step in steps]
    assert len(seen) > 10
    assert set(seen) == {False, True}


async def recovers(edge, place, started) -> bool:
    """Old or new, nothing lies beside it, and the next apply works. Gives whether it was the new one."""
    generation, old = (1, OTHER) if started == "started" else (0, ())
    after = await edge.current()
    assert names(place) <= {"list", ".list.gatepost.json", ".list.gatepost.lock"}
    assert await edge.current() == after
    data = (place / "list").read_bytes() if (place / "list").exists() else b""
    assert data in {TEXT, b"9.9.9.9/32\n" if old else b""}
    assert (after.generation, after.entries) in {(generation, old), (generation + 1, SOME)}
    assert after.entries != SOME or data == TEXT
    final = await put(edge, entries("1.0.0.1/32"))
    assert (final.entries, final.generation) == (entries("1.0.0.1/32"), after.generation + 1)
    assert names(place) == {"list", ".list.gatepost.json", ".list.gatepost.lock"}
    return after.entries == SOME


async def test_reload_that_never_ran_and_then_fails(tmp_path, clock):
    """After a crash before the reload, a reload that then fails brings back the last content in force."""
    await put(target(tmp_path, clock), OTHER)
    (tmp_path / "step").mkdir()
    sidecar = tmp_path / ".list.gatepost.json"
    written = sidecar.read_bytes()
    await put(target(tmp_path, clock), SOME)
    pending = json.loads(sidecar.read_bytes())["written"]
    sidecar.write_text(json.dumps(json.loads(written) | {"pending": pending}))
    edge = target(tmp_path, clock, reload=reload(tmp_path, "[18]"))
    assert (await edge.current()).entries == OTHER
    with pytest.raises(TargetRejected, match="works"):
        await put(edge, entries("1.0.0.1/32"))
    assert (tmp_path / "list").read_bytes() == b"9.9.9.9/32\n"


async def test_edited_cleanly(tmp_path, clock):
    """A line added or removed by hand is read as what it is."""
    edge = target(tmp_path, clock, format="nginx")
    await put(edge, SOME)
    (tmp_path / "list").write_bytes(b"8.8.4.0/24 1;\n9.9.9.9/32 1;\n")
    assert texts(await edge.current()) == ["8.8.4.0/24", "9.9.9.9/32"]


WRITTEN = {
    **dict.fromkeys(("txt", "edl", "haproxy", "squid", "fortinet", "juniper"), b"9.9.9.9/32"),
    "nginx": b"9.9.9.9/32 1;",
    "f5": b"9.9.9.9,32,wl,",
    "haproxy-map": b"9.9.9.9/32 webhooks",
    "csv": b"9.9.9.9/32,prefix,,,",
}
"""An entry as a line of each format."""
NO_LINES = (
    *(b"9.9.9.9/32x", b"9.9.9.9/99", b"9.9.9.1/24", b"9.9.9.9/32 2;", b"9.9.9.9/32 0;", b"x 9.9.9.9/32 1;"),
    *(b"9.9.9.9,32,bl,", b"9.9.9.9/32 other", b"9.9.9.9/32,domain,,,", b"9.9.9.9/32,prefix,tcp,0-70000,"),
    *(b"9.9.9.9/32,prefix,,,\x00", "９.9.9.9/32".encode(), b"deny 9.9.9.9/32", b"!9.9.9.9/32", b"<html>"),
)
"""Lines that are no entry in any of them."""


@pytest.mark.parametrize("form", WRITTEN)
async def test_a_comment_added(tmp_path, clock, form):
    """A comment and blank lines take nothing away: every entry is still read, and the file is not in step."""
    edge = target(tmp_path, clock, format=form)
    clean = await put(edge, SOME)
    data = (tmp_path / "list").read_bytes()
    (tmp_path / "list").write_bytes("# note d'équipe\n\n".encode() + data + b"  \n#\r\n")
    held = await edge.current()
    assert (held.entries, held.unread) == (SOME, False)
    assert held.digest != clean.digest
    assert (await put(edge, SOME)).digest == clean.digest
    assert (tmp_path / "list").read_bytes() == data


@pytest.mark.parametrize("form", WRITTEN)
@pytest.mark.parametrize("odd", NO_LINES)
async def test_lines_that_are_no_entry(tmp_path, clock, form, odd):
    """Beside entries that are read, text that only looks like one never becomes one, and is told of."""
    edge = target(tmp_path, clock, format=form)
    await put(edge, SOME)
    kept = (tmp_path / "list").read_bytes().splitlines()[:-1]
    lines = [*kept, b"# a comment, so nothing is rendered back", WRITTEN[form], odd]
    (tmp_path / "list").write_bytes(b"\n".join(lines))
    held = await edge.current()
    assert (texts(held), held.unread) == (["8.8.4.0/24", "8.8.8.8/32", "9.9.9.9/32"], True)


async def test_rows_with_ports(tmp_path, clock):
    """Rows of an edited table keep protocol, ports, necessity and domains."""
    edge = target(tmp_path, clock, format="csv")
    await put(edge, MIXED)
    data = (tmp_path / "list").read_bytes()
    (tmp_path / "list").write_bytes(data + b"\n")
    held = await edge.current()
    assert (held.entries, held.unread) == (MIXED, False)


async def test_domains_beside_a_comment(tmp_path, clock):
    """So are names, in the formats that have them; an address is none there."""
    edge = target(tmp_path, clock, format="domains")
    await put(edge, MIXED[2:])
    (tmp_path / "list").write_bytes(b"*.example.com # ours\nexample.com\n9.9.9.9/32\n")
    held = await edge.current()
    assert (texts(held), held.unread) == (["example.com", "*.example.com"], True)


@pytest.mark.parametrize("form", ["json", "tfvars.json", "gdc.json", "rsc"])
async def test_other_forms_are_read_whole(tmp_path, clock, form):
    """A form that has more than a line for an entry is read as it was written, or not at all."""
    edge = target(tmp_path, clock, format=form)
    await put(edge, SOME)
    with (tmp_path / "list").open("ab") as file:
        file.write(b"\n")
    held = await edge.current()
    assert (held.entries, held.unread) == ((), True)


@pytest.mark.parametrize(("data", "unread"), [(b"", False), (b"\n# all gone\n", False), (b"gone\n", True)])
async def test_nothing_is_left(tmp_path, clock, data, unread):
    """No entry and nothing else is empty; no entry and something else is not known to be."""
    edge = target(tmp_path, clock)
    await put(edge, SOME)
    (tmp_path / "list").write_bytes(data)
    held = await edge.current()
    assert (held.entries, held.unread) == ((), unread)


@pytest.mark.parametrize(
    ("data", "unread"),
    [
        (b'{"syncToken": "7", "creationTime": "2026-01-05T08:00:00Z", "prefixes": []}\n', False),
        (b"{}", False),
        (b'{"prefixes": [], "gatepost": {"entries": [{"value": "8.8.8.8/32"}]}}', False),
        (b'{"prefixes": [{"ipv4Prefix": "8.8.8.8/32"}]}', True),
        (b'{"prefixes": [', True),
    ],
)
async def test_nothing_is_left_in_a_document(tmp_path, clock, data, unread):
    """A JSON document without any text that could be an entry is empty, not merely unread."""
    edge = target(tmp_path, clock, format="json")
    await put(edge, SOME)
    (tmp_path / "list").write_bytes(data)
    held = await edge.current()
    assert (held.entries, held.unread) == ((), unread)


@pytest.mark.parametrize(
    "edit", [b"8.8.4.0/24 0;\n", b"# 8.8.4.0/24 1;\n", b"8.8.4.1/24 1;\n", b"\xff\x00", b""]
)
async def test_edited_beyond_reading(tmp_path, clock, edit):
    """A file whose meaning cannot be read is never in step: it plans as a whole new file."""
    edge = target(tmp_path, clock, format="nginx")
    clean = await put(edge, SOME[:1])
    (tmp_path / "list").write_bytes(edit)
    drifted = await edge.current()
    assert (drifted.generation, drifted.entries) == (1, ())
    assert drifted.digest != clean.digest
    assert (await put(edge, SOME[:1])).generation == 2


async def test_removed_by_hand(tmp_path, clock):
    """A file that somebody removed is empty, at our generation, and comes back."""
    edge = target(tmp_path, clock)
    await put(edge, SOME)
    (tmp_path / "list").unlink()
    assert ((await edge.current()).generation, (await edge.current()).entries) == (1, ())
    assert (await put(edge, SOME)).entries == SOME


async def test_another_format(tmp_path, clock):
    """A file in the format of yesterday's configuration is not in step."""
    await put(target(tmp_path, clock), SOME)
    held = await target(tmp_path, clock, format="nginx").current()
    assert (held.generation, held.entries, held.unread) == (1, (), True)
    await put(target(tmp_path, clock, format="nginx"), SOME)
    assert (tmp_path / "list").read_bytes().startswith(b"8.8.4.0/24 1;")


async def test_empty_file(tmp_path, clock):
    """An empty file, as packages ship them, may become ours."""
    (tmp_path / "list").touch()
    assert (await target(tmp_path, clock).current()).generation == 0
    assert (await put(target(tmp_path, clock), SOME)).entries == SOME


@pytest.mark.parametrize("sidecar", ["", "{}", "[]", '{"gatepost": 2}', "\0"])
async def test_sidecar_of_others(tmp_path, clock, sidecar):
    """A sidecar that is not ours makes the place foreign."""
    (tmp_path / ".list.gatepost.json").write_text(sidecar)
    with pytest.raises(TargetForeign, match="sidecar"):
        await target(tmp_path, clock).current()


async def test_edited_sidecar(tmp_path, clock):
    """A sidecar with values that are none makes the place foreign."""
    await put(target(tmp_path, clock), SOME)
    sidecar = tmp_path / ".list.gatepost.json"
    sidecar.write_text(sidecar.read_text().replace("8.8.4.0/24", "8.8.4.0/99"))
    with pytest.raises((TargetForeign, TargetUnavailable)):
        await target(tmp_path, clock).current()


async def test_link_and_directory(tmp_path, clock):
    """Anything that is not a regular file is foreign."""
    (tmp_path / "list").symlink_to("/etc/passwd")
    with pytest.raises(TargetForeign, match="symbolic link"):
        await target(tmp_path, clock).current()
    with pytest.raises(TargetForeign, match="regular"):
        await File("edge", File.Options(path=tmp_path), clock=clock).current()


async def test_no_directory(tmp_path, clock):
    """A directory that is not there is said in one sentence."""
    edge = File("edge", File.Options(path=tmp_path / "none" / "list"), clock=clock)
    fresh = await edge.current()
    with pytest.raises(TargetUnavailable, match=f"none/list: there is no directory {tmp_path}/none$"):
        await edge.apply(plan_for(fresh, SOME), SOME)


async def test_no_space(tmp_path, clock):
    """A full disk leaves the old file and its sidecar."""
    disk = tmp_path / "disk"
    disk.mkdir()
    await anyio.run_process(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)])
    try:
        held = await put(target(disk, clock), OTHER)
        with pytest.raises(TargetUnavailable, match="No space left"):
            await put(target(disk, clock), many(10_000))
        assert await target(disk, clock).current() == held
        assert (disk / "list").read_bytes() == b"9.9.9.9/32\n"
    finally:
        await anyio.run_process(["umount", str(disk)])


async def test_another_writer(tmp_path, clock):
    """While another gatepost writes the file we wait, and give up after the timeout."""
    lock = FileLock(tmp_path / ".list.gatepost.lock")
    assert lock.acquire()
    with pytest.raises(TargetUnavailable, match="another gatepost"):
        await put(target(tmp_path, clock, timeout=0.2), SOME)
    lock.release()
    assert (await put(target(tmp_path, clock, timeout=0.2), SOME)).entries == SOME


async def test_domain_of_wrong_form(tmp_path, clock):
    """A domain that normalising would have refused is refused by the renderer too, and nothing is written."""
    odd = (Entry(Domain("example.com\n0.0.0.0/0")),)
    with pytest.raises(TargetRejected, match="A-label"):
        await put(target(tmp_path, clock), odd)
    assert not (tmp_path / "list").exists()


async def test_ten_thousand(tmp_path, clock):
    """10,000 entries are written and read back; a plan from before is stale."""
    edge = target(tmp_path, clock, format="json")
    fresh = await edge.current()
    wanted = many(10_000)
    assert (await put(edge, wanted)).entries == wanted
    with pytest.raises(StalePlan):
        await edge.apply(plan_for(fresh, wanted), wanted)


def test_a_format_that_needs_more():
    """A format that needs to know a proxy is refused for files, which know none."""
    with pytest.raises(ConfigInvalid, match="needs a proxy"):
        File("edge", File.Options(path=Path("list"), format="pac"))
