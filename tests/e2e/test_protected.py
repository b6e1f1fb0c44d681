"""The built program carries out no plan that cuts off the session it is run from, or what is protected."""

from __future__ import annotations

import pytest

from gatepost.emulator.state import ListChange
from rigs.program import Program

TEN = [f"61.135.{n}.1" for n in range(10)]
OURS, SOMEBODYS = TEN[7], TEN[3]
SSH = f"{OURS} 50022 192.0.2.1 22"
DROPPED_BY_SUDO = ("sh", "-c", 'env -u SSH_CONNECTION "$@"; exit $?', "sh")
"""A shell that sshd started, and below it a program that no longer sees what sshd wrote."""
TABLES = f"""
[store]
url = "sqlite:///history.db"

[protect]
addresses = [{{ value = "{SOMEBODYS}", why = "the office" }}]

[sources.events]
kind = "feishu.events"
account = "feishu-main"

[lists.webhooks]
direction = "ingress"
sources = ["events"]

[lists.webhooks.guards]
absences = 1
grace = "0s"

[targets.edge]
kind = "file"
list = "webhooks"
path = "edge.txt"
"""


@pytest.fixture
def applied(asking, emulator) -> Program:
    """Ten addresses, applied."""
    asking.write(asking.path.read_text(encoding="utf-8") + TABLES)
    publish(emulator, TEN)
    asking.json("apply")
    return asking


def publish(emulator, values: list[str]) -> None:
    """What Feishu answers from now on."""
    emulator.state.lists["feishu"]["outbound_ip"].change(ListChange(replace=list(values)))


def held(program: Program) -> list[str]:
    """What the file holds."""
    return sorted(line.removesuffix("/32") for line in (program.folder / "edge.txt").read_text().split())


def test_the_platform_drops_the_session_we_come_from(applied, emulator):
    """The plan is refused, exit 3, and no approval helps; whoever runs it from elsewhere is free to.

    Also below sudo, which drops the variable, and for a plan that somebody made elsewhere.
    """
    publish(emulator, [one for one in TEN if one != OURS])
    document = applied("plan", "--json", SSH_CONNECTION=SSH).ended(3).document
    (plan,) = document["plans"]
    (reason,) = plan["reasons"]
    assert (plan["status"], reason["guard"], reason["measured"]) == ("held", "protected", f"{OURS}/32")
    assert "webhooks would cut off" in reason["message"]
    assert "the SSH session that runs this" in reason["message"]

    refused = applied("approve", plan["digest"], "--why", "I insist", "--json").ended(1).error
    assert reason["message"] in refused["message"]
    assert "No approval can change that" in refused["message"]

    shown = applied("apply", SSH_CONNECTION=SSH).ended(3).out
    assert "protected: a protected address or name would be cut off: " + f"{OURS}/32" in shown
    assert "gatepost approve" not in shown
    assert "受保护的地址或域名会被切断" in applied("plan", "--lang", "zh", SSH_CONNECTION=SSH).ended(3).out
    assert held(applied) == sorted(TEN)

    below_sudo = Program(applied.folder, applied.secrets, DROPPED_BY_SUDO)
    (plan,) = below_sudo("apply", "--json", SSH_CONNECTION=SSH).ended(3).document["plans"]
    assert (plan["outcome"], plan["reasons"]) == ("held", [reason])

    (elsewhere,) = applied.json("plan", code=2)["plans"]
    again = applied("apply", "--digest", elsewhere["digest"], "--json", SSH_CONNECTION=SSH).ended(3)
    assert [(one["outcome"], one["reasons"]) for one in again.document["plans"]] == [("held", [reason])]
    assert held(applied) == sorted(TEN)
    applied.json("apply", "--digest", elsewhere["digest"])
    assert held(applied) == sorted(one for one in TEN if one != OURS)


def test_what_the_owner_lists_and_what_doctor_says(applied, emulator):
    """A listed address holds a plan whoever runs it, until it is pinned; doctor names the whole set."""
    publish(emulator, [one for one in TEN if one != SOMEBODYS])
    (plan,) = applied.json("apply", code=3)["plans"]
    assert [(one["guard"], one["measured"]) for one in plan["reasons"]] == [("protected", f"{SOMEBODYS}/32")]
    assert "(the office)" in plan["reasons"][0]["message"]
    assert held(applied) == sorted(TEN)

    findings = applied("doctor", "--json", SSH_CLIENT=f"{OURS} 1 22").document["findings"]
    lines = {one["text"] for one in findings if one["what"] == "protected"}
    assert {f"{SOMEBODYS}/32: the office", f"{OURS}/32: the SSH session that runs this (ingress)"} <= lines

    pin = f'sources = ["events"]\npin = [{{ value = "{SOMEBODYS}", why = "the office" }}]'
    applied.edit('sources = ["events"]', pin)
    assert applied.json("apply")["plans"][0]["outcome"] == "unchanged"


def test_a_purge_of_what_is_protected_is_held(applied):
    """Removing it all cuts off the session as well: exit 3, and nothing goes; from elsewhere it goes."""
    applied.edit(f'addresses = [{{ value = "{SOMEBODYS}", why = "the office" }}]\n', "")
    told = applied("purge", "edge", "--yes", SSH_CONNECTION=SSH).ended(3).out
    assert f"{OURS}/32" in told
    assert held(applied) == sorted(TEN)
    applied("purge", "edge", "--yes").ended(0)
    assert not (applied.folder / "edge.txt").exists()
