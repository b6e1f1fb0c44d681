"""proof/kills.py at a size for every day."""

from __future__ import annotations

import pytest

from rigs.proof import Proved, prove

TARGETS = ("nft", "netlink", "file")
MISTAKES = (
    "intent after the change",
    "written in place",
    "pending not announced",
    "a transaction a line",
)


@pytest.fixture(scope="module")
def proved() -> Proved:
    """One run."""
    rows = [f"--only={name}" for name in (*TARGETS, *(f"planted:_{name}" for name in MISTAKES))]
    return prove(
        "kills", f"{' '.join(row.replace(' ', '_') for row in rows)} --most 12 --early 2 --planted 14"
    )


@pytest.mark.parametrize("target", TARGETS)
def test_no_kill_does_harm(proved, target):
    """Killed anywhere, the target holds one list, whole, and the next run sets everything right."""
    row = proved.rows[target]
    assert (row["other"], row["orphans"], row["lost records"], row["violations"]) == ("0", "0", "0", "0")
    assert row["converged"] == row["points"], proved.text
    assert int(row["points"]) > 8, proved.text
    assert proved.code == 0, proved.text


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_instrument_sees(proved, mistake):
    """With a mistake in the order of writing, kills find it."""
    assert int(proved.rows[f"planted: {mistake}"]["violations"]) > 0, proved.text
