"""``gatepost replay``, run as its user runs it."""

from __future__ import annotations

import pytest

from house.tree import ROOT
from rigs.program import Program

HISTORIES = ROOT / "tests" / "data" / "history"
TELEGRAM, VULTR, OPENAI = (str(HISTORIES / f"{name}.jsonl.gz") for name in ("telegram", "vultr", "openai"))


@pytest.fixture(scope="module")
def once(tmp_path_factory) -> Program:
    """Nothing is configured: no configuration is needed."""
    return Program(tmp_path_factory.mktemp("replay"))


@pytest.fixture(scope="module")
def telegram(once) -> dict:
    """One history."""
    document: dict = once.json("replay", TELEGRAM)
    return document


def test_one_history_is_one_object(telegram):
    """The contract's members, with what they mean; ours beside them."""
    assert telegram["file"] == TELEGRAM
    assert telegram["changes"] == telegram["applied"] == 14
    assert (telegram["held"], telegram["lost"], telegram["quarantined"]) == ([], 0, 0)
    assert telegram["bridged"] == 179
    assert telegram["kept_entry_days"] > 600
    assert telegram["approvals"] is True
    assert telegram["without_approvals"]["approvals"] is False
    assert telegram["policies"] == []
    assert sum(one["bridged"] for one in telegram["returns"]) == telegram["bridged"]


def test_what_is_held_says_when_and_why(once):
    """Each with the source's time, in UTC, its line, and the guard's measure and limit."""
    document = once.json("replay", OPENAI)
    first = document["held"][0]
    assert (first["at"], first["line"]) == ("2023-12-01T20:21:49Z", 4)
    assert [(one["guard"], one["measured"], one["limit"]) for one in first["reasons"]] == [
        ("shrink", "61 %", "30 %"),
        ("churn", "72 %", "50 %"),
    ]
    assert document["changes"] == document["applied"] + len(document["held"]) == 102
    assert len(document["without_approvals"]["held"]) > len(document["held"])


def test_settings_are_compared(once):
    """Each policy is run beside the defaults; several files are one document of several histories."""
    (once.folder / "strict.toml").write_text('[guards]\nmax_removed = "1 %"\nmax_removed_entries = 0\n')
    document = once.json(
        "replay", TELEGRAM, VULTR, "--policy", "grace=0s,absences=1", "--policy", "strict.toml"
    )
    assert list(document) == ["histories"]
    for history, lost, held in zip(document["histories"], (35, 151), (0, 3), strict=True):
        none, alone, strict, _ = history["policies"]
        assert (none["policy"], none["lost"], history["lost"]) == ("grace=0s,absences=1", lost, 0)
        assert (alone["approvals"], strict["policy"]) == (False, "strict.toml")
        assert len(strict["held"]) > len(history["held"]) == held


def test_one_of_both_runs_can_be_chosen(once):
    """With --approve or --no-approve there is no other run."""
    for option, word in (("--approve", True), ("--no-approve", False)):
        document = once.json("replay", VULTR, option)
        assert document["approvals"] is word
        assert "without_approvals" not in document


def test_people_get_a_table(once):
    """Columns by policy and approval, what was held with its reasons, and the sums; in both languages."""
    done = once("replay", TELEGRAM, VULTR, "--policy", "grace=3h").ended(0)
    assert done.err == ""
    assert "lost: back in time, and not in force meanwhile   0 " in done.out
    assert "line 6, 2024-10-12T01:48:26Z" in done.out
    assert "all histories" in done.out
    assert "shrink: too much would go at once: 98 %, limit 30 %" in done.out
    chinese = once("--lang", "zh", "replay", TELEGRAM).ended(0).out
    assert "立即批准" in chinese
    assert "approved at once" not in chinese


def test_a_file_that_is_no_history_fails(once):
    """By itself with the line; among others they are done, and the command still fails."""
    wrong = once.folder / "wrong.jsonl"
    wrong.write_text('{"at": "2026-01-05T08:00:00Z", "added": ["101.226.103.7"], "removed": []}\n<html>\n')
    error = once("replay", str(wrong), "--json").ended(1).error
    assert error["kind"] == "NotJson"
    assert error["message"].startswith("wrong.jsonl:2: the line is not JSON")
    done = once("replay", str(wrong), TELEGRAM, "--json").ended(1)
    broken, good = done.document["histories"]
    assert (broken["file"], broken["error"], good["changes"]) == (str(wrong), error, 14)
    people = once("replay", str(wrong), TELEGRAM).ended(1)
    assert "wrong.jsonl:2" in people.err
    assert "telegram" in people.out


def test_wrong_options_are_named(once):
    """An interval or a policy that is none."""
    for option, value, words in (
        ("--every", "1x", "--every: a duration is a number"),
        ("--every", "1s", "--every: expected a duration from 1m"),
        ("--policy", "grce=1d", "there is no guard setting 'grce'"),
        ("--policy", "none.toml", "there is no configuration file none.toml"),
    ):
        assert words in once("replay", TELEGRAM, option, value, "--json").ended(1).error["message"]


def test_garbage_is_quarantined_and_told(once):
    """Odd values stay out and are listed; more than a few, and the answer is held for good."""
    path = once.folder / "garbage.jsonl"
    lines = [
        '{"at": "2026-01-05T08:00:00Z", "added": ["101.226.103.7", "101.226.103.8"], "removed": []}',
        '{"at": "2026-01-06T08:00:00Z", "added": ["010.8.8.8"], "removed": []}',
        '{"at": "2026-01-07T08:00:00Z", "added": ["0.0.0.0/0\\n1.2.3.4", "<html>"], "removed": []}',
    ]
    path.write_text("\n".join(lines))
    document = once.json("replay", str(path))
    assert document["quarantined"] == 3
    assert {"text": "010.8.8.8", "reason": "leading-zero"} in document["quarantined_values"]
    (held,) = document["held"]
    assert (held["line"], held["approved"], held["passed_at"]) == (3, False, None)
    assert [one["guard"] for one in held["reasons"]] == ["quarantine"]
