"""What entries let in, service by service."""

from __future__ import annotations

import pytest

from gatepost.model.address import Prefix
from gatepost.model.entry import Entry, Protocol
from gatepost.planning.canonical import admitted, canonical, differences, merged, punched, shifted, without
from gatepost.planning.diff import diff
from gatepost.planning.normalise import parse_value
from rigs.answers import entries, shown

WEB = ((443, 443),)


def served(*values: str, protocol: Protocol | None = Protocol.TCP) -> list[Entry]:
    """On port 443."""
    return [Entry(entry.value, protocol, WEB, necessary=True, note="x") for entry in entries(*values)]


def prefix(text: str) -> Prefix:
    """As written."""
    value = parse_value(text)
    assert isinstance(value, Prefix)
    return value


def test_services_never_merge():
    """Halves on other ports or protocols stay halves; notes and necessity are left behind."""
    mixed = [
        *served("101.226.103.128/25"),
        *entries("101.226.103.0/25", "a.qq.com"),
        *served("101.226.103.0/25"),
        *served("101.226.103.0/25", "a.qq.com", protocol=Protocol.UDP),
    ]
    assert canonical(mixed) == (
        Entry(prefix("101.226.103.0/24"), Protocol.TCP, WEB),
        Entry(prefix("101.226.103.0/25")),
        Entry(prefix("101.226.103.0/25"), Protocol.UDP, WEB),
        Entry(parse_value("a.qq.com")),
        Entry(parse_value("a.qq.com"), Protocol.UDP, WEB),
    )


def test_entries_are_taken_apart():
    """Spans per service and family, names per service."""
    parts = admitted([*entries("101.226.103.7", "2400:da00::1", "a.qq.com"), *served("101.226.103.7")])
    assert len(parts.spans) == 3
    assert parts.names == {((None, ()), parse_value("a.qq.com"))}
    assert admitted(()).names == frozenset()


def test_a_loss_is_of_its_service():
    """What another service lets in is no substitute; names go one by one."""
    old = [*entries("101.226.103.0/31", "a.qq.com", "b.qq.com"), *served("101.226.103.1")]
    assert without(
        old, [*served("101.226.103.0/24"), *entries("101.226.103.0", "a.qq.com", "2400:da00::1")]
    ) == (
        *entries("101.226.103.1"),
        *entries("b.qq.com"),
    )
    assert without(old, ()) == canonical(old)
    assert without((), old) == ()


def test_a_hole_is_in_every_service():
    """Whatever the port, and in its own family alone; names have no holes."""
    old = [*entries("101.226.103.0/31", "2400:da00::/127", "a.qq.com"), *served("101.226.103.0/31")]
    holed = punched(old, [prefix("101.226.103.1"), prefix("2400:da00::1")])
    assert shown(holed) == ["101.226.103.0/32", "101.226.103.0/32", "2400:da00::/128", "a.qq.com"]


def test_differences_are_of_what_is_let_in():
    """Both ways at once, canonical, whether the lists are canonical or one or both are not."""
    nested = entries("101.226.103.0/24", "101.226.103.0/25", "101.226.104.7")
    plain = entries("101.226.103.0/24", "a.qq.com")
    assert differences(nested, plain) == (entries("a.qq.com"), entries("101.226.104.7"))
    assert differences(plain, nested) == (entries("101.226.104.7"), entries("a.qq.com"))
    assert differences(nested, nested[1:]) == ((), entries("101.226.103.128/25"))
    assert differences(plain, (*plain[:1], *served("a.qq.com"))) == (
        canonical(served("a.qq.com")),
        entries("a.qq.com"),
    )
    halves = entries("101.226.103.0/25", "101.226.103.128/25")
    assert differences(halves, plain[:1]) == differences(plain[:1], halves) == ((), ())


def test_nested_networks_of_both_families_say_nothing_twice():
    """A part that goes while the whole stays is no difference, in either family."""
    whole = entries("101.226.103.0/24", "2400:da00::/32")
    nested = entries("101.226.103.0/24", "101.226.103.0/25", "2400:da00::/32", "2400:da00::/33")
    assert differences(nested, whole) == differences(whole, nested) == ((), ())
    other = entries("101.226.103.0/24", "101.226.103.128/25", "2400:da00::/32", "2400:da00:8000::/33")
    assert differences(nested, other) == ((), ())


HOSTS = tuple(f"101.226.104.{number}" for number in range(0, 160, 2))
"""So many that two changes are few."""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("101.226.103.1", "101.226.103.3", "101.226.103.5"), ("101.226.103.0/29", "101.226.103.3")),
        (("101.226.103.0/29", "101.226.103.3"), ("101.226.103.3",)),
        (("101.226.103.1", "101.226.103.3"), ("101.226.103.1", "101.226.103.2", "101.226.103.3")),
        (("101.226.103.0/31", "101.226.103.2"), ("101.226.103.0/31", "101.226.103.2", "101.226.103.3")),
        (("101.226.103.0/31", "101.226.103.1"), ("101.226.103.0/31",)),
        (("101.226.103.1",), ()),
    ],
)
def test_spans_are_carried_over(before: tuple[str, ...], after: tuple[str, ...]):
    """A change is carried out where it lies, over what is inside of it and beside it."""
    old, new = entries(*HOSTS, *before), entries(*HOSTS, *after)
    assert shifted(merged(old), diff(old, new), new) == merged(new)
