"""proof/replay.py with four of the ten histories."""

from __future__ import annotations

import pytest

from rigs.proof import Proved, prove


@pytest.fixture(scope="module")
def proved() -> Proved:
    """One run: histories that flap, shrink and hold odd values."""
    return prove("replay", "--only telegram vultr openai digitalocean")


def test_nothing_that_came_back_was_out(proved):
    """With and without approvals nothing is lost, and every named incident was held or bridged."""
    assert "was lost, with and without approvals: yes" in proved.text
    assert "every incident named (5) was held, bridged or quarantined: yes" in proved.text


def test_the_books_see_losses(proved):
    """Without absences and grace telegram's flaps and vultr's IPv6 are lost."""
    assert "without absences and grace the books show losses: yes" in proved.text
    assert "| telegram     |      14 |              14 |    0 | 0.00   |   35 |" in proved.text


def test_a_claim_that_fails_fails_the_command(proved):
    """Among these four more than one change in a hundred is held: exit 1."""
    assert "at most 1 % of the changes were held: NO" in proved.text
    assert proved.code == 1
