"""From a platform's text to entries, beyond the table of hostile values."""

from __future__ import annotations

import pytest

from cases.b_cases import hosts, texts
from gatepost.errors import ValuesRefused
from gatepost.model.entry import Quarantined, RawEntry, RawType
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
