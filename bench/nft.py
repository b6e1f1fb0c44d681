"""A change of ten entries in long nftables sets: over netlink, by ``nft``, and loading the set whole.

Medians, side by side in one run, in a network namespace of its own. Each change is one transaction
that compares and raises the generation. What is timed is the way from the ten ranges to the kernel's
answer: over netlink the bytes and the answer, on a socket that stays open as in a running service, or on a
new one that is closed again (the kernel then tidies up first); with ``nft`` the process and the same
transaction as text. After every change the set is read back and compared, and at the end of each size
it is made anew from what ``nft`` lists and compared again. The last tables are a whole apply of the
target: read, compare, write, read back. Targets at 10,000: adding and deleting each at least 20 times
faster than ``nft``. Exit 1 where one is missed or any content differs. Needs root.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Literal

import anyio
from rig.figures import show, verdict

from gatepost.kit import nftables_answers as answers
from gatepost.kit import nftables_messages as messages
from gatepost.kit.netlink import Netlink
from gatepost.kit.netlink_messages import Message
from gatepost.kit.nftables_messages import IPV4, MARK, Bounds, SetForm, SetName
from gatepost.model.address import Family, Prefix, format_address
from gatepost.model.content import Serial
from gatepost.model.entry import Entry
from gatepost.model.plan import Current, Plan, PlanStatus
from gatepost.planning.digest import digest_entries
from gatepost.targets.nftables import Nftables

QUICK = "--quick" in sys.argv[1:]
SIZES = (1_000, 10_000) if QUICK else (1_000, 10_000, 100_000)
ROUNDS = {1_000: 15, 10_000: 11, 100_000: 5}
CHANGED = 10
TARGET = 20
TARGET_SIZE = 10_000
APPLIED_ROUNDS = 3
SET, MARKS = SetName("bench", "edge_v4"), SetName("bench", "edge_gen")
Way = Literal["netlink", "netlink, new socket", "nft"]
WAYS: tuple[Way, ...] = ("netlink", "netlink, new socket", "nft")


def main() -> int:
    """Enter a namespace of our own first."""
    if "--inside" not in sys.argv:
        return subprocess.call(["unshare", "-n", sys.executable, *sys.argv, "--inside"])
    good = [measure(size) for size in SIZES]
    for size in SIZES[:2]:
        applied(size)
    return 0 if all(good) else 1


def spans(count: int, offset: int = 0) -> list[Bounds]:
    """Ranges of four addresses that do not touch."""
    return [(0x0B000000 + (offset + at) * 8, 0x0B000003 + (offset + at) * 8) for at in range(count)]


class Bench:
    """One set, its generation, and two ways to change both."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.generation = 1
        self.link = Netlink()
        self.content = spans(size)
        nft("flush ruleset\n")
        forms = [SetForm("edge_v4", IPV4, interval=True), SetForm("edge_gen", MARK, size=1)]
        commit(
            [
                messages.new_table("bench"),
                *(messages.new_set("bench", form, at + 1) for at, form in enumerate(forms)),
                messages.new_mark(MARKS, 1),
                *messages.new_ranges(SET, IPV4, self.content, empty=True),
            ]
        )

    def change(self, way: Way, gone: Sequence[Bounds], new: Sequence[Bounds]) -> float:
        """One transaction; seconds. The content is compared afterwards."""
        work = {"netlink": self._netlink, "netlink, new socket": self._anew, "nft": self._nft}[way]
        took = seconds(lambda: work(gone, new))
        self.generation += 1
        self.content = sorted({*self.content} - {*gone} | {*new})
        self.verify()
        return took

    def load(self, way: Way) -> float:
        """Empty the set and fill it with what it held, in one transaction; seconds."""
        link = self.link if way == "netlink" else None
        took = seconds(lambda: nft(self._load_text()) if way == "nft" else commit(self._loaded(), link))
        self.generation += 1
        self.verify()
        return took

    def _netlink(self, gone: Sequence[Bounds], new: Sequence[Bounds]) -> None:
        commit(self._changed(gone, new), self.link)

    def _anew(self, gone: Sequence[Bounds], new: Sequence[Bounds]) -> None:
        commit(self._changed(gone, new))

    def _changed(self, gone: Sequence[Bounds], new: Sequence[Bounds]) -> list[Message]:
        deleted = messages.delete_ranges(SET, IPV4, gone)
        return [*self._raised(), *deleted, *messages.new_ranges(SET, IPV4, new)]

    def _nft(self, gone: Sequence[Bounds], new: Sequence[Bounds]) -> None:
        nft(self._raised_text() + elements("delete", gone) + elements("add", new))

    def _raised(self) -> list[Message]:
        return [messages.delete_mark(MARKS, self.generation), messages.new_mark(MARKS, self.generation + 1)]

    def _raised_text(self) -> str:
        place = "element inet bench edge_gen"
        return f"delete {place} {{ {self.generation} }}\ncreate {place} {{ {self.generation + 1} }}\n"

    def _loaded(self) -> list[Message]:
        filled = messages.new_ranges(SET, IPV4, self.content, empty=True)
        return [*self._raised(), messages.flush_set(SET), *filled]

    def _load_text(self) -> str:
        return self._raised_text() + "flush set inet bench edge_v4\n" + elements("add", self.content)

    def verify(self) -> None:
        """The kernel holds what it should, as we read it; ends the program where it does not."""
        found, _ = answers.ranges(self.link.dump(messages.get_elements(SET))[0], 4)
        marks = answers.marks(self.link.dump(messages.get_elements(MARKS))[0])
        if found != self.content or [each.mark for each in marks] != [self.generation]:
            sys.exit("the kernel holds something else")

    def verify_by_nft(self) -> None:
        """And as nft does: the whole set is made anew from its listing, and is still the same."""
        listed = nft("", "-s", "list", "set", "inet", "bench", "edge_v4")
        nft(f"flush set inet bench edge_v4\n{listed}")
        self.verify()


def commit(batch: Sequence[Message], link: Netlink | None = None) -> None:
    """One transaction, over a socket that is there or one of its own."""
    if link is not None:
        link.commit(batch)
        return
    with Netlink() as own:
        own.commit(batch)


def nft(text: str, *arguments: str) -> str:
    """The program, with a transaction on its standard input or a question as its arguments."""
    argv = ["nft", *(arguments or ("-f", "-"))]
    return subprocess.run(argv, input=text, text=True, check=True, capture_output=True).stdout


def elements(verb: str, ranges: Sequence[Bounds]) -> str:
    """One line for all; nothing for none."""
    listed = ", ".join("-".join(format_address(Family.V4, each) for each in span) for span in ranges)
    return f"{verb} element inet bench edge_v4 {{ {listed} }}\n" if ranges else ""


def seconds(work: Callable[[], object]) -> float:
    """Of one run."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure(size: int) -> bool:
    """All ways take turns; whether the target was reached, where there is one."""
    bench = Bench(size)
    taken: dict[str, dict[Way, list[float]]] = {
        what: {way: [] for way in WAYS} for what in ("add 10", "delete 10", "load the set whole")
    }
    for number in range(ROUNDS[size]):
        some = spans(CHANGED, offset=size + 1 + number * 7 * CHANGED)
        spread = bench.content[number :: max(1, size // CHANGED)][:CHANGED]
        for way in turns(number):
            taken["add 10"][way].append(bench.change(way, (), some))
            taken["delete 10"][way].append(bench.change(way, some, ()))
            taken["delete 10"][way].append(bench.change(way, spread, ()))
            taken["add 10"][way].append(bench.change(way, (), spread))
            taken["load the set whole"][way].append(bench.load(way))
    bench.verify_by_nft()
    bench.link.close()
    return report(size, taken)


def turns(number: int) -> Iterator[Way]:
    """Each goes first in its turn."""
    start = number % len(WAYS)
    yield from (*WAYS[start:], *WAYS[:start])


def report(size: int, taken: dict[str, dict[Way, list[float]]]) -> bool:
    """One table a change, and the verdict."""
    good = True
    for what, ways in taken.items():
        medians = {way: statistics.median(times) for way, times in ways.items()}
        title = f"{what}, in a set of {size:,} (medians of {len(ways['nft'])}, content equal after each)"
        show(title, {str(way): one for way, one in medians.items()}, "netlink")
        if size == TARGET_SIZE and "10" in what:
            good = verdict(f"{what} at {size:,}", medians["nft"] / medians["netlink"], TARGET) and good
    return good


def applied(size: int) -> None:
    """A whole apply of the target, additions and deletions, by either backend."""
    nft("flush ruleset\n")
    edges = {way: Nftables("edge", Nftables.Options(backend=way)) for way in ("netlink", "nft")}
    lists = [entries(spans(size)), entries(spans(size, offset=CHANGED))]
    taken: dict[str, list[float]] = {way: [] for way in edges}
    anyio.run(put, edges["netlink"], lists[0])
    for number in range(2 * APPLIED_ROUNDS):
        for way, edge in edges.items():
            wanted = lists[(number + 1) % 2]
            held = anyio.run(edge.current)
            if held.digest == digest_entries(wanted):
                wanted = lists[number % 2]
            taken[way].append(seconds(partial(anyio.run, put, edge, wanted)))
    medians = {way: statistics.median(times) for way, times in taken.items()}
    show(f"a whole apply of 10 new and 10 gone in {size:,}, read before and after", medians, "netlink")


def entries(ranges: Sequence[Bounds]) -> tuple[Entry, ...]:
    """Each range as a prefix."""
    return tuple(Entry(Prefix(Family.V4, first, 30)) for first, _ in ranges)


async def put(edge: Nftables, wanted: tuple[Entry, ...]) -> None:
    """Plan, apply, read back."""
    await edge.apply(plan_for(await edge.current(), wanted), wanted)
    if (await edge.current()).digest != digest_entries(wanted):
        sys.exit("the kernel holds something else")


def plan_for(current: Current, wanted: tuple[Entry, ...]) -> Plan:
    """From one to the other."""
    return Plan(
        target="edge",
        list="bench",
        serial=Serial(1),
        status=PlanStatus.CHANGES,
        generation=current.generation,
        current=current.digest,
        desired=digest_entries(wanted),
        add=(),
        remove=(),
        leaving=(),
        reasons=(),
        awaits=(),
        notes=(),
        digest="sha256:" + "0" * 64,
    )


if __name__ == "__main__":
    sys.exit(main() if os.geteuid() == 0 else "needs root, for a network namespace of its own")
