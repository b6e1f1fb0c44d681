"""`run` and `emulate`: they start, do their work on schedule, and stop when told, leaving all as it was."""

from __future__ import annotations

import json
import re
import signal
import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest

from gatepost.emulator.state import ListChange
from rigs.history import passed
from rigs.program import Program
from rigs.sites import EVENTS, HISTORY, SERVED, in_file, listed, own

RFC3339 = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
SERVICE = HISTORY + SERVED + EVENTS + 'every = "1h"\n' + listed("events") + in_file()


@pytest.fixture
def service(asking) -> Program:
    """One list of Feishu, asked every hour."""
    asking.write(asking.path.read_text() + SERVICE)
    return asking


def outbound(emulator) -> object:
    """Feishu's list."""
    return emulator.state.lists["feishu"]["outbound_ip"]


def test_run_applies_on_schedule_and_stops_on_sigterm(service, emulator):
    """It applies at once, and again when the hour is over; SIGTERM ends it with 0, and nothing is undone."""
    edge = service.folder / "edge.txt"
    with service.running("run") as running:
        running.wait_for("edge applied +")
        assert "101.126.59.7/32\n" in edge.read_text()
        first = edge.read_text()
        running.stop(signal.SIGTERM, within=10).ended(0)
    assert edge.read_text() == first
    outbound(emulator).change(ListChange(add=("101.126.60.7",)))
    passed(service.folder / "history.db", timedelta(hours=2))
    with service.running("run") as running:
        running.wait_for("edge applied +1 -0 sha256:")
        held = edge.read_text()
        done = running.stop(signal.SIGTERM, within=10).ended(0)
    assert edge.read_text() == held
    assert set(held.split()) - set(first.split()) == {"101.126.60.7/32"}
    assert done.out == ""
    assert "started: lists 1, targets 1" in done.err
    assert done.err.endswith("stopped; what is applied stays\n")
    assert all(re.match(RFC3339, line) for line in done.err.splitlines()), done.err


def test_entries_of_the_file_itself_wait_for_no_interval(program):
    """Whoever adds one and starts the service anew sees it applied at once, though the hour is not over."""
    site = HISTORY + SERVED + listed("own") + in_file()
    program.write(site + own("101.226.1.0/26"))
    program.json("apply")
    program.write(site + own("101.226.1.0/26", "101.226.2.0/26"))
    with program.running("run") as running:
        running.wait_for("edge applied +1 -0 sha256:")
        running.stop(signal.SIGTERM, within=10).ended(0)
    assert (program.folder / "edge.txt").read_text() == "101.226.1.0/26\n101.226.2.0/26\n"


def test_run_stops_while_a_platform_hangs(service, emulator):
    """A signal does not wait for a platform: SIGINT amid a request ends it with 0 within 10 s."""
    service.json("apply")
    held = (service.folder / "edge.txt").read_text()
    passed(service.folder / "history.db", timedelta(hours=2))
    emulator.inject("hang", platform="feishu")
    before = len(emulator.journal.entries)
    with service.running("run") as running:
        running.wait_for("started")
        running.wait_until(lambda: len(emulator.journal.entries) > before)
        running.stop(signal.SIGINT, within=10).ended(0)
    assert (service.folder / "edge.txt").read_text() == held


def test_run_tells_what_fails(service, emulator):
    """A source that fails is told even with -q, and its list stays in force; what goes well is not told."""
    service.json("apply")
    edge = service.folder / "edge.txt"
    held = edge.read_text()
    passed(service.folder / "history.db", timedelta(hours=2))
    rule = emulator.inject("wrong-secret", platform="feishu")
    for token in emulator.state.tokens.issued:
        token.revoked = True
    with service.running("run", "-q") as running:
        running.wait_for("events: CredentialsRejected: ")
        told = running.stop(signal.SIGTERM, within=10).ended(0).err
    assert "started" not in told
    assert edge.read_text() == held
    emulator.faults.remove(rule)
    outbound(emulator).change(ListChange(add=("101.126.60.9",)))
    passed(service.folder / "history.db", timedelta(hours=2))
    with service.running("run", "-q") as running:
        running.wait_until(lambda: "101.126.60.9/32" in edge.read_text())
        assert running.stop(signal.SIGTERM, within=10).ended(0).err == ""
    assert set(held.split()) < set(edge.read_text().split())


def test_run_remembers_when_it_asked(service, emulator):
    """Started again within the interval it asks nothing: a restart loop does not hammer a platform."""
    with service.running("run") as running:
        running.wait_for("edge applied")
        running.stop(signal.SIGTERM, within=10).ended(0)
    asked = len(emulator.journal.entries)
    assert asked
    for _ in range(2):
        with service.running("run") as running:
            running.wait_for("started")
            running.stop(signal.SIGTERM, within=10).ended(0)
    assert len(emulator.journal.entries) == asked


def control(url: str, path: str, body: object = None) -> object:
    """One request of the emulator's control API."""
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url + path, data), timeout=10) as reply:
        return json.load(reply)


def test_emulate_serves_four_platforms(program):
    """It tells its address once it is ready, serves every platform and its control, and stops with 0."""
    with program.running("emulate", "--port", "0", "--json") as running:
        told = json.loads(running.wait_for("}\n", "stdout"))
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", told["url"])
        known = control(told["control"], "")
        assert {"feishu", "lark", "wechat", "wecom", "chat"} <= set(known["platforms"])
        assert control(told["control"], "faults", {"fault": "A9", "platform": "wechat"}) == {"number": 1}
        port = told["url"].rpartition(":")[2]
        taken = program("emulate", "--port", port, "--json").ended(1)
        assert port in taken.error["message"]
        running.stop(signal.SIGINT, within=10).ended(0)
    with program.running("emulate", "--port", port) as again:
        assert f"http://127.0.0.1:{port}/_emulator/" in again.wait_for("\n", "stdout")
        assert again.stop(signal.SIGTERM, within=10).ended(0).err == ""


def test_the_server_is_an_extra(program):
    """Without it `emulate` and `demo` name the extra to install, without a traceback."""
    (program.folder / "uvicorn.py").write_text("raise ImportError\n")
    for command in ("emulate", "demo"):
        error = program(command, "--json", PYTHONPATH=str(program.folder), PATH="/nowhere").ended(1).error
        assert (error["kind"], error["hint"]) == ("UsageError", "pip install 'gatepost[emulator]'")
    assert [path.name for path in Path(program.folder).glob("gatepost-demo-*")] == []
