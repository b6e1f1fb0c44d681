"""What devices do with a feed, as their makers document it: each takes a list or says why not.

None of it shares a line with the renderers.
"""

from __future__ import annotations

import ipaddress
import json
import re
import subprocess
from uuid import UUID

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks(texts: list[str]) -> list[Network]:
    """Strict: host bits, leading zeros and scopes are refused."""
    return [ipaddress.ip_network(text) for text in texts]


def pan_os(data: bytes) -> list[Network]:
    """External dynamic list of type *IP list*: one type of entry, a comment after a blank."""
    assert data.endswith(b"\n")
    assert b"\r" not in data
    return networks([line.split(" ")[0] for line in data.decode("ascii").splitlines()])


def fortigate(data: bytes) -> list[Network]:
    """External resource of type *address*: comments after ``#``, at most 131,072 lines and 10 MB."""
    lines = [line.partition("#")[0].strip() for line in data.decode("utf-8").splitlines()]
    found = [line for line in lines if line]
    assert len(found) <= 131_072
    assert len(data) <= 10_000_000
    return networks(found)


def junos(data: bytes) -> list[Network]:
    """``dynamic-address`` feed: a mask on every line."""
    lines = data.decode("ascii").splitlines()
    assert all("/" in line for line in lines)
    return networks(lines)


def big_ip(data: bytes) -> list[Network]:
    """AFM feed list: address, mask, list and category; only ``wl`` lets in, and it has no category."""
    rows = [line.split(",") for line in data.decode("ascii").splitlines()]
    assert all(len(row) == 4 and row[2:] == ["wl", ""] for row in rows)
    return networks([f"{row[0]}/{row[1]}" for row in rows])


def check_point(data: bytes) -> dict[str, list[Network]]:
    """Generic Data Center: version 1.0, objects with a name, an id that is a UUID, and ranges."""
    document = json.loads(data)
    assert document["version"] == "1.0"
    assert isinstance(document["description"], str)
    found = {}
    for one in document["objects"]:
        assert set(one) == {"name", "id", "description", "ranges"}
        found[str(UUID(one["id"]))] = networks(one["ranges"])
    return found


def opn_sense(data: bytes) -> list[Network]:
    """URL table: a line that begins with a blank, ``,``, ``;``, ``|`` or ``#`` is no entry."""
    lines = data.decode("ascii").splitlines()
    return networks([line for line in lines if line and line[0] not in " ,;|#"])


ADD = re.compile(
    r':do \{ add list=(\S+) address=(\S+) comment="([^"]+)" \} on-error='
    r'\{ set \[find where list="([^"]+)" and address="([^"]+)"\] comment="([^"]+)" \}'
)
SWEEP = re.compile(
    r':if \(\[:len \[find where list="([^"]+)" and comment="([^"]+)"\]\] = (\d+)\) do='
    r'\{ remove \[find where list="([^"]+)" and comment~"([^"]+)" and comment!="([^"]+)"\] \}'
    r" else=\{ :log .*\}"
)


class Router:
    """Two menus of address lists and the three statements that the script is made of."""

    def __init__(self) -> None:
        self.lists: dict[str, dict[tuple[str, str], str]] = {"/ip": {}, "/ipv6": {}}
        self.moments: list[frozenset[str]] = []
        """What was let in after each line."""

    def run(self, script: bytes) -> None:
        """Line by line, as ``/import`` does. A line it does not know ends the import."""
        menu = ""
        for line in script.decode("ascii").splitlines():
            if line in ("/ip firewall address-list", "/ipv6 firewall address-list"):
                menu = line.split()[0]
            elif found := ADD.fullmatch(line):
                self._add(self.lists[menu], *found.groups())
            elif found := SWEEP.fullmatch(line):
                self._sweep(self.lists[menu], *found.groups())
            else:
                msg = f"syntax error: {line}"
                raise ValueError(msg)
            self.moments.append(self.addresses())

    def addresses(self) -> frozenset[str]:
        """All that is let in."""
        return frozenset(address for menu in self.lists.values() for _, address in menu)

    def _add(self, menu: dict[tuple[str, str], str], name: str, address: str, mark: str, *again: str) -> None:
        """``set`` of nothing found changes nothing, and nothing says so."""
        if (name, address) not in menu:
            ipaddress.ip_network(address)
            menu[name, address] = mark
        elif (again[0], again[1]) in menu:
            menu[again[0], again[1]] = again[2]

    def _sweep(self, menu: dict[tuple[str, str], str], *words: str) -> None:
        name, mark, wanted, swept, pattern, kept = words
        if sum(key[0] == name and value == mark for key, value in menu.items()) != int(wanted):
            return
        for key, value in [*menu.items()]:
            if key[0] == swept and re.search(pattern, value) and value != kept:
                del menu[key]


def browser(script: bytes, hosts: list[str]) -> list[str]:
    """What ``FindProxyForURL`` answers for each, run by node without any helper function."""
    calls = (
        f"console.log(JSON.stringify({json.dumps(hosts)}.map(h => FindProxyForURL('https://' + h + '/', h))))"
    )
    command = ["node", "-e", script.decode("ascii") + calls]
    done = subprocess.run(command, capture_output=True, check=True, timeout=30)
    return list(json.loads(done.stdout))
