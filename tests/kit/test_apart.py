"""Work that may hang delays and hides no other."""

from __future__ import annotations

import threading
from functools import partial
from time import monotonic

import anyio
from anyio import to_thread

from gatepost.kit.apart import ENDING, apart

LONG = 60.0
"""Seconds that a test has failed after, if it waited."""


async def say(word):
    """At once."""
    return word


async def fail():
    """At once, and badly."""
    msg = "broken"
    raise OSError(msg)


async def hang():
    """As a program that does not end: it can be cancelled."""
    await anyio.sleep(LONG)


def test_each_gives_what_it_gave():
    """A value or an error, by name."""
    found = apart({"one": partial(say, "yes"), "two": fail}, LONG)
    assert found["one"].value == "yes"
    assert str(found["two"].error) == "broken"
    assert apart({}, LONG) == {}


def test_what_hangs_is_cancelled_and_hides_nothing():
    """Beside one that does not end, the others are there, and it is told as late."""
    began = monotonic()
    found = apart({"slow": hang, **{str(n): partial(say, n) for n in range(40)}}, 0.2)
    assert [found[str(n)].value for n in range(40)] == list(range(40))
    assert isinstance(found["slow"].error, TimeoutError)
    assert monotonic() - began < LONG / 2


def test_what_cannot_be_cancelled_is_left_behind():
    """A thread that waits for a dead disk is not waited for, nor does it keep the program from ending."""
    dead, before = threading.Event(), {*threading.enumerate()}
    began = monotonic()
    try:
        found = apart({"dead": partial(to_thread.run_sync, dead.wait), "one": partial(say, "yes")}, 0.2)
        left = {*threading.enumerate()} - before
        assert all(one.daemon for one in left)
    finally:
        dead.set()
    assert list(found) == ["one"]
    assert monotonic() - began < ENDING + LONG / 2


def test_all_begin_at_once():
    """None waits for another: each of many ends only after all of them began."""
    gate = threading.Barrier(30)

    async def meet():
        return gate.wait(LONG) >= 0

    found = apart({str(n): meet for n in range(30)}, LONG)
    assert all(one.value for one in found.values())
