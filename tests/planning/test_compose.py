"""What a list holds: sources, pins, exclusions, necessity, grace."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gatepost.model.content import Allowlist, Content, Override, State
from gatepost.model.entry import Direction, Entry
from gatepost.planning.compose import again, compose, wanted
from gatepost.planning.digest import digest_entries
from gatepost.planning.normalise import parse_value
from rigs.answers import START, accepted, hosts, shown

PLAIN = Allowlist("webhooks", Direction.INGRESS, ("events", "chat"))


def override(value: str, **until: timedelta) -> Override:
    """A pin or exclusion."""
    return Override(parse_value(value), "a test", **{name: START + span for name, span in until.items()})


def composed(*values: str, at: timedelta = timedelta(0), **changes: object) -> Content:
    """A list of one source with these values."""
    changed = replace(PLAIN, **changes)  # type: ignore[arg-type]  # a test may say anything
    return compose(changed, {"events": accepted(*values)}, START + at)


def states(content: Content) -> dict[str, State]:
    """By value."""
    return {str(one.entry.value): one.state for one in content.listed}


def test_entries_are_listed_as_answered_and_merged_in_force():
    """What is listed says where it is from; what is in force is merged."""
    content = composed("101.226.103.0/25", "101.226.103.128/25")
    assert shown(content.effective) == ["101.226.103.0/24"]
    assert {(one.source, one.state) for one in content.listed} == {("events", State.LISTED)}


def test_sources_add_up():
    """Two sources that name the same entry list it twice, and it is in force once."""
    both = {"events": accepted(*hosts(1, 2)), "chat": accepted(*hosts(2, 3))}
    content = compose(PLAIN, both, START)
    assert len(content.listed) == 4
    assert shown(content.effective) == ["101.226.103.1/32", "101.226.103.2/31"]


def test_a_source_never_accepted_adds_nothing():
    """A list works with what its sources have given so far."""
    assert composed("101.226.103.7").effective


def test_pins_are_always_in():
    """A pin is in force without any source, in special-purpose space too."""
    content = composed("101.226.103.7", pins=(override("192.0.2.7"),))
    assert shown(content.effective) == ["101.226.103.7/32", "192.0.2.7/32"]
    assert states(content)["192.0.2.7/32"] is State.PINNED
    assert {one.source for one in content.listed} == {"events", "pin"}


def test_exclusions_are_never_in():
    """An exclusion beats sources and pins alike."""
    content = composed(
        *hosts(6, 8), exclusions=(override("101.226.103.7"),), pins=(override("101.226.103.7"),)
    )
    assert shown(content.effective) == ["101.226.103.6/32", "101.226.103.8/32"]
    assert states(content)["101.226.103.7/32"] is State.EXCLUDED


def test_an_exclusion_cuts_a_network():
    """A network of which a part is excluded stays listed, without that part."""
    content = composed("101.226.103.0/30", exclusions=(override("101.226.103.2"),))
    assert shown(content.effective) == ["101.226.103.0/31", "101.226.103.3/32"]
    assert states(content) == {"101.226.103.0/30": State.LISTED}


def test_two_exclusions_cover_one_network():
    """A network that exclusions cover together is excluded."""
    halves = (override("101.226.103.0/25"), override("101.226.103.128/25"))
    content = composed("101.226.103.0/24", "101.226.104.7", exclusions=halves)
    assert states(content)["101.226.103.0/24"] is State.EXCLUDED


@pytest.mark.parametrize(
    ("listed", "excluded", "out"),
    [
        ("a.qq.com", "a.qq.com", True),
        ("a.qq.com", "*.qq.com", True),
        ("*.a.qq.com", "*.qq.com", True),
        ("*.qq.com", "a.qq.com", True),
        ("qq.com", "*.qq.com", False),
        ("a.qq.com", "b.qq.com", False),
        ("aqq.com", "*.qq.com", False),
    ],
)
def test_excluded_names_are_never_in(listed: str, excluded: str, *, out: bool):
    """A domain is out where any name it admits is excluded; a tree cannot lose one name alone."""
    content = composed(listed, "101.226.103.7", exclusions=(override(excluded),))
    assert (states(content)[listed] is State.EXCLUDED) is out
    assert (listed not in shown(content.effective)) is out


def test_overrides_end():
    """A pin or exclusion counts until its date, and no longer."""
    changes = {"pins": (override("8.8.4.4", until=timedelta(days=1)),)}
    assert len(composed("101.226.103.7", **changes).effective) == 2
    assert len(composed("101.226.103.7", at=timedelta(days=1), **changes).effective) == 1
    changes = {"exclusions": (override("101.226.103.7", until=timedelta(days=1)),)}
    assert len(composed(*hosts(7, 8), **changes).effective) == 1
    assert shown(composed(*hosts(6, 7), at=timedelta(days=1), **changes).effective) == ["101.226.103.6/31"]


def test_unnecessary_entries_are_not_wanted():
    """With only_necessary what is called unnecessary is as good as not answered; unknown is kept."""
    marks = (True, False, None)
    entries = tuple(
        replace(p.entry, necessary=mark)
        for p, mark in zip(accepted(*hosts(1, 3)).presences, marks, strict=True)
    )
    assert [one.necessary for one in wanted(replace(PLAIN, only_necessary=True), entries)] == [True, None]
    assert wanted(PLAIN, entries) == entries


def test_entries_in_grace_are_in_force():
    """Gone upstream and kept for now: listed as grace, and let in."""
    base = accepted("101.226.103.7")
    gone = tuple(replace(p, absent=3, gone_at=START) for p in base.presences)
    content = compose(PLAIN, {"events": replace(base, presences=gone)}, START)
    assert states(content) == {"101.226.103.7/32": State.GRACE}
    assert shown(content.effective) == ["101.226.103.7/32"]


def test_the_digest_is_of_what_is_in_force():
    """However written and wherever from, the same content has the same digest; notes never count."""
    whole = composed("101.226.103.0/24")
    halves = composed("101.226.103.0/25", pins=(override("101.226.103.128/25"),))
    assert whole.digest == halves.digest
    assert composed("101.226.103.0/25").digest != whole.digest
    assert all(entry == Entry(entry.value) for entry in halves.effective)


def test_what_comes_back_comes_without_todays_exclusions():
    """An earlier content loses what is excluded now, in whole or in part, and is listed as it was."""
    before = composed(*hosts(6, 8), "101.226.104.0/30", "a.qq.com", "b.qq.com")
    out = (
        override("101.226.103.7"),
        override("101.226.104.2"),
        override("b.qq.com"),
        override("101.226.103.8", until=timedelta(days=1)),
    )
    back = again(before, replace(PLAIN, exclusions=out), START + timedelta(days=1))
    assert shown(back.effective) == [
        "101.226.103.6/32",
        "101.226.103.8/32",
        "101.226.104.0/31",
        "101.226.104.3/32",
        "a.qq.com",
    ]
    assert back.listed == before.listed
    assert back.digest == digest_entries(back.effective)
    assert again(before, PLAIN, START) == before


def test_an_exclusion_reaches_just_as_far_as_it_is_written():
    """A network is excluded whole by its own prefix or a wider one of its family, and by nothing narrower."""
    for excluded, state in (
        ("101.226.103.0/30", State.EXCLUDED),
        ("101.226.103.0/29", State.EXCLUDED),
        ("101.226.102.0/23", State.EXCLUDED),
        ("101.226.103.0/31", State.LISTED),
        ("101.226.103.2/31", State.LISTED),
        ("101.226.103.4/30", State.LISTED),
        ("::/96", State.LISTED),
    ):
        content = composed("101.226.103.0/30", exclusions=(override(excluded),))
        assert states(content) == {"101.226.103.0/30": state}


def test_listed_entries_are_in_order():
    """By entry, then by source; a pin that is written twice is one."""
    both = {"events": accepted(*hosts(1, 2)), "chat": accepted(*hosts(1, 2))}
    pins = (override("101.226.103.1"), override("101.226.103.1"))
    content = compose(replace(PLAIN, pins=pins), both, START)
    assert [(str(one.entry.value), one.source, one.since == START) for one in content.listed] == [
        ("101.226.103.1/32", "chat", True),
        ("101.226.103.1/32", "events", True),
        ("101.226.103.1/32", "pin", True),
        ("101.226.103.2/32", "chat", True),
        ("101.226.103.2/32", "events", True),
    ]


def test_an_entry_keeps_its_date():
    """Listed since its source first named it, whenever the list is composed; a pin since now."""
    content = composed("101.226.103.7", at=timedelta(days=3), pins=(override("8.8.4.4"),))
    assert {one.source: one.since for one in content.listed} == {
        "events": START,
        "pin": START + timedelta(days=3),
    }


def test_sources_off_the_list_add_nothing():
    """However good their answers are; and one that never answered hides no other."""
    both = {"other": accepted(*hosts(1, 2)), "chat": accepted(*hosts(3, 4))}
    assert shown(compose(PLAIN, both, START).effective) == ["101.226.103.3/32", "101.226.103.4/32"]
