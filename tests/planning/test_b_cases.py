"""Hostile and odd values, case by case."""

from __future__ import annotations

import re

import pytest

from cases.b_cases import CASES, Case, outcome_of, texts
from gatepost.planning.normalise import Rules, normalise


def label(case: Case) -> str:
    """A test's name that any shell and any tool can repeat: letters, digits and hyphens."""
    return re.sub(r"\\[a-z0-9]+|[^A-Za-z0-9]+", "-", ascii(f"{case.id} {case.sent}")).strip("-")[:50]


@pytest.mark.parametrize("case", CASES, ids=label)
def test_odd_values_never_pass(case: Case):
    """Each case of odd values gives exactly the entries, reasons, error or guards it must."""
    assert outcome_of(case) == case.expected


def test_no_case_is_missing():
    """B1 to B19 are all there."""
    assert {case.id for case in CASES} == {f"B{number}" for number in range(1, 20)}


def test_a_masked_network_says_what_was_written():
    """A network whose host bits were cleared keeps its text as a note."""
    (entry,) = normalise(texts("101.226.62.77/25"), Rules(host_bits="mask")).entries
    assert entry.note == "written 101.226.62.77/25"
