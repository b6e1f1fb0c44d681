"""The safety defaults, each tripped once by what a platform answers: held, approved, applied; or refused.

Eleven lists of the emulated platforms, each with one source, one guard and one file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from gatepost.emulator.state import ListChange
from rigs.accounts import accounts, environment, write_secret_file
from rigs.program import Program

TEN = [f"61.135.{n}.1" for n in range(10)]
"""Ten addresses that do not merge."""
OTHERS = [f"61.136.{n}.1" for n in range(40)]
NOW = 'absences = 1\ngrace = "0s"'
"""What is gone goes at once."""


@dataclass(frozen=True)
class Case:
    """One guard's list: where it comes from, its own settings, what it becomes, and what is found."""

    guard: str
    place: tuple[str, str]
    """Platform and list of the emulator."""
    source: str
    direction: str
    after: list[str]
    measured: str = ""
    limit: str = ""
    settings: str = ""
    applied: list[str] | None = None
    """What the file holds after approval, where that is not ``after``."""


def chat(nettype: int) -> dict[str, Any]:
    """Place, source and direction of one of Chat's lists."""
    return {
        "place": ("chat", f"nettype{nettype}"),
        "source": f'kind = "tencent_chat.ips"\naccount = "chat"\nnettype = {nettype}',
        "direction": "egress" if nettype <= 4 else "ingress",
    }


HELD = (
    Case("shrink", ("feishu", "outbound_ip"), 'kind = "feishu.events"\naccount = "feishu-main"', "ingress",
         TEN[:6], "40 %", "30 %", NOW),
    Case("growth", ("lark", "outbound_ip"), 'kind = "feishu.events"\naccount = "lark-main"', "ingress",
         TEN + OTHERS[:11], "110 %", "100 %"),
    Case("churn", ("wecom", "callback_ip"), 'kind = "wecom.callback"\naccount = "corp"', "ingress",
         TEN[:6] + OTHERS[:4], "57 %", "50 %", f'{NOW}\nmax_removed = "50 %"'),
    Case("family", ("wechat", "callback_ip"), 'kind = "wechat.callback"\naccount = "wechat-mp"', "ingress",
         [*TEN, "2408:8700:1000::1"], "IPv6: 1", "0"),
    Case("widest", **chat(1), after=[*TEN, "101.0.0.0/12"], measured="/12", limit="/16"),
    Case("total", **chat(2), after=[*TEN, "101.126.0.0/24"], measured="266", limit="200",
         settings="max_addresses_v4 = 200"),
)  # fmt: skip
"""What a person may approve."""

EMPTY = Case("empty", **chat(3), after=[], measured="0", limit="1")
REFUSED = (
    Case("quarantine", **chat(4), after=[*TEN, "10.1.2.3", "127.0.0.2"]),
    Case("floor", **chat(5), after=[*TEN, "0.0.0.0/1"]),
)
SPECIAL = Case("special", **chat(6), after=[*TEN, "10.1.2.3"])
SLOW = Case(
    "absences", ("wechat", "api_domain_ip"), 'kind = "wechat.api"\naccount = "wechat-mp"', "egress", TEN[:9]
)
CASES = (*HELD, EMPTY, *REFUSED, SPECIAL, SLOW)


def tables(case: Case, base: str) -> str:
    """A source, its list with its guards, and a file."""
    name = case.guard
    return f"""
[sources.{name}]
{case.source}

[lists.{name}]
direction = "{case.direction}"
sources = ["{name}"]

[lists.{name}.guards]
{case.settings}

[targets.{name}]
kind = "file"
list = "{name}"
path = "{base}{name}.txt"
"""


@dataclass
class World:
    """The program, and what its first runs gave."""

    program: Program
    documents: dict[str, Any]

    def list(self, name: str, run: str = "held") -> Any:
        """A list of a run's document."""
        return next(one for one in self.documents[run]["lists"] if one["list"] == name)

    def plan(self, name: str, run: str = "held") -> Any:
        """A plan of a run's document."""
        return next(one for one in self.documents[run]["plans"] if one["target"] == name)

    def file(self, name: str) -> list[str]:
        """What a list's file holds, hosts without their length."""
        lines = (self.program.folder / f"{name}.txt").read_text().split()
        return [line.removesuffix("/32").removesuffix("/128") for line in lines]


@pytest.fixture(scope="module")
def world(emulator, base_url, tmp_path_factory) -> World:
    """Ten addresses everywhere, applied; then each list becomes what its guard is against."""
    folder = tmp_path_factory.mktemp("guards")
    program = Program(folder, environment(emulator))
    heads = '[store]\nurl = "sqlite:///history.db"\n' + accounts(
        emulator, base_url, write_secret_file(emulator, folder)
    )
    program.write(heads + "".join(tables(case, "") for case in CASES))
    for case in CASES:
        published(emulator, case).change(ListChange(replace=list(TEN)))
    documents = {"first": program.json("apply")}
    for case in CASES:
        published(emulator, case).change(ListChange(replace=list(case.after)))
    documents["held"] = program.json("plan", code=3)
    documents["untouched"] = program.json("apply", code=3)
    return World(program, documents)


def published(emulator: Any, case: Case) -> Any:
    """The emulator's list of a case."""
    platform, name = case.place
    return emulator.state.lists[platform][name]


def test_first_answers_are_accepted(world):
    """The first whole answer of each source is applied: there is no baseline to hold it against."""
    assert {one["outcome"] for one in world.documents["first"]["plans"]} == {"applied"}
    assert len(world.documents["first"]["plans"]) == len(CASES)


@pytest.mark.parametrize("case", HELD, ids=lambda case: case.guard)
def test_a_guard_holds(world, case):
    """It names itself, what it measured and its limit, in a sentence; the plan waits, nothing is removed."""
    one, plan = world.list(case.guard), world.plan(case.guard)
    assert (one["status"], plan["status"]) == ("held", "held")
    found = {(each["guard"], each["measured"], each["limit"]) for each in one["reasons"]}
    assert found == {(case.guard, case.measured, case.limit)}
    assert all(each["message"].endswith(".") for each in plan["reasons"])
    assert (plan["add"], plan["remove"]) == ([], [])
    assert world.plan(case.guard, "untouched")["outcome"] == "held"


def test_an_empty_answer_is_never_applied(world):
    """It is held, and no approval can change that."""
    assert [each["guard"] for each in world.list("empty")["reasons"]] == ["empty"]
    digest = world.plan("empty")["digest"]
    refused = world.program("approve", digest, "--why", "I insist", "--json").ended(1)
    assert refused.error["kind"] == "UsageError"
    assert "No approval can change that" in refused.error["message"]
    assert world.file("empty") == TEN


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.guard)
def test_values_no_firewall_may_get(world, case):
    """Too many odd values, or half of the Internet: the answer is refused, there is nothing to approve."""
    one, plan = world.list(case.guard), world.plan(case.guard)
    assert [each["error"]["kind"] for each in one["errors"]] == ["ValuesRefused"]
    assert (one["reasons"], one["held"], plan["status"]) == ([], [], "in_step")
    assert world.file(case.guard) == TEN


def test_special_purpose_space_is_left_out(world):
    """One private address is quarantined and told by `fetch`; the rest of the answer is good."""
    fetched = world.program.json("fetch", "special")["sources"][0]
    assert fetched["quarantined"] == [{"text": "10.1.2.3", "reason": "special"}]
    assert world.list("special")["status"] == "in_step"
    assert world.file("special") == TEN


def test_approve_then_apply(world):
    """Each held list is approved by its digest, recorded with who and why, and applied; then all is in step.

    What stays held is what may not be approved. Last of this module: it changes what the others look at.
    """
    # a held plan and the held answer below it can each be named, whole or by their first digits
    digests = [
        world.plan(case.guard)["digest"] if number % 2 else world.list(case.guard)["held"][0]["digest"][:19]
        for number, case in enumerate(HELD)
    ]
    reasons = [f"ticket {case.guard}" for case in HELD]
    given = world.program.together(
        *(("approve", digest, "--why", why, "--json") for digest, why in zip(digests, reasons, strict=True))
    )
    for done, digest, why in zip(given, digests, reasons, strict=True):
        word = done.ended(0).document
        assert (word["word"], word["why"], word["digest"].startswith(digest)) == ("approve", why, True)
        assert "@" in word["who"]
    names = [case.guard for case in HELD]
    # the sum of addresses is judged of the answer, and once more of the list with all its sources
    second = world.program.json("apply", *names, code=3)["plans"]
    waiting = {one["target"]: one for one in second if one["outcome"] != "applied"}
    assert [(one["target"], one["reasons"][0]["guard"]) for one in waiting.values()] == [("total", "total")]
    world.program.json("approve", waiting["total"]["digest"], "--why", "the list may be as large")
    applied = {one["target"]: one["outcome"] for one in world.program.json("apply", *names)["plans"]}
    assert applied == dict.fromkeys(names, "unchanged") | {"total": "applied"}
    for case in HELD:
        assert sorted(world.file(case.guard)) == sorted(case.after), case.guard
    assert {one["status"] for one in world.program.json("plan", *names)["lists"]} == {"in_step"}


def test_absences_and_grace(world):
    """An entry must be missing from three whole answers; then it is in grace, still applied and told so."""
    gone = TEN[9]

    def state() -> str:
        entry = world.program.json("check", gone, "--list", "absences", "--target", "absences")
        assert (entry["allowed"], entry["on_target"]) == (True, True)
        return str(entry["lists"][0]["entries"][0]["state"])

    assert state() == "listed", "missing twice"
    assert world.program.json("apply", "absences")["plans"][0]["outcome"] == "unchanged"
    assert state() == "grace", "missing three times"
    status = world.program.json("status", code=3)
    assert {one["list"]: one["grace"] for one in status["lists"]}["absences"] == 1
    assert gone in world.file("absences")
