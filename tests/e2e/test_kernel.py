"""The program and the kernel's nftables, in a network namespace with the emulated platforms."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatepost.emulator.state import ListChange
from rigs.accounts import accounts, environment, write_secret_file
from rigs.canaries import Overhearing, files, find
from rigs.nftables import NamespaceRunner, namespace
from rigs.processes_seen import watching
from rigs.program import Program
from rigs.served import served

LISTS = """
[store]
url = "sqlite:///history.db"

[sources.feishu-events]
kind = "feishu.events"
account = "feishu-main"

[sources.wecom-callbacks]
kind = "wecom.callback"
account = "corp"

[lists.webhooks]
direction = "ingress"
sources = ["feishu-events", "wecom-callbacks"]

[targets.edge]
kind = "nftables"
list = "webhooks"
table = "gatepost"
set = "webhooks"
"""
THEIRS = """
table inet filter {
  chain input { type filter hook input priority 0; policy accept; tcp dport 443 accept; }
}
"""


@pytest.fixture
def network() -> Iterator[NamespaceRunner]:
    """A namespace with somebody's own rules."""
    with namespace() as runner:
        runner.nft("-f", "-", text=THEIRS)
        yield runner


@pytest.fixture
def emulator() -> Overhearing:
    """Platforms that remember every credential."""
    return Overhearing()


@pytest.fixture
def base_url(emulator, network) -> Iterator[str]:
    """Served inside the namespace."""
    place = network.enter[1].removeprefix("--net=")
    with served(emulator, Path(place)) as url:
        yield url


@pytest.fixture
def edge(emulator, base_url, network, tmp_path) -> Program:
    """Two sources and the kernel."""
    program = Program(tmp_path, environment(emulator), network.enter)
    program.write(accounts(emulator, base_url, write_secret_file(emulator, tmp_path)) + LISTS)
    return program


def elements(network: NamespaceRunner, family: int = 4) -> set[str]:
    """What the kernel's set holds, as it prints it."""
    listed = json.loads(network.nft("-j", "list", "set", "inet", "gatepost", f"webhooks_v{family}"))
    found = next(one["set"] for one in listed["nftables"] if "set" in one).get("elem", [])
    return {json.dumps(element, sort_keys=True) for element in found}


def test_from_the_platforms_to_the_kernel(edge, network, emulator):
    """Plan, apply, verify, change, drift: the kernel holds the list, and nobody else's rules are touched."""
    theirs = network.nft("list", "table", "inet", "filter")
    planned = edge.json("plan", code=2)["plans"][0]
    assert "gatepost" not in network.nft("list", "tables"), "a plan changes nothing"
    applied = edge.json("apply")["plans"][0]
    assert (applied["outcome"], applied["verified"], applied["digest"]) == (
        "applied",
        True,
        planned["digest"],
    )
    first = elements(network)
    assert '"101.226.180.51"' in first
    assert edge.json("check", "101.126.59.7", "--target", "edge")["on_target"] is True
    emulator.state.lists["feishu"]["outbound_ip"].change(ListChange(add=("101.126.61.1",)))
    edge.json("apply")
    assert elements(network) - first == {'"101.126.61.1"'}
    network.nft("add", "element", "inet", "gatepost", "webhooks_v4", "{ 9.9.9.9 }")
    drift = edge.json("plan", code=3)["plans"][0]
    assert [reason["guard"] for reason in drift["reasons"]] == ["drift"]
    assert (drift["add"], drift["remove"]) == ([], ["9.9.9.9/32"])
    edge("approve", drift["digest"], "--why", "nobody knows of it").ended(0)
    edge.json("apply")
    assert elements(network) - first == {'"101.126.61.1"'}
    assert edge.json("status")["targets"][0]["generation"] == 3
    assert network.nft("list", "table", "inet", "filter") == theirs


def test_what_runs_on_the_way_to_the_kernel(edge, emulator, base_url):
    """The programs it starts get no secret: not on a command line, not in an environment, not in a file."""
    by_program = f'{LISTS}backend = "nft"\n'
    edge.write(accounts(emulator, base_url, write_secret_file(emulator, edge.folder)) + by_program)
    emulator.state.lists["feishu"]["outbound_ip"].change(ListChange(add=("101.126.62.1",)))
    slow = edge.folder / "bin" / "nft"
    slow.parent.mkdir()
    slow.write_text(f'#!/bin/sh\nsleep 0.1\nexec {shutil.which("nft")} "$@"\n')
    slow.chmod(0o755)
    path = f"{slow.parent}:{os.environ['PATH']}"
    with edge.running("apply", "-vv", PATH=path) as running, watching(running.process.pid) as seen:
        out, err = running.process.communicate(timeout=90)
    assert running.process.returncode == 0, err
    assert any(bytes(slow) in line for line in seen.command_lines), "nft was seen at work"
    assert any(b"LC_ALL=C.UTF-8" in held for held in seen.environments), "and its environment"
    places = {
        "output": out + err,
        "command lines": b"\n".join(seen.command_lines),
        "environments": b"\n".join(seen.environments),
    }
    written = {name: data for name, data in files(edge.folder).items() if not name.endswith("wecom.secret")}
    assert find(places | written, emulator.secrets) == []
