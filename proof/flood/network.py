"""A server and its clients, each in a namespace of its own, joined by veth pairs; the kernel counts.

Each client has its own cable, so the server's counters by interface say whose
packets arrived, before any filter, and whose passed the filter under test:
they are counted again by a chain that comes after it. What a client has sent
is counted in its own namespace.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from stage.namespaces import Namespace, namespace

PORTS = "{ 9, 10 }"
"""Where the flood goes, and where its stamped packets go."""


@dataclass(frozen=True, slots=True)
class Client:
    """One that sends."""

    name: str
    number: int
    """Of its network."""

    @property
    def v4(self) -> str:
        """First part of its network's IPv4 addresses; the server is 1, the client 2."""
        return f"12.0.{self.number}."

    @property
    def v6(self) -> str:
        """The same for IPv6."""
        return f"2a01:{self.number}::"

    def hardware(self, host: int) -> str:
        """Address of one end of its cable."""
        return f"02:00:00:00:0{self.number}:0{host}"


ALLOWED, DENIED, ADMIN = Client("allowed", 1), Client("denied", 2), Client("admin", 3)
CLIENTS = (ALLOWED, DENIED, ADMIN)
"""On every list, on none though its neighbours are, and on every list because it is protected."""


@dataclass(frozen=True, slots=True)
class Count:
    """Packets of one client."""

    sent: int
    arrived: int
    accepted: int

    @property
    def dropped(self) -> int:
        """Between leaving the client and having passed the filter."""
        return self.sent - self.accepted


@dataclass(frozen=True, slots=True)
class Network:
    """The namespaces."""

    server: Namespace
    clients: dict[Client, Namespace]

    def counts(self) -> dict[str, Count]:
        """By client's name. Exact once nothing sends any more."""
        judged = _counters(self.server)
        return {
            client.name: Count(
                _counters(place)["sent"], judged[f"{client.name}_arrived"], judged[f"{client.name}_accepted"]
            )
            for client, place in self.clients.items()
        }


@contextmanager
def network() -> Iterator[Network]:
    """Server and clients, joined and counting; gone at the end."""
    with ExitStack() as stack:
        server = stack.enter_context(namespace())
        clients = {client: stack.enter_context(namespace()) for client in CLIENTS}
        for client, place in clients.items():
            _join(server, client, place)
            place.run("nft", "-f", "-", text=SENT)
        server.run("nft", "-f", "-", text="\n".join(_judge()))
        yield Network(server, clients)


def _join(server: Namespace, client: Client, place: Namespace) -> None:
    """Neighbours are told, not asked for: a filter under test may drop the asking."""
    ours, theirs = client.hardware(1), client.hardware(2)
    pair = f"{client.name} address {ours} type veth peer name server address {theirs} netns {place.pid}"
    server.run("ip", "link", "add", "name", *pair.split())
    for end, device, host in ((server, client.name, 1), (place, "server", 2)):
        end.run("ip", "address", "add", f"{client.v4}{host}/24", "dev", device)
        end.run("ip", "address", "add", f"{client.v6}{host}/64", "dev", device, "nodad")
        end.run("ip", "link", "set", device, "up")
    for address in (f"{client.v4}1", f"{client.v6}1"):
        place.run("ip", "neighbour", "replace", address, "lladdr", ours, "dev", "server", "nud", "permanent")


SENT = f"""
table inet judge {{
    counter sent {{ }}
    chain sent {{
        type filter hook postrouting priority 200;
        udp dport {PORTS} counter name sent
    }}
}}
"""


def _judge() -> Iterator[str]:
    yield "table inet judge {"
    for client in CLIENTS:
        yield f"counter {client.name}_arrived {{ }}\ncounter {client.name}_accepted {{ }}"
    yield from _counting("arrived", "prerouting priority -300")
    yield from _counting("accepted", "input priority 200")
    yield "}"


def _counting(what: str, hook: str) -> Iterator[str]:
    yield f"chain {what} {{\ntype filter hook {hook};"
    for client in CLIENTS:
        yield f'iifname "{client.name}" udp dport {PORTS} counter name {client.name}_{what}'
    yield "}"


def _counters(place: Namespace) -> dict[str, int]:
    listed = json.loads(place.run("nft", "-j", "list", "counters", "table", "inet", "judge"))
    found = (each["counter"] for each in listed["nftables"] if "counter" in each)
    return {counter["name"]: counter["packets"] for counter in found}
