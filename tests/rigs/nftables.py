"""A kernel of its own to write nftables into: a network namespace, entered for each program."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gatepost.errors import ProgramFailed
from gatepost.kit.process import Finished, Runner, SystemRunner
from gatepost.model.entry import Entry
from gatepost.planning.digest import digest_entries
from gatepost.targets._nft import Place
from gatepost.targets._nft_netlink import Direct
from gatepost.targets.nftables import Nftables
from rigs.netlink import inside


class NamespaceRunner(SystemRunner):
    """Runs programs in a network namespace; remembers what was asked of them."""

    def __init__(self, pid: int) -> None:
        super().__init__()
        self.enter = ["nsenter", f"--net=/proc/{pid}/ns/net", "--"]
        self.pid = pid
        self.calls: list[tuple[tuple[str, ...], bytes]] = []

    async def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float) -> Finished:  # noqa: ASYNC109 - the runner's own
        """In the namespace."""
        self.calls.append((tuple(argv), stdin))
        return await super().run([*self.enter, *argv], stdin=stdin, timeout=timeout)

    def nft(self, *arguments: str, text: str | None = None) -> str:
        """As a user would."""
        argv = [*self.enter, "nft", *arguments]
        return subprocess.run(argv, input=text, capture_output=True, text=True, check=True).stdout


@contextmanager
def namespace() -> Iterator[NamespaceRunner]:
    """A fresh network namespace with loopback up; gone at the end."""
    script = "ip link set lo up && echo ready && exec sleep infinity"
    keeper = subprocess.Popen(["unshare", "-n", "sh", "-c", script], stdout=subprocess.PIPE)
    try:
        with keeper.stdout:
            assert keeper.stdout.readline() == b"ready\n", "network namespaces need root"
        yield NamespaceRunner(keeper.pid)
    finally:
        keeper.kill()
        keeper.wait()


FORMS = ("netlink", "nft")
SETS = """
add table inet gatepost
add set inet gatepost edge_v4 { type ipv4_addr; flags interval; }
add set inet gatepost edge_v6 { type ipv6_addr; flags interval; }
"""


class Rig:
    """What the contract suite needs to know of nftables."""

    def __init__(self, runner: NamespaceRunner, form: str = "nft") -> None:
        self.runner = runner
        self.form = form

    def target(self) -> Nftables:
        """A new object for the same place."""
        return target(self.runner) if self.form == "nft" else direct(self.runner)

    def occupy(self) -> None:
        """Something of somebody else's at the place."""
        self.runner.nft("add", "table", "inet", "gatepost")
        self.runner.nft("add", "set", "inet", "gatepost", "edge_v4", "{ type ipv4_addr; flags interval; }")

    def edit(self) -> None:
        """Somebody adds an element by hand."""
        self.runner.nft("add", "element", "inet", "gatepost", "edge_v4", "{ 9.9.9.9 }")

    def orphan(self, *texts: str) -> None:
        """Our sets, made and filled by somebody, without any mark of ours."""
        v4, v6 = (", ".join(text for text in texts if (":" in text) is six) for six in (False, True))
        elements = (
            f"add element inet gatepost edge_v4 {{ {v4} }}\nadd element inet gatepost edge_v6 {{ {v6} }}\n"
        )
        self.runner.nft("-f", "-", text=SETS + elements)

    async def cut_off(self, desired: tuple[Entry, ...]) -> bool:
        """What a write in parts leaves that was cut off after its additions."""
        added = ", ".join(str(each.value) for each in desired if "." in str(each.value))
        note = f"gatepost mixed {digest_entries(desired)}"
        batch = "delete element inet gatepost edge_gen { 1 }\n"
        batch += f'add element inet gatepost edge_gen {{ 2 comment "{note}" }}\n'
        self.runner.nft("-f", "-", text=f"{batch}add element inet gatepost edge_v4 {{ {added} }}\n")
        return True

    def content(self) -> list[str]:
        """The elements of the address sets."""
        return [self.runner.nft("list", "set", "inet", "gatepost", f"edge_v{six}") for six in (4, 6)]

    def state(self) -> str:
        """Everything that is there."""
        return self.runner.nft("list", "ruleset")


@contextmanager
def rig(_: Path, form: str) -> Iterator[Rig]:
    """Nothing there yet."""
    with namespace() as runner:
        yield Rig(runner, form)


STRANGE = [
    ("set", "edge_v4 { type inet_service; flags interval; }"),
    ("set", "edge_v4 { type ipv4_addr; }"),
    ("set", "edge_v4 { type ipv4_addr; flags interval, timeout; }"),
    ("set", "edge_v6 { type ipv4_addr . inet_service; flags interval; }"),
    ("set", "edge_gen { type ipv4_addr; }"),
    ("set", "edge_gen { type mark; elements = { 7 }; }"),
    ("set", 'edge_gen { type mark; elements = { 7 comment "mine" }; }'),
    ("map", "edge_v4 { type ipv4_addr : verdict; flags interval; }"),
]
"""Sets of our names that gatepost did not make."""


def target(runner: Runner, name: str = "edge", **options: Any) -> Nftables:
    """A target whose ``nft`` that runner runs."""
    return Nftables(name, Nftables.Options(**options), runner=runner)


def direct(
    runner: NamespaceRunner, name: str = "edge", *, send_max: int | None = None, **options: Any
) -> Nftables:
    """A target that speaks netlink to the runner's namespace, at most so many bytes at once."""
    kernel = Direct(Place("gatepost", name), inside(runner.pid, send_max=send_max))
    return Nftables(name, Nftables.Options(**options), kernel=kernel)


def sets_of(kernel: NamespaceRunner, table: str = "gatepost") -> dict[str, dict[str, Any]]:
    """Sets of a table by name."""
    objects = json.loads(kernel.nft("-j", "list", "table", "inet", table))["nftables"]
    return {each["set"]["name"]: each["set"] for each in objects if "set" in each}


class Interrupted:
    """Carries out what it is given, or not, and then reports that the program did not end."""

    def __init__(self, kernel, *, carry_out: bool) -> None:
        self.kernel, self.carry_out = kernel, carry_out

    async def run(self, argv, *, stdin=b"", timeout):  # noqa: ASYNC109 - the runner's own
        """As the kernel's runner, but for the batch."""
        if "-f" in argv:
            if self.carry_out:
                await self.kernel.run(argv, stdin=stdin, timeout=timeout)
            msg = "nft did not end"
            raise ProgramFailed(msg)
        return await self.kernel.run(argv, stdin=stdin, timeout=timeout)
