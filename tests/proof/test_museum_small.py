"""proof/museum.py at a size for every day: a few exhibits, and two that must not pass for seen."""

from __future__ import annotations

from pathlib import Path

from rigs.proof import prove


def exhibit(folder: Path, old: str, new: str) -> str:
    """Arguments for a museum of one exhibit."""
    check = "tests/kit/test_secret.py::test_shows_nothing"
    rows = {"name": "one", "origin": "a test", "bug": "none", "file": "src/gatepost/kit/secret.py"}
    rows |= {"old": old, "new": new}
    lines = [f"{name} = '''{value}'''" for name, value in rows.items()]
    (folder / "one.toml").write_text("\n".join(["[[exhibit]]", *lines, f'check = ["{check}"]']))
    return f"--exhibits {folder}"


def test_every_exhibit_can_be_planted():
    """Each bug still has exactly one place in today's source, and its check is there."""
    done = prove("museum", "--plant")
    assert done.code == 0, done.text
    assert int(done.text.split()[0]) >= 25


def test_bugs_are_seen():
    """Bugs of three kinds fail the check that is named beside each, which passes without them."""
    names = ("token-in-the-log", "host-bits-silently-widened", "churn-not-judged")
    done = prove("museum", f"--only {' '.join(names)}")
    assert done.code == 0, done.text
    assert set(done.rows) == {*names}
    assert all("test_" in row["found by"] for row in done.rows.values()), done.text


def test_what_is_no_bug_is_not_seen(tmp_path):
    """A change of a docstring escapes, and the museum fails."""
    done = prove("museum", exhibit(tmp_path, "Always three stars.", "Always three little stars."))
    assert done.code == 1
    assert done.rows["one"]["found by"] == "**ESCAPED**", done.text


def test_a_bug_that_has_no_place_is_not_seen(tmp_path):
    """An exhibit that the source has outgrown fails, before and without any check."""
    done = prove("museum", exhibit(tmp_path, "Always four stars.", "Never any."))
    assert done.code == 1
    assert done.rows["one"]["found by"] == "**out of date**", done.text
    assert prove("museum", f"--plant --exhibits {tmp_path}").code == 1


def test_a_bug_that_breaks_its_module_is_not_seen(tmp_path):
    """What falls over by itself needs nobody to find it: that is no exhibit."""
    done = prove("museum", exhibit(tmp_path, 'return "***"', "return stars"))
    assert done.code == 1
    assert done.rows["one"]["found by"] == "**its check neither passed nor saw it**", done.text
