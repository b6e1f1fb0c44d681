"""What is protected and let in stays let in, by a count of its own: each address, name and port by itself."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.model.address import Prefix
from gatepost.model.content import Allowlist, Content, Serial, Snapshot
from gatepost.model.entry import Direction, Domain, Entry, Protocol
from gatepost.model.limits import Limits
from gatepost.model.plan import Capabilities, Current, Plan, PlanStatus
from gatepost.model.protect import Protected
from gatepost.planning.canonical import canonical
from gatepost.planning.digest import digest_entries
from gatepost.planning.normalise import parse_value
from gatepost.planning.plan import PlanRequest, make_plan, release
from rigs.answers import START

Point = tuple[str, str, int]
"""An address or name, a protocol and a port: what a packet has."""

ADDRESSES = [f"101.226.103.{number}" for number in range(4)]
NAMES = [f"{name}example.com" for name in ("", "a.", "x.", "b.a.", "x.a.", "c.b.a.", "x.x.a.")]
PORTS = (1, 22, 23, 80, 443, 65535)
ADDRESS_VALUES = ("101.226.103.0", "101.226.103.1", "101.226.103.0/31", "101.226.103.0/30")
NAME_VALUES = ("a.example.com", "*.example.com", "b.a.example.com", "*.a.example.com")
SERVICES = (
    (None, ()), (Protocol.TCP, ()), (Protocol.UDP, ()), (None, ((22, 22),)), (Protocol.TCP, ((22, 22),)),
    (Protocol.TCP, ((22, 22), (443, 443))), (Protocol.TCP, ((1, 100),)), (Protocol.TCP, ((23, 65535),)),
    (Protocol.UDP, ((1, 65535),)),
)  # fmt: skip

values = st.sampled_from([parse_value(text) for text in (*ADDRESS_VALUES, *NAME_VALUES)])


def entries_of(texts: tuple[str, ...]) -> st.SearchStrategy[set[Entry]]:
    """A few entries close to each other, so that they meet."""
    one = st.builds(
        lambda text, service: Entry(parse_value(text), *service),
        st.sampled_from(texts),
        st.sampled_from(SERVICES),
    )
    return st.sets(one, max_size=4)


some_entries = entries_of(ADDRESS_VALUES) | entries_of(NAME_VALUES)
changes = st.one_of(
    st.tuples(entries_of(texts), entries_of(texts)) for texts in (ADDRESS_VALUES, NAME_VALUES)
)
"""What is held before and after."""
protected_values = st.lists(
    st.builds(Protected, values, st.just("ours"), st.sampled_from([None, *Direction])), min_size=1, max_size=3
)


def lets_in(entry: Entry, point: Point) -> bool:
    """Whether a packet passes an entry, by what the words of an entry mean."""
    place, protocol, port = point
    if entry.protocol is not None and entry.protocol.value != protocol:
        return False
    if entry.ports and not any(first <= port <= last for first, last in entry.ports):
        return False
    return covers(entry.value, place)


def covers(value: object, place: str) -> bool:
    """Whether a prefix holds an address, or a domain a name."""
    if isinstance(value, Domain):
        return place.endswith(f".{value.name}") if value.tree else place == value.name
    if place not in ADDRESSES:
        return False
    address, length = str(value).split("/")
    first = ADDRESSES.index(address)
    return first <= ADDRESSES.index(place) < first + 2 ** (32 - int(length))


POINTS: list[Point] = [
    (place, protocol, port)
    for place in (*ADDRESSES, *NAMES)
    for protocol, ports in (("tcp", PORTS), ("udp", PORTS), ("icmp", (0,)))
    for port in ports
]


def reachable(entries: tuple[Entry, ...]) -> set[Point]:
    """Every packet that passes."""
    return {point for point in POINTS if any(lets_in(entry, point) for entry in entries)}


def planned(
    before: tuple[Entry, ...], after: tuple[Entry, ...], protected: list[Protected], direction: Direction
) -> Plan:
    """The plan from one set of entries to another."""
    return make_plan(
        PlanRequest(
            target="edge",
            allowlist=Allowlist("webhooks", direction, ("events",)),
            snapshot=Snapshot("webhooks", Serial(2), START, Content((), after, digest_entries(after))),
            previous=None,
            current=Current(1, before, digest_entries(before)),
            capabilities=Capabilities(domains=True, ports=True),
            held=(),
            missing=(),
            limits=Limits(),
            protected=tuple(protected),
        )
    )


@settings(max_examples=1_000)
@given(changes, protected_values, st.sampled_from(Direction))
def test_the_protected_stay_reachable(
    change: tuple[set[Entry], set[Entry]], protected: list[Protected], direction: Direction
):
    """P7: after every plan that a person could let through, what is protected and was let in still is.

    And no plan is refused that cuts off nothing protected.
    """
    before, after = map(canonical, change)
    plan = planned(before, after, protected, direction)
    concerned = [one.value for one in protected if one.direction in (None, direction)]
    lost = {
        point
        for point in reachable(before) - reachable(after)
        if any(covers(value, point[0]) for value in concerned)
    }
    refused = any(reason.guard == "protected" for reason in plan.reasons)
    assert refused is bool(lost)
    assert not refused or release(plan).status is PlanStatus.HELD


@given(some_entries.filter(bool), protected_values)
def test_what_is_not_let_in_cannot_be_cut(entries: set[Entry], protected: list[Protected]):
    """From nothing to anything, and from anything to itself, no protected value stands in the way."""
    held = canonical(entries)
    for before in ((), held):
        plan = planned(before, held, protected, Direction.INGRESS)
        assert not any(reason.guard == "protected" for reason in plan.reasons)


@given(changes, values)
def test_one_more_protected_value_never_frees_a_plan(
    change: tuple[set[Entry], set[Entry]], value: Prefix | Domain
):
    """Protecting more refuses the same plans, or more, and changes nothing else in them."""
    before, after = map(canonical, change)
    free = planned(before, after, [], Direction.EGRESS)
    guarded = planned(before, after, [Protected(value, "ours")], Direction.EGRESS)
    assert replace(guarded, status=free.status, reasons=free.reasons, digest=free.digest) == free
    assert set(free.reasons) <= set(guarded.reasons)
