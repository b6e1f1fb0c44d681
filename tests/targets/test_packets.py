"""Packets on the loopback of a namespace, while the list that lets them through changes under them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from gatepost.targets.nftables import Nftables
from rigs.nftables import namespace
from rigs.plans import entries, many, put

pytestmark = pytest.mark.anyio

FLOOD = """
import socket
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.bind(("127.0.0.1", 0))
print("ready", flush=True)
while True:
    try:
        sender.sendto(b"x", ("127.0.0.1", 9))
    except ConnectionRefusedError:
        pass
"""
OWN = entries("127.0.0.1/32")
LISTS = {
    "few-change": [(*many(500), *OWN), (*many(490), *many(10, offset=5000), *OWN)],
    "most-change": [(*many(500), *OWN), (*many(500, offset=5000), *OWN)],
    "neighbours-come-and-go": [OWN, entries("127.0.0.0/31"), entries("127.0.0.0/24")],
}


def counted(kernel, name: str) -> int:
    """Packets that a named counter saw."""
    objects = json.loads(kernel.nft("-j", "list", "counter", "inet", "gatepost", name))["nftables"]
    return next(each["counter"]["packets"] for each in objects if "counter" in each)


def user_rules(kernel, snippet: str) -> None:
    """A chain of the user's, in our table, that lets listed senders through and drops the others."""
    for name in ("passed", "dropped"):
        kernel.nft("add", "counter", "inet", "gatepost", name)
    kernel.nft("add", "chain", "inet", "gatepost", "mine", "{ type filter hook input priority 0; }")
    for rule in snippet.replace(" accept", " counter name passed accept").splitlines():
        kernel.nft("add", "rule", "inet", "gatepost", "mine", "udp", "dport", "9", *rule.split())
    kernel.nft(
        "add",
        "rule",
        "inet",
        "gatepost",
        "mine",
        *["udp", "dport", "9", "counter", "name", "dropped", "drop"],
    )


@pytest.mark.parametrize("lists", LISTS.values(), ids=LISTS)
async def test_no_listed_packet_is_lost(either, lists):
    """While its list changes, in whichever way, no packet of a sender that stays listed is dropped."""
    with namespace() as kernel:
        edge = either(kernel)
        changes = [tuple(sorted(each, key=lambda entry: entry.key)) for each in lists]
        await put(edge, changes[0])
        user_rules(kernel, edge.snippet())
        flood = subprocess.Popen([*kernel.enter, sys.executable, "-c", FLOOD], stdout=subprocess.PIPE)  # noqa: ASYNC220 - it only starts
        try:
            with flood.stdout:
                flood.stdout.readline()
            for _ in range(4):
                for wanted in changes:
                    assert (await put(edge, wanted)).entries == wanted
        finally:
            flood.kill()
            flood.wait()
        assert counted(kernel, "dropped") == 0
        assert counted(kernel, "passed") > 1000


async def test_unlisted_packets_are_dropped():
    """The same rules drop a sender that is not listed: the count above means something."""
    with namespace() as kernel:
        edge = Nftables("edge", Nftables.Options(), runner=kernel)
        await put(edge, many(10))
        user_rules(kernel, edge.snippet())
        send = (
            "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))"
        )
        subprocess.run([*kernel.enter, sys.executable, "-c", send], check=True)  # noqa: ASYNC221 - it is short
        assert (counted(kernel, "passed"), counted(kernel, "dropped")) == (0, 1)
