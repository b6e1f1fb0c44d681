"""Wrong passwords: who waits for them, and who does not."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from gatepost.refusals import TooManyLogins
from gatepost.server.limits import (
    KNOWN_MOST,
    REMEMBERED,
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


@pytest.mark.parametrize(
    "guessers",
    [[f"198.51.100.{n}" for n in range(WRONG_BY_STRANGERS + 1)], ["192.0.2.1"] * (WRONG_BY_NAME + 1)],
    ids=["strangers", "known"],
)
def test_no_flood_of_others_makes_room_for_more_guesses(clock, guessers):
    """Other names and networks push nothing out that counts for a name, and no more are kept than may be."""
    limit = LoginLimit(clock, names=("alice",), known=[("alice", "192.0.2.1")])
    *before, after = guessers
    for address in before:
        limit.enter("alice", address)
    for n in range(REMEMBERED + 1):
        limit.enter(f"name{n}", f"2001:db8:{n:x}::1")
    assert not may(limit, "alice", after)
    for counts in (limit._of_networks, limit._of_pairs, limit._of_nobody):
        assert len(counts._times) == REMEMBERED


def test_of_users_no_more_is_kept_than_may_be(clock):
    """However often somebody moves."""
    limit = LoginLimit(clock, names=("alice",))
    for n in range(2 * KNOWN_MOST):
        for _ in "12":
            limit.enter("alice", f"192.0.2.{n}")
            limit.forgive("alice", f"192.0.2.{n}")
        limit.enter("alice", f"192.0.2.{n}")
    assert len(limit._of_users._times) == KNOWN_MOST + 3


def test_a_name_that_nobody_has_is_limited_alike(clock):
    """Whoever guesses names does not learn from the limit which there are."""
    limit = LoginLimit(clock, names=("alice",))
    for name in ("alice", "mallory"):
        guess_at(limit, name)
        assert not may(limit, name, HOME)


def test_what_was_not_verified_counts_no_more(clock):
    """For the name, for the network, and among strangers."""
    limit = LoginLimit(clock, names=("alice",))
    for n in range(WRONG_BY_STRANGERS + 1):
        for address in (HOME, f"198.51.100.{n}"):
            limit.enter("alice", address)
            limit.withdraw("alice", address)
    assert may(limit, "alice", HOME)


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
    """/64; IPv4 is itself, and so is what is no address; all that this host calls itself from is one."""
    same = {network_of(one) for one in ("2001:db8::1", "2001:db8::ffff:0:0:1", "2001:DB8:0:0::")}
    assert same == {"2001:db8::/64"}
    assert network_of("2001:db8:0:1::1") == "2001:db8:0:1::/64"
    assert network_of("127.200.3.4") == "127.0.0.1"
    for one in ("192.0.2.1", "::1", "unknown", "fe80::1%eth0"):
        assert network_of(one) == one
