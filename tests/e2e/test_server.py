"""The built program serves: answers, a login, a held plan approved over HTTP, a crash, and a new start."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

import httpx2
import pytest

from gatepost.emulator.state import ListChange
from rigs.program import Program
from rigs.sites import EVENTS, HISTORY, SERVED, in_file, listed

SITE = (
    HISTORY
    + SERVED
    + """
[server.users.bob]
role = "approver"
password = "file:bob.line"

[server.users.watcher]
role = "viewer"
token = "env:WATCHER"

[server.consumers.fw1]
token = "env:FW1"
token_next = "env:FW1_NEXT"
"""
    + EVENTS
    + listed("events")
    + in_file()
    + """
[targets.pulled]
kind = "feed"
list = "webhooks"
path = "feed"
"""
)
PASSWORD = "correct horse battery"
SECRETS = {
    "WATCHER": "watcher-token-of-twenty",
    "FW1": "firewall-token-number-1",
    "FW1_NEXT": "firewall-token-number-2",
}
WATCHER = {"authorization": f"Bearer {SECRETS['WATCHER']}"}
PATIENCE = 60


@pytest.fixture
def site(asking) -> Program:
    """Feishu's list, on a file and as a feed, behind a login."""
    made = Program(asking.folder, {**asking.secrets, **SECRETS})
    made.write(asking.path.read_text() + SITE)
    line = start(made, made.argv("password"), PASSWORD + "\n").stdout
    (made.folder / "bob.line").write_text(line)
    return made


def start(program, argv, given="") -> subprocess.CompletedProcess[str]:
    """Run something to its end, with this on standard input."""
    return subprocess.run(
        argv,
        input=given,
        env=program.environment,
        cwd=program.folder,
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )


def url_of(running) -> str:
    """Where it says that it serves."""
    return re.search(r"serving (http://\S+)", running.wait_for("started: "))[1]


def until(true, *, seconds=PATIENCE):
    """Ask again and again."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end
    return found


def log_in(client) -> dict[str, str]:
    """As a browser does; the cookie stays with the client."""
    told = client.post("/login", json={"user": "bob", "password": PASSWORD})
    assert told.status_code == 200, told.text
    return {"x-csrf-token": told.json()["csrf"], "origin": str(client.base_url).rstrip("/")}


def test_a_held_plan_is_approved_over_http_and_survives_a_crash(site, emulator):
    """Served, held, approved, applied; kill -9; then session, word and list are still there."""
    outbound = emulator.state.lists["feishu"]["outbound_ip"]
    site.json("apply")
    outbound.change(ListChange(replace=["101.126.59.7"]))
    site("plan").ended(3)
    edge = site.folder / "edge.txt"
    before = edge.read_text()
    with site.running("run") as running:
        url = url_of(running)
        with httpx2.Client(base_url=url) as client:
            assert client.get("/v1/status").status_code == 401
            assert client.get("/v1/lists/webhooks.txt").status_code == 401
            safe = log_in(client)
            running.wait_for("webhooks serial=")
            (held,) = client.get("/v1/plans").json()["held"]
            digest = held["digest"]
            assert "guard" in client.get(f"/v1/explain/{digest}").json()["paragraph"]
            done = client.post(f"/v1/plans/{digest}/approve", json={"why": "ticket 42"}, headers=safe)
            assert done.status_code == 200, done.text
            assert done.json()["who"] == "bob@web"
            until(lambda: not client.get("/v1/plans").json()["held"])
            cookie = dict(client.cookies)
        for token in (SECRETS["FW1"], SECRETS["FW1_NEXT"]):
            fetched = httpx2.get(f"{url}/v1/lists/webhooks.txt", auth=("fw1", token))
            assert fetched.status_code == 200
            assert "101.126.59.7/32" in fetched.text
        running.process.send_signal(signal.SIGKILL)
        running.process.wait(10)
    with site.running("run") as running:
        with httpx2.Client(base_url=url_of(running), cookies=cookie) as client:
            assert client.get("/v1/session").json()["user"] == "bob"
            words = client.get("/v1/audit").json()["words"]
            assert [(one["who"], one["why"]) for one in words] == [("bob@web", "ticket 42")]
            again = httpx2.get(f"{client.base_url}/v1/lists/webhooks.txt", auth=("fw1", SECRETS["FW1"]))
            assert again.content == fetched.content
            metrics = client.get("/metrics", headers=WATCHER).text
            assert 'gatepost_target_in_sync{target="edge"}' in metrics
        running.stop(signal.SIGTERM, within=20).ended(0)
    assert before
    assert edge.read_text()


def test_answers_over_http_are_the_command_lines_own(site):
    """Status, history, plans and check, member by member, of one history."""
    site.json("apply")
    with site.running("run") as running, httpx2.Client(base_url=url_of(running), headers=WATCHER) as client:
        assert client.get("/readyz").status_code == 200
        for path, command in (
            ("/v1/history/webhooks", ("history", "webhooks")),
            ("/v1/check?value=101.126.59.7", ("check", "101.126.59.7")),
            ("/v1/check?value=101.126.59.7&list=webhooks", ("check", "101.126.59.7", "--list", "webhooks")),
        ):
            ours, theirs = client.get(path).json(), site.json(*command)
            assert ours | {"at": 0} == theirs | {"at": 0}, path
        status = client.get("/v1/status").json()
        assert {key: set(one) for key, one in status.items() if isinstance(one, dict)} == {}
        assert set(status) == set(site("status", "--json").document)
        running.stop(signal.SIGTERM, within=20).ended(0)


@pytest.mark.parametrize(
    ("listen", "lacking"),
    [
        ("", "TLS (certificate and key) and a login (a user in [server.users], or [server.oidc])"),
        ('certificate = "c.pem"\nkey = "k.pem"\n', "a login (a user in [server.users], or [server.oidc])"),
        ('[server.users.bob]\nrole = "admin"\ntoken = "env:TOKEN"\n', "TLS (certificate and key)"),
    ],
)
def test_beyond_loopback_it_refuses_to_start(program, listen, lacking):
    """Naming what is missing: TLS, a login, or both."""
    for address in ("0.0.0.0:8642", "[::]:8642", "192.0.2.1:8642"):
        program.write(f'[server]\nlisten = "{address}"\n{listen}')
        done = program("run").ended(1)
        assert f"beyond loopback the server needs {lacking}" in done.err
        assert "gatepost.toml:2: server.listen" in done.err


def test_a_port_in_use_is_a_clear_error(program):
    """It does not start half: the next step is told, nothing is applied."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        program.write(f'[store]\nurl = "sqlite:///h.db"\n[server]\nlisten = "127.0.0.1:{port}"\n')
        done = program("run").ended(1)
    assert f"ServerUnavailable: cannot listen on 127.0.0.1:{port}" in done.err
    assert "started" not in done.err


def test_the_service_manager_hears_when_it_serves(program):
    """READY once it listens, WATCHDOG while it turns, STOPPING at the end."""
    program.write('[store]\nurl = "sqlite:///h.db"\n[server]\nlisten = "127.0.0.1:0"\n')
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(program.folder / "notify"))
        manager.settimeout(PATIENCE)
        told = {"NOTIFY_SOCKET": str(program.folder / "notify"), "WATCHDOG_USEC": "600000"}
        with program.running("run", **told) as running:
            url = url_of(running)
            assert manager.recv(100) == b"READY=1"
            assert httpx2.get(f"{url}/livez").status_code == 200
            assert [manager.recv(100) for _ in range(3)] == [b"WATCHDOG=1"] * 3
            os.kill(running.process.pid, signal.SIGTERM)
            until(lambda: manager.recv(100) == b"STOPPING=1")
            running.process.wait(20)


def test_without_a_server_it_still_applies(program):
    """`enabled = false`: nothing listens, the schedule goes on."""
    program.write('[store]\nurl = "sqlite:///h.db"\n[server]\nenabled = false\n')
    with program.running("run") as running:
        running.wait_for("started")
        done = running.stop(signal.SIGTERM, within=20).ended(0)
    assert "serving" not in done.err


def test_help_loads_nothing_that_serves(program):
    """`gatepost --help` and `status` import no part of the server."""
    code = "import sys; sys.argv[1:] = {args}; import gatepost.cli.main as m\n"
    code += "try: m.main()\nexcept SystemExit: pass\n"
    code += "import json; print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    program.write('[store]\nurl = "sqlite:///h.db"\n')
    for arguments in (["--help"], ["status"], ["run", "--help"]):
        done = start(program, [sys.executable, "-c", code.replace("{args}", repr(arguments))])
        loaded = set(json.loads(done.stderr.strip().splitlines()[-1]))
        assert not loaded & {"uvicorn", "starlette", "prometheus_client", "jinja2", "uvloop", "httptools"}, (
            arguments
        )
