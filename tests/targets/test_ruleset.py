"""What a ruleset makes of a list: found in the rules, and told by packets."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatepost.model.entry import Direction
from gatepost.model.finding import Severity
from gatepost.targets.nftables import Nftables
from rigs.rulesets import CASES, Case
from rigs.street import LISTED, UNLISTED, Street, street

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def town():
    with street() as made:
        yield made


async def examined(town: Street, direction: Direction = Direction.INGRESS):
    """All findings of the real target, in the namespace."""
    proc = Path(f"/proc/{town.host.pid}/net")
    return await Nftables("edge", Nftables.Options(), runner=town.host, proc=proc).findings(direction)


def kinds(findings, severity: Severity) -> tuple[str, ...]:
    return tuple(sorted(each.kind for each in findings if each.severity is severity))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_each_ruleset(town, case: Case):
    """Each is found to be what it is, no more and no less, and packets go as the findings say."""
    town.load(case.text)
    findings = await examined(town)
    assert kinds(findings, Severity.WRONG) == tuple(sorted(case.wrong)), findings
    assert kinds(findings, Severity.NOTE) == case.notes, findings
    assert kinds(findings, Severity.UNSURE) == case.unsure, findings
    assert kinds(findings, Severity.GOOD) == ("effective",) * case.good, findings
    if case.through is not None:
        assert town.arrived() == case.through


async def test_a_published_port(town):
    """A port that is sent on to a container is open to all, as the finding says, until forward is guarded."""
    town.load(CASES["published"].text)
    assert town.arrived(at_container=True) == {LISTED[0], UNLISTED[0]}
    town.load(CASES["published-and-guarded"].text)
    assert town.arrived(at_container=True) == {LISTED[0]}
