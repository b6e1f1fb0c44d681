"""What an egress list names, tried on loopback."""

from __future__ import annotations

import anyio
import pytest

from gatepost.engine.reaching import SHOWN, Probe, Way, connect, findings, reach, way_to
from gatepost.model.entry import Entry, Protocol
from gatepost.planning.normalise import parse_value

pytestmark = pytest.mark.anyio


def entry(value: str, *ports: tuple[int, int], protocol: Protocol | None = None, **more: object) -> Entry:
    """One entry."""
    return Entry(parse_value(value), protocol, ports, **more)


def test_what_is_tried():
    """Hosts and names that may be necessary, the first port of each range; the rest is counted by why."""
    way = way_to(
        [
            entry("61.0.0.1"),
            entry("61.0.0.2", (80, 90), (443, 443), protocol=Protocol.TCP, necessary=True),
            entry("2001:db8::1"),
            entry("a.example.com", (8443, 8443), protocol=Protocol.TCP),
            entry("61.0.0.3", necessary=False),
            entry("61.0.1.0/24"),
            entry("61.0.0.4", (53, 53), protocol=Protocol.UDP),
            entry("*.example.com"),
            entry("61.0.0.1"),
        ],
        443,
    )
    assert [str(one) for one in way.probes] == [
        "61.0.0.1:443",
        "61.0.0.2:80",
        "61.0.0.2:443",
        "[2001:db8::1]:443",
        "a.example.com:8443",
    ]
    assert way.left_out == {"not necessary": 1, "networks": 1, "UDP": 1, "every name below a domain": 1}


def test_so_many_at_most():
    """What is beyond the bound is counted, never silently left."""
    way = way_to([entry(f"61.0.0.{n}") for n in range(10)], 443, most=4)
    assert (len(way.probes), way.left_out) == (4, {"beyond the bound": 6})


@pytest.fixture
async def open_port():
    """A port that takes connections."""
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")

    async def take(stream):
        async with stream:
            with pytest.raises(anyio.EndOfStream):
                await stream.receive()

    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, take)
        yield listener.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610 - not Django's
        group.cancel_scope.cancel()


async def test_open_closed_and_silent(open_port):
    """Each is told as what it is, in the system's words."""

    async def by(host: str, port: int) -> None:
        await (anyio.sleep_forever() if port == 2 else connect(host, port))

    probes = [Probe("127.0.0.1", open_port), Probe("127.0.0.1", 1), Probe("127.0.0.1", 2)]
    seen = await reach([*probes, Probe("localhost", open_port)], by, seconds=0.3)
    assert sorted(seen.good) == [Probe("127.0.0.1", open_port), Probe("localhost", open_port)]
    assert seen.failed == {probes[1]: "Connection refused", probes[2]: "no answer in 0.3 s"}


async def test_a_place_that_is_down_is_not_the_only_one(open_port):
    """A name is reached where any of its places answers, as when sources are asked; else the last is told."""

    async def two(_host: str, _port: int) -> tuple[str, ...]:
        return ("::1", "127.0.0.1")

    async def by(host: str, port: int) -> None:
        await connect(host, port, two)

    seen = await reach([Probe("localhost", open_port), Probe("localhost", 1)], by)
    assert seen.good == [Probe("localhost", open_port)]
    assert seen.failed == {Probe("localhost", 1): "Connection refused"}


async def test_all_of_it_is_bounded():
    """Places that hang end with the time for all, each told as not done; never more at once than allowed."""
    at_once = most = 0

    async def by(_host: str, _port: int) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await anyio.sleep_forever()

    probes = [Probe("61.0.0.1", port) for port in range(1, 200)]
    seen = await reach(probes, by, all_=0.3)
    assert seen.good == []
    assert [*seen.failed] == probes
    assert most == 32


async def test_a_name_that_leads_inside_is_told():
    """A public name with a private address is refused; nothing is connected to."""

    async def private(_host: str, _port: int) -> tuple[str, ...]:
        return ("127.0.0.1",)

    async def by(host: str, port: int) -> None:
        await connect(host, port, private)

    seen = await reach([Probe("a.example.com", 1)], by)
    assert "leads to a private or reserved address: 127.0.0.1" in seen.failed[Probe("a.example.com", 1)]


def test_words():
    """Good where all answered; else wrong, with so many by name and the rest counted."""
    ports = [Probe("61.0.0.1", port) for port in range(1, SHOWN + 4)]
    way = Way(tuple(ports), {"UDP": 2})

    class Seen:
        good = ports
        failed: dict[Probe, str] = {}  # noqa: RUF012 - a value of this test

    good, note = findings("out", way, Seen())
    assert good.message == f"{len(ports)} of {len(ports)} places of out answered."
    assert note.message == "Of out, entries that were not tried: 2 (UDP)."
    Seen.good, Seen.failed = [], dict.fromkeys(ports, "Connection refused")
    wrong, _ = findings("out", way, Seen())
    assert wrong.severity.value == "wrong"
    assert "61.0.0.1:1 (Connection refused)" in wrong.message
    assert "and 3 more." in wrong.message
