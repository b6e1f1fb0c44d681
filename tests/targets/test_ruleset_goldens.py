"""Rulesets of other firewalls, as nft listed them, with what is found in each.

``UPDATE_GOLDEN=1 pytest`` writes the findings anew; record.sh beside them the rulesets.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gatepost.model.entry import Direction
from gatepost.model.finding import Severity
from gatepost.targets._nft import Place
from gatepost.targets._nft_ruleset import examine

GOLDEN = Path(__file__).parents[1] / "golden" / "rulesets"
NAMES = sorted(path.stem for path in GOLDEN.glob("*.json"))
ALL_GOOD = {"docker-guarded", "firewalld-allowed", "ufw-allowed"}


def findings(name: str):
    return examine((GOLDEN / f"{name}.json").read_bytes(), Place("gatepost", "edge"), Direction.INGRESS)


@pytest.mark.parametrize("name", NAMES)
def test_findings_are_the_golden_ones(name):
    """Word for word, so that a change in what people read is seen."""
    told = "".join(f"{each.severity} {each.kind}: {each.message}\n" for each in findings(name))
    golden = GOLDEN / f"{name}.findings"
    if "UPDATE_GOLDEN" in os.environ:
        golden.write_text(told)
    assert told == golden.read_text()


@pytest.mark.parametrize("name", NAMES)
def test_no_false_alarm(name):
    """Beside Docker, ufw and firewalld that let the service in, a right set gives nothing but good."""
    assert ({each.severity for each in findings(name)} == {Severity.GOOD}) == (name in ALL_GOOD)
