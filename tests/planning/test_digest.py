"""Digests: order-free, and no text can pretend to be another."""

from __future__ import annotations

from dataclasses import replace

from gatepost.model.content import Delta, Serial
from gatepost.model.entry import Domain, Entry, Protocol
from gatepost.model.plan import Plan, PlanStatus
from gatepost.model.reason import Reason
from gatepost.planning.digest import RunningDigest, digest_entries, digest_held, digest_plan, entry_line
from rigs.answers import entries, hosts


def test_order_repeats_notes_and_necessity_do_not_count():
    """The digest is of what is let in."""
    ten = entries(*hosts(1, 10))
    noted = [Entry(entry.value, note="x", necessary=True) for entry in ten]
    assert digest_entries(ten) == digest_entries([*reversed(noted), *ten])
    assert digest_entries(ten).startswith("sha256:")
    assert digest_entries(ten) != digest_entries(ten[:-1])


def test_no_text_pretends_to_be_two():
    """Names with separators in them do not collide with two names."""
    one = [Entry(Domain("a||,3:b"))]
    two = [Entry(Domain("a")), Entry(Domain("b"))]
    assert digest_entries(one) != digest_entries(two)
    assert digest_held("a", "bc", "", "") != digest_held("ab", "c", "", "")


def test_digests_do_not_change_between_versions():
    """A stored digest must be found again: this one is written down."""
    assert digest_entries(entries("101.226.103.7", "2400:da00::/32", "*.qq.com")) == (
        "sha256:a1186c83f71bc00f86344da1b29bef4bc65613b2e19d24d89afecf6531454790"
    )


PLAN = Plan(
    target="edge",
    list="webhooks",
    serial=Serial(7),
    status=PlanStatus.CHANGES,
    generation=4,
    current="sha256:now",
    desired="sha256:then",
    add=entries("101.226.103.8"),
    remove=entries("a.qq.com"),
    leaving=entries("101.226.103.9"),
    reasons=(Reason("shrink", "40 %", "30 %", "edge: 4 of 10 would go.", "edge"),),
    awaits=("sha256:held",),
    notes=("This target holds no IPv6: left out 1 entry.",),
    digest="",
)


def test_an_entry_has_one_line():
    """Value, protocol, ports: what is digested is what is shown."""
    (plain,) = entries("101.226.103.7")
    assert entry_line(plain) == "101.226.103.7/32||"
    served = Entry(plain.value, Protocol.TCP, ((443, 443), (8000, 8010)))
    assert entry_line(served) == "101.226.103.7/32|tcp|443-443,8000-8010"


def test_a_service_is_part_of_what_is_digested():
    """The same address on every port, by one protocol, on one port or by both: four digests."""
    value = entries("101.226.103.7")[0].value
    port = ((443, 443),)
    services = (
        Entry(value),
        Entry(value, Protocol.TCP),
        Entry(value, None, port),
        Entry(value, Protocol.TCP, port),
    )
    assert len({digest_entries([one]) for one in services}) == 4


def test_digests_are_for_ever():
    """What was approved, stored or signed by an older gatepost is named by the same digest today."""
    absolute = replace(PLAN.reasons[0], absolute=True)
    assert [
        digest_entries(()),
        digest_entries(entries("101.226.103.7", "a.qq.com")),
        digest_held("events", "here", "sha256:x", digest_entries(entries("101.226.103.7"))),
        digest_plan(PLAN),
        digest_plan(replace(PLAN, reasons=(absolute,))),
        digest_plan(replace(PLAN, mixed=True)),
    ] == [
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "sha256:3626ed332d556d10fa6ac60497dd087c1a7fb7971b74ddb22d5d56a3aa4146d3",
        "sha256:bcd9043d966884e37e5356dc8d21d3c753b41a69ca6b8fbc6e0b241f0a08e1fa",
        "sha256:ccf8dfd9f18539fc0c95761bd3680a8ef41146f81c9d554278e5c694c1efbb26",
        "sha256:b851abcd43a836fa21777a14bb33d4747dd4ffbc05d0bff13bc24d97d7e7c0e9",
        "sha256:e796fd05dae51fae87922e800cf525eae4cc03550e4b570433bd762201211c28",
    ]


def test_any_text_can_be_digested():
    """Even half a surrogate pair, which no encoding writes."""
    assert digest_held("\ud800", "here", "", "") != digest_held("\udfff", "here", "", "")


def test_a_running_digest_is_the_digest():
    """After few changes or many, in any order, it is that of the whole list."""
    running, listed = RunningDigest(), dict[str, Entry]()
    assert str(running) == digest_entries(())
    many = [f"101.{number // 250}.{number % 250}.1" for number in range(400)]
    served = Entry(entries("101.0.0.1")[0].value, Protocol.TCP, ((443, 443),))
    for come, gone in (
        (many[5:9], ()),
        (("a.qq.com", "2400:da00::/32"), many[6:7]),
        (many[100:300], many[7:8]),
        ((), (*many[100:200], "a.qq.com")),
        (many[301:399], ("2400:da00::/32", many[299])),
        (many[100:101], ()),
        ((), many[301:399]),
    ):
        added, removed = entries(*come), tuple(listed[value] for value in gone)
        running.shift(Delta(added, removed))
        listed |= {value: entries(value)[0] for value in come}
        for value in gone:
            del listed[value]
        assert str(running) == digest_entries(listed.values())
    running.shift(Delta((served,), ()))
    assert str(running) == digest_entries([*listed.values(), served])
