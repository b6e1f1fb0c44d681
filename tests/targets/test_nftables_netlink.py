"""nftables without a program: held against the program, in parts, in a race, and with one right alone."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatepost.errors import StalePlan, TargetRejected, TargetUnavailable
from gatepost.kit.netlink import Wire
from gatepost.model.address import Family, Prefix
from gatepost.model.entry import Entry
from gatepost.planning.aggregate import aggregate, count, subtract
from gatepost.planning.digest import digest_entries
from gatepost.targets._nft import Change, Held, Place
from gatepost.targets._nft_netlink import Direct
from gatepost.targets._nft_program import Program
from gatepost.targets.nftables import Nftables, _wanted
from rigs.netlink import Scripted, inside
from rigs.nftables import STRANGE, direct, namespace, target
from rigs.plans import entries, many, plan_for, put, texts

pytestmark = pytest.mark.anyio

PLACE = Place("gatepost", "edge")
SOME = entries("8.8.4.0/24", "8.8.8.8/32", "2a00:1::/64")
OTHER = entries("8.8.4.0/25", "9.9.9.9/32", "2a00:1::/64", "2a00:2::/64")


def change(held: Held, desired: Sequence[Entry], **options) -> Change:
    """To what is desired."""
    return Change(held, _wanted(desired), digest_entries(tuple(desired)), **options)


def prefixes() -> st.SearchStrategy[tuple[Entry, ...]]:
    """Lists that often overlap, touch, and reach the ends of the address space."""
    some = {
        Family.V4: [0, 1 << 31, 0x08080000, (1 << 32) - 1],
        Family.V6: [0, 0x2A00 << 112, (1 << 128) - 1],
    }

    def prefix(found: tuple[Family, int, int, int]) -> Prefix:
        family, at, near, length = found
        number = min(some[family][at % len(some[family])] + near, (1 << family.bits) - 1)
        host = family.bits - min(length, family.bits)
        return Prefix(family, number >> host << host, family.bits - host)

    drawn = st.tuples(st.sampled_from(Family), st.integers(0, 3), st.integers(0, 40), st.integers(8, 128))
    made = st.lists(drawn.map(prefix), min_size=1, max_size=12)
    return made.map(lambda found: tuple(sorted(map(Entry, aggregate(found)), key=lambda each: each.key)))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.booleans(), prefixes()), min_size=1, max_size=4), counters=st.booleans())
async def test_either_way(two_kernels, steps, counters):
    """Whoever writes, what is there is what nft alone would have left, and both read it the same."""
    mixed, plain = two_kernels
    for kernel in two_kernels:
        kernel.nft("flush", "ruleset")
    for by_netlink, wanted in steps:
        make = direct if by_netlink else target
        assert (await put(make(mixed, counters=counters), wanted)).entries == wanted
        await put(target(plain, counters=counters), wanted)
        assert mixed.nft("list", "ruleset") == plain.nft("list", "ruleset")
        assert await Direct(PLACE, inside(mixed.pid)).read() == await Program(PLACE, mixed, 30).read()


@pytest.fixture(scope="module")
def two_kernels():
    with namespace() as one, namespace() as other:
        yield one, other


@pytest.mark.parametrize(("kind", "definition"), STRANGE)
async def test_strange(kernel, kind, definition):
    """What gatepost did not make is told in the same words both ways."""
    await put(direct(kernel, "other"), SOME)
    name, _, rest = definition.partition(" ")
    kernel.nft("add", kind, "inet", "gatepost", name, rest)
    held = await Direct(PLACE, inside(kernel.pid)).read()
    assert held.strange
    assert held == await Program(PLACE, kernel, 30).read()


async def test_every_address(kernel):
    """A set that somebody opened to every address is refused, not read as empty."""
    await put(direct(kernel), SOME)
    kernel.nft("delete", "set", "inet", "gatepost", "edge_v4")
    every = "{ type ipv4_addr; flags interval; elements = { * } }"
    kernel.nft("add", "set", "inet", "gatepost", "edge_v4", every)
    assert (
        await Direct(PLACE, inside(kernel.pid)).read()
    ).strange == "has an element that gatepost cannot read"


@pytest.mark.parametrize("family", Family)
async def test_ten_thousand(kernel, family):
    """10,000 entries go in, a few change, and most go; nft reads the same."""
    wanted = many(10_000, family)
    changed = tuple(sorted((*wanted[5:], *many(3, family, offset=20_000)), key=lambda each: each.key))
    for desired in (wanted, changed, changed[::10]):
        assert (await put(direct(kernel), desired)).entries == desired
    assert (await target(kernel).current()).entries == changed[::10]


async def test_foreign_change_in_the_last_moment(kernel):
    """An element that somebody adds between our reading and our writing makes the plan stale."""
    edge = Direct(PLACE, inside(kernel.pid))
    await put(direct(kernel), SOME)
    held = await edge.read()
    kernel.nft("add", "element", "inet", "gatepost", "edge_v4", "{ 7.7.7.7 }")
    before = kernel.nft("list", "ruleset")
    with pytest.raises(StalePlan):
        await edge.write(change(held, OTHER))
    assert kernel.nft("list", "ruleset") == before


async def test_foreign_change_elsewhere(kernel):
    """What others change in their own tables meanwhile does not make our plan stale."""
    edge = Direct(PLACE, inside(kernel.pid))
    await put(direct(kernel), SOME)
    held = await edge.read()
    kernel.nft("add", "table", "ip", "other")
    await edge.write(change(held, OTHER))
    assert (await target(kernel).current()).entries == OTHER


BUSY = "add table ip busy\ndelete table ip busy\n"
"""Somebody's change in a table of theirs."""


class Meddled(Scripted):
    """A wire to the kernel; before each batch somebody changes something."""

    def __init__(self, kernel, times: int, text: str = BUSY) -> None:
        super().__init__()
        self.kernel, self.times, self.text = kernel, times, text

    def __call__(self, *, groups: Sequence[int] = ()) -> Wire:
        """A new one each time."""
        self.wire = inside(self.kernel.pid)(groups=groups)
        self.port = self.wire.port
        return self

    def room(self, size: int) -> int:
        """The kernel's."""
        return self.wire.room(size)

    def send(self, data: bytes) -> None:
        """After the meddling."""
        if len(data) > 100 and self.times:
            self.times -= 1
            self.kernel.nft("-f", "-", text=self.text)
        self.wire.send(data)

    def receive(self, patience: float) -> bytes | None:
        """The kernel's."""
        return self.wire.receive(patience)

    def close(self) -> None:
        """The kernel's."""
        self.wire.close()


@pytest.mark.parametrize("times", [1, 3, 1000])
async def test_busy_ruleset(kernel, times):
    """A ruleset that changes before each of our batches does not keep us from writing."""
    edge = Nftables("edge", Nftables.Options(), kernel=Direct(PLACE, Meddled(kernel, times)))
    assert (await put(edge, SOME)).entries == SOME
    assert (await target(kernel).current()).entries == SOME


async def test_foreign_change_just_before_the_batch(kernel):
    """The kernel itself refuses a batch where somebody added an element since it was compared."""
    held = await put(direct(kernel), SOME)
    meddled = Meddled(kernel, 1, "add element inet gatepost edge_v4 { 7.7.7.7 }\n")
    edge = Nftables("edge", Nftables.Options(), kernel=Direct(PLACE, meddled))
    with pytest.raises(StalePlan):
        await edge.apply(plan_for(held, OTHER), OTHER)
    assert "7.7.7.7/32" in texts(await target(kernel).current())


class Watched(Meddled):
    """A wire of which each batch is followed by a look at the kernel; it may break before the nth."""

    def __init__(self, kernel, look, *, send_max: int, breaks: int = 0) -> None:
        super().__init__(kernel, 0)
        self.look, self.send_max, self.breaks, self.batches = look, send_max, breaks, 0

    def room(self, size: int) -> int:
        """Less than the kernel's."""
        return min(super().room(size), self.send_max)

    def send(self, data: bytes) -> None:
        """Counted."""
        is_batch = data[4:6] == b"\x10\0"
        self.batches += is_batch
        if is_batch and self.batches == self.breaks:
            raise OSError(errno.ENOBUFS, "")
        self.wire.send(data)
        if is_batch:
            self.look()


BEFORE = tuple(sorted((*many(300), *many(200, Family.V6)), key=lambda each: each.key))
AFTER = tuple(
    sorted(
        (*many(250, offset=30), *many(90, offset=900), *many(260, Family.V6, offset=70)),
        key=lambda each: each.key,
    )
)


async def test_in_parts(kernel):
    """A write too large for one datagram: a generation a part, mixed but for the last, additions first."""
    await put(direct(kernel), BEFORE)
    states: list[Held] = []
    program = Program(PLACE, kernel, 30)

    def look() -> None:
        states.append(anyio.run(program.read))

    watched = Watched(kernel, look, send_max=8192)
    edge = Nftables("edge", Nftables.Options(), kernel=Direct(PLACE, watched))
    held = await put(edge, AFTER)
    assert (held.entries, held.mixed, held.generation) == (AFTER, False, 1 + watched.batches)
    assert watched.batches > 3
    seen = [state.current() for state in states]
    assert [each.generation for each in seen] == [*range(2, 2 + watched.batches)]
    assert [each.mixed for each in seen] == [True] * (watched.batches - 1) + [False]
    assert {state.note.digest for state in states} == {digest_entries(AFTER)}
    old, new = ([each.value for each in found] for found in (BEFORE, AFTER))
    kept = subtract(old, subtract(old, new))
    sizes = []
    for each in seen:
        there = [found.value for found in each.entries]
        assert not subtract(kept, there), "what both lists hold is never missing"
        assert not subtract(there, [*old, *new]), "nothing is there that neither holds"
        sizes.append(count(there))
    assert sizes[: sizes.index(max(sizes)) + 1] == sorted(sizes[: sizes.index(max(sizes)) + 1])
    assert sizes[sizes.index(max(sizes)) :] == sorted(sizes[sizes.index(max(sizes)) :], reverse=True)


@pytest.mark.parametrize("breaks", [1, 2, 3, 4])
async def test_cut_off(kernel, breaks):
    """A write in parts that is cut off says so, is read as mixed by both, and the next apply completes it."""
    first = await put(direct(kernel), BEFORE)
    watched = Watched(kernel, lambda: None, send_max=8192, breaks=breaks)
    edge = Nftables("edge", Nftables.Options(), kernel=Direct(PLACE, watched))
    with pytest.raises(TargetUnavailable, match="holds what it held" if breaks == 1 else "holds a part"):
        await edge.apply(plan_for(first, AFTER), AFTER)
    left = await target(kernel).current()
    assert left == await direct(kernel).current()
    assert (left.mixed, left.generation) == (breaks > 1, breaks)
    done = await put(direct(kernel, send_max=8192), AFTER)
    assert (done.entries, done.mixed) == (AFTER, False)


async def test_rival_between_parts(kernel):
    """A writer that comes between two parts of ours wins: the next part is refused, nothing is mixed."""
    before = await put(direct(kernel), BEFORE)

    def look() -> None:
        if watched.batches == 1:
            anyio.run(put, target(kernel), OTHER)

    watched = Watched(kernel, look, send_max=8192)
    edge = Nftables("edge", Nftables.Options(), kernel=Direct(PLACE, watched))
    with pytest.raises(StalePlan):
        await edge.apply(plan_for(before, AFTER), AFTER)
    after = await target(kernel).current()
    assert (after.entries, after.generation, after.mixed) == (OTHER, 3, False)


async def test_loaded_in_parts(kernel):
    """A first write in parts makes the table in its first; the smallest socket buffer is enough."""
    held = await put(direct(kernel, send_max=4600), BEFORE)
    assert (held.entries, held.mixed) == (BEFORE, False)
    assert held.generation > 1
    assert (await target(kernel).current()) == held


async def test_sixteen_writers(kernel):
    """Of 16 writers at once exactly one wins each round, and its list is there unmixed."""
    for generation in range(1, 8):
        held = await direct(kernel).current()
        rivals = [entries(f"8.{number}.{generation}.0/24", f"2a00:{number}::/64") for number in range(16)]
        won: list[int] = []

        async def compete(number: int, held=held, rivals=rivals, won=won) -> None:
            try:
                await direct(kernel).apply(plan_for(held, rivals[number]), rivals[number])
                won.append(number)
            except StalePlan:
                pass

        async with anyio.create_task_group() as group:
            for number in range(16):
                group.start_soon(compete, number)
        after = await target(kernel).current()
        assert len(won) == 1
        assert (after.generation, after.entries) == (generation, rivals[won[0]])


async def test_who_could_have(kernel):
    """Others' changes of our sets are told with program and process, ours are not, nor changes elsewhere."""
    edge = direct(kernel)
    await put(edge, SOME)
    assert await edge.suspects() == ()
    first = await edge.stamp()
    kernel.nft("add", "table", "ip", "other")
    assert await edge.stamp() != first
    assert await edge.suspects() == ()
    kernel.nft("add", "element", "inet", "gatepost", "edge_v4", "{ 7.7.7.7 }")
    await put(direct(kernel, "neighbour"), SOME)
    (told,) = await edge.suspects()
    assert told.startswith("nft (process ")
    assert told.endswith(") changed edge_v4")
    assert await edge.suspects() == (told,), "asking does not forget"
    await put(edge, OTHER)
    assert await edge.suspects() == ()
    await put(direct(kernel), SOME)
    (told,) = await edge.suspects()
    found = re.fullmatch(r".+ \(process (\d+)\) changed edge_gen, edge_v4, edge_v6", told)
    assert found
    assert int(found[1]) in {thread.native_id for thread in threading.enumerate()}


async def test_stamp_stands_still(kernel):
    """The stamp is the same until something changes, and packets do not change it."""
    edge = direct(kernel)
    await put(edge, SOME)
    assert len({await edge.stamp() for _ in range(5)}) == 1


@pytest.mark.parametrize("wrote", [False, True], ids=["others", "ourselves"])
async def test_more_than_can_be_told(kernel, wrote):
    """Where others changed more than the kernel can tell, that is said; where it may be our own, not."""
    listening = Scripted(None, OSError(errno.ENOBUFS, ""))

    def opener(*, groups: Sequence[int] = ()) -> Wire:
        return listening if groups else inside(kernel.pid)()

    edge = Direct(PLACE, opener)
    await edge.stamp()
    if wrote:
        await edge.write(change(Held(exists=False), SOME))
    told = await edge.suspects()
    assert [each.endswith("could not tell all of it") for each in told] == ([] if wrote else [True])


@pytest.mark.parametrize(
    ("code", "leaf"),
    [(errno.EPERM, TargetUnavailable), (errno.ENOBUFS, TargetUnavailable), (errno.EINVAL, TargetRejected)],
)
async def test_errors(code, leaf):
    """The kernel's numbers become the target's errors."""
    with pytest.raises(leaf, match=os.strerror(code)):
        await Direct(PLACE, Scripted(OSError(code, ""))).read()


async def test_silence():
    """A kernel that does not answer makes the target unavailable, never empty."""
    with pytest.raises(TargetUnavailable, match="did not answer"):
        await Direct(PLACE, Scripted()).read()


async def test_answer_lost(kernel):
    """Where the answer to a batch is lost, the kernel is asked what it holds, and that is believed."""

    class Deaf(Watched):
        def receive(self, patience: float) -> bytes | None:
            answer = super().receive(patience)
            if self.batches == 1 and not self.breaks:
                self.breaks = -1
                raise OSError(errno.ENOBUFS, "")
            return answer

    edge = Nftables(
        "edge", Nftables.Options(), kernel=Direct(PLACE, Deaf(kernel, lambda: None, send_max=1 << 20))
    )
    assert (await put(edge, SOME)).entries == SOME


ALONE = """
import sys, anyio
def forbid(event, arguments):
    if event.startswith(("subprocess", "os.exec", "os.fork", "os.posix_spawn", "os.system")):
        print(event, arguments, flush=True)
        raise SystemExit(9)
sys.addaudithook(forbid)
from gatepost.targets.nftables import Nftables
from rigs.plans import entries, many, put
async def main():
    edge = Nftables("edge", Nftables.Options(counters=True))
    for wanted in (entries("8.8.8.8/32", "2a00::/64"), many(3000), entries("8.8.4.4/32")):
        assert (await put(edge, wanted)).entries == wanted
        assert await edge.stamp()
        assert await edge.suspects() == ()
        await edge.counted()
    await edge.purge(await edge.current())
anyio.run(main)
"""


async def test_one_right_alone():
    """With CAP_NET_ADMIN and nothing else, as nobody, all of it works and no program is started."""
    rights = [f"--{each}=-all,+net_admin" for each in ("inh-caps", "ambient-caps", "bounding-set")]
    nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--no-new-privs", *rights]
    tests = str(Path(__file__).parents[1])
    done = subprocess.run(  # noqa: ASYNC221 - it is short
        ["unshare", "-n", *nobody, "--", sys.executable, "-c", ALONE],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": tests, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


async def test_no_right():
    """Without it the target is unavailable, and the next step names it."""
    script = """
import anyio
from gatepost.errors import TargetUnavailable
from gatepost.targets.nftables import Nftables
try:
    anyio.run(Nftables("edge", Nftables.Options()).current)
except TargetUnavailable as error:
    print(error.message, error.next_step)
"""
    nobody = ["unshare", "-n", "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]
    done = subprocess.run([*nobody, sys.executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: ASYNC221 - it is short
    assert "Operation not permitted" in done.stdout
    assert "CAP_NET_ADMIN" in done.stdout


async def test_counted_anew(kernel):
    """Packets are read from the kernel each time, though the ruleset stays the same."""
    edge = direct(kernel, counters=True)
    await put(edge, entries("127.0.0.9/32"))
    kernel.nft("add", "chain", "inet", "gatepost", "mine", "{ type filter hook output priority 0; }")
    kernel.nft("add", "rule", "inet", "gatepost", "mine", "ip", "daddr", "@edge_v4", "accept")
    send = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.9', 9))"
    for packets in range(1, 4):
        subprocess.run([*kernel.enter, sys.executable, "-c", send], check=True)  # noqa: ASYNC221 - it is short
        assert [each.packets for each in await edge.counted()] == [packets]


async def test_counters_survive_large_changes(kernel):
    """Where packets are counted, a set is not emptied while an element of it stays."""
    edge = Direct(PLACE, inside(kernel.pid))
    kept = entries("127.0.0.9/32")
    await edge.write(change(Held(exists=False), (*many(200), *kept), counters=True))
    kernel.nft("add", "chain", "inet", "gatepost", "mine", "{ type filter hook output priority 0; }")
    kernel.nft("add", "rule", "inet", "gatepost", "mine", "ip", "daddr", "@edge_v4", "accept")
    send = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.9', 9))"
    subprocess.run([*kernel.enter, sys.executable, "-c", send], check=True)  # noqa: ASYNC221 - it is short
    held = await edge.read()
    await edge.write(change(held, kept))
    after = await edge.read()
    assert [*after.packets.values()] == [1]
    assert texts(after.current()) == ["127.0.0.9/32"]
    assert replace(after, packets={}) == replace(await Program(PLACE, kernel, 30).read(), packets={})
