"""Listings of any kind, hostile ones too: findings or one typed error, and never for long."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.errors import GatepostError, ProgramFailed, TargetUnavailable
from gatepost.kit.process import Finished
from gatepost.model.entry import Direction
from gatepost.model.finding import Severity
from gatepost.targets._nft_examiner import Examiner, legacy_tables
from gatepost.targets._nft_openings import uplinks
from gatepost.targets._nft_ruleset import Around, examine
from gatepost.targets._nft_values import Values
from rigs.listings import (
    ASKED,
    OURS,
    PLACE,
    ROUTES,
    UNTRACKED,
    base,
    flags,
    jump,
    kinds,
    listing,
    match,
    meta,
    rule,
)


@pytest.mark.parametrize(
    "bad",
    [
        *(
            b"",
            b"null",
            b"[]",
            b"{",
            b'{"nftables": 1}',
            b'{"nftables": [1]}',
            b"\xff\xfe",
            b"nftables v1.0.6",
        ),
        *(b'{"nftables": [{"chain": {"family": 1}}]}', b'{"nftables": [' + b"[" * 100_000),
    ],
)
def test_no_listing(bad):
    """What is no listing is one typed error."""
    with pytest.raises(TargetUnavailable, match="no listing"):
        examine(bad, PLACE, Direction.INGRESS)


HOSTILE = 'x"; }\n\x1b[31m flush ruleset \u202e'
WORDS = (
    *(
        "match",
        "op",
        "left",
        "right",
        "set",
        "range",
        "prefix",
        "addr",
        "len",
        "elem",
        "val",
        "payload",
        "protocol",
    ),
    *(
        "field",
        "meta",
        "key",
        "ct",
        "vmap",
        "data",
        "jump",
        "target",
        "goto",
        "accept",
        "drop",
        "dnat",
        "port",
    ),
    *("concat", "mangle", "value", "xt", "type", "name", "fib", "result", "flags"),
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.just("@edge_v4"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(WORDS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(st.lists(st.lists(JSON, max_size=4), max_size=4))
def test_any_expression(rules):
    """Whatever stands in a rule, it is read without another error than ours, and told in printable words."""
    objects = [OURS, base(), base("pre", hook="prerouting", type="nat"), ASKED]
    objects += [rule(*each, chain=name) for each in rules for name in ("c", "pre")]
    try:
        found = examine(listing(*objects), PLACE, Direction.INGRESS)
    except GatepostError:
        return
    assert all(each.message.isprintable() for each in found)


def test_hostile_names():
    """Names and words of others are shown escaped and cut, and never taken for ours."""
    chains = [base(HOSTILE * 9, table=HOSTILE, policy="drop", prio=-1), base(policy="accept")]
    found = examine(listing(OURS, *chains, ASKED, rule({HOSTILE: HOSTILE})), PLACE, Direction.INGRESS)
    assert found
    assert all(each.message.isprintable() and len(each.message) < 700 for each in found)


def test_jumps_in_circles():
    """A circle of jumps, which the kernel refuses, ends too."""
    side = {"chain": {"family": "inet", "table": "gatepost", "name": "a"}}
    circle = [rule(jump("a"), chain="a"), rule({"goto": {"target": "a"}}, chain="a")]
    assert kinds(OURS, base(), side, *circle, rule(jump("a")), rule(jump("c")), ASKED) == ["effective"]


def test_jumps_to_nowhere():
    """A chain that is not there is passed over."""
    assert kinds(OURS, base(), rule(jump("gone")), ASKED) == ["effective"]


def test_too_many_branches():
    """A ruleset that splits packets without end is given up, and said to be undecided."""
    marks = [
        rule(
            {"match": {"op": "==", "left": {"meta": {"key": f"k{n}"}}, "right": 1}},
            {"mangle": {"key": {"meta": {"key": f"m{n}"}}, "value": 1}},
        )
        for n in range(64)
    ]
    assert kinds(OURS, base(), *marks, ASKED) == ["uncertain"]


def test_two_thousand_rules():
    """A long ruleset of single addresses is followed to its end."""
    others = [
        rule(match("ip", "saddr", f"203.0.{n // 256}.{n % 256}"), {"accept": None}) for n in range(2000)
    ]
    assert kinds(OURS, base(), *others, ASKED) == ["effective"]


def test_a_hundred_thousand_elements():
    """So is a set with as many elements as it may have."""
    elements = [
        {"prefix": {"addr": f"11.{n >> 13}.{n >> 5 & 255}.{(n & 31) << 3}", "len": 30}}
        for n in range(100_000)
    ]
    ours = {"set": {"family": "inet", "table": "gatepost", "name": "edge_v4", "elem": elements}}
    assert kinds(ours, base(), ASKED) == ["effective"]


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        (match("tcp", "dport", 443), "shadowed"),
        (match("tcp", "dport", 443, "!="), "effective"),
        (match("tcp", "dport", 1024, "<"), "shadowed"),
        (match("tcp", "dport", 443, "<="), "shadowed"),
        (match("tcp", "dport", 443, ">"), "effective"),
        (match("tcp", "dport", 443, ">="), "shadowed"),
        (match("th", "dport", {"set": [80, {"range": [400, 500]}]}), "shadowed"),
        (match("udp", "dport", 443), "effective"),
        (match("ip", "protocol", "tcp"), "shadowed"),
        (match("ip6", "nexthdr", "tcp"), "effective"),
        (match("ip", "saddr", {"prefix": {"addr": "0.0.0.0", "len": 0}}), "shadowed"),
        (match("ip", "saddr", "@gone"), "effective"),
        (match("ip", "saddr", "@gone", "!="), "shadowed"),
        (match("ip", "saddr", "no address"), "effective"),
        ({"limit": {"rate": 1, "per": "second"}}, "effective"),
        ({"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "lo"}}, "effective"),
        ({"match": {"op": "!=", "left": {"meta": {"key": "iifname"}}, "right": "lo"}}, "shadowed"),
        (
            {"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": ["established", "new"]}},
            "shadowed",
        ),
        ({"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": "invalid"}}, "effective"),
        (
            {
                "match": {
                    "op": "==",
                    "left": {"fib": {"result": "type", "flags": ["daddr"]}},
                    "right": "local",
                }
            },
            "shadowed",
        ),
        ({"match": {"op": "==", "left": {"meta": {"key": "pkttype"}}, "right": "host"}}, "shadowed"),
        ({"xt": {"type": "match", "name": "multiport"}}, "effective"),
        ({"counter": {"packets": 1, "bytes": 1}}, "shadowed"),
    ],
)
def test_what_an_earlier_accept_takes_away(statement, kind):
    """An accept before the list's rule for TCP port 443 matters where it is true for new packets of it."""
    asked = rule(match("ip", "saddr", "@edge_v4"), match("tcp", "dport", 443), {"accept": None})
    assert kinds(OURS, base(), rule(statement, {"accept": None}), asked)[0] == kind


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (flags("syn", "==", "syn", "ack"), ["shadowed"]),
        (flags("syn", "==", "fin", "syn", "rst", "ack"), ["shadowed"]),
        (flags("syn", "!=", "fin", "syn", "rst", "ack"), ["effective"]),
        (flags(0, "==", "syn"), ["effective"]),
        (flags("syn", "in"), ["shadowed"]),
        (flags("syn", "!"), ["effective"]),
        (flags("ack", "in"), ["effective"]),
        (flags(["ack", "syn"], "in"), ["shadowed"]),
        (flags("syn"), ["shadowed"]),
        (flags("syn", "!="), ["effective", "uncertain"]),
        (flags({"set": ["syn", {"|": ["syn", "ack"]}]}), ["shadowed"]),
        (flags({"set": [{"|": ["syn", "ack"]}, "ack"]}), ["effective"]),
        (flags("strange"), ["effective", "uncertain"]),
        (match("tcp", "sport", {"range": [1024, 65535]}), ["shadowed"]),
        (match("tcp", "sport", {"range": [40000, 65535]}), ["effective", "uncertain"]),
        (match("tcp", "sport", 53), ["effective", "uncertain"]),
        (match("udp", "sport", 53), ["effective"]),
        (match("ip", "version", 4), ["shadowed"]),
        (match("ip6", "version", 6), ["effective", "ipv6_open"]),
        (match("ether", "type", "ip"), ["shadowed"]),
        (match("ether", "type", "arp"), ["effective"]),
        (match("ip", "ttl", 1, ">"), ["shadowed"]),
        (match("ip", "ttl", 255), ["effective", "uncertain"]),
        (match("ip", "dscp", "cs0"), ["shadowed"]),
        (match("ip", "dscp", "ef"), ["effective", "uncertain"]),
        (match("ip", "daddr", {"prefix": {"addr": "224.0.0.0", "len": 4}}), ["effective"]),
        (match("ip", "daddr", "198.51.100.254"), ["effective", "uncertain"]),
        (match("ip", "saddr", {"prefix": {"addr": "203.0.113.0", "len": 24}}), ["effective"]),
        (match("ip", "saddr", {"prefix": {"addr": "0.0.0.0", "len": 1}}), ["shadowed"]),
        (meta("length", 2000, "<"), ["shadowed"]),
        (meta("length", 60), ["effective", "uncertain"]),
        (meta("hour", {"range": ["00:00", "23:59"]}), ["effective", "uncertain"]),
        (meta("cpu", {"range": [0, 100]}), ["effective", "uncertain"]),
        (meta("ipsec", False), ["shadowed"]),  # noqa: FBT003 - as nft lists it
        (meta("ipsec", True), ["effective", "partly"]),  # noqa: FBT003 - as nft lists it
        (meta("mark", 7), ["effective", "partly"]),
        (meta("mark", 0), ["shadowed"]),
        (meta("iifname", "v*"), ["effective", "uncertain"]),
        ({"match": {"op": "==", "left": {"ct": {"key": "zone"}}, "right": 0}}, ["shadowed"]),
        ({"match": {"op": "==", "left": {"ct": {"key": "zone"}}, "right": 5}}, ["effective", "partly"]),
        ({"match": {"op": "!", "left": {"ct": {"key": "state"}}, "right": "invalid"}}, ["shadowed"]),
        (UNTRACKED, ["effective"]),
        ({"limit": {"rate": 1000, "per": "second"}}, ["effective", "uncertain"]),
        ({"quota": {"val": 100, "val_unit": "mbytes"}}, ["effective", "uncertain"]),
        ({"ct count": {"val": 100}}, ["effective", "uncertain"]),
        ({"match": {"op": "<", "left": {"numgen": {"mod": 100}}, "right": 99}}, ["effective", "uncertain"]),
        (
            {"match": {"op": "==", "left": {"tcp option": {"name": "maxseg"}}, "right": True}},
            ["effective", "uncertain"],
        ),
        (
            {"match": {"op": "==", "left": {"socket": {"key": "transparent"}}, "right": 0}},
            ["effective", "uncertain"],
        ),
        (
            {
                "match": {
                    "op": "==",
                    "left": {"payload": {"base": "th", "offset": 16, "len": 16}},
                    "right": 443,
                }
            },
            ["effective", "uncertain"],
        ),
        ({"xt": {"type": "match", "name": "multiport"}}, ["effective", "uncertain"]),
        ({"ct helper": "ftp"}, ["shadowed"]),
    ],
)
def test_no_way_past_goes_untold(statement, found):
    """An accept before the rule is wrong where a new connection surely has what it asks, told if it may."""
    asked = rule(match("ip", "saddr", "@edge_v4"), match("tcp", "dport", 443), {"accept": None})
    told = kinds(OURS, base(), rule(statement, {"accept": None}), asked)
    assert [*dict.fromkeys(told)] == found


@pytest.mark.parametrize(
    ("chain", "statement", "found"),
    [
        ({"hook": "prerouting", "prio": -300}, {"notrack": None}, ["shadowed"]),
        ({"hook": "prerouting", "prio": -150}, {"notrack": None}, ["effective"]),
        ({"hook": "prerouting", "prio": -300}, {"xt": {"type": "target", "name": "NOTRACK"}}, ["shadowed"]),
        (
            {"hook": "prerouting", "prio": -300},
            {"xt": {"type": "target", "name": "CT"}},
            ["effective", "uncertain"],
        ),
        ({"hook": "prerouting", "prio": -300}, {"ct helper": "ftp"}, ["effective"]),
    ],
)
def test_untracked(chain, statement, found):
    """``notrack`` before connections are looked up makes packets untracked, and later it does nothing."""
    raw = base("raw", policy="accept", **chain)
    asked = rule(match("ip", "saddr", "@edge_v4"), match("tcp", "dport", 443), {"accept": None})
    early = rule(match("tcp", "dport", 443), statement, chain="raw")
    told = kinds(OURS, base(), raw, early, rule(UNTRACKED, {"accept": None}), asked)
    assert [*dict.fromkeys(told)] == found


def test_untracked_is_not_translated():
    """What is not tracked is not sent elsewhere, and no original of it can be asked for."""
    raw = base("raw", hook="prerouting", prio=-300, policy="accept")
    nat = base("nat", hook="prerouting", type="nat", prio=-100, policy="accept")
    port = match("tcp", "dport", 443)
    asked = rule(match("ip", "saddr", "@edge_v4"), port, {"accept": None})
    sent = rule(port, {"dnat": {"addr": "172.17.0.2"}}, chain="nat")
    original = {"ct": {"key": "proto-dst", "dir": "original"}}
    by_original = rule({"match": {"op": "==", "left": original, "right": 443}}, {"accept": None})
    assert kinds(OURS, base(), nat, sent, asked) == ["forward_bypass"]
    untracked = rule({"notrack": None}, chain="raw")
    assert kinds(OURS, base(), raw, untracked, nat, sent, asked) == ["effective"]
    assert kinds(OURS, base(), by_original, asked) == ["shadowed"]
    assert kinds(OURS, base(), raw, untracked, by_original, asked) == ["effective"]


@pytest.mark.parametrize(
    ("devices", "names", "found"),
    [
        (("eth0",), "eth0", ["shadowed"]),
        (("eth0",), "eth*", ["shadowed"]),
        (("eth0",), "lan0", ["effective", "partly"]),
        (("eth0", "eth1"), "eth0", ["effective", "uncertain"]),
        (("eth0", "eth1"), {"set": ["eth0", "eth1"]}, ["shadowed"]),
    ],
)
def test_devices(devices, names, found):
    """An accept by a device is as open as the device: strangers come by the ones of default routes."""
    known = Values.of(span for name in devices for span in Values.word(name).spans)
    asked = rule(match("ip", "saddr", "@edge_v4"), {"accept": None})
    early = rule(meta("iifname", names), {"accept": None})
    told = examine(listing(OURS, base(), early, asked), PLACE, Direction.INGRESS, Around(devices=known))
    assert [*dict.fromkeys(each.kind for each in told)] == found


def test_a_list_for_the_whole_host():
    """For a list without a service, accepts of other services are no finding; of a protocol they are."""
    others = [
        rule(match("tcp", "dport", 22), {"accept": None}),
        rule(match("udp", "dport", 53), {"limit": {"rate": 5}}, {"accept": None}),
        rule(match("icmp", "type", "echo-request"), {"limit": {"rate": 5}}, {"accept": None}),
        rule(UNTRACKED, {"accept": None}),
    ]
    new = {"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": "new"}}
    assert kinds(OURS, base(), *others, ASKED) == ["effective"]
    for early in (new, match("ip", "ttl", 1, ">"), match("th", "sport", 1024, ">=")):
        assert kinds(OURS, base(), *others, rule(early, {"accept": None}), ASKED) == ["shadowed"]
    for early in (meta("l4proto", "udp"), flags("syn", "in"), {"limit": {"rate": 5}}):
        found = kinds(OURS, base(), *others, rule(early, {"accept": None}), ASKED)
        assert [*dict.fromkeys(found)] == ["effective", "uncertain"]


def test_a_rule_that_is_left_is_no_choice():
    """What a rule asked before it did not fit tells nothing about the packets that go on."""
    asked = rule(match("ip", "saddr", "@edge_v4"), {"accept": None})
    dropping = rule(match("tcp", "dport", 25), {"limit": {"rate": 5}}, {"drop": None})
    assert kinds(OURS, base(policy="accept"), dropping, asked) == ["open_policy"]
    ports = match("tcp", "sport", {"range": [40000, 65535]}), match("tcp", "dport", 25)
    marked = rule(meta("mark", 7), {"accept": None})
    assert kinds(OURS, base(), rule(*ports, {"accept": None}), marked, asked) == ["effective", "partly"]


def test_the_rest_of_what_passes_shows_no_effect():
    """Where accepts take all ordinary connections between them, that odd ones are dropped is no effect."""
    parts = [
        rule(match("tcp", "sport", {"range": part}), {"accept": None})
        for part in ([32768, 50000], [50001, 60999])
    ]
    asked = rule(match("ip", "saddr", "@edge_v4"), match("tcp", "dport", 443), {"accept": None})
    assert kinds(OURS, base(), *parts, asked) == ["uncertain"]


def test_marks_set_twice():
    """The last mark counts."""
    first, second = ({"mangle": {"key": {"meta": {"key": "mark"}}, "value": value}} for value in (7, 8))
    asked = rule(match("ip", "saddr", "@edge_v4"), match("tcp", "dport", 443), {"accept": None})
    for mark, found in ((7, ["effective"]), (8, ["shadowed"])):
        early = rule(meta("mark", mark), {"accept": None})
        assert kinds(OURS, base(), rule(first), rule(second), early, asked) == found


def test_what_nobody_can_tell_is_not_good():
    """A way past that nobody can judge has a severity of its own beside the good one."""
    early = rule({"limit": {"rate": 1000}}, {"accept": None})
    found = examine(listing(OURS, base(), early, ASKED), PLACE, Direction.INGRESS)
    assert [each.severity for each in found] == [Severity.GOOD, Severity.UNSURE, Severity.UNSURE]
    assert "whether `limit accept` (chain inet gatepost c, handle 7) matches" in found[1].message


ANY6 = "0" * 32
ROUTES6 = f"""{ANY6} 00 {ANY6} 00 fe80{"0" * 28} 00000400 00000001 00000000 00000003 wg0
{ANY6} 00 {ANY6} 00 {ANY6} ffffffff 00000001 00000000 00200200 lo
{"2a" + "0" * 30} 40 {ANY6} 00 {ANY6} 00000100 00000001 00000000 00000001 eth1
"""


def test_uplinks(tmp_path: Path):
    """Those of default routes; all but loopback where there is none; nothing known where nobody tells."""
    assert uplinks(tmp_path) is None
    names = "lo", "eth0", "eth1", "wg0"
    (tmp_path / "dev").write_text("head\nhead\n" + "".join(f"  {name}: 1 2 3\n" for name in names))
    word = Values.word
    assert uplinks(tmp_path) == Values.of(span for name in names[1:] for span in word(name).spans)
    (tmp_path / "route").write_text(ROUTES)
    assert uplinks(tmp_path) == word("eth0")
    (tmp_path / "ipv6_route").write_text(ROUTES6)
    assert uplinks(tmp_path) == Values.of((*word("eth0").spans, *word("wg0").spans))
    (tmp_path / "route").write_text(ROUTES.replace("0003", "what"))
    assert uplinks(tmp_path) == word("wg0")
    (tmp_path / "dev").write_bytes(b"\xff")
    assert uplinks(tmp_path) is None


def test_verdict_maps():
    """Maps, named or not, decide by their first fitting element, for ports and for pairs."""
    port = {"payload": {"protocol": "tcp", "field": "dport"}}
    pair = {"concat": [port, {"meta": {"key": "l4proto"}}]}
    named = {"map": {"family": "inet", "table": "gatepost", "name": "m", "elem": [[443, {"accept": None}]]}}
    asked = rule(match("ip", "saddr", "@edge_v4"), match("tcp", "dport", 443), {"accept": None})
    by_name = rule({"vmap": {"key": port, "data": "@m"}})
    by_element = rule(
        {"vmap": {"key": port, "data": {"set": [[80, {"accept": None}], ["*", {"drop": None}]]}}}
    )
    assert kinds(OURS, named, base(), by_name, asked) == ["shadowed"]
    assert kinds(OURS, base(), by_element, asked) == ["blocked"]
    joined = {"match": {"op": "==", "left": pair, "right": {"set": [{"concat": [443, "tcp"]}]}}}
    apart = {"match": {"op": "==", "left": pair, "right": {"set": [{"concat": [443, "udp"]}]}}}
    assert kinds(OURS, base(), rule(joined, {"accept": None}), asked) == ["shadowed"]
    assert kinds(OURS, base(), rule(apart, {"accept": None}), asked) == ["effective"]


def test_egress():
    """A list of destinations is looked at in output, and on the other side of the packet."""
    there = rule(match("ip", "daddr", "@edge_v4"), {"accept": None})
    assert kinds(OURS, base(hook="output"), there, direction=Direction.EGRESS) == ["effective"]
    assert kinds(OURS, base(hook="output", policy="accept"), there, direction=Direction.EGRESS) == [
        "open_policy"
    ]
    assert kinds(OURS, base(hook="output"), ASKED, direction=Direction.EGRESS) == ["wrong_side"]
    assert kinds(OURS, base(), there, direction=Direction.EGRESS) == ["wrong_side"]


def test_old_listing_of_iptables():
    """Where nft names no target of iptables, the last of a nat rule is taken for a DNAT, of no other rule."""
    pre = {**base("pre", hook="prerouting", type="nat", prio=-100)}
    hidden = {"xt": None}
    assert "forward_bypass" in kinds(
        OURS, base(), pre, ASKED, rule(match("tcp", "dport", 443), hidden, chain="pre")
    )
    assert kinds(OURS, base(), ASKED, rule(match("tcp", "dport", 443), hidden)) == ["effective"]


def test_legacy(tmp_path: Path):
    """Tables of the legacy iptables are named; where there are none, nothing is."""
    assert legacy_tables(tmp_path) == ()
    (tmp_path / "ip_tables_names").write_text("filter\nnat\n")
    (tmp_path / "ip6_tables_names").write_bytes(b"\xff")
    assert legacy_tables(tmp_path) == ("ip filter", "ip nat")
    found = examine(listing(OURS, base(), ASKED), PLACE, Direction.INGRESS, Around(legacy_tables(tmp_path)))
    assert [(each.kind, each.severity) for each in found][1:] == [("legacy_rules", Severity.NOTE)]
    assert "ip filter, ip nat" in found[1].message


class Told:
    """A program ``nft`` that says this."""

    def __init__(self, answer: Finished | ProgramFailed) -> None:
        self.answer = answer

    async def run(self, argv, *, stdin=b"", timeout):  # noqa: ASYNC109 - the runner's own
        """Asked for the ruleset."""
        assert (list(argv), stdin, timeout) == (["nft", "-t", "list", "ruleset"], b"", 5.0)
        if isinstance(self.answer, ProgramFailed):
            raise self.answer
        return self.answer


@pytest.mark.anyio
async def test_without_the_program(tmp_path):
    """Where nft cannot be run, that is a note: the sets themselves may be right."""
    examiner = Examiner(PLACE, Told(ProgramFailed("nft cannot be run: No such file")), 5.0, tmp_path)
    assert [(each.kind, each.severity) for each in await examiner.findings(Direction.INGRESS)] == [
        ("unexamined", Severity.NOTE)
    ]


@pytest.mark.anyio
async def test_without_the_right(tmp_path):
    """Where nft may not read, it is one typed error with its words."""
    refused = Finished("nft", 1, b"", b"Operation not permitted (you must be root)")
    with pytest.raises(TargetUnavailable, match="Operation not permitted"):
        await Examiner(PLACE, Told(refused), 5.0, tmp_path).findings(Direction.INGRESS)
