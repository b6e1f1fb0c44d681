"""Who is counted as the one who asks, with proxies in front and without."""

from __future__ import annotations

import random

import pytest

from gatepost.config.server_keys import ServerOptions, ServerSettings
from gatepost.gate.trust import Trust
from gatepost.refusals import RequestTooLarge
from gatepost.server.client import Clients
from gatepost.server.limits import WRONG_BY_NAME, WRONG_BY_NETWORK
from rigs.serving import BASE, PASSWORDS, bearer, house, people

PROXY, CLIENT, VICTIM = "192.0.2.9", "198.51.100.7", "203.0.113.5"


def scope(peer: str | None, *lines: str, name: str = "x-forwarded-for", port: int = 4711):
    """A request as a server hands it over."""
    headers = [(name.encode(), one.encode("latin-1")) for one in lines]
    return {"client": None if peer is None else (peer, port), "headers": headers}


@pytest.mark.parametrize(
    ("peer", "lines", "found"),
    [
        (PROXY, [CLIENT], CLIENT),
        (PROXY, [f"{VICTIM}, {CLIENT}"], CLIENT),
        (PROXY, [VICTIM, CLIENT], CLIENT),
        (PROXY, [f"{CLIENT}, 10.0.0.3"], CLIENT),
        (PROXY, ["::ffff:198.51.100.7"], CLIENT),
        (PROXY, ["[2001:DB8::7]:99"], "2001:db8::7"),
        (f"::ffff:{PROXY}", [CLIENT], CLIENT),
        (PROXY, [], PROXY),
        (f"::ffff:{PROXY}", ["unknown"], PROXY),
        (PROXY, ["unknown"], PROXY),
        (PROXY, [f"{VICTIM}, 010.8.8.8"], PROXY),
        (PROXY, [f"{VICTIM},"], PROXY),
        (PROXY, ["10.0.0.3"], PROXY),
        (CLIENT, [VICTIM], CLIENT),
        (CLIENT, [f"{VICTIM}, {CLIENT}"], CLIENT),
        (f"::ffff:{CLIENT}", [VICTIM], CLIENT),
        ("fe80::1%eth0", [VICTIM], "fe80::1%eth0"),
        (None, [VICTIM], "unknown"),
    ],
)
def test_the_header_counts_as_far_as_proxies_wrote_it(peer, lines, found):
    """From the right, from trusted peers alone; in doubt the other end of the connection counts."""
    assert Clients(Trust([PROXY, "10.0.0.0/8"])).of(scope(peer, *lines)) == found


def test_another_header_than_the_one_named_is_not_read():
    """X-Forwarded-For where Forwarded is told, the reverse, X-Real-IP; and none without proxies."""
    names = ("x-forwarded-for", "forwarded", "x-real-ip")
    for wanted, text in (("x-forwarded-for", CLIENT), ("forwarded", f"for={CLIENT}")):
        clients = Clients(Trust([PROXY], header=wanted))
        found = {name: clients.of(scope(PROXY, text, name=name)) for name in names}
        assert found == {**dict.fromkeys(names, PROXY), wanted: CLIENT}
    assert Clients(Trust()).of(scope(PROXY, CLIENT)) == PROXY


def test_a_client_cannot_fill_the_header_to_be_taken_for_the_proxy():
    """Longer than any chain is no doubt that falls on the proxy: it is refused."""
    with pytest.raises(RequestTooLarge, match="longer than any chain"):
        Clients(Trust([PROXY])).of(scope(PROXY, "1" * 8192, CLIENT))
    assert Clients(Trust([PROXY])).of(scope(CLIENT, "1" * 8192)) == CLIENT


def test_whatever_stands_left_changes_nothing():
    """Ten thousand forged beginnings before what the proxy wrote."""
    chance, clients = random.Random(42), Clients(Trust([PROXY]))
    parts = (VICTIM, PROXY, ",", " ", "unknown", "[::1]:80", "for=", '"', ";", "\xff", "127.0.0.1", "\\", "")
    for _ in range(10_000):
        forged = ["".join(chance.choices(parts, k=chance.randrange(6))) for _ in range(chance.randrange(4))]
        joined = [*forged, CLIENT] if chance.random() < 0.5 else [",".join([*forged, CLIENT])]
        assert clients.of(scope(PROXY, *joined)) == CLIENT


@pytest.mark.anyio
async def test_behind_a_proxy_who_guesses_locks_out_nobody_else(tmp_path, clock):
    """Whatever it writes into the header; the book names each client, and logins go on."""
    with house(tmp_path, clock, people(trusted_proxies=(PROXY,))) as made:

        async def log_in(client: str, name: str, password: str) -> int:
            told = {"user": name, "password": password}
            return (await made.ask("POST", "/login", json=told, x_forwarded_for=client)).status_code

        codes = [
            await log_in(f"{VICTIM}, {CLIENT}", f"name{n}", "wrong") for n in range(WRONG_BY_NETWORK + 2)
        ]
        assert codes == [401] * WRONG_BY_NETWORK + [429] * 2
        assert await log_in(VICTIM, "bob", PASSWORDS["bob"]) == 200
        six = [await log_in(f"2001:db8:1:2::{n:x}", f"name{n}", "wrong") for n in range(WRONG_BY_NETWORK + 1)]
        assert six == [401] * WRONG_BY_NETWORK + [429]
        assert await log_in("2001:db8:1:3::1", "bob", PASSWORDS["bob"]) == 200
        assert [await log_in("unknown", "bob", "x") for _ in range(WRONG_BY_NAME + 1)][-1] == 429
        assert await log_in(VICTIM, "bob", PASSWORDS["bob"]) == 200
        assert await log_in(f"{'1' * 8192}, {CLIENT}", "bob", PASSWORDS["bob"]) == 413
        entrances = (await made.get("/v1/audit", **bearer("vera"))).json()["entrances"]
        told = {(one["event"], one["address"]) for one in entrances}
        assert {
            ("refused", CLIENT),
            ("login", VICTIM),
            ("refused", "2001:db8:1:2::5"),
            ("refused", PROXY),
        } <= told
        assert ("refused", VICTIM) not in told


@pytest.mark.anyio
async def test_a_word_without_a_login_says_from_where(tmp_path, clock):
    """The client's address, as the proxy saw it."""
    with house(tmp_path, clock, ServerSettings(ServerOptions(trusted_proxies=(PROXY,)))) as made:
        digest = await made.held()
        place, chain = f"/v1/plans/{digest}/approve", f"{VICTIM}, {CLIENT}"
        done = await made.ask("POST", place, json={"why": "x"}, x_forwarded_for=chain, origin=BASE)
        assert done.json()["who"] == f"nobody, not logged in, from {CLIENT}"
