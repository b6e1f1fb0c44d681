"""The protected guard's sentence, and which entries are near a value."""

from __future__ import annotations

import pytest

from gatepost.model.content import Allowlist
from gatepost.model.entry import Direction, Entry, Protocol
from gatepost.model.protect import Protected
from gatepost.planning.canonical import canonical, without
from gatepost.planning.normalise import parse_value
from gatepost.planning.protect import Nearby, cut_off, protected
from rigs.answers import entries, hosts, shown

LIST = Allowlist("webhooks", Direction.INGRESS, ("events",))


def said(value: str, before: tuple[str, ...], after: tuple[str, ...] = ("8.8.4.4",)) -> list[tuple[str, str]]:
    """What was measured, and the sentence."""
    held, wanted = canonical(entries(*before)), canonical(entries(*after))
    one = Protected(parse_value(value), "office")
    return [
        (reason.measured, reason.message)
        for reason in protected("edge", LIST, without(held, wanted), wanted, [one])
    ]


@pytest.mark.parametrize(
    ("value", "before", "measured", "named"),
    [
        ("101.226.103.7", ("101.226.103.0/24",), "101.226.103.7/32", "101.226.103.7/32"),
        ("a.qq.com", ("*.qq.com",), "a.qq.com", "a.qq.com"),
        ("101.226.103.0/24", ("101.226.103.7",), "101.226.103.7/32", "101.226.103.7/32 of 101.226.103.0/24"),
        (
            "101.226.103.0/24",
            ("101.226.103.7", "101.226.103.9"),
            "101.226.103.7/32 and 1 more",
            "101.226.103.7/32 and 1 more of 101.226.103.0/24",
        ),
        (
            "*.qq.com",
            ("a.qq.com", "b.qq.com", "c.qq.com"),
            "a.qq.com and 2 more",
            "a.qq.com and 2 more of *.qq.com",
        ),
    ],
)
def test_the_first_cut_is_named_and_the_others_are_counted(
    value: str, before: tuple[str, ...], measured: str, named: str
):
    """With the whole value beside it where only a part would be cut off."""
    sentence = (
        f"edge: webhooks would cut off {named}, which is protected (office); "
        "keep it with a pin, or change [protect]."
    )
    assert said(value, before) == [(measured, sentence)]


def test_nothing_near_nothing_said():
    """Names are near names, addresses are near addresses that they share."""
    assert said("a.qq.com", ("101.226.103.7",)) == []
    assert said("101.226.103.7", ("a.qq.com",)) == []
    assert said("101.226.103.7", ("101.226.103.6", "101.226.103.8", "::65e2:6707")) == []
    assert said("101.226.103.7", ("101.226.103.7",), ("101.226.103.0/24",)) == []


def near(value: str, *listed: str, service: Protocol | None = None) -> list[str]:
    """Entries that share addresses with a value, and how many each."""
    found = Nearby(Entry(entry.value, service) for entry in entries(*listed))
    prefix = parse_value(value)
    assert not isinstance(prefix, str)
    return [f"{entry.value} {last - first + 1}" for entry, (first, last) in found.touching(prefix)]  # type: ignore[arg-type]  # addresses here


LISTED = ("101.226.100.0/24", "101.226.102.0/23", "101.226.105.0/30", "101.226.105.8", "2400:da00::/32")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("101.226.101.0/24", []),
        ("101.226.99.255", []),
        ("101.226.100.0", ["101.226.100.0/24 1"]),
        ("101.226.100.255", ["101.226.100.0/24 1"]),
        ("101.226.103.255", ["101.226.102.0/23 1"]),
        ("101.226.104.0", []),
        ("101.226.105.0/28", ["101.226.105.0/30 4", "101.226.105.8/32 1"]),
        ("101.226.105.2/31", ["101.226.105.0/30 2"]),
        ("101.226.105.9", []),
        (
            "101.226.96.0/20",
            ["101.226.100.0/24 256", "101.226.102.0/23 512", "101.226.105.0/30 4", "101.226.105.8/32 1"],
        ),
        ("2400:da00::7", ["2400:da00::/32 1"]),
        ("::65e2:6400", []),
    ],
)
def test_what_is_near_is_found_to_its_edges(value: str, found: list[str]):
    """Every entry that shares an address, cut to what is shared; in whatever order they were listed."""
    assert near(value, *LISTED) == found


def test_one_lost_name_hides_no_other():
    """Names that have nothing to do with the value are passed over, not the end of the search."""
    gone = Nearby(entries("a.example.com", "a.qq.com", "b.qq.com", "*.z.example.com"))
    lost = cut_off(parse_value("*.qq.com"), gone, Nearby(entries(*hosts(1, 2), "b.qq.com")))
    assert list(map(str, lost)) == ["a.qq.com"]
    assert shown(tuple(gone.names)) == ["a.example.com", "a.qq.com", "b.qq.com", "*.z.example.com"]


def test_a_wider_service_keeps_what_a_narrower_one_let_in():
    """A value that comes in by another entry is not cut off, though its own entry goes."""
    one = Protected(parse_value("101.226.103.7"), "office")
    held = tuple(Entry(entry.value, Protocol.TCP, ((443, 443),)) for entry in entries("101.226.103.7"))
    wanted = entries("101.226.103.0/24")
    assert without(held, wanted) == held
    assert protected("edge", LIST, held, wanted, [one]) == ()
    assert len(protected("edge", LIST, held, entries("8.8.4.4"), [one])) == 1
