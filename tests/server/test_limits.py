"""Wrong passwords: who waits for them, and who does not."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from gatepost.refusals import TooManyLogins
from gatepost.server.limits import (
    KNOWN_MOST,
    WINDOW,
    WRONG_BY_NAME,
    WRONG_BY_NETWORK,
    WRONG_BY_STRANGERS,
    LoginLimit,
    network_of,
)

HOME = "203.0.113.5"


def guess_at(limit: LoginLimit, name: str, tries: int = WRONG_BY_STRANGERS) -> None:
    """From as many addresses."""
    for n in range(tries):
        limit.enter(name, f"198.51.100.{n}")


def may(limit: LoginLimit, name: str, address: str) -> bool:
    """Whether a try is let through."""
    try:
        limit.enter(name, address)
    except TooManyLogins:
        return False
    return True


def test_many_networks_that_guess_at_one_name_wait_together(clock):
    """For that name alone, told for how long; time heals."""
    limit = LoginLimit(clock)
    guess_at(limit, "alice")
    with pytest.raises(TooManyLogins) as told:
        limit.enter("alice", HOME)
    assert told.value.retry_after == WINDOW
    assert may(limit, "bob", HOME)
    clock.advance(timedelta(seconds=WINDOW))
    assert may(limit, "alice", HOME)


def test_nobody_is_locked_out_by_strangers(clock):
    """Where the name was let in before, known from the book too, and on this host, it goes on."""
    limit = LoginLimit(clock, known=[("alice", "192.0.2.1"), ("bob", "192.0.2.2")])
    limit.enter("alice", "2001:db8::1")
    limit.forgive("alice", "2001:db8::1")
    guess_at(limit, "alice")
    for address, free in {
        "192.0.2.1": True,
        "2001:db8::ffff": True,
        "127.0.0.1": True,
        "::1": True,
        "192.0.2.2": False,
        "2001:db8:0:1::1": False,
    }.items():
        assert may(limit, "alice", address) is free, address


def test_where_somebody_is_known_their_own_limit_stays(clock):
    """Five for a name: on this host, and where it was let in before."""
    for address in ("127.0.0.1", HOME):
        limit = LoginLimit(clock, known=[("alice", HOME)])
        for _ in range(WRONG_BY_NAME):
            limit.enter("alice", address)
        assert not may(limit, "alice", address)


def test_right_passwords_count_for_nothing(clock):
    """However many come, from however many places; of the places the newest are remembered."""
    limit = LoginLimit(clock)
    for n in range(WRONG_BY_STRANGERS + 9):
        limit.enter("alice", f"198.51.100.{n}")
        limit.forgive("alice", f"198.51.100.{n}")
    assert may(limit, "alice", HOME)
    assert len(limit._known["alice"]) == KNOWN_MOST


def test_tries_at_once_are_all_counted(clock):
    """From many threads no more get through than one after the other, however often they take turns."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(20):
            limit = LoginLimit(clock)
            with ThreadPoolExecutor(8) as pool:
                through = list(pool.map(lambda n, limit=limit: may(limit, f"name{n}", HOME), range(200)))
            assert sum(through) == WRONG_BY_NETWORK
    finally:
        sys.setswitchinterval(before)


def test_a_client_of_ipv6_is_its_network():
    """/64; IPv4 is itself, and so is loopback and what is no address."""
    same = {network_of(one) for one in ("2001:db8::1", "2001:db8::ffff:0:0:1", "2001:DB8:0:0::")}
    assert same == {"2001:db8::/64"}
    assert network_of("2001:db8:0:1::1") == "2001:db8:0:1::/64"
    for one in ("192.0.2.1", "::1", "unknown", "fe80::1%eth0"):
        assert network_of(one) == one
