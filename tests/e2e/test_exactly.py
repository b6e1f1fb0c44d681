"""`apply --plan FILE` and `apply --digest D`: exactly what was reviewed, or nothing."""

from __future__ import annotations

import json

import pytest

from rigs.program import Program

LISTS = """
[store]
url = "sqlite:///history.db"

[sources.one]
kind = "static"
direction = "ingress"
entries = ["61.0.0.1", "61.0.0.3", "61.0.0.5", "61.0.0.7", "61.0.0.9", "61.0.0.11"]

[sources.two]
kind = "static"
direction = "ingress"
entries = ["62.0.0.1"]

[lists.one]
direction = "ingress"
sources = ["one"]

[lists.two]
direction = "ingress"
sources = ["two"]

[targets.first]
kind = "file"
list = "one"
path = "first.txt"

[targets.second]
kind = "file"
list = "two"
path = "second.txt"
"""
LOSES_FOUR = 'sources = ["one"]\nexclude = [{ value = "61.0.0.0/29", why = "gone" }]'


@pytest.fixture
def two(program) -> Program:
    """Two lists, each with a file."""
    program.write(LISTS)
    return program


def hold(program: Program) -> dict[str, str]:
    """What the two files hold."""
    return {name: (program.folder / f"{name}.txt").read_text() for name in ("first", "second")}


def test_a_saved_plan_is_applied_exactly(two):
    """What was saved is what is applied and shown, to people too; a second time it is refused, exit 1."""
    planned = two.json("plan", "--out", "plan.json", code=2)
    assert (two.folder / "plan.json").stat().st_mode & 0o777 == 0o600
    done = two("apply", "--plan", "plan.json").ended(0)
    assert "first: applied and verified: 6 added" in done.out
    assert "+ 62.0.0.1/32" in done.out
    assert hold(two)["second"] == "62.0.0.1/32\n"
    again = two("apply", "--plan", "plan.json", "--json").ended(1)
    assert again.error["kind"] == "StalePlan"
    assert [plan["digest"] for plan in planned["plans"]] == [
        plan["digest"] for plan in json.loads((two.folder / "plan.json").read_text())["plans"]
    ]


def test_a_plan_is_named_by_its_digest(two):
    """The first digits are enough; only that target is touched."""
    plan = two.json("plan", code=2)["plans"][1]
    done = two.json("apply", "--digest", plan["digest"][:19])
    assert [(one["target"], one["outcome"], one["verified"]) for one in done["plans"]] == [
        ("second", "applied", True)
    ]
    assert not (two.folder / "first.txt").exists()


def test_only_one_way_to_name_what_is_applied(two):
    """Lists, --plan and --digest exclude one another."""
    done = two("apply", "one", "--digest", "sha256:00000000", "--json").ended(1)
    assert done.error["kind"] == "UsageError"


def test_where_one_plan_of_a_file_is_stale_none_is_begun(two):
    """Plans of one file are applied together or not at all: both are checked before the first."""
    two.json("apply")
    two.edit('"61.0.0.11"]', '"61.0.0.11", "61.0.0.13"]')
    two.edit('["62.0.0.1"]', '["62.0.0.1", "62.0.0.3"]')
    two.json("plan", "--out", "plan.json", code=2)
    with (two.folder / "second.txt").open("a") as file:
        file.write("9.9.9.9/32\n")
    before = hold(two)
    error = two("apply", "--plan", "plan.json", "--json").ended(1).error
    assert error["kind"] == "StalePlan"
    assert "second.txt" in error["message"]
    assert hold(two) == before


def test_a_list_that_moved_makes_a_plan_stale(two):
    """A plan made for an older serial is refused, whatever the target holds."""
    two.json("plan", "--out", "plan.json", code=2)
    two.edit('["62.0.0.1"]', '["62.0.0.1", "62.0.0.3"]')
    two.json("plan", code=2)
    error = two("apply", "--plan", "plan.json", "--json").ended(1).error
    assert error["kind"] == "StalePlan"
    assert not (two.folder / "second.txt").exists()


def test_a_plan_file_that_was_changed_is_refused(two):
    """Another content, version or form: nothing of it is applied."""
    two.json("plan", "--out", "plan.json", code=2)
    text = (two.folder / "plan.json").read_text()
    for old, new, says in (
        ('"62.0.0.1/32"', '"0.0.0.0/1"', "was changed"),
        ('"gatepost_plan": 1', '"gatepost_plan": 2', "another version"),
        ("{", "[", "not a plan"),
    ):
        assert old in text
        (two.folder / "plan.json").write_text(text.replace(old, new, 1))
        error = two("apply", "--plan", "plan.json", "--json").ended(1).error
        assert (error["kind"], says in error["message"]) == ("UsageError", True), error
    assert not (two.folder / "second.txt").exists()


def test_a_held_plan_cannot_be_freed_with_an_editor(two):
    """Whether a plan is held is the history's word: `changes` written into its file applies nothing."""
    two.json("apply")
    two.edit('sources = ["one"]', LOSES_FOUR)
    plan = two.json("plan", "one", "--out", "plan.json", code=3)["plans"][0]
    text = (two.folder / "plan.json").read_text()
    assert text.count('"held"') == 1
    (two.folder / "plan.json").write_text(text.replace('"held"', '"changes"'))
    before = hold(two)
    done = two.json("apply", "--plan", "plan.json", code=3)
    assert done["plans"][0]["outcome"] == "held"
    assert hold(two) == before
    two.json("approve", plan["digest"], "--why", "the network is gone")
    assert two.json("apply", "--plan", "plan.json")["plans"][0]["outcome"] == "applied"
    assert hold(two)["first"] == "61.0.0.9/32\n61.0.0.11/32\n"


def test_a_plan_of_another_history_is_refused(two):
    """A serial means something in its own history alone."""
    two.json("plan", "--out", "plan.json", code=2)
    two.edit("history.db", "other.db")
    error = two("apply", "--plan", "plan.json", "--json").ended(1).error
    assert error["kind"] == "StalePlan"
    assert not (two.folder / "first.txt").exists()
