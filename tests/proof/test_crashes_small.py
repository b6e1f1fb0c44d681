"""proof/crashes.py at a size for every day."""

from __future__ import annotations

import pytest

from rigs.proof import Proved, prove


@pytest.fixture(scope="module")
def proved() -> Proved:
    """One run."""
    return prove("crashes", "--rounds 4 --planted 2")


def test_what_a_killed_server_acknowledged_is_done(proved):
    """Logins, words and served lists are all there after each kill."""
    row = proved.rows["as it is"]
    assert (row["lost"], proved.code) == ("0", 0), proved.text
    assert int(row["kills"]) >= 4
    assert min(int(row["logins"]), int(row["feeds"])) > 0, proved.text


def test_the_instrument_sees_an_older_folder(proved):
    """What was acknowledged since is told as lost."""
    assert int(proved.rows["an older folder put back"]["lost"]) > 0, proved.text
