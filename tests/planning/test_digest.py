"""Digests: order-free, and no text can pretend to be another."""

from __future__ import annotations

from gatepost.model.entry import Domain, Entry
from gatepost.planning.digest import digest_entries, digest_held
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
