"""From a platform's text to entries, beyond the table of hostile values."""

from __future__ import annotations

import pytest

from cases.b_cases import hosts, texts
from gatepost.errors import SchemaMismatch, ValuesRefused
from gatepost.model.entry import Domain, Entry, Protocol, Quarantined, RawEntry, RawType
from gatepost.planning.diff import diff
from gatepost.planning.normalise import Rules, normalise, parse_value
from gatepost.planning.odd import Oddity
from gatepost.planning.special import SAMPLES

STRICT = Rules()


@pytest.mark.parametrize("special", ["quarantine", "allow"])
@pytest.mark.parametrize("text", SAMPLES)
def test_sample_values_reach_nothing(text: str, special: str):
    """An address out of a platform's own documentation is withheld, whatever else is allowed."""
    seen = normalise(texts(text, "101.226.103.7"), Rules(special=special))
    assert seen.quarantined == (Quarantined(text, "sample"),)
    assert len(seen.entries) == 1


def test_the_strongest_necessity_of_repeats_counts():
    """Necessary once is necessary; unknown is not unnecessary; in any order."""
    for strong, weak in ((True, False), (True, None), (None, False)):
        pair = [RawEntry("101.226.103.7", necessary=mark) for mark in (strong, weak)]
        assert [entry.necessary for entry in normalise(pair, STRICT).entries] == [strong]
        assert normalise(pair, STRICT) == normalise(pair[::-1], STRICT)


def test_one_note_of_repeats_stays():
    """The same note whatever the order, and any rather than none."""
    trio = [RawEntry("101.226.103.7", note=note) for note in ("b", None, "a")]
    assert [entry.note for entry in normalise(trio, STRICT).entries] == ["a"]
    assert normalise(trio, STRICT) == normalise(trio[::-1], STRICT)


def test_notes_make_no_difference():
    """A description that changes is no change of the list."""
    before = normalise([RawEntry(host, note="old") for host in hosts(5)], STRICT).entries
    after = normalise([RawEntry(host, note="new") for host in hosts(5)], STRICT).entries
    assert not diff(before, after)


def test_what_is_withheld_can_be_shown():
    """Quarantined text is escaped and cut, whatever it was."""
    (odd,) = normalise(texts("\x1b[31m" + "9" * 1000), STRICT).quarantined
    assert odd.text.isprintable()
    assert len(odd.text) <= 256


def test_one_bad_protocol_refuses_all():
    """Blank is not any: the whole answer goes."""
    with pytest.raises(ValuesRefused, match="blank is not any"):
        normalise([*texts(*hosts(9)), RawEntry("101.226.103.77", protocol="")], STRICT)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("203.0.113.7", "203.0.113.7/32"),
        ("198.51.100.0/24", "198.51.100.0/24"),
        ("2001:DB8::1", "2001:db8::1/128"),
        ("*.work.weixin.qq.com", "*.work.weixin.qq.com"),
        ("Work.Weixin.QQ.com", "work.weixin.qq.com"),
        ("::ffff:203.0.113.7", "203.0.113.7/32"),
    ],
)
def test_owners_may_name_what_they_like(text: str, shown: str):
    """Pins, exclusions and questions may be in special-purpose space."""
    assert str(parse_value(text)) == shown


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "not-an-address"), ("203.0.113.7/24", "host-bits"), ("203.0.113.07", "leading-zero"),
        ("intranet", "single-label"), ("*.com", "public-suffix"), ("203.0.113.*", "wildcard"),
        ("a b.qq.com", "not-a-domain"), ("https://qq.com/x", "not-an-address"),
        ("qq.com/24", "not-an-address"), ("203.0.113.7/33", "bad-length"),
        ("203.0.113.1-203.0.113.9", "ip-literal"),
    ],
)  # fmt: skip
def test_owners_are_told_what_is_odd(text: str, word: str):
    """The error is the reason's word."""
    with pytest.raises(ValueError, match=f"^{word}$"):
        parse_value(text)


def test_domain_types_are_kept_apart():
    """A domain where addresses are documented is odd, and an address where domains are."""
    mixed = [RawEntry("qq.com"), RawEntry("101.226.103.7", RawType.DOMAIN)]
    assert {odd.reason for odd in normalise(mixed, STRICT).quarantined} == {
        Oddity.NOT_AN_ADDRESS,
        Oddity.IP_LITERAL,
    }


@pytest.mark.parametrize(
    ("item", "error", "message"),
    [
        (RawEntry(7), SchemaMismatch, "a value is int where text is documented"),  # type: ignore[arg-type]  # the case
        (RawEntry("x", protocol="  "), ValuesRefused, "the protocol of x is blank; blank is not any"),
        (RawEntry("x", ports=()), ValuesRefused, "the ports of x are an empty list; empty is not any"),
    ],
)
def test_what_no_schema_should_let_through_refuses_the_answer(
    item: RawEntry, error: type[Exception], message: str
):
    """The whole of it, with one sentence on the value."""
    with pytest.raises(error) as caught:
        normalise([*texts(*hosts(9)), item], STRICT)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "is_withheld"),
    [
        ("192.0.0.0/8", True),
        ("192.0.0.0/7", False),
        ("0.0.0.0/0", False),
        ("224.0.0.0/3", True),
        ("2001::/16", True),
        ("2000::/15", False),
        ("fc00::/6", False),
        ("ff00::/8", True),
        ("101.0.0.0/8", False),
    ],
)
def test_what_is_under_the_floor_is_left_to_it(text: str, *, is_withheld: bool):
    """Special in part, up to the floor, is withheld; wider, it stays, and refuses the whole answer later."""
    seen = normalise(texts(text), STRICT)
    assert [odd.reason for odd in seen.quarantined] == ["special"] * is_withheld
    assert len(normalise(texts(text), Rules(special="allow")).entries) == 1


@pytest.mark.parametrize(
    ("text", "note", "kept"),
    [
        (" 101.226.62.77/25 ", None, "written 101.226.62.77/25"),
        ("101.226.62.77/25", "theirs", "theirs"),
        ("101.226.62.0/25", None, None),
        ("101.226.62.77", None, None),
        ("101.226.62.0/25", "theirs", "theirs"),
    ],
)
def test_only_a_masked_network_gets_a_note(text: str, note: str | None, kept: str | None):
    """The platform's own note is kept; without one, what was written before host bits were cleared."""
    (entry,) = normalise([RawEntry(text, note=note)], Rules(host_bits="mask")).entries
    assert entry.note == kept


@pytest.mark.parametrize(
    ("ports", "parsed"),
    [
        (None, ()),
        (((1, 1), (65_535, 65_535)), ((1, 1), (65_535, 65_535))),
        (((80, 80), (79, 79), (70, 90)), ((70, 90),)),
        (tuple((2 * n, 2 * n) for n in range(1, 65)), tuple((2 * n, 2 * n) for n in range(1, 65))),
        (((True, True),), None),
        (((1, 2.0),), None),
        (((0, 5),), None),
        (((65_535, 65_536),), None),
        (((5, 4),), None),
    ],
)
def test_ports_are_whole_numbers_in_range(ports, parsed):
    """Sorted and merged; 1 to 65535, up to 64 ranges; what only looks like a number is none."""
    seen = normalise([RawEntry("101.226.103.7", protocol=" TCP ", ports=ports)], STRICT)
    if parsed is None:
        assert [odd.reason for odd in seen.quarantined] == ["port"]
    else:
        assert [(entry.protocol, entry.ports) for entry in seen.entries] == [("tcp", parsed)]


def test_what_is_withheld_is_sorted_and_said_once():
    """By text; the same oddity twice is one."""
    seen = normalise(texts("x", "10.0.0.1", "x", "1.1.1.1"), STRICT)
    assert [(odd.text, odd.reason) for odd in seen.quarantined] == [
        ("1.1.1.1", "sample"),
        ("10.0.0.1", "special"),
        ("x", "not-an-address"),
    ]


def test_a_range_over_special_space_is_withheld_whole():
    """All prefixes of one item or none; a sample in it is named first."""
    declared = Rules(wildcards=True, ranges=True)
    seen = normalise(texts("9.255.255.254-10.0.0.1", "10.1.2.*", "1.1.1.1-1.1.1.2"), declared)
    assert seen.entries == ()
    assert [odd.reason for odd in seen.quarantined] == ["sample", "special", "special"]


def test_what_a_platform_says_of_an_entry_goes_along():
    """Necessity, note, protocol and ports, for names as for addresses."""
    raw = [
        RawEntry("a.qq.com", RawType.DOMAIN, "udp", ((53, 53),), necessary=False, note="x"),
        RawEntry("qq.com", RawType.DOMAIN_TREE),
    ]
    assert normalise(raw, STRICT).entries == (
        Entry(Domain("a.qq.com"), Protocol.UDP, ((53, 53),), necessary=False, note="x"),
        Entry(Domain("qq.com", tree=True)),
    )


def test_a_range_or_wildcard_has_no_host_bits_to_note():
    """Where masking is allowed, only a network is ever masked."""
    declared = Rules(wildcards=True, ranges=True, host_bits="mask")
    seen = normalise(texts("101.226.103.7-101.226.103.8", "101.226.104.*"), declared)
    assert [entry.note for entry in seen.entries] == [None] * 3


@pytest.mark.parametrize(
    "protocol", ["tcp\n", "\u212btcp", "\u2003tcp", "XTCP", "tcp udp", "ｔcp", "sctp", "6"]
)
def test_a_protocol_is_exactly_one(protocol: str):
    """Blanks at its ends and capitals are borne, and nothing else."""
    seen = normalise([RawEntry("101.226.103.7", protocol=protocol)], STRICT)
    assert [odd.reason for odd in seen.quarantined] == ["protocol"]
