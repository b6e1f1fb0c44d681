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


def test_a_renamed_list_gives_nothing_away(listing):
    """What was rejected stays out of a gate on the old name: nobody is left who could carry it out."""
    listing("reject", held(listing), "--why", "never").ended(0)
    text = listing.path.read_text().replace(WIDE, "")
    listing.write(text.replace("[lists.webhooks]", "[lists.renamed]").replace('"webhooks"', '"renamed"'))
    listing("apply", "--yes").ended(0)
    with pytest.raises(ListUnavailable, match="carried out"):
        lets_in(listing, "61.128.0.1")


def test_a_target_that_moved_gives_nothing_away(listing):
    """To another list, whose plan alone was made since; its own list has another target, still empty."""
    held(listing)
    listing.edit(in_file(), listed("own", "other") + in_file("other") + in_file(name="second"))
    listing("plan", "other").ended(0)
    assert not lets_in(listing, "61.128.0.1")
    listing("plan").ended(3)
    with pytest.raises(ListUnavailable, match="carried out"):
        lets_in(listing, "61.128.0.1")


def test_a_history_begun_anew_is_read_anew(listing):
    """Its serials count from 1 again; what they hold is not what a running gate knows by that number."""
    listing.edit(WIDE, "")
    origin = StoreOrigin(f"sqlite:///{listing.folder / 'history.db'}#webhooks")
    assert origin.look(whole=False).find("101.126.59.7")
    for path in listing.folder.glob("history.db*"):
        path.unlink()
    listing.edit('entries = ["101.126.59.7"]', 'entries = ["101.126.59.8"]')
    listing("purge", "edge", "--yes")
    listing("apply", "--yes")
    found = origin.look(whole=False)
    assert found.edition.serial == 1
    assert found.find("101.126.59.8")
