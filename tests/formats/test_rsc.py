from __future__ import annotations

from dataclasses import replace

import pytest

from gatepost.formats.rsc import Rsc
from gatepost.model.address import Family
from rigs.devices import Router
from rigs.golden import EDITION, is_golden
from rigs.plans import entries

OLD = replace(EDITION, serial=6, entries=entries("8.8.8.8/32", "9.9.9.0/24", "2a00:1::/64", "2a00:2::5/128"))
NEW = replace(EDITION, serial=7, entries=entries("8.8.8.8/32", "9.9.8.0/24", "2a00:2::5/128", "2a00:3::/64"))
KEPT = {"8.8.8.8", "2a00:2::5/128"}


def holds(edition):
    """Addresses of an edition, as the router writes them."""
    return {str(each.value).removesuffix("/32") for each in edition.entries}


@pytest.fixture
def router():
    """One that has the older list."""
    made = Router()
    made.run(Rsc().render(OLD))
    made.moments.clear()
    return made


def test_golden():
    """The script, exactly as recorded."""
    assert is_golden(Rsc())


def test_a_fresh_router():
    """A router that had nothing has the list afterwards."""
    router = Router()
    router.run(Rsc().render(NEW))
    assert router.addresses() == holds(NEW)


def test_no_moment_without(router):
    """At no line is anything missing that is in the old list and in the new one."""
    router.run(Rsc().render(NEW))
    assert router.addresses() == holds(NEW)
    assert all(moment >= KEPT for moment in router.moments)


def test_twice(router):
    """Imported again, nothing changes at any moment."""
    router.run(Rsc().render(OLD))
    assert {*router.moments} == {frozenset(holds(OLD))}


@pytest.mark.parametrize("length", range(1, 9))
def test_cut_off(router, length):
    """A script that ends early, at any line, removed something only of a family that it was through with."""
    router.run(b"".join(Rsc().render(NEW).splitlines(keepends=True)[:length]))
    gone = {4: {"9.9.9.0/24"}, 8: {"9.9.9.0/24", "2a00:1::/64"}}
    through = max((line for line in gone if line <= length), default=0)
    assert holds(OLD) - router.addresses() == gone.get(through, set())


def test_one_is_refused(router):
    """Where the router did not take an address, nothing is removed."""
    script = Rsc().render(NEW).replace(b" address=9.9.8.0/24 ", b" address=9.9.9.0/24 ")
    script = script.replace(b'address="9.9.8.0/24"', b'address="missing"')
    router.run(script)
    assert "9.9.9.0/24" in router.addresses()


def test_a_family_alone(router):
    """A script for one family says nothing of the other; one for both clears the family that is gone."""
    four = entries("8.8.8.8/32")
    router.run(Rsc().render(replace(NEW, entries=four, family=Family.V4)))
    assert router.addresses() == {"8.8.8.8", "2a00:1::/64", "2a00:2::5/128"}
    router.run(Rsc().render(replace(NEW, entries=four)))
    assert router.addresses() == {"8.8.8.8"}


def test_lists_of_others(router):
    """What is in another list, or bears no mark of ours, stays."""
    router.lists["/ip"]["other", "7.7.7.7"] = "gatepost 1"
    router.lists["/ip"]["gatepost-webhooks", "6.6.6.6"] = "by hand"
    router.run(Rsc().render(NEW))
    assert router.addresses() == holds(NEW) | {"7.7.7.7", "6.6.6.6"}
