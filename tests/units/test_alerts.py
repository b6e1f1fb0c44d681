"""Alert rules and board: Prometheus' own tool reads them, and they ask for metrics that there are."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from house.tree import ROOT
from rigs.promtool import PROMTOOL

RULES = ROOT / "packaging" / "prometheus" / "gatepost.rules.yml"
TESTS = ROOT / "packaging" / "prometheus" / "gatepost.test.yml"
BOARD = ROOT / "packaging" / "grafana" / "gatepost.json"
METRIC = re.compile(r"\bgatepost_[a-z_]+")

needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="needs promtool")


def promtool(*arguments: str | Path, text: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run it in the folder of the rules."""
    command = [PROMTOOL, *map(str, arguments)]
    return subprocess.run(
        command, cwd=RULES.parent, input=text, capture_output=True, text=True, check=False, timeout=120
    )


def known() -> set[str]:
    """Metrics of the generated page, histograms with their parts."""
    page = (ROOT / "docs/reference/metrics.md").read_text(encoding="utf-8")
    found = set(re.findall(r"^\| `(gatepost_[a-z_]+)`", page, re.MULTILINE))
    timed = re.findall(r"^\| `(gatepost_[a-z_]+)` \| histogram", page, re.MULTILINE)
    assert timed
    return found | {f"{name}_{part}" for name in timed for part in ("bucket", "sum", "count")}


def panels(board: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Those that show something."""
    return (panel for panel in board["panels"] if panel["type"] != "row")


def board() -> dict[str, Any]:
    """As it is shipped."""
    return dict(json.loads(BOARD.read_text(encoding="utf-8")))


@needs_promtool
def test_the_rules_are_right():
    """Every rule can be read, and fires on what it is for and not while all is well."""
    checked = promtool("check", "rules", "--lint=all", "--lint-fatal", RULES)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    tested = promtool("test", "rules", TESTS)
    assert tested.returncode == 0, tested.stdout + tested.stderr


@needs_promtool
def test_the_instrument_sees_a_wrong_rule(tmp_path):
    """A rule that fires too late is found by the tests of the rules."""
    text = RULES.read_text(encoding="utf-8")
    (tmp_path / RULES.name).write_text(
        text.replace("gatepost_target_empty == 1", "gatepost_target_empty == 2")
    )
    shutil.copy(TESTS, tmp_path / TESTS.name)
    assert promtool("test", "rules", tmp_path / TESTS.name).returncode == 1


def test_every_alert_is_tested_and_documented():
    """Each has a test in which it fires, one in which it does not, and a heading with what to do."""
    rules, tests = RULES.read_text(encoding="utf-8"), TESTS.read_text(encoding="utf-8")
    page = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
    alerts = re.findall(r"- alert: (\w+)", rules)
    assert len(alerts) == len({*alerts}) > 10
    for alert in alerts:
        assert re.search(rf"alertname: {alert}\n +eval_time: \S+\n +exp_alerts: \[\]", tests), alert
        assert re.search(rf"alertname: {alert}\n +eval_time: \S+\n +exp_alerts:\n", tests), alert
        assert f"### {alert}\n" in page, alert
    assert [one for one in re.findall(r"^### (Gatepost\w+)$", page, re.MULTILINE) if one not in alerts] == []


@pytest.mark.parametrize("path", [RULES, TESTS, BOARD], ids=lambda path: path.name)
def test_they_ask_for_metrics_that_there_are(path):
    """Every name of a metric is one that the server gives."""
    asked = set(METRIC.findall(path.read_text(encoding="utf-8")))
    assert asked
    assert asked - known() == set()


def test_every_state_is_watched():
    """Each metric is on the board or in a rule: what nobody looks at need not be measured."""
    watched = set(METRIC.findall(RULES.read_text(encoding="utf-8") + BOARD.read_text(encoding="utf-8")))
    shown = {re.sub(r"_(bucket|sum|count)$", "", name) for name in watched}
    left_out = (
        known() - watched - {name for name in known() if re.sub(r"_(bucket|sum|count)$", "", name) in shown}
    )
    assert left_out == {
        "gatepost_list_last_change_timestamp_seconds",
        "gatepost_source_last_change_timestamp_seconds",
        "gatepost_target_drift_total",
        "gatepost_target_last_attempt_timestamp_seconds",
        "gatepost_hints_total",
    }


@needs_promtool
def test_the_boards_questions_can_be_asked(tmp_path):
    """Every expression of the board is one to Prometheus."""
    found = [target["expr"] for panel in panels(board()) for target in panel["targets"]]
    asked = [one.replace("$instance", ".*") for one in found]
    rules = [{"record": f"x:panel:{n}", "expr": expr} for n, expr in enumerate(asked)]
    place = tmp_path / "board.yml"
    place.write_text(json.dumps({"groups": [{"name": "board", "rules": rules}]}))
    checked = promtool("check", "rules", place)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{len(asked)} rules found" in checked.stdout


def test_the_board_hangs_together():
    """Panels have their own numbers, lie beside each other, say what they are, and ask what is chosen."""
    shown, places = board(), set()
    assert len({panel["id"] for panel in shown["panels"]}) == len(shown["panels"])
    for panel in shown["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & places, panel["title"]
        assert max(x for x, _ in cells) < 24
        places |= cells
    for panel in panels(shown):
        assert panel["description"].endswith("."), panel["title"]
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
        for target in panel["targets"]:
            assert "$instance" in target["expr"], panel["title"]
    assert "token" not in BOARD.read_text(encoding="utf-8")
