"""`status`, `plan` and `apply` where a target is not as it was left, or cannot be read."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from rigs.nftables import namespace
from rigs.program import Program

NOBODY = 65534
SITE = """
[store]
url = "sqlite:///history.db"

[protect]
dns = false
ntp = false

[sources.one]
kind = "static"
direction = "ingress"
entries = ["61.0.0.1", "61.0.0.3", "61.0.0.5"]

[lists.webhooks]
direction = "ingress"
sources = ["one"]
"""
FILE = """
[targets.edge]
kind = "file"
list = "webhooks"
path = "edge.txt"
"""
KERNEL = """
[targets.edge]
kind = "nftables"
list = "webhooks"
backend = "{backend}"
"""


@pytest.fixture
def site(program) -> Program:
    """A list in a file, applied once."""
    program.write(SITE + FILE)
    program("apply").ended(0)
    return program


def edge(site):
    """The file."""
    return site.folder / "edge.txt"


def seen(site, code, *arguments):
    """The target, as status shows it."""
    return site.json("status", *arguments, code=code)["targets"][0]


def test_emptied_is_red_without_another_look(site):
    """A file that is gone is EMPTY at the first `status` after it; `--no-look` asks the history."""
    edge(site).unlink()
    assert seen(site, 0, "--no-look")["in_step"] is True
    target = seen(site, 1)
    assert (target["drift"]["empty"], target["in_step"], target["looked"]) == (True, False, True)
    assert seen(site, 1, "--no-look")["looked"] is False
    done = site("status").ended(1)
    assert done.out.count("EMPTY") == 2, done
    assert "in step" not in done.out
    assert "已空" in site("status", "--lang", "zh").ended(1).out


def test_plan_and_apply_say_empty(site):
    """What is planned for an emptied target says so, in words and in JSON, in both languages."""
    edge(site).unlink()
    assert "edge: EMPTY: somebody removed everything" in site("plan").out
    assert "已空" in site("plan", "--lang", "zh").out
    assert site("plan", "--json").document["plans"][0]["drift"]["empty"] is True
    for line in (("apply", "--json"), ("plan", "--json")):
        document = site(*line).document["plans"][0]
        told = (document["drift"] or {}).get("empty", False)
        assert told is (line[0] == "apply" or document["status"] == "held"), document


def test_opened_wide_is_red(site):
    """A stranger's 128.0.0.0/1 is told first of all that came, and is no mere drift."""
    more = "".join(f"9.9.{n}.0/32\n" for n in range(40))
    edge(site).write_text(more + "128.0.0.0/1\n61.0.0.1/32\n61.0.0.3/32\n61.0.0.5/32\n")
    done = site("status").ended(1)
    assert done.out.count("OPENED WIDE") == 2, done
    lines = done.out.splitlines()
    head = next(n for n, line in enumerate(lines) if "edge: OPENED WIDE" in line)
    assert lines[head + 1].strip() == "+128.0.0.0/1"
    assert "OPENED WIDE" in site("plan").out
    assert "门户大开" in site("status", "--lang", "zh").out


def test_what_is_no_file_any_more_is_red(site):
    """Where a link took the file's place nobody knows what is in force: red, with what to do."""
    edge(site).rename(site.folder / "elsewhere")
    edge(site).symlink_to(site.folder / "elsewhere")
    target = seen(site, 1)
    assert (target["unread"]["error"]["kind"], target["in_step"]) == ("TargetForeign", False)
    assert seen(site, 1, "--no-look")["unread"] == target["unread"]
    done = site("status").ended(1)
    assert "NOT READ" in done.out
    assert 'gatepost adopt edge --why "…"' in done.out


def test_a_plan_of_what_cannot_be_read_says_unknown(site):
    """Nothing is said to change where nothing is known, of the list neither."""
    edge(site).rename(site.folder / "elsewhere")
    edge(site).symlink_to(site.folder / "elsewhere")
    document = site.json("plan", code=1)
    plan = document["plans"][0]
    assert (plan["status"], plan["outcome"], plan["error"]["kind"]) == ("unknown", "failed", "TargetForeign")
    assert document["lists"][0]["status"] == "unknown"
    assert "in step" not in site("plan").ended(1).out
    assert seen(site, 1, "--no-look")["unread"]["error"]["kind"] == "TargetForeign", "the cycle noted it"


def test_a_refused_rollback_claims_nothing(site):
    """Where a guard refuses a rollback no serial is said to be back."""
    site.edit('"61.0.0.5"]', '"61.0.0.5", "61.0.0.7"]')
    site("apply", "--confirm-within", "10m").ended(0)
    done = site("rollback", "webhooks", "--to", "1", "--why", "try").ended(3)
    assert "is back" not in done.out
    assert "It stays" not in done.out
    assert "not brought back" in done.out
    assert "gatepost confirm" in done.out
    assert "没有恢复" in site("rollback", "webhooks", "--to", "1", "--why", "try", "--lang", "zh").out
    assert site.json("history", "webhooks")["serials"][-1]["serial"] == 2
    site("confirm").ended(0)
    assert (
        "serial 1 is back, as serial 3"
        in site("rollback", "webhooks", "--to", "1", "--why", "x").ended(0).out
    )


def test_what_would_not_be_loaded_at_boot_is_told(site):
    """What is applied and cannot be kept for boot is applied, told on stderr, and exit 4."""
    last = site.folder / "history.state" / "last"
    for one in last.iterdir():
        one.unlink()
    last.rmdir()
    last.touch()
    site.edit('"61.0.0.5"]', '"61.0.0.5", "61.0.0.7"]')
    done = site("apply").ended(4)
    assert "61.0.0.7/32" in edge(site).read_text()
    assert "not be loaded at boot" in done.err
    done = site("apply", "--json").ended(4)
    assert (done.document["plans"][0]["outcome"], "boot" in done.err) == ("unchanged", True)
    site.edit('"61.0.0.7"]', '"61.0.0.7", "61.0.0.9"]')
    assert "开机" in site("apply", "--lang", "zh").ended(4).err
    assert "at boot" in site("rollback", "webhooks", "--to", "1", "--why", "x").ended(4).err


def test_what_no_approval_lifts_is_not_to_be_approved(site):
    """`status` and `plan` name what helps, where approving is refused."""
    site.edit('"61.0.0.5"]', '"61.0.0.5", "61.0.0.7"]')
    site("apply", "--confirm-within", "10m").ended(0)
    site.edit('"61.0.0.7"]', '"61.0.0.7", "61.0.0.9"]')
    planned = site("plan").ended(3)
    for done in (planned, site("status").ended(3)):
        assert "gatepost approve" not in done.out
        assert "`gatepost confirm` keeps the last change" in done.out
    held = site.json("status", code=3)["held"][0]
    assert held["reasons"][0]["absolute"] is True
    assert "保留上一次变更" in site("status", "--lang", "zh").out


@pytest.fixture(params=["netlink", "nft"])
def kernel(request, tmp_path):
    """A list in the kernel, applied once; the kernel beside it."""
    with namespace() as network:
        program = Program(tmp_path, enter=network.enter)
        program.write(SITE + KERNEL.format(backend=request.param))
        program("apply").ended(0)
        yield program, network


REPLACED = """
destroy set inet gatepost edge_v4
add set inet gatepost edge_v4 { type inet_service; }
"""


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ("delete set inet gatepost gatepost_owner\nflush set inet gatepost edge_v4", "unread"),
        ("flush set inet gatepost edge_gen", "unread"),
        (REPLACED.replace("destroy", "delete"), "unread"),
        ("flush ruleset", "drift"),
        ("flush set inet gatepost edge_v4", "drift"),
    ],
)
def test_a_kernel_that_lost_the_list_is_red(kernel, change, key):
    """However the kernel's sets were broken, the first `status` is red, and all after a failed apply."""
    program, network = kernel
    network.nft("-f", "-", text=change)
    target = seen(program, 1)
    assert (bool(target[key]), target["in_step"]) == (True, False)
    assert target["drift"] is None or target["drift"]["empty"] is True
    if key == "unread":
        program("apply").ended(1)
        assert seen(program, 1, "--no-look")["unread"]["error"]["kind"] == "TargetForeign"


@pytest.mark.parametrize("backend", ["netlink", "nft"])
def test_who_may_not_look_is_told(backend):
    """An operator without the right to read the kernel gets what the history knows, and is told so."""
    with namespace() as network, tempfile.TemporaryDirectory() as made:
        root = Program(Path(made), enter=network.enter)
        root.write(SITE + KERNEL.format(backend=backend))
        root("apply").ended(0)
        owned = [made, root.environment["HOME"]]
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", *owned], check=True)
        ids = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups", "--"]
        operator = replace(root, enter=[*network.enter, *ids])
        target = seen(operator, 0)
        assert (target["in_step"], target["looked"], target["unread"]) == (True, False, None)
        assert target["not_looked"]["kind"] == "TargetUnavailable"
        done = operator("status").ended(0)
        assert "edge: not looked at: needs a right that you lack" in done.out
        operator("plan").ended(1)
        assert seen(operator, 0)["in_step"] is True, "who only plans may lack the right"
        operator("apply").ended(1)
        assert seen(operator, 1)["unread"]["error"]["kind"] == "TargetUnavailable"
        assert seen(root, 0)["in_step"] is True
        assert seen(operator, 0)["unread"] is None


def test_a_damaged_feed_is_told_what_helps(program):
    """A manifest that cannot be read is nothing to adopt: what is advised is what works, done literally."""
    feed = FILE.replace('"file"', '"feed"').replace("edge.txt", "edge") + 'formats = ["txt"]\n'
    program.write(SITE + feed)
    program("apply").ended(0)
    place = program.folder / "edge"
    (place / "current" / "manifest.json").write_text("garbage")
    step = (
        f"If nobody else needs them, remove {place}/current and {place}/versions, then run `gatepost apply`."
    )
    done = program("status").ended(1)
    assert step in done.out
    assert "gatepost adopt" not in done.out
    assert step in program("doctor", "--target", "edge").ended(1).out
    assert program.json("adopt", "edge", "--why", "x", code=1)["error"]["hint"] == step
    (place / "current").unlink()
    shutil.rmtree(place / "versions")
    program("apply", "--yes").ended(0)
    assert seen(program, 0)["in_step"]


@pytest.mark.parametrize("leave_file", [True, False])
def test_a_damaged_sidecar_is_told_what_helps(site, leave_file):
    """Without it, the file is adopted, or gone and written anew."""
    sidecar = site.folder / ".edge.txt.gatepost.json"
    sidecar.write_text("garbage")
    told = site("status").ended(1).out
    assert f'Remove {sidecar}, then run `gatepost adopt TARGET --why "…"`' in told
    assert "it was ours before" not in told
    sidecar.unlink()
    if leave_file:
        site("adopt", "edge", "--why", "x").ended(0)
    else:
        edge(site).unlink()
    site("apply", "--yes").ended(0)
    assert seen(site, 0)["in_step"]
