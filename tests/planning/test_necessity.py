from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gatepost.model.content import Content, Listed, State
from gatepost.model.entry import Entry, Protocol
from gatepost.model.plan import Capabilities
from gatepost.planning.canonical import canonical
from gatepost.planning.digest import digest_entries
from gatepost.planning.necessity import with_necessity
from gatepost.planning.normalise import parse_value
from gatepost.planning.plan import project

AT = datetime(2026, 1, 5, 8, tzinfo=UTC)
TCP = {"protocol": Protocol.TCP, "ports": ((443, 443),)}


def listed(value: str, *, necessary: bool | None, state: State = State.LISTED, **service) -> Listed:
    """One entry of a source."""
    return Listed(Entry(parse_value(value), necessary=necessary, **service), "one", AT, state)


def told(*entries: Listed, effective: tuple[str, ...] = ()) -> dict[str, bool | None]:
    """What is said of each canonical entry; of these where exclusions made others of them."""
    whole = canonical(one.entry for one in entries)
    if effective:
        whole = tuple(replace(entries[0].entry, value=parse_value(one), necessary=None) for one in effective)
    assert {one.necessary for one in whole} == {None}
    return {str(one.value): one.necessary for one in with_necessity(whole, entries)}


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [(True, False, True), (True, None, True), (False, False, False), (False, None, None), (None, None, None)],
)
def test_merged_networks_are_as_necessary_as_their_parts(one, other, both):
    """Necessary where any part is, unnecessary where all parts are, else unsaid."""
    assert told(listed("61.0.0.0/25", necessary=one), listed("61.0.0.128/25", necessary=other)) == {
        "61.0.0.0/24": both
    }


def test_what_an_exclusion_left_of_a_network():
    """Each piece is as necessary as the network that it was cut from; its neighbours have their own."""
    pieces = ("61.0.0.0/26", "61.0.0.128/25", "62.0.0.0/24")
    entries = (listed("61.0.0.0/24", necessary=False), listed("62.0.0.0/24", necessary=True))
    assert told(*entries, effective=pieces) == dict(zip(pieces, (False, False, True), strict=True))


def test_services_and_names_are_told_apart():
    """The same address at another port, and a name below a tree, are entries of their own."""
    entries = (
        listed("61.0.0.1", necessary=False, **TCP),
        listed("61.0.0.1", necessary=True),
        listed("*.example.com", necessary=True),
        listed("a.example.com", necessary=False),
        listed("2408:8700::1", necessary=False),
    )
    whole = canonical(one.entry for one in entries)
    found = {(str(one.value), one.protocol): one.necessary for one in with_necessity(whole, entries)}
    assert found == {
        ("61.0.0.1/32", None): True,
        ("61.0.0.1/32", Protocol.TCP): False,
        ("*.example.com", None): True,
        ("a.example.com", None): False,
        ("2408:8700::1/128", None): False,
    }


def test_what_is_excluded_says_nothing():
    """An entry that is out does not make its neighbour necessary."""
    entries = (listed("61.0.0.1", necessary=False), listed("61.0.0.1", necessary=True, state=State.EXCLUDED))
    assert told(*entries) == {"61.0.0.1/32": False}


def test_only_a_target_that_tells_it_gets_it():
    """And its digest is the same, so that necessity alone plans nothing."""
    entries = (listed("61.0.0.1", necessary=False),)
    effective = canonical(one.entry for one in entries)
    content = Content(entries, effective, digest_entries(effective))
    (plain,), _ = project(content, Capabilities())
    (full,), _ = project(content, Capabilities(necessity=True))
    assert (plain.necessary, full.necessary) == (None, False)
    assert digest_entries([full]) == digest_entries([plain])
