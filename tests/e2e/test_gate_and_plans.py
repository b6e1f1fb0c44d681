"""A gate that reads the store lets in what was carried out: nothing that a guard or a person held back."""

from __future__ import annotations

import pytest

from gatepost.errors import ListUnavailable
from gatepost.middleware.history import StoreOrigin
from rigs.program import Program
from rigs.sites import HISTORY, in_file, listed, own

WIDE = 'pin = [{ value = "61.128.0.0/10", why = "a whole provider" }]\n'
"""Wider than ``widest``, not than any list may hold."""


def lets_in(program: Program, address: str) -> bool:
    """What a gate says that is opened now."""
    found = StoreOrigin(f"sqlite:///{program.folder / 'history.db'}#webhooks").look(whole=True)
    assert found is not None
    return found.find(address) is not None


@pytest.fixture
def listing(program) -> Program:
    """One list, carried out at one file."""
    program.write(HISTORY + own("101.126.59.7") + listed("own") + in_file())
    program("plan").ended(2)
    with pytest.raises(ListUnavailable, match="carried out"):
        lets_in(program, "101.126.59.7")
    program("apply", "--yes").ended(0)
    assert lets_in(program, "101.126.59.7")
    program.edit('sources = ["own"]\n', 'sources = ["own"]\n' + WIDE)
    return program


def held(program: Program) -> str:
    """The digest of the plan that a guard holds; the list itself has the pin already."""
    made = program.json("apply", "--yes", code=3)["plans"][0]
    assert (made["status"], made["serial"]) == ("held", 2)
    assert program.json("check", "61.128.0.1", code=0)["allowed"]
    return made["digest"]


def test_a_held_plan_holds_the_gate(listing):
    """A pin that is too wide is on the list, not at the target, and not in the gate."""
    held(listing)
    assert not lets_in(listing, "61.128.0.1")
    assert lets_in(listing, "101.126.59.7")


def test_an_approved_plan_opens_the_gate(listing):
    """When it was carried out, not when the word was said."""
    listing("approve", held(listing), "--why", "seen with the vendor").ended(0)
    assert not lets_in(listing, "61.128.0.1")
    listing("apply", "--yes").ended(0)
    assert lets_in(listing, "61.128.0.1")


def test_without_a_target_the_list_itself_counts(listing):
    """No plan could be held then; a target that was taken out of the configuration holds nothing back."""
    held(listing)
    listing.edit(in_file(), "")
    listing("plan").ended(0)
    assert lets_in(listing, "61.128.0.1")


def test_what_was_purged_lets_nothing_in(listing):
    """A target that was left holds no serial: a gate that is opened now stays closed."""
    listing("purge", "edge", "--yes").ended(0)
    with pytest.raises(ListUnavailable, match="carried out"):
        lets_in(listing, "101.126.59.7")
