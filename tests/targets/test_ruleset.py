"""What a ruleset makes of a list: found in the rules, and told by packets."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gatepost.model.entry import Direction
from gatepost.model.finding import Severity
from gatepost.targets.nftables import Nftables
from rigs.rulesets import CASES, Case, chain
from rigs.street import HOST, LISTED, UNLISTED, Street, street

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def town():
    with street() as made:
        yield made


async def examined(town: Street, direction: Direction = Direction.INGRESS):
    """All findings of the real target, in the namespace."""
    proc = Path(f"/proc/{town.host.pid}/net")
    return await Nftables("edge", Nftables.Options(), runner=town.host, proc=proc).findings(direction)


def kinds(findings, severity: Severity) -> tuple[str, ...]:
    return tuple(sorted(each.kind for each in findings if each.severity is severity))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_each_ruleset(town, case: Case):
    """Each is found to be what it is, no more and no less, and packets go as the findings say."""
    town.load(case.text)
    findings = await examined(town)
    assert kinds(findings, Severity.WRONG) == tuple(sorted(case.wrong)), findings
    assert kinds(findings, Severity.NOTE) == case.notes, findings
    assert kinds(findings, Severity.UNSURE) == case.unsure, findings
    assert kinds(findings, Severity.GOOD) == ("effective",) * case.good, findings
    if case.through is not None:
        assert town.arrived() == case.through


async def test_a_published_port(town):
    """A port that is sent on to a container is open to all, as the finding says, until forward is guarded."""
    town.load(CASES["published"].text)
    assert town.arrived(at_container=True) == {LISTED[0], UNLISTED[0]}
    town.load(CASES["published-and-guarded"].text)
    assert town.arrived(at_container=True) == {LISTED[0]}


async def test_a_dormant_table(town):
    """The rules of a table that sleeps are there to be read, and let everybody in."""
    town.load(CASES["perfect"].text)
    town.host.nft("add", "table", "inet", "gatepost", "{ flags dormant; }")
    assert [(each.kind, each.severity) for each in await examined(town)] == [("dormant", Severity.WRONG)]
    assert town.arrived() == {*LISTED, *UNLISTED}


CONNECTION = """
import socket, sys
source, destination = sys.argv[1:]
family = socket.AF_INET6 if ":" in source else socket.AF_INET
socket.create_connection((destination, 443), 30, (source, 0))
"""
LISTENING = """
import socket
made = socket.create_server(("::", 443), family=socket.AF_INET6, dualstack_ipv6=True)
print("ready", flush=True)
while True:
    made.accept()
"""


@pytest.mark.parametrize(
    ("early", "kind"),
    [
        ("tcp flags & (syn|ack) == syn accept", "shadowed"),
        ("tcp flags & (fin|syn|rst|ack) == syn ct state new accept", "shadowed"),
        ("tcp sport 1024-65535 accept", "shadowed"),
        ("meta length lt 2000 accept", "shadowed"),
        ("ct count 100 accept", "uncertain"),
        ("tcp option maxseg exists accept", "uncertain"),
        ("quota until 100 mbytes accept", "uncertain"),
    ],
)
async def test_connections_that_get_past(town, early, kind):
    """Where an accept before the rule lets in a connection of a denied client, that is never untold."""
    service = [
        f"tcp dport 443 {name} saddr @edge_v{number} accept" for name, number in (("ip", 4), ("ip6", 6))
    ]
    opening = "type filter hook input priority 0; policy drop; meta l4proto ipv6-icmp accept"
    lines = [opening, "ct state established accept", early, *service]
    town.load(Case(chain("c", *lines)).text)
    listening = [*town.host.enter, sys.executable, "-c", LISTENING]
    with subprocess.Popen(listening, stdout=subprocess.PIPE) as listener:  # noqa: ASYNC220 - it only starts
        try:
            assert listener.stdout.readline() == b"ready\n"
            for source in UNLISTED:
                argv = [*town.client.enter, sys.executable, "-c", CONNECTION, source, HOST[":" in source]]
                subprocess.run(argv, check=True)  # noqa: ASYNC221 - it is short
        finally:
            listener.kill()
    told = [each for each in await examined(town) if each.kind != "effective"]
    assert {each.kind for each in told} == {kind}
    assert {each.message[:4] for each in told} == {"IPv4", "IPv6"}
