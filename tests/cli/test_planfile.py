"""Plans as files: for their owner's eyes, whole, and nothing else is taken for one."""

from __future__ import annotations

import os
import stat

import pytest

from gatepost.cli.planfile import read_plans, write_plans
from gatepost.errors import UsageError
from gatepost.model.content import Serial
from gatepost.model.plan import Current
from gatepost.planning.digest import digest_entries
from gatepost.planning.put_back import plan_back
from rigs.plans import entries

WANTED = entries("61.0.0.1/32")


@pytest.fixture
def plan():
    """One address for an empty target."""
    return plan_back("edge", "web", Serial(1), Current(0, (), digest_entries(())), WANTED)


def mode(path):
    """Permissions."""
    return stat.S_IMODE(path.lstat().st_mode)


def test_an_older_file_gives_way_whole(tmp_path, plan):
    """A plan in the place of an older file is readable by its owner alone, whatever that file was."""
    path = tmp_path / "plan.json"
    path.write_text("x" * 100_000)
    path.chmod(0o666)
    kept = tmp_path / "kept"
    os.link(path, kept)
    write_plans(path, [plan])
    assert (mode(path), read_plans(path)) == (0o600, (plan,))
    assert kept.read_text() == "x" * 100_000, "another name of the older file was written through"


def test_a_link_is_not_followed(tmp_path, plan):
    """Where a link is, nothing is written, neither in its place nor where it points."""
    path, precious = tmp_path / "plan.json", tmp_path / "precious"
    precious.write_text("precious")
    path.symlink_to(precious)
    with pytest.raises(UsageError, match="a link"):
        write_plans(path, [plan])
    assert (path.is_symlink(), precious.read_text()) == (True, "precious")


def test_what_is_no_file_is_not_replaced(tmp_path, plan):
    """A pipe, as any device, stays: to replace one by a file breaks whoever uses it."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(UsageError, match="no file"):
        write_plans(path, [plan])
    assert path.is_fifo()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_a_file_of_somebody_else_is_not_replaced(tmp_path, plan):
    """The plan would become theirs, as the file was."""
    path = tmp_path / "plan.json"
    path.touch()
    os.chown(path, 65534, 65534)
    with pytest.raises(UsageError, match="somebody else"):
        write_plans(path, [plan])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"gatepost_plan": true, "plans": []}', "not a plan that gatepost wrote"),
        ('{"gatepost_plan": 1, "plans": {}}', "not a plan that gatepost wrote"),
        ('{"gatepost_plan": 1.0, "plans": ""}', "not a plan that gatepost wrote"),
        ('{"gatepost_plan": "1", "plans": []}', "not a plan that gatepost wrote"),
        ('{"gatepost_plan": 2, "plans": []}', "another version"),
        ('{"gatepost_plan": 1, "plans": []}', "holds no plan"),
        ("[]", "not a plan that gatepost wrote"),
    ],
)
def test_what_holds_no_plan_is_refused(tmp_path, text, words):
    """A file without a plan is never carried out as if there were nothing to do."""
    path = tmp_path / "plan.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=words):
        read_plans(path)
