"""The whole program on a history in PostgreSQL: as on a file, and with several of it at once."""

from __future__ import annotations

import pytest

from rigs.postgres import Postgres
from rigs.program import Program
from rigs.sites import HISTORY, in_file, listed, own

FIRST = ("61.0.0.1", "61.0.0.3", "61.0.0.5", "61.0.0.7")


@pytest.fixture
def url(server: Postgres) -> str:
    """A database that nobody used yet."""
    return server.fresh()


@pytest.fixture
def made(tmp_path, url) -> Program:
    """A list of one's own for a file; nothing has run."""
    program = Program(tmp_path / "one")
    history = HISTORY.replace("sqlite:///history.db", url)
    program.write(history + own(*FIRST) + listed("own") + in_file())
    return program


def test_plan_apply_history_check(made):
    """What users do first; the first command makes the tables."""
    assert made.json("plan", code=2)["plans"][0]["add"] == [f"{each}/32" for each in FIRST]
    assert made.json("apply", "--yes")["plans"][0]["outcome"] == "applied"
    assert (made.folder / "edge.txt").read_text().split() == [f"{each}/32" for each in FIRST]
    assert [one["serial"] for one in made.json("history", "webhooks")["serials"]] == [1]
    assert made.json("check", "61.0.0.3")["allowed"] is True
    assert made.json("check", "61.0.0.4", code=5)["allowed"] is False
    assert made.json("plan")["plans"][0]["status"] == "in_step"
    made.edit('"61.0.0.7"', '"61.0.0.7", "61.0.0.9"')
    made.json("apply", "--yes")
    assert made.json("diff", "webhooks", "1", "2")["added"][0]["value"] == "61.0.0.9/32"
    made.json("rollback", "webhooks", "--to", "1", "--yes")
    assert "61.0.0.9" not in (made.folder / "edge.txt").read_text()
    assert "opens, and passed its check" in made("doctor").out


def test_writers_at_once(made):
    """Programs that apply at once keep one history: each is told that another was faster, or does nothing."""
    made.write(made.path.read_text() + "".join(in_file(name=f"edge{number}") for number in range(2)))
    seen = [applied_by_all(made)]
    made.edit('"61.0.0.7"', '"61.0.0.7", "61.0.0.9"')
    seen.append(applied_by_all(made))
    assert [sorted(one) for one in seen] == [["edge", "edge0", "edge1"]] * 2
    assert [one["serial"] for one in made.json("history", "webhooks")["serials"]] == [1, 2]
    for name in seen[0]:
        assert "61.0.0.9/32" in (made.folder / f"{name}.txt").read_text()
    assert {one["status"] for one in made.json("plan")["plans"]} == {"in_step"}


def applied_by_all(made: Program) -> list[str]:
    """Three at once, two at a time; targets by who applied them."""
    done = made.together(*(("apply", "--yes", "--json") for _ in range(3)))
    plans = [one for run in done for one in run.document["plans"]]
    assert {one["error"]["kind"] for one in plans if one["outcome"] == "failed"} <= {"StalePlan"}
    assert {one["outcome"] for one in plans} <= {"applied", "unchanged", "failed"}
    return [one["target"] for one in plans if one["outcome"] == "applied"]


def test_no_server(made):
    """A history that cannot be reached stops everything, with the error of the store and no password."""
    made.write(made.path.read_text().replace("gatepost@", "gatepost:canary@").replace("gatepost-pg", "gone"))
    done = made("apply", "--yes", "--json")
    assert done.error["kind"] == "StoreUnavailable"
    assert "canary" not in done.out + done.err
    assert not (made.folder / "edge.txt").exists()
