"""A digest by its beginning, and a time in its fixed form."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from gatepost.engine.naming import whole_digest
from gatepost.engine.report import time_text
from gatepost.errors import UsageError

ONE, TWO = "sha256:" + "ab" * 32, "sha256:" + "ab" * 5 + "cd" * 27


@pytest.mark.parametrize(
    "named", [ONE, ONE[7:], ONE.upper(), ONE[7:].upper(), ONE[:19], ONE[7:19], "SHA256:ABABABABABAB"]
)
def test_any_case_with_or_without_the_algorithm(named):
    """All call the one digest that begins so."""
    assert whole_digest(named, [ONE, TWO], "is none") == ONE


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ("abababab", "not unique"),
        ("ABABAB", "too short"),
        ("sha256:abc", "too short"),
        ("00000000", "is none"),
    ],
)
def test_what_calls_no_one(named, words):
    """Several, none, or too few digits."""
    with pytest.raises(UsageError, match=words):
        whole_digest(named, [ONE, TWO], "is none")


def test_a_year_has_four_digits():
    """RFC 3339, also in the first years, whatever the zone."""
    assert time_text(datetime(1, 1, 1, tzinfo=UTC)) == "0001-01-01T00:00:00Z"
    assert (
        time_text(datetime(2026, 1, 5, 9, 0, 0, 999_999, timezone(timedelta(hours=8))))
        == "2026-01-05T01:00:00Z"
    )
