"""How much of a list holds: who of it is dropped, who else is let in, and on what it hangs."""

from __future__ import annotations

import pytest

from gatepost.model.entry import Direction
from gatepost.targets._nft_openings import present, uplinks
from gatepost.targets._nft_ruleset import Around, examine
from rigs.listings import ASKED, OURS, PLACE, ROUTES, base, flags, kinds, listing, match, meta, rule


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ("eth0", ["effective"]),
        ({"set": ["eth0", "lan0"]}, ["effective"]),
        ("lan0", ["effective", "confined"]),
        ("eth9", ["effective", "uncertain"]),
        ("eth9*", ["effective", "uncertain"]),
        ("eth*", ["effective"]),
    ],
)
def test_a_list_at_devices(tmp_path, names, found):
    """A rule of the list for devices by which no stranger comes is told, and one for none that is there."""
    (tmp_path / "dev").write_text("head\nhead\n" + "".join(f"{name}: 1\n" for name in ("lo", "eth0", "lan0")))
    (tmp_path / "route").write_text(ROUTES)
    around = Around((), uplinks(tmp_path), present(tmp_path))
    asked = rule(meta("iifname", names), match("ip", "saddr", "@edge_v4"), {"accept": None})
    told = examine(listing(OURS, base(), asked), PLACE, Direction.INGRESS, around)
    assert [each.kind for each in told] == found


def spans(*texts: str) -> list[object]:
    return [{"range": text.split("-")} if "-" in text else text for text in texts]


def around_edges(*texts: str) -> dict[str, object]:
    return {"set": {"family": "inet", "table": "gatepost", "name": "edge_v4", "elem": spans(*texts)}}


@pytest.mark.parametrize(
    ("early", "lost"),
    [
        ((match("ip", "saddr", "8.8.4.0"),), "1 of 513 listed addresses, such as 8.8.4.0,"),
        ((match("ip", "saddr", "8.8.4.255"),), "1 of 513 listed addresses, such as 8.8.4.255,"),
        ((match("ip", "saddr", "8.8.3.255"),), ""),
        ((match("ip", "saddr", "8.8.5.0"),), ""),
        ((match("ip", "saddr", "8.8.4.128", "<"),), "129 of 513 listed addresses, such as 1.1.1.1,"),
        (
            (match("ip", "saddr", "8.8.4.128", ">="),),
            "384 of 513 listed addresses, such as 8.8.4.128-8.8.4.255,",
        ),
        ((match("ip", "saddr", "9.9.9.7", "!="),), "512 of 513 listed addresses, such as 1.1.1.1,"),
        ((match("ip", "saddr", {"set": spans("1.1.1.1", "9.9.9.0-9.9.9.254")}),), "256 of 513"),
        ((match("ip", "saddr", "1.1.1.1"), match("tcp", "sport", 7)), ""),
        ((match("ip", "saddr", "1.1.1.1"), {"limit": {"rate": 5, "inv": True}}), ""),
    ],
)
def test_each_listed_address(early, lost):
    """An earlier drop of any part of the list is told to the last address, and of none that is not listed."""
    content = around_edges("1.1.1.1", "8.8.4.0-8.8.4.255", "9.9.9.0-9.9.9.255")
    asked = rule(match("ip", "saddr", "@edge_v4"), match("tcp", "dport", 443), {"accept": None})
    found = examine(listing(content, base(), rule(*early, {"drop": None}), asked), PLACE, Direction.INGRESS)
    assert [each.kind for each in found] == (["blocked"] if lost else ["effective"])
    assert lost in found[0].message


def test_each_listed_address_of_many():
    """So it is in a set of fifty thousand intervals, wherever the one address lies."""
    content = [f"11.{n >> 8}.{n & 255}.16-11.{n >> 8}.{n & 255}.31" for n in range(50_000)]
    early = rule(match("ip", "saddr", "11.77.3.31"), {"drop": None})
    found = examine(listing(around_edges(*content), base(), early, ASKED), PLACE, Direction.INGRESS)
    assert [each.kind for each in found] == ["blocked"]
    assert "1 of 800000 listed addresses, such as 11.77.3.31," in found[0].message


@pytest.mark.parametrize(
    ("networks", "found"),
    [
        (["203.0.113.0/24"], ["effective"]),
        (["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"], ["effective"]),
        (["224.0.0.0/3", "127.0.0.0/8", "0.0.0.0/8"], ["effective"]),
        (["11.0.0.0/9"], ["effective"]),
        (["11.0.0.0/8"], ["effective", "partly"]),
        (["32.0.0.0/5"], ["effective", "partly"]),
        (["32.0.0.0/4"], ["shadowed"]),
        (["32.0.0.0/5", "64.0.0.0/5"], ["shadowed"]),
        ([f"{n}.0.0.0/9" for n in range(11, 70)], ["shadowed"]),
        ([f"{n}.0.0.0/9" for n in range(11, 15)], ["effective", "partly"]),
        (["0.0.0.0/0"], ["shadowed"]),
    ],
)
@pytest.mark.parametrize("apart", [False, True], ids=["one rule", "many rules"])
def test_how_many_may_pass_beside_the_list(networks, apart, found):
    """A sixteenth of the addresses that strangers have makes a list vain, however many rules let them in."""
    prefixes = [
        {"prefix": {"addr": at, "len": int(size)}} for at, _, size in (n.partition("/") for n in networks)
    ]
    parts = prefixes if apart else [{"set": prefixes}]
    early = [rule(match("ip", "saddr", part), {"accept": None}) for part in parts]
    told = kinds(OURS, base(), *early, ASKED)
    assert [*dict.fromkeys(told)] == found


def test_a_list_of_private_addresses():
    """There strangers are the other private addresses."""
    content = around_edges("10.1.2.3", "192.168.7.0-192.168.7.255")
    early = rule(match("ip", "saddr", {"prefix": {"addr": "10.0.0.0", "len": 8}}), {"accept": None})
    assert kinds(content, base(), early, ASKED) == ["shadowed"]
    assert kinds(OURS, base(), early, ASKED) == ["effective"]


OWN = match("ip", "saddr", "@edge_v4"), match("tcp", "dport", 443)


@pytest.mark.parametrize(
    ("terms", "found"),
    [
        (({"limit": {"rate": 1, "per": "hour"}},), ["uncertain"]),
        (({"quota": {"val": 1}},), ["uncertain"]),
        ((meta("mark", 7),), ["uncertain"]),
        ((meta("mark", 0),), ["effective"]),
        ((meta("hour", {"range": ["08:00", "18:00"]}),), ["uncertain"]),
        ((match("tcp", "sport", 1024, ">="),), ["effective"]),
        ((match("tcp", "sport", 53),), ["uncertain"]),
        ((match("ip", "ttl", 1, ">"),), ["effective"]),
        ((match("ip", "ttl", 255),), ["uncertain"]),
        ((match("ip", "saddr", "8.8.8.8"),), ["effective"]),
        ((match("ip", "saddr", "8.8.8.9"),), ["blocked"]),
        ((match("ip", "daddr", "198.51.100.254"),), ["effective"]),
        (({"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": "new"}},), ["effective"]),
        ((flags("syn", "==", "syn", "ack"),), ["effective"]),
    ],
)
def test_terms_of_the_list_itself(terms, found):
    """What the list's own rule asks besides may be the end of it: never good where most do not have it."""
    assert kinds(OURS, base(), rule(*OWN, *terms, {"accept": None})) == found
    assert kinds(OURS, base(), rule(*terms, *OWN, {"accept": None})) == found


@pytest.mark.parametrize(
    ("early", "terms", "found"),
    [
        ((), (), ["effective"]),
        ((match("ip", "daddr", "8.8.8.8"), {"drop": None}), (), ["blocked"]),
        ((match("ip", "daddr", "8.8.8.9"), {"drop": None}), (), ["effective"]),
        ((match("ip", "daddr", "8.8.8.9", "!="), {"accept": None}), (), ["shadowed"]),
        ((), (meta("skuid", 33),), ["effective"]),
        ((), (meta("mark", 7),), ["uncertain"]),
        ((), ({"limit": {"rate": 1}},), ["uncertain"]),
    ],
)
def test_the_way_out(early, terms, found):
    """A list of destinations is judged as one of sources; whose packets a rule is about is its service."""
    asked = rule(match("ip", "daddr", "@edge_v4"), *terms, {"accept": None})
    before = [rule(*early)] if early else []
    out = base(hook="output")
    assert kinds(OURS, out, *before, asked, direction=Direction.EGRESS) == found


@pytest.mark.parametrize("network", ["8.8.8.0", "0.0.0.0"])
def test_listed_that_are_sent_elsewhere(network):
    """Where a redirection takes listed addresses to a port at which all are dropped, they are lost."""
    nat = base("nat", hook="prerouting", type="nat", prio=-100, policy="accept")
    source = match("ip", "saddr", {"prefix": {"addr": network, "len": 24 if network != "0.0.0.0" else 0}})
    sent = rule(source, match("tcp", "dport", 443), {"redirect": {"port": 8443}}, chain="nat")
    there = rule(match("tcp", "dport", 8443), match("ip", "saddr", "@edge_v4"), {"accept": None})
    own = rule(*OWN, {"accept": None})
    assert kinds(OURS, base(), nat, sent, own) == ["blocked"]
    assert set(kinds(OURS, base(), nat, sent, own, there)) == {"effective"}
