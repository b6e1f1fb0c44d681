"""Our messages and the kernel, with ``nft`` as the judge of what is there."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatepost.errors import NetlinkFailed
from gatepost.kit import nftables_answers as answers
from gatepost.kit import nftables_messages as messages
from gatepost.kit.netlink import Netlink
from gatepost.kit.netlink_messages import Message, attributes
from gatepost.kit.netlink_messages import answers as split
from gatepost.kit.nftables_messages import IPV4, IPV6, MARK, KeyType, SetForm, SetName
from gatepost.model.address import Family, format_address
from gatepost.planning.span import merge
from rigs.netlink import inside
from rigs.nftables import NamespaceRunner, namespace

SETS = {Family.V4: SetName("gatepost", "edge_v4"), Family.V6: SetName("gatepost", "edge_v6")}
KEYS = {Family.V4: IPV4, Family.V6: IPV6}
MARKS = SetName("gatepost", "edge_gen")
SLOW = settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
Spans = Sequence[tuple[int, int]]


@pytest.fixture(scope="module")
def kernels() -> Iterator[tuple[NamespaceRunner, NamespaceRunner]]:
    """One for us and one for nft."""
    with namespace() as ours, namespace() as theirs:
        yield ours, theirs


@pytest.fixture
def kernel(kernels) -> NamespaceRunner:
    """Nothing in it."""
    kernels[0].nft("flush", "ruleset")
    return kernels[0]


def link(kernel: NamespaceRunner, **options) -> Netlink:
    return Netlink(inside(kernel.pid, **options))


def made(*, counters: bool = False) -> list[Message]:
    """A table and empty sets."""
    forms = [SetForm("gatepost_owner", MARK)]
    forms += [SetForm(SETS[f].name, KEYS[f], interval=True, counters=counters) for f in Family]
    forms += [SetForm("edge_gen", MARK, size=1)]
    return [
        messages.new_table("gatepost"),
        *(messages.new_set("gatepost", form, at + 1) for at, form in enumerate(forms)),
    ]


def nft_made(*, counters: bool = False) -> str:
    """The same for nft."""
    counter = " counter;" if counters else ""
    return f"""flush ruleset
add table inet gatepost
add set inet gatepost gatepost_owner {{ type mark; }}
add set inet gatepost edge_v4 {{ type ipv4_addr; flags interval;{counter} }}
add set inet gatepost edge_v6 {{ type ipv6_addr; flags interval;{counter} }}
add set inet gatepost edge_gen {{ type mark; size 1; }}
"""


def nft_elements(verb: str, family: Family, spans: Spans) -> str:
    """Ranges for nft; none for none."""
    listed = ", ".join("-".join(format_address(family, each) for each in sorted({*span})) for span in spans)
    return f"{verb} element inet gatepost edge_v{family} {{ {listed} }}\n" if spans else ""


def raw(kernel: NamespaceRunner) -> list[object]:
    """All that the kernel lists of the sets and their elements, but for the numbers it gave them."""
    with link(kernel) as asked:
        sets = [dict(attributes(body)) for body in asked.dump(messages.get_sets("gatepost"))[0]]
        elements = [asked.dump(messages.get_elements(each))[0] for each in (*SETS.values(), MARKS)]
    return [*({k: v for k, v in each.items() if k != 16} for each in sets), *elements]


def spans_read(kernel: NamespaceRunner, family: Family) -> Spans:
    with link(kernel) as asked:
        bodies, _ = asked.dump(messages.get_elements(SETS[family]))
    return answers.ranges(bodies, KEYS[family].length)[0]


def spans(bits: int) -> st.SearchStrategy[list[tuple[int, int]]]:
    """Merged ranges, often at the ends of the address space."""
    top = (1 << bits) - 1
    edge = st.sampled_from([0, 1, 2, top - 2, top - 1, top])
    first = edge | st.integers(0, top) | st.integers(0x0A000000, 0x0A000040)
    length = st.integers(0, 8) | st.integers(0, top)
    pair = st.tuples(first, length).map(lambda found: (found[0], min(top, found[0] + found[1])))
    return st.lists(pair, max_size=12).map(merge)


@pytest.mark.parametrize("counters", [False, True])
@SLOW
@given(data=st.data())
def test_as_nft_makes_it(kernels, counters, data):
    """What we write is what nft writes, in every byte that the kernel lists; each reads both."""
    ours, theirs = kernels
    wanted = {family: data.draw(spans(family.bits)) for family in Family}
    ours.nft("flush", "ruleset")
    batch = [*made(counters=counters), messages.new_mark(MARKS, 7, "gatepost sha256:ab")]
    text = (
        nft_made(counters=counters)
        + 'add element inet gatepost edge_gen { 7 comment "gatepost sha256:ab" }\n'
    )
    for family in Family:
        batch += messages.new_ranges(SETS[family], KEYS[family], wanted[family], empty=True)
        text += nft_elements("add", family, wanted[family])
    with link(ours) as asked:
        asked.commit(batch)
    theirs.nft("-f", "-", text=text)
    assert ours.nft("list", "ruleset") == theirs.nft("list", "ruleset")
    assert raw(ours) == raw(theirs)
    for family in Family:
        assert spans_read(ours, family) == spans_read(theirs, family) == wanted[family]


@SLOW
@given(data=st.data())
def test_changed_as_nft_changes_it(kernels, data):
    """Ranges that go and come, one overlapping the other, leave what nft leaves."""
    ours, theirs = kernels
    for family in Family:
        held, wanted = data.draw(spans(family.bits)), data.draw(spans(family.bits))
        wanted = merge([*wanted, *data.draw(st.lists(st.sampled_from(held), max_size=6))]) if held else wanted
        gone, new = sorted({*held} - {*wanted}), sorted({*wanted} - {*held})
        for kernel in kernels:
            kernel.nft("-f", "-", text=nft_made() + nft_elements("add", family, held))
        with link(ours) as asked:
            asked.commit(
                [
                    messages.flush_set(MARKS),
                    *messages.delete_ranges(SETS[family], KEYS[family], gone),
                    *messages.new_ranges(SETS[family], KEYS[family], new, empty=not held),
                ]
            )
        theirs.nft("-f", "-", text=nft_elements("delete", family, gone))
        theirs.nft("-f", "-", text=nft_elements("add", family, new))
        assert ours.nft("list", "ruleset") == theirs.nft("list", "ruleset")
        assert spans_read(ours, family) == spans_read(theirs, family) == wanted


@pytest.mark.parametrize("family", Family)
def test_ten_thousand(kernel, family):
    """10,000 ranges in one transaction, read back by nft and by us."""
    wanted = [(number * 16, number * 16 + number % 9) for number in range(1, 10_001)]
    with link(kernel) as asked:
        asked.commit([*made(), *messages.new_ranges(SETS[family], KEYS[family], wanted, empty=True)])
    assert spans_read(kernel, family) == wanted
    theirs = nft_made() + nft_elements("add", family, wanted)
    listing = kernel.nft("list", "ruleset")
    kernel.nft("-f", "-", text=theirs)
    assert kernel.nft("list", "ruleset") == listing


def test_emptied_and_filled_again(kernel):
    """A set that was emptied, element by element or at once, takes the same ranges again."""
    some = [(5, 9), (11, 11)]
    with link(kernel) as asked:
        asked.commit([*made(), *messages.new_ranges(SETS[Family.V4], IPV4, some, empty=True)])
        asked.commit([*messages.delete_ranges(SETS[Family.V4], IPV4, some)])
        assert spans_read(kernel, Family.V4) == []
        asked.commit([*messages.new_ranges(SETS[Family.V4], IPV4, some, empty=True)])
        again = [*messages.new_ranges(SETS[Family.V4], IPV4, some, empty=True)]
        asked.commit([messages.flush_set(SETS[Family.V4]), *again])
    assert spans_read(kernel, Family.V4) == some


def ranges_for(key: KeyType, place: SetName, *wanted: tuple[int, int]) -> list[Message]:
    return [*messages.new_ranges(place, key, wanted)]


REFUSED = {
    "element absent": ([*messages.delete_ranges(SETS[Family.V4], IPV4, [(7, 8)])], errno.ENOENT),
    "generation absent": ([messages.delete_mark(MARKS, 1)], errno.ENOENT),
    "overlapping": (ranges_for(IPV4, SETS[Family.V4], (0x05000004, 0x0500000F)), errno.EEXIST),
    "inside": (ranges_for(IPV4, SETS[Family.V4], (0x05000002, 0x05000003)), errno.EEXIST),
    "of another type": (ranges_for(IPV6, SETS[Family.V4], (7, 8)), errno.EINVAL),
    "set absent": (ranges_for(IPV4, SetName("gatepost", "no"), (7, 8)), errno.ENOENT),
    "table there": ([messages.new_table("gatepost")], errno.EEXIST),
    "table in use": ([messages.delete_table("gatepost")], errno.EBUSY),
    "set in use": ([messages.delete_set(SETS[Family.V4])], errno.EBUSY),
    "set of another form": (
        [messages.new_set("gatepost", SetForm("edge_v4", IPV6, interval=True), 9)],
        errno.EEXIST,
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(kernel, name):
    """A batch with one message that the kernel refuses changes nothing, and the place of it is told."""
    spoilt, code = REFUSED[name]
    kernel.nft("-f", "-", text=nft_made() + nft_elements("add", Family.V4, [(0x05000000, 0x05000007)]))
    kernel.nft("add", "chain", "inet", "gatepost", "mine", "{ type filter hook input priority 0; }")
    kernel.nft("add", "rule", "inet", "gatepost", "mine", "ip", "saddr", "@edge_v4", "accept")
    before = kernel.nft("list", "ruleset")
    good = ranges_for(IPV4, SETS[Family.V4], (1, 2))
    with link(kernel) as asked, pytest.raises(NetlinkFailed) as caught:
        asked.commit([*good, *spoilt, *good])
    assert (caught.value.code, caught.value.places[0]) == (code, 1)
    assert kernel.nft("list", "ruleset") == before


def test_ruleset_moved(kernel):
    """A batch for a ruleset that has changed since is refused as a whole; for the present one it is taken."""
    kernel.nft("-f", "-", text=nft_made())
    with link(kernel) as asked:
        number = answers.generation(asked.ask(messages.get_generation())).number
        kernel.nft("add", "table", "ip", "other")
        with pytest.raises(NetlinkFailed) as caught:
            asked.commit([messages.new_mark(MARKS, 1)], number)
        assert (caught.value.code, caught.value.places) == (errno.ERESTART, (-1,))
        asked.commit([messages.new_mark(MARKS, 1)], number + 1)


def test_too_large_for_the_socket(kernel):
    """A batch beyond what the socket may send is not sent."""
    wanted = [(number * 4, number * 4) for number in range(1000)]
    with link(kernel, send_max=4096) as asked, pytest.raises(NetlinkFailed) as caught:
        asked.commit([*made(), *messages.new_ranges(SETS[Family.V4], IPV4, wanted)])
    assert caught.value.code == errno.EMSGSIZE
    assert "gatepost" not in kernel.nft("list", "tables")


def test_without_the_right():
    """Without CAP_NET_ADMIN the kernel refuses questions and batches alike."""
    script = """
import errno
from gatepost.errors import NetlinkFailed
from gatepost.kit.netlink import Netlink
from gatepost.kit.nftables_messages import get_generation, new_table
for ask in (lambda link: link.ask(get_generation()), lambda link: link.commit([new_table("a")])):
    with Netlink() as link:
        try:
            ask(link)
        except NetlinkFailed as error:
            assert error.code == errno.EPERM, error
        else:
            raise SystemExit("allowed")
"""
    nobody = ["unshare", "-n", "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]
    subprocess.run([*nobody, sys.executable, "-c", script], check=True)


def test_elements_of_others(kernel):
    """Comments and counters of others are read over; an element for all other addresses is no range."""
    kernel.nft("-f", "-", text=nft_made(counters=True) + nft_elements("add", Family.V4, [(1, 2)]))
    kernel.nft("add", "element", "inet", "gatepost", "edge_v4", '{ 0.0.0.3-0.0.0.4 comment "x" }')
    with link(kernel) as asked:
        bodies, _ = asked.dump(messages.get_elements(SETS[Family.V4]))
    assert answers.ranges(bodies, 4) == ([(1, 2), (3, 4)], {(1, 2): 0, (3, 4): 0})
    every = "{ type ipv4_addr; flags interval; elements = { * } }"
    kernel.nft("delete", "set", "inet", "gatepost", "edge_v4")
    kernel.nft("add", "set", "inet", "gatepost", "edge_v4", every)
    with pytest.raises(ValueError, match="no bound"):
        spans_read(kernel, Family.V4)


def test_sets_and_their_rules(kernel):
    """Flags, counters, auto-merge, sizes, the table's number of things and sleep, and rules by their sets."""
    kernel.nft("-f", "-", text=nft_made(counters=True))
    kernel.nft("add", "set", "inet", "gatepost", "merged", "{ type ipv4_addr; flags interval; auto-merge; }")
    kernel.nft("add", "map", "inet", "gatepost", "verdicts", "{ type ipv4_addr : verdict; }")
    kernel.nft("add", "chain", "inet", "gatepost", "mine", "{ type filter hook input priority 0; }")
    kernel.nft("add", "rule", "inet", "gatepost", "mine", "accept")
    kernel.nft("add", "rule", "inet", "gatepost", "mine", "ip", "saddr", "@edge_v4", "ip", "daddr", "@merged")
    with link(kernel) as asked:
        sets = [answers.set_found(body) for body in asked.dump(messages.get_sets("gatepost"))[0]]
        rules = [answers.rule_found(body) for body in asked.dump(messages.get_rules("gatepost"))[0]]
        table = answers.table_found(asked.ask(messages.get_table("gatepost")))
        kernel.nft("add", "table", "inet", "gatepost", "{ flags dormant; }")
        asleep = answers.table_found(asked.ask(messages.get_table("gatepost")))
    assert {each.name for each in sets if each.counters} == {"edge_v4", "edge_v6"}
    assert {each.name for each in sets if each.merges} == {"merged"}
    assert {each.name for each in sets if each.flags & messages.SetFlag.MAP} == {"verdicts"}
    assert [(each.chain, sorted(each.sets)) for each in rules] == [
        ("mine", []),
        ("mine", ["edge_v4", "merged"]),
    ]
    assert {each.name: each.size for each in sets if each.size} == {"edge_gen": 1}
    assert (table.objects, table.dormant, asleep.dormant) == (7, False, True)


def test_who_changed_it(kernel):
    """Those who listen are told the program and process behind each change, and which sets it touched."""
    wire = inside(kernel.pid)(groups=(messages.GROUP,))
    following = answers.Following()
    kernel.nft("-f", "-", text=nft_made())
    with link(kernel) as asked:
        port = asked.port
        asked.commit(ranges_for(IPV4, SETS[Family.V4], (1, 2)))
        number = answers.generation(asked.ask(messages.get_generation())).number
    kernel.nft("add", "element", "inet", "gatepost", "edge_v6", "{ 2a00::1 }")
    told = []
    while data := wire.receive(1 if len(told) < 3 else 0):
        told += [made for answer in split(data) if (made := following.take(answer))]
    wire.close()
    first, ours, last = told
    assert {each.name for each in first.sets} == {"gatepost_owner", "edge_v4", "edge_v6", "edge_gen"}
    assert (first.generation.program, last.generation.program) == ("nft", "nft")
    assert (ours.port, ours.sets, ours.generation.number) == (port, {SETS[Family.V4]}, number)
    assert (ours.generation.process, ours.generation.program) == (
        os.getpid(),
        Path("/proc/self/comm").read_text()[:-1],
    )
    assert last.sets == {SETS[Family.V6]}
