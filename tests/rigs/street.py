"""Three namespaces in a row, client, host and container, and packets that prove what a ruleset does."""

from __future__ import annotations

import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from rigs.nftables import NamespaceRunner, namespace

LISTED = ("198.51.100.1", "2001:db8:1::1")
UNLISTED = ("198.51.100.2", "2001:db8:1::2")
HOST = ("198.51.100.254", "2001:db8:1::fe")
CONTAINER = "172.17.0.2"
PORT = 443
"""The service that a list is about."""
END = 9
"""A port that every ruleset leaves open: what comes to it says that all before it has come."""
END_AT_CONTAINER = 10
"""The same, where the host sends it on."""
PATIENCE = 30.0
"""Seconds after which a packet has not come: a busy machine is no failure."""

LISTENER = """
import socket
def bound(port):
    made = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    made.bind(("::", port))
    return made
service, end = bound({port}), bound({end})
service.setblocking(False)
print("ready", flush=True)
while True:
    end.recv(16)
    came = []
    try:
        while True:
            came.append(service.recvfrom(16)[1][0].removeprefix("::ffff:"))
    except BlockingIOError:
        print(" ".join(came), flush=True)
"""
SENDER = """
import os, socket, sys
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # one queue: the last sent is the last to come
port, end, *ways = sys.argv[1:]
def send(way, port):
    source, destination = way.split(">")
    made = socket.socket(socket.AF_INET6 if ":" in source else socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((source, 0))
    made.sendto(b"x", (destination, int(port)))
for way in ways:
    send(way, port)
send(ways[-2], end)  # from an address that is not listed, which no ruleset may drop here
"""
LINKS = """
ip link add out type veth peer name in netns {client}
ip link set out address 02:00:00:00:00:fe
ip link add bridge type veth peer name in netns {container}
ip link set bridge address 02:00:00:00:01:fe
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
ip addr add {v4}/24 dev out && ip addr add {v6}/64 dev out nodad && ip link set out up
ip addr add 172.17.0.1/24 dev bridge && ip link set bridge up
ip neigh replace 172.17.0.2 lladdr 02:00:00:00:01:01 dev bridge
"""
CLIENT = """
ip link set in address 02:00:00:00:00:01
{addresses}
ip link set in up
ip neigh replace {v4} lladdr 02:00:00:00:00:fe dev in
ip neigh replace {v6} lladdr 02:00:00:00:00:fe dev in
"""
BEHIND = """
ip link set in address 02:00:00:00:01:01
ip addr add 172.17.0.2/24 dev in && ip link set in up
ip route add default via 172.17.0.1
"""


@dataclass
class Listener:
    """A process that tells which senders reached a port."""

    process: subprocess.Popen[str]

    def came(self) -> set[str]:
        """Since the last time; waits for the packet that is sent last."""
        assert self.process.stdout
        assert select.select([self.process.stdout], [], [], PATIENCE)[0], "the last packet did not come"
        return set(self.process.stdout.readline().split())


@dataclass
class Street:
    """The three, with someone listening on the host and in the container."""

    client: NamespaceRunner
    host: NamespaceRunner
    at_host: Listener
    at_container: Listener

    def load(self, text: str) -> None:
        """This ruleset and nothing else, on the host."""
        self.host.nft("-f", "-", text=f"flush ruleset\n{text}")

    def arrived(self, *, port: int = PORT, at_container: bool = False) -> set[str]:
        """Which of the four senders reach the service, on the host or in the container."""
        end = END_AT_CONTAINER if at_container else END
        ways = [f"{source}>{HOST[':' in source]}" for source in (*LISTED, *UNLISTED)]
        argv = [*self.client.enter, sys.executable, "-c", SENDER, str(port), str(end), *ways]
        subprocess.run(argv, check=True)
        return (self.at_container if at_container else self.at_host).came()


@contextmanager
def street() -> Iterator[Street]:
    """Gone at the end, with every process in it."""
    with ExitStack() as stack:
        client, host, container = (stack.enter_context(namespace()) for _ in range(3))
        addresses = [f"ip addr add {each}/24 dev in" for each in (LISTED[0], UNLISTED[0])]
        addresses += [f"ip addr add {each}/64 dev in nodad" for each in (LISTED[1], UNLISTED[1])]
        names = {"v4": HOST[0], "v6": HOST[1], "client": client.pid, "container": container.pid}
        _run(host, LINKS.format(**names))
        _run(client, CLIENT.format(addresses="\n".join(addresses), **names))
        _run(container, BEHIND)
        yield Street(client, host, _listener(stack, host, PORT), _listener(stack, container, 8443))


def _run(kernel: NamespaceRunner, script: str) -> None:
    subprocess.run([*kernel.enter, "sh", "-ec", script], check=True)


def _listener(stack: ExitStack, kernel: NamespaceRunner, port: int) -> Listener:
    argv = [*kernel.enter, sys.executable, "-c", LISTENER.format(port=port, end=END)]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    stack.callback(_end, process)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return Listener(process)


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()
