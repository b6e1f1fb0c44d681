"""Changes and the ways back from them, by the built program."""

from __future__ import annotations

import json
import os
import re
import signal

import pytest

from rigs.program import Program
from rigs.sites import HISTORY, SERVED, in_file, listed, own

SITE = HISTORY + SERVED + own("61.0.0.1", "61.0.0.3", "61.0.0.5") + listed("own") + in_file()
FEWER = "61.0.0.1/32\n61.0.0.3/32\n61.0.0.5/32\n"
MORE = "61.0.0.1/32\n61.0.0.3/32\n61.0.0.5/32\n61.0.0.7/32\n"


@pytest.fixture
def site(program) -> Program:
    """A list in a file, applied once, and one more entry at its source since."""
    program.write(SITE)
    program("apply").ended(0)
    program.edit('"61.0.0.5"]', '"61.0.0.5", "61.0.0.7"]')
    return program


def edge(site):
    """What the file holds."""
    return (site.folder / "edge.txt").read_text()


def risk(site, within="5s"):
    """Apply, to be confirmed; gives the id."""
    document = site.json("apply", "--confirm-within", within)
    assert document["plans"][0]["outcome"] == "applied"
    return document["confirm"]["id"]


def test_nobody_confirms(site):
    """What nobody confirms is gone after its time, is told as reverted, and waits for a word."""
    id_ = risk(site)
    site("revert", id_, "--wait").ended(0)
    assert edge(site) == FEWER
    assert site.json("plan", code=3)["plans"][0]["reasons"][0]["guard"] == "revert"
    site("confirm", id_).ended(1)


def test_a_timer_that_dies_at_birth(site):
    """Where nobody would take the change back it is not made, and that is told in the timer's own words."""
    (site.folder / "gone").mkdir()
    (site.folder / "gone" / "sitecustomize.py").write_text(
        "import os\nif os.getcwd() == '/':\n    os.write(2, b'no gatepost here')\n    os._exit(1)\n"
    )
    done = site("apply", "--confirm-within", "5m", "--json", PYTHONPATH=str(site.folder / "gone")).ended(1)
    assert done.error["kind"] == "ProgramFailed"
    assert "no gatepost here" in done.error["message"]
    assert edge(site) == FEWER
    site("confirm").ended(1)


def test_a_timer_that_died(site):
    """What nobody took back in time is red until somebody does."""
    waiting = site.json("apply", "--confirm-within", "10m")["confirm"]
    id_, timer = waiting["id"], int(waiting["timer"].removeprefix("process "))
    os.kill(timer, signal.SIGKILL)
    waits = site.folder / "history.state" / "pending" / f"{id_}.armed.json"
    waits.write_text(re.sub(r'"boot":"[^"]*"', '"boot":"another"', waits.read_text()))
    status = site("status").ended(1)
    assert "NOT TAKEN BACK" in status.out
    assert f"gatepost revert {id_}" in status.out
    assert site.json("status", code=1)["targets"][0]["overdue"] is True
    site("revert", id_).ended(0)
    status = site.json("status", code=3)["targets"][0]
    assert (status["overdue"], status["taken_back"], edge(site)) == (False, True, FEWER)


def test_timer_of_another_folder(site, tmp_path):
    """The timer finds a target whose path is relative to the configuration, wherever it runs."""
    id_ = risk(site, "10m")
    before, site.folder = site.path, tmp_path / "elsewhere"
    site.folder.mkdir()
    site("revert", id_, "--config", str(before)).ended(0)
    assert (before.parent / "edge.txt").read_text() == FEWER


def test_confirmed(site):
    """A confirmed change stays, and nothing waits any more."""
    risk(site, "10m")
    assert site.json("status")["targets"][0]["unconfirmed_until"]
    assert len(site.json("confirm")["confirmed"]) == 1
    assert site.json("status")["targets"][0]["unconfirmed_until"] is None
    assert edge(site) == MORE
    site.json("plan")


def test_confirmed_without_history(site):
    """Confirming needs no history: a person in a hurry is not kept waiting by a broken one."""
    id_ = risk(site, "10m")
    (site.folder / "history.db").write_bytes(b"not a database at all")
    site("confirm", id_).ended(0)


def test_taken_back_without_history(site):
    """With a broken history the change is taken back all the same; exit 1 says that it is not recorded."""
    id_ = risk(site, "10m")
    (site.folder / "history.db").write_bytes(b"not a database at all")
    site("revert", id_).ended(1)
    assert edge(site) == FEWER


@pytest.mark.parametrize("within", ["1s", "3d", "soon", "-5m"])
def test_times_that_are_none(site, within):
    """A time that is too short, too long or no time is refused before anything is changed."""
    site("apply", f"--confirm-within={within}").ended(1)
    assert edge(site) == FEWER


def test_rolled_back(site):
    """An earlier serial comes back as a new one and stays until the plan after it is approved."""
    site("apply").ended(0)
    document = site.json("rollback", "webhooks", "--to", "1", "--why", "not theirs")
    assert (document["serial"], document["plans"][0]["outcome"], edge(site)) == (3, "applied", FEWER)
    held = site.json("apply", code=3)["plans"][0]
    assert held["reasons"][0]["guard"] == "rollback"
    site("approve", held["digest"], "--why", "theirs after all").ended(0)
    site("apply").ended(0)
    assert edge(site) == MORE


def test_rolled_back_under_an_exclusion(site):
    """What today's exclusions keep out does not come back, and is named."""
    site("apply").ended(0)
    site.edit('sources = ["own"]', 'sources = ["own"]\nexclude = [{ value = "61.0.0.3", why = "gone" }]')
    document = site.json("rollback", "webhooks", "--to", "1", "--why", "not theirs")
    assert document["left_out"] == ["61.0.0.3/32"]
    assert edge(site) == "61.0.0.1/32\n61.0.0.5/32\n"
    told = site("rollback", "webhooks", "--to", "1", "--why", "not theirs", "--lang", "zh").ended(0).out
    assert "未包含" in told
    assert "  - 61.0.0.3/32" in told


def test_rollback_needs_a_reason_and_a_serial(site):
    """A serial that never was and a missing reason are told, and nothing is changed."""
    site("rollback", "webhooks", "--to", "9", "--why", "x").ended(1)
    site("rollback", "webhooks", "--to", "1", "--why", "").ended(1)
    site("rollback", "nothing", "--to", "1", "--why", "x").ended(1)
    assert edge(site) == FEWER


def test_boot(site):
    """After a reboot that lost the file, `restore` alone brings it back, without history and sources."""
    for lost in ("edge.txt", ".edge.txt.gatepost.json", "history.db"):
        (site.folder / lost).unlink()
    assert site.json("restore")["plans"][0]["outcome"] == "applied"
    assert edge(site) == FEWER
    assert site.json("restore")["plans"][0]["outcome"] == "unchanged"


def test_boot_with_a_broken_file_of_what_waits(site):
    """What cannot be read of a change that waits is told, and keeps nothing from being loaded."""
    id_ = risk(site, "10m")
    for lost in ("edge.txt", ".edge.txt.gatepost.json"):
        (site.folder / lost).unlink()
    waits = site.folder / "history.state" / "pending" / f"{id_}.armed.json"
    whole = waits.read_text()
    waits.write_text("{")
    failed = site.json("restore", code=1)["failed"]
    assert [one["kind"] for one in failed] == ["StoreCorrupt"]
    assert edge(site) == FEWER
    waits.write_text(whole)
    site("revert", id_).ended(0)


def test_boot_refuses_what_was_edited(site):
    """What somebody edited in the file for boot is never loaded."""
    for lost in ("edge.txt", ".edge.txt.gatepost.json"):
        (site.folder / lost).unlink()
    last = site.folder / "history.state" / "last" / "edge.json"
    last.write_text(last.read_text().replace("61.0.0.5", "61.0.0.6"))
    assert site.json("restore", code=1)["failed"][0]["kind"] == "StoreCorrupt"
    assert not (site.folder / "edge.txt").exists()


def test_purged(site):
    """Purge shows what goes and removes it; without a terminal it must be told twice."""
    site("purge", "edge").ended(1)
    assert edge(site) == FEWER
    assert site.json("purge", "edge", "--yes")["plans"][0]["outcome"] == "applied"
    assert not [one.name for one in site.folder.iterdir() if "edge" in one.name]
    assert site.json("status", code=0)["targets"][0]["in_step"] is False


def test_purge_asks_on_a_terminal(site):
    """On a terminal a person sees what would go, and `n` removes nothing."""
    seen = site.on_terminal("purge", "edge", typed="n\n").ended(1)
    assert "61.0.0.1/32" in seen.out
    assert "apply --digest" not in seen.out
    assert edge(site) == FEWER


def test_what_was_purged_has_no_generation(site):
    """What people read of a purge that was done is that nothing is left, not a number of what is gone."""
    told = site("purge", "edge", "--yes").ended(0).out
    assert "edge: removed and verified: 3 removed, nothing of ours is left" in told
    assert "generation" not in told


def test_adopted(program):
    """A file of somebody else's is refused until a person makes it ours; then the plan shows what differs."""
    program.write(SITE)
    (program.folder / "edge.txt").write_text("61.0.0.1/32\n62.0.0.1/32\n")
    program("apply").ended(1)
    assert program.json("adopt", "edge", "--why", "by our old script")["entries"] == [
        "61.0.0.1/32",
        "62.0.0.1/32",
    ]
    plan = program.json("plan", code=3)["plans"][0]
    assert plan["remove"] == ["62.0.0.1/32"]
    assert (program.folder / "edge.txt").read_text() == "61.0.0.1/32\n62.0.0.1/32\n"


def test_drift_is_seen_by_the_service(site):
    """The running service tells what somebody changed by hand, and whose file it was."""
    with site.running("run") as running:
        running.wait_for("edge applied +1")
        (site.folder / "edge.txt").write_text("61.0.0.1/32\n9.9.9.9/32\n")
        seen = running.wait_for("+9.9.9.9/32")
    assert "changed by somebody else" in seen
    status = site.json("status", code=3)
    assert status["targets"][0]["drift"]["added"] == ["9.9.9.9/32"]


def test_emptied_is_red(site):
    """A target where nothing is left is EMPTY everywhere, and status fails."""
    (site.folder / "edge.txt").write_text("")
    site("plan").ended(3)
    done = site("status").ended(1)
    assert "EMPTY" in done.out
    assert json.loads(site("status", "--json").out)["targets"][0]["drift"]["empty"] is True
