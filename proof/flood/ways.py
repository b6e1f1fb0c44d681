"""Ways to replace a list in a filter: gatepost's, and those that people write by hand.

Each runs in the server's namespace. Its filter lets in what the list names and
drops every other UDP packet, on the input hook at the priority of a filter.
"""

from __future__ import annotations

import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar

from stage.plans import planned

from gatepost.errors import StalePlan
from gatepost.model.address import Family, Prefix
from gatepost.model.entry import Entry
from gatepost.model.plan import Current
from gatepost.planning.digest import digest_entries
from gatepost.targets.nftables import Nftables

List = tuple[Entry, ...]

CHAIN = """
add chain inet {table} clients {{ type filter hook input priority filter; policy drop; }}
add rule inet {table} clients meta l4proto != udp accept
add rule inet {table} clients ip saddr @edge_v4 accept
add rule inet {table} clients ip6 saddr @edge_v6 accept
"""
"""The user's chain: what the page on nftables tells to write."""
BY_NFT = Nftables.Options(backend="nft")
TRIES = 100
"""For one replacement, where others change the set meanwhile."""


class Way(ABC):
    """One way of replacing."""

    name: ClassVar[str]
    """In the table."""
    loses: ClassVar[bool | None]
    """Whether packets are to be lost; None where nothing is claimed."""

    @abstractmethod
    async def prepare(self, first: List) -> None:
        """Make the filter, with its first list."""

    @abstractmethod
    async def replace(self, wanted: List) -> None:
        """Have the filter let in what ``wanted`` names, and nothing else."""

    async def check(self, wanted: List) -> None:  # noqa: B027 - where there is something to read it with
        """Raise AssertionError unless the filter holds ``wanted``."""


class Gatepost(Way):
    """gatepost's own target."""

    name = "gatepost, by nft"
    loses = False
    options = BY_NFT

    def __init__(self) -> None:
        self.target = Nftables("edge", self.options)
        self.held = Current(0, (), "")
        self.digests: dict[int, str] = {}

    async def prepare(self, first: List) -> None:
        """Sets by gatepost, the chain by its user; continues where another applier stopped."""
        await self.replace_whatever(first)
        if "chain clients" not in nft("list", "table", "inet", "gatepost"):
            nft("-f", "-", text=CHAIN.format(table="gatepost"))

    async def replace(self, wanted: List) -> None:
        """One plan on what it wrote before: refused where that is not there any more."""
        digest = self._digest(wanted)
        await self.target.apply(planned(self.held, digest, wanted), wanted)
        self.held = Current(self.held.generation + 1, wanted, digest)

    def _digest(self, wanted: List) -> str:
        """Computed once for each of the lists, so that it does not count as time for replacing."""
        if id(wanted) not in self.digests:
            self.digests[id(wanted)] = digest_entries(wanted)
        return self.digests[id(wanted)]

    async def replace_whatever(self, wanted: List) -> int:
        """Plan anew for as long as others are quicker; gives how often a plan was stale."""
        for stale in range(TRIES):
            self.held = await self.target.current()
            try:
                await self.replace(wanted)
            except StalePlan:
                continue
            return stale
        msg = f"{TRIES} plans in a row were stale"
        raise AssertionError(msg)

    async def check(self, wanted: List) -> None:
        """Read back by nft, whatever wrote it."""
        if (await Nftables("edge", BY_NFT).current()).entries != wanted:
            msg = "the kernel does not hold the last list"
            raise AssertionError(msg)


class GatepostNetlink(Gatepost):
    """The same, without the nft program."""

    name = "gatepost, by netlink"
    options = Nftables.Options(backend="netlink")


class FlushThenAdd(Way):
    """``nft flush set`` and then ``nft add element``."""

    name = "nft flush set, then nft add element"
    loses = True

    async def prepare(self, first: List) -> None:
        """Sets and chain of one's own."""
        nft("-f", "-", text="\n".join(("add table inet hand", *_sets(), CHAIN.format(table="hand"))))
        await self.replace(first)

    async def replace(self, wanted: List) -> None:
        """Two commands."""
        nft("-f", "-", text="flush set inet hand edge_v4\nflush set inet hand edge_v6\n")
        nft("-f", "-", text="\n".join(_elements(wanted)) + "\n")


class Recreate(Way):
    """One ``nft -f`` that deletes the table and makes it anew: one transaction, and yet."""

    name = "one nft -f: delete table, make it anew"
    loses = None

    async def prepare(self, first: List) -> None:
        """The same file."""
        await self.replace(first)

    async def replace(self, wanted: List) -> None:
        """As configuration management does it."""
        parts = ("add table inet hand", "delete table inet hand", "add table inet hand", *_sets())
        nft("-f", "-", text="\n".join((*parts, *_elements(wanted), CHAIN.format(table="hand"))))


class IpsetRefill(Way):
    """One ``ipset restore`` that flushes and fills, matched by iptables."""

    name = "one ipset restore: flush, add"
    loses: ClassVar[bool | None] = True

    async def prepare(self, first: List) -> None:
        """Sets, then rules."""
        for name, family in (("edge_v4", "inet"), ("edge_v6", "inet6")):
            command("ipset", "create", name, "hash:net", "family", family, "maxelem", "1000000")
        for program, name in (("iptables", "edge_v4"), ("ip6tables", "edge_v6")):
            command(program, "-A", "INPUT", "!", "-p", "udp", "-j", "ACCEPT")
            command(program, "-A", "INPUT", "-m", "set", "--match-set", name, "src", "-j", "ACCEPT")
            command(program, "-P", "INPUT", "DROP")
        await self.replace(first)

    async def replace(self, wanted: List) -> None:
        """One command, several steps."""
        flush = ("flush edge_v4", "flush edge_v6")
        command("ipset", "restore", text="\n".join((*flush, *_members(wanted, ""))) + "\n")


class IpsetSwap(IpsetRefill):
    """``ipset restore`` of a new set that is then swapped in."""

    name = "one ipset restore: new set, swap"
    loses = None

    async def replace(self, wanted: List) -> None:
        """The right way with ipset."""
        make = [f"create edge_v{family}_new hash:net family {name} maxelem 1000000"
                for family, name in ((4, "inet"), (6, "inet6"))]  # fmt: skip
        ends = [f"swap edge_v{family} edge_v{family}_new\ndestroy edge_v{family}_new" for family in (4, 6)]
        command("ipset", "restore", text="\n".join((*make, *_members(wanted, "_new"), *ends)) + "\n")


WAYS: dict[str, type[Way]] = {
    "gatepost-netlink": GatepostNetlink,
    "gatepost-nft": Gatepost,
    "flush-then-add": FlushThenAdd,
    "recreate": Recreate,
    "ipset-refill": IpsetRefill,
    "ipset-swap": IpsetSwap,
}


def nft(*argv: str, text: str = "") -> str:
    """One run of nft, to its good end."""
    return command("nft", *argv, text=text)


def command(*argv: str, text: str = "") -> str:
    """One program, to its good end."""
    return subprocess.run([*argv], input=text, stdout=subprocess.PIPE, text=True, check=True).stdout


def _sets() -> Iterable[str]:
    yield "add set inet hand edge_v4 { type ipv4_addr; flags interval; }"
    yield "add set inet hand edge_v6 { type ipv6_addr; flags interval; }"


def _elements(wanted: List) -> Iterable[str]:
    for family in Family:
        listed = ", ".join(str(prefix) for prefix in _prefixes(wanted, family))
        yield f"add element inet hand edge_v{family} {{ {listed} }}"


def _members(wanted: List, end: str) -> Iterable[str]:
    for family in Family:
        yield from (f"add edge_v{family}{end} {prefix}" for prefix in _prefixes(wanted, family))


def _prefixes(wanted: List, family: Family) -> Iterable[Prefix]:
    found = (entry.value for entry in wanted if isinstance(entry.value, Prefix))
    return (prefix for prefix in found if prefix.family is family)
