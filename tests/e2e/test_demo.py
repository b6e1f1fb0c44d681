"""`gatepost demo`: every step ends as it should, in the kernel and with files, and nothing is left."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from rigs.processes import alive
from rigs.program import Done, Program

STEPS = [
    ("config check", 0),
    ("plan", 2),
    ("apply --yes", 0),
    ("plan webhooks", 2),
    ("apply webhooks --yes", 0),
    ("apply webhooks --yes", 3),
    ("check 101.126.60.8 --target edge", 0),
    ("check 8.8.8.8", 5),
    ("history webhooks", 0),
    ("status", 3),
]


def outside() -> tuple[object, ...]:
    """What a demo could leave behind on this machine: rules and named namespaces."""
    rules = subprocess.run(["nft", "list", "ruleset"], capture_output=True, text=True, check=True).stdout
    names = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    return rules, names


def left_in(program: Program) -> list[str]:
    """What it left in its folders: TMPDIR is one of them."""
    return sorted(str(place.relative_to(program.folder)) for place in program.folder.rglob("*"))


def steps_of(document: dict[str, object]) -> list[tuple[str, int]]:
    """Commands and exit codes."""
    assert all(step["exit"] == step["expected"] for step in document["steps"]), document
    return [(step["command"], step["exit"]) for step in document["steps"]]


@dataclass(frozen=True)
class Both:
    """A demo with the kernel and one with files, and this machine before and after."""

    kernel: Done
    files: Done
    before: tuple[object, ...]
    after: tuple[object, ...]
    left: dict[str, list[str]]


@pytest.fixture(scope="module")
def both(tmp_path_factory) -> Both:
    """Side by side: they do not know of each other."""
    kernel, files = (Program(tmp_path_factory.mktemp(name)) for name in ("kernel", "files"))
    before = outside()
    with ThreadPoolExecutor(2) as pool:
        # even with the mark of the inner process already in the environment
        first = pool.submit(kernel, "demo", "--json", GATEPOST_DEMO_NAMESPACE="1")
        second = pool.submit(files, "demo", "--lang", "zh", PATH="/nowhere")
        done = first.result(), second.result()
    return Both(*done, before, outside(), {"kernel": left_in(kernel), "files": left_in(files)})


def test_with_the_kernel_s_nftables(both):
    """As root: ten steps, each as expected, in a namespace of its own; the machine's firewall stays."""
    document = both.kernel.ended(0).document
    assert both.kernel.err == ""
    assert (document["ok"], document["firewall"]) == (True, "nftables")
    assert steps_of(document) == STEPS
    assert both.after == both.before
    assert both.left["kernel"] == ["home"]


def test_with_files(both):
    """Without nft a file takes the firewall's place; people see every command and what it said."""
    told = both.files.ended(0).out
    assert re.findall(r"^\$ gatepost (.*)$", told, re.MULTILINE) == [command for command, _ in STEPS]
    assert "$ cat allow.txt\n36.110.145.65/32\n" in told
    assert "将增加 37，将移除 0" in told, "the steps speak the language asked for"
    assert "全部 10 条命令都按预期结束" in told
    assert both.left["files"] == ["home"]


@pytest.fixture
def forbidden(program) -> str:
    """A PATH on which making a namespace is refused, as to root in most containers."""
    place = program.folder / "bin"
    place.mkdir()
    refusing = place / "unshare"
    refusing.write_text("#!/bin/sh\necho 'unshare failed: Operation not permitted' >&2\nexit 1\n")
    refusing.chmod(0o755)
    return f"{place}:{os.environ['PATH']}"


def test_ended_before_its_end(program, forbidden):
    """Where root may make no namespace files are used; SIGTERM amid the steps leaves nothing either."""
    with program.running("demo", PATH=forbidden) as running:
        running.wait_for("$ gatepost plan", "stdout")
        (folder,) = program.folder.glob("gatepost-demo-*")
        assert "allow.txt" in (folder / "gatepost.toml").read_text()
        children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children")
        running.wait_until(lambda: bool(children.read_text().split()), "stdout")
        child = int(children.read_text().split()[0])
        running.stop(signal.SIGTERM, within=10).ended(1)
    assert not alive(child)
    assert left_in(program) == ["bin", "bin/unshare", "home"]


def asked(url: str, **members: str) -> str:
    """A browser on this machine, outside the demo's namespace."""
    data = urlencode(members).encode() if members else None
    request = Request(url, data, {"Accept": "text/html"})
    with urlopen(request, timeout=20) as answer:
        return answer.read().decode()


def test_the_console_at_the_end(program):
    """Served from inside the namespace to a browser outside; a word there is taken at once."""
    with program.running("demo", "--serve") as running:
        running.wait_for("The console: http://127.0.0.1:", "stdout")
        url = re.search(r"The console: (http://127\.0\.0\.1:[0-9]+) ", running.seen["stdout"])[1]
        running.wait_for("edge held +0 -0 sha256:")
        digest = re.search(r"edge held \+0 -0 (sha256:[0-9a-f]+)", running.seen["stderr"])[1]
        assert "webhooks" in asked(url)
        asked(f"{url}/v1/plans/{digest}/approve", why="the announcement says so")
        running.wait_for("edge unchanged +0 -0")
        running.stop(signal.SIGINT, within=20).ended(0)
    assert left_in(program) == ["home"]
