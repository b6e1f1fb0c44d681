from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatepost.errors import (
    ConfigInvalid,
    TargetForeign,
    TargetRejected,
    TargetUnavailable,
)
from gatepost.kit.process import Finished, SystemRunner
from gatepost.model.address import Family
from gatepost.model.entry import Direction
from gatepost.targets.nftables import Nftables
from rigs.nftables import STRANGE, Interrupted, Rig, namespace, sets_of, target
from rigs.plans import entries, many, plan_for, put, texts
from rigs.processes import gone

pytestmark = pytest.mark.anyio

SOME = entries("8.8.4.0/24", "8.8.8.8/32", "2a00:1::/64")


async def test_what_it_makes(kernel):
    """One table with our mark, a set for each family, and the generation with the content's digest."""
    held = await put(target(kernel), SOME)
    sets = sets_of(kernel)
    assert set(sets) == {"gatepost_owner", "edge_v4", "edge_v6", "edge_gen"}
    assert sets["edge_v4"]["elem"] == [{"prefix": {"addr": "8.8.4.0", "len": 24}}, "8.8.8.8"]
    assert sets["edge_v4"]["flags"] == ["interval"]
    assert "auto-merge" not in sets["edge_v4"]
    assert sets["edge_gen"]["elem"] == [{"elem": {"val": 1, "comment": f"gatepost {held.digest}"}}]
    assert "chain" not in kernel.nft("list", "ruleset")


async def test_ranges_are_merged(kernel):
    """Neighbours become one interval, at both ends of the address space too."""
    wanted = entries("10.0.0.1/32", "10.0.0.2/31", "255.255.255.255/32", "0.0.0.0/32", "ffff::/16", "::/128")
    held = await put(target(kernel), wanted)
    assert held.entries == wanted
    assert sets_of(kernel)["edge_v4"]["elem"][1] == {"range": ["10.0.0.1", "10.0.0.3"]}


async def test_one_transaction(kernel):
    """Each apply gives the kernel exactly one batch, and never flushes a set it can change."""
    await put(target(kernel), SOME)
    await put(target(kernel), entries("8.8.4.0/25", "2a00:1::/64"))
    batches = [stdin.decode() for argv, stdin in kernel.calls if argv == ("nft", "-f", "-")]
    assert len(batches) == 2
    assert "create table inet gatepost" in batches[0]
    assert "delete element inet gatepost edge_gen { 1 }" in batches[1]
    assert "2a00" not in batches[1]
    assert not any("flush" in batch or "chain" in batch or "rule" in batch for batch in batches)


async def test_neighbours_in_the_table(kernel):
    """Other targets' sets, and the chains and rules of the user in our table, stay as they are."""
    await put(target(kernel, "other"), SOME)
    snippet = target(kernel).snippet().splitlines()
    await put(target(kernel), SOME)
    kernel.nft(
        "add", "chain", "inet", "gatepost", "mine", "{ type filter hook input priority 0; policy accept; }"
    )
    for rule in snippet:
        kernel.nft("add", "rule", "inet", "gatepost", "mine", *rule.split())
    kernel.nft("add", "table", "ip", "filter")
    other, chain = sets_of(kernel)["other_v4"], kernel.nft("list", "chain", "inet", "gatepost", "mine")
    await put(target(kernel), entries("9.9.9.9/32"))
    assert sets_of(kernel)["other_v4"] == other
    assert kernel.nft("list", "chain", "inet", "gatepost", "mine") == chain
    assert "@edge_v4" in chain
    assert (await target(kernel, "other").current()).entries == SOME


def test_snippet():
    """The rules that refer to the sets match the side of the list's direction."""
    made = Nftables("edge-1", Nftables.Options())
    assert made.snippet() == "ip saddr @edge_1_v4 accept\nip6 saddr @edge_1_v6 accept\n"
    assert made.snippet(Direction.EGRESS).startswith("ip daddr @edge_1_v4")
    assert made.place == "nftables inet gatepost edge_1"


@pytest.mark.parametrize(
    "options",
    [{"table": "a b"}, {"table": "x;y"}, {"set": "é"}, {"set": "a\n"}, {"set": "1a"}, {"set": "a" * 41}],
)
def test_names_are_words(options):
    """A table or set that is not one plain word is refused before anything runs."""
    with pytest.raises(ConfigInvalid):
        Nftables("edge", Nftables.Options(**options))


def test_default_name_must_be_a_word():
    """A target whose name cannot name a set needs one."""
    with pytest.raises(ConfigInvalid, match="set must be"):
        Nftables("1edge", Nftables.Options())
    assert Nftables("1edge", Nftables.Options(set="edge")).place.endswith(" edge")


@pytest.mark.parametrize("family", Family)
async def test_ten_thousand(kernel, family):
    """10,000 entries go in, a few change, and most go, each in one transaction."""
    wanted = many(10_000, family)
    assert (await put(target(kernel), wanted)).entries == wanted
    changed = tuple(sorted((*wanted[5:], *many(3, family, offset=20_000)), key=lambda each: each.key))
    assert (await put(target(kernel), changed)).entries == changed
    fewer = changed[::10]
    assert (await put(target(kernel), fewer)).entries == fewer


async def test_table_of_others(kernel):
    """A table without our mark is refused, empty or not, and stays as it is."""
    for rest in ("", "{ chain input { type filter hook input priority 0; policy drop; } ; }"):
        kernel.nft("add", "table", "inet", "gatepost", *([rest] if rest else []))
        before = kernel.nft("list", "ruleset")
        with pytest.raises(TargetForeign, match="not ours"):
            await target(kernel).current()
        assert kernel.nft("list", "ruleset") == before


@pytest.mark.parametrize(
    ("kind", "definition"),
    [*STRANGE, ("set", "edge_v4 { type ipv4_addr; flags interval; elements = { 9.9.9.9 }; }")],
)
async def test_sets_of_others(kernel, kind, definition):
    """In our table, sets of our names that gatepost did not make are refused and kept."""
    await put(target(kernel, "other"), SOME)
    name, _, rest = definition.partition(" ")
    kernel.nft("add", kind, "inet", "gatepost", name, rest)
    before = kernel.nft("list", "ruleset")
    with pytest.raises(TargetForeign):
        await target(kernel).current()
    assert kernel.nft("list", "ruleset") == before


async def test_declared_by_the_user(kernel):
    """Empty sets that the user's file declares beside our mark, so that rules load at boot, are ours."""
    page = Path(__file__).parents[2] / "docs/targets/nftables.md"
    declared = page.read_text().partition("```nft\n")[2].partition("```")[0]
    kernel.nft("-f", "-", text=declared)
    edge = target(kernel, "webhooks")
    assert (await edge.current()).generation == 0
    assert (await put(edge, SOME)).generation == 1
    kernel.nft("-f", "-", text="flush ruleset\n" + declared)
    assert (await put(edge, SOME)).entries == SOME


async def test_emptied_by_others(kernel):
    """Elements without their generation are not ours any more; with all of it gone we start afresh."""
    await put(target(kernel), SOME)
    kernel.nft("flush", "set", "inet", "gatepost", "edge_gen")
    with pytest.raises(TargetForeign, match="no generation"):
        await target(kernel).current()
    kernel.nft("flush", "set", "inet", "gatepost", "edge_v4")
    kernel.nft("flush", "set", "inet", "gatepost", "edge_v6")
    assert (await put(target(kernel), SOME)).generation == 1


async def test_elements_of_others(kernel):
    """Elements that others added, touching ours, with comments or as ranges, are read as what they are."""
    await put(target(kernel), entries("10.0.0.0/31"))
    kernel.nft("add", "element", "inet", "gatepost", "edge_v4", '{ 10.0.0.2-10.0.0.3 comment "x" }')
    assert texts(await target(kernel).current()) == ["10.0.0.0/30"]
    assert texts(await put(target(kernel), entries("10.0.0.0/29"))) == ["10.0.0.0/29"]


async def test_other_writers_of_nftables(kernel):
    """Other programs that change their own tables all the while do not make us fail."""
    script = "while :; do nft add table ip busy; nft delete table ip busy; done"
    busy = subprocess.Popen([*kernel.enter, "sh", "-c", script])  # noqa: ASYNC220 - it only starts
    try:
        for number in range(15):
            wanted = many(200, offset=number)
            assert (await put(target(kernel), wanted)).entries == wanted
    finally:
        busy.kill()
        busy.wait()


class Unprivileged(SystemRunner):
    """Runs programs as nobody."""

    async def run(self, argv, *, stdin=b"", timeout):  # noqa: ASYNC109 - the runner's own
        """Without any right."""
        nobody = ["unshare", "-n", "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]
        return await super().run([*nobody, *argv], stdin=stdin, timeout=timeout)


async def test_without_rights():
    """Without the right to read nftables the target is unavailable, and the hint says which right."""
    with pytest.raises(TargetUnavailable, match="not permitted") as caught:
        await target(Unprivileged()).current()
    assert "CAP_NET_ADMIN" in caught.value.next_step


def fake_nft(tmp_path, monkeypatch, body: str) -> None:
    """A program ``nft`` that comes first on the path."""
    program = tmp_path / "nft"
    program.write_text(f"#!{sys.executable}\nimport os, signal, sys, time\n{body}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")


async def test_hanging(tmp_path, monkeypatch):
    """An nft that hangs and ignores SIGTERM costs the timeout, and is gone with its children."""
    note = tmp_path / "pids"
    body = f"signal.signal(15, signal.SIG_IGN); child = os.fork(); note = open({str(note)!r}, 'a')"
    fake_nft(
        tmp_path,
        monkeypatch,
        body + "\nprint(os.getpid(), file=note, flush=True)\nwhile True: signal.pause()",
    )
    with pytest.raises(TargetUnavailable, match="did not end within 2 s"):
        await Nftables("edge", Nftables.Options(timeout=2.0, backend="nft")).current()
    pids = note.read_text().split()
    assert len(pids) == 2
    assert await gone(map(int, pids))


async def test_missing():
    """A machine without nft is told to install it."""

    class Nothing(SystemRunner):
        async def run(self, argv, *, stdin=b"", timeout):  # noqa: ASYNC109, ARG002 - the runner's own
            return await super().run(["no-such-nft"], timeout=timeout)

    with pytest.raises(TargetUnavailable, match="cannot be run") as caught:
        await target(Nothing()).current()
    assert "Install" in caught.value.next_step


@pytest.mark.parametrize("listing", [b"", b"[]", b'{"nftables": 7}', b'{"nftables": [{"set": {}}]}', b"\xff"])
async def test_listing_that_cannot_be_read(listing):
    """An answer of nft in another form makes the target unavailable, never empty."""

    class Odd:
        async def run(self, argv, *, stdin=b"", timeout):  # noqa: ASYNC109, ARG002 - the runner's own
            return Finished("nft", 0, listing, b"")

    with pytest.raises(TargetUnavailable, match="can read"):
        await target(Odd()).current()


@pytest.mark.parametrize(
    "element", ["no-address", {"range": ["8.8.8.8"]}, {"prefix": {"addr": "8.8.8.8", "len": 4}}]
)
async def test_element_that_cannot_be_read(element):
    """An element of a form we do not know makes the set foreign: it is never taken for absent."""
    edge = {"name": "edge_v4", "type": "ipv4_addr", "flags": "interval", "elem": [element]}
    sets = [{"name": "gatepost_owner"}, edge]
    listing = json.dumps({"nftables": [{"set": each} for each in sets]}).encode()

    class Newer:
        async def run(self, argv, *, stdin=b"", timeout):  # noqa: ASYNC109, ARG002 - the runner's own
            return Finished("nft", 0, listing, b"")

    with pytest.raises(TargetForeign, match="cannot read"):
        await target(Newer()).current()


async def test_killed_before_or_after_the_commit(kernel):
    """Where nft did not end well, the kernel is asked: done is done, else nothing has changed."""
    held = await target(kernel).current()
    with pytest.raises(TargetUnavailable, match="holds what it held before"):
        await target(Interrupted(kernel, carry_out=False)).apply(plan_for(held, SOME), SOME)
    assert await target(kernel).current() == held
    await target(Interrupted(kernel, carry_out=True)).apply(plan_for(held, SOME), SOME)
    assert (await target(kernel).current()).entries == SOME


async def test_refused_by_the_kernel(kernel):
    """What the kernel refuses leaves everything as it was, and its words are quoted."""
    await put(target(kernel), SOME)
    before = kernel.nft("list", "ruleset")

    class Spoiling(Rig):
        async def run(self, argv, *, stdin=b"", timeout):  # noqa: ASYNC109 - the runner's own
            spoilt = stdin + b"add element inet gatepost edge_v4 { 1.2.3.4/33 }\n" if stdin else stdin
            return await self.runner.run(argv, stdin=spoilt, timeout=timeout)

    with pytest.raises(TargetRejected, match="nft refused"):
        await put(target(Spoiling(kernel)), entries("9.9.9.9/32"))
    assert kernel.nft("list", "ruleset") == before


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(numbers=st.sets(st.integers(0, 200), min_size=1, max_size=80))
async def test_any_change(numbers, shared_kernel):
    """From any list to any other, the kernel ends with exactly the addresses wanted."""
    wanted = entries(*(f"10.0.0.{n}/32" if n < 128 else f"2a00::{n:x}/128" for n in numbers))
    assert (await put(target(shared_kernel), wanted)).entries == wanted


@pytest.fixture(scope="module")
def shared_kernel():
    with namespace() as runner:
        yield runner
