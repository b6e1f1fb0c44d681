"""A kernel of its own to write nftables into: a network namespace, entered for each program."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gatepost.kit.process import Finished, SystemRunner
from gatepost.targets.nftables import Nftables


class NamespaceRunner(SystemRunner):
    """Runs programs in a network namespace; remembers what was asked of them."""

    def __init__(self, pid: int) -> None:
        super().__init__()
        self.enter = ["nsenter", f"--net=/proc/{pid}/ns/net", "--"]
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


class Rig:
    """What the contract suite needs to know of nftables."""

    def __init__(self, runner: NamespaceRunner) -> None:
        self.runner = runner

    def target(self) -> Nftables:
        """A new object for the same place."""
        return Nftables("edge", Nftables.Options(), runner=self.runner)

    def occupy(self) -> None:
        """Something of somebody else's at the place."""
        self.runner.nft("add", "table", "inet", "gatepost")
        self.runner.nft("add", "set", "inet", "gatepost", "edge_v4", "{ type ipv4_addr; flags interval; }")

    def edit(self) -> None:
        """Somebody adds an element by hand."""
        self.runner.nft("add", "element", "inet", "gatepost", "edge_v4", "{ 9.9.9.9 }")

    def state(self) -> str:
        """Everything that is there."""
        return self.runner.nft("list", "ruleset")


@contextmanager
def rig(_: Path) -> Iterator[Rig]:
    """Nothing there yet."""
    with namespace() as runner:
        yield Rig(runner)
