"""The guard of the protected set, case by case."""

from __future__ import annotations

import pytest

from gatepost.model.content import Allowlist
from gatepost.model.entry import Direction, Entry, PortRange, Protocol
from gatepost.model.protect import Protected
from gatepost.planning.canonical import canonical, without
from gatepost.planning.normalise import parse_value
from gatepost.planning.protect import Nearby, cut_off, protected
from rigs.answers import entries

LIST = Allowlist("webhooks", Direction.INGRESS, ("events",))
ANY = ()


def lost(value: str, before: tuple[Entry, ...], after: tuple[Entry, ...]) -> list[str]:
    """What of a value a change cuts off."""
    held, wanted = canonical(before), canonical(after)
    return [str(one) for one in cut_off(parse_value(value), Nearby(without(held, wanted)), Nearby(wanted))]


def on(value: str, protocol: Protocol | None, *ports: PortRange) -> Entry:
    """An entry of some service."""
    return Entry(parse_value(value), protocol, ports)


@pytest.mark.parametrize(
    ("value", "before", "after", "gone"),
    [
        ("203.0.113.7", ["203.0.113.7", "8.8.8.8"], ["8.8.8.8"], ["203.0.113.7/32"]),
        ("203.0.113.7", ["203.0.113.0/24"], ["203.0.113.0/25"], []),
        ("203.0.113.7", ["203.0.113.7"], ["203.0.113.0/24"], []),
        ("203.0.113.200", ["203.0.113.0/24"], ["203.0.113.0/25"], ["203.0.113.200/32"]),
        ("203.0.113.0/24", ["203.0.113.8/29"], ["203.0.113.8/30"], ["203.0.113.12/30"]),
        ("203.0.113.0/24", ["203.0.113.1", "203.0.113.3"], ["8.8.8.8"], ["203.0.113.1/32", "203.0.113.3/32"]),
        ("203.0.113.7", ["8.8.8.8"], ["8.8.4.4"], []),
        ("2001:db8::1", ["2001:db8::/64"], ["8.8.8.8"], ["2001:db8::1/128"]),
        ("0.0.0.1", ["::1"], ["8.8.8.8"], []),
        ("a.example.com", ["*.example.com"], ["b.example.com"], ["a.example.com"]),
        ("*.example.com", ["a.example.com", "b.example.com"], ["b.example.com"], ["a.example.com"]),
        ("a.example.com", ["a.example.com"], ["*.example.com"], []),
        ("example.com", ["*.example.com"], ["8.8.8.8"], []),
        ("*.example.com", ["badexample.com"], ["8.8.8.8"], []),
        ("a.example.com", ["203.0.113.7"], ["8.8.8.8"], []),
    ],
)
def test_what_is_cut_off(value: str, before: list[str], after: list[str], gone: list[str]):
    """Just what was let in, is protected, and would be let in no more; however it is written."""
    assert lost(value, entries(*before), entries(*after)) == gone


TCP, UDP = Protocol.TCP, Protocol.UDP


@pytest.mark.parametrize(
    ("before", "after", "is_cut"),
    [
        ([(TCP, (22, 22), (443, 443))], [(TCP, (443, 443))], True),
        ([(TCP, (443, 443))], [(TCP, (22, 22), (443, 443))], False),
        ([(TCP, (1, 100))], [(TCP, (1, 50)), (TCP, (51, 200))], False),
        ([(TCP, (1, 100))], [(TCP, (1, 50)), (TCP, (52, 200))], True),
        ([(None,)], [(TCP,), (UDP,)], True),
        ([(TCP,), (UDP,)], [(None,)], False),
        ([(None, (53, 53))], [(TCP, (53, 53)), (UDP, (53, 53))], False),
        ([(None, (53, 53))], [(TCP, (53, 53))], True),
        ([(UDP,)], [(UDP, (1, 65535))], False),
        ([(UDP,)], [(UDP, (2, 65535))], True),
        ([(UDP,)], [(UDP, (1, 65534))], True),
        ([(None,)], [(None, (1, 65535))], True),
        ([(TCP,)], [(UDP,)], True),
    ],
)
@pytest.mark.parametrize("value", ["203.0.113.7", "a.example.com"])
def test_services_count_by_traffic(value: str, before: list[tuple], after: list[tuple], *, is_cut: bool):
    """One port less is a cut; the same ports written otherwise, or of a wider service, are none."""
    held, wanted = (tuple(on(value, *service) for service in side) for side in (before, after))
    assert lost(value, held, wanted) == ([str(parse_value(value))] if is_cut else [])


def reasons(one: Protected, before: str, after: str = "8.8.8.8") -> tuple:
    """What the guard says of a change from one entry to another."""
    held, wanted = entries(before), entries(after)
    return protected("edge", LIST, without(held, wanted), wanted, [one])


def test_the_sentence_names_value_reason_and_list():
    """A person sees what would be cut, whose it is, on which list, and what to do."""
    one = Protected(parse_value("203.0.113.0/24"), "office")
    (reason,) = reasons(one, "203.0.113.7")
    assert (reason.guard, reason.measured, reason.limit, reason.absolute) == (
        "protected", "203.0.113.7/32", "none", True,
    )  # fmt: skip
    assert reason.message == (
        "edge: webhooks would cut off 203.0.113.7/32 of 203.0.113.0/24, which is protected (office); "
        "keep it with a pin, or change [protect]."
    )


def test_the_reason_is_shown_as_text_alone():
    """What an owner wrote as the reason cannot forge a line of the output."""
    (reason,) = reasons(Protected(parse_value("203.0.113.7"), "a\n\x1b[2Jb" + "c" * 500), "203.0.113.7")
    assert reason.message.isprintable()
    assert len(reason.message) < 300


@pytest.mark.parametrize(("direction", "speaks"), [(None, 1), (Direction.INGRESS, 1), (Direction.EGRESS, 0)])
def test_only_the_list_it_concerns(direction: Direction | None, speaks: int):
    """Where we go does not matter to a list of who may come."""
    one = Protected(parse_value("203.0.113.7"), "ours", direction)
    assert len(reasons(one, "203.0.113.7")) == speaks
