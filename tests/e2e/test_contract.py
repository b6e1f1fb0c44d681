"""Journeys through the commands, and every member of every document and every exit code of the ledger.

Made once for the module: each test reads what the same runs gave.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gatepost.emulator.app import Emulator
from gatepost.emulator.state import ListChange
from rigs import ledger
from rigs.journey import Journey, journey, small_journey
from rigs.program import Done, Program

RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
TIME_LIKE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
ERROR = {"kind", "code", "message", "transient", "hint", "links", "log_id"}
PLAN = {"target", "list", "status", "digest", "serial", "add", "remove", "reasons", "outcome"}
LIST = {"list", "serial", "previous", "status", "reasons", "stale"}


@pytest.fixture(scope="module")
def both(emulator, base_url, tmp_path_factory) -> tuple[Journey, Journey]:
    """Two journeys side by side: they do not know of each other."""
    folders = [tmp_path_factory.mktemp(name) for name in ("journey", "small")]
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(large_journey, emulator, base_url, folders[0])
        second = pool.submit(small_journey, folders[1])
        return first.result(), second.result()


@pytest.fixture(scope="module")
def done(both) -> Journey:
    """Four platforms."""
    return both[0]


@pytest.fixture(scope="module")
def small(both) -> Journey:
    """A person's words, every outcome, and a line of each command that fails."""
    return both[1]


def large_journey(emulator: Emulator, base_url: str, folder: Path) -> Journey:
    """First list, a change, a refused source, a held answer: as users live it."""
    made = Journey(journey(emulator, base_url, folder))
    outbound = emulator.state.lists["feishu"]["outbound_ip"]
    emulator.state.lists["chat"]["nettype6"].change(ListChange(add=("010.8.8.8",)))
    made.go("status before", "status", code=4)
    made.read(
        **{"config check": (("config", "check"), 0)}, show=(("config", "show"), 0), fetch=(("fetch",), 0)
    )
    made.go("plan", "plan", code=2)
    made.go("apply", "apply", code=0)
    made.go("plan in step", "plan", code=0)
    outbound.change(ListChange(add=("101.126.60.7", "101.126.60.8", "101.126.60.9")))
    made.go("plan changes", "plan", "webhooks", code=2)
    made.go("apply changes", "apply", "webhooks", "--yes", code=0)
    made.read(
        status=(("status",), 0),
        history=(("history", "webhooks"), 0),
        diff=(("diff", "webhooks", "1", "2"), 0),
        back=(("diff", "webhooks", "2", "1"), 0),
    )
    ask_what_is_allowed(made)
    rule = emulator.inject("wrong-secret", platform="wecom", path="*/gettoken")
    for token in emulator.state.tokens.issued:
        token.revoked = True
    made.go("plan incomplete", "plan", code=4)
    made.go("apply incomplete", "apply", code=4)
    made.read(failed=(("fetch", "corp-clients", "feishu-events"), 4), wrong=(("doctor",), 1))
    emulator.faults.remove(rule)
    made.go("doctor", "doctor", "feishu-events", code=0)
    outbound.change(ListChange(replace=["101.126.59.7", "101.126.60.7"]))
    made.go("plan held", "plan", code=3)
    made.go("apply held", "apply", code=3)
    made.go("status held", "status", code=3)
    return made


def ask_what_is_allowed(made: Journey) -> None:
    """Every way to ask `check`."""
    first, second = (one["at"] for one in made["history"]["serials"])
    asked = {
        "allowed": (0, ("101.126.60.8", "--target", "edge")),
        "not allowed": (5, ("8.8.8.8",)),
        "not allowed there": (5, ("8.8.8.8", "--list", "webhooks", "--target", "edge")),
        "pinned": (0, ("8.8.4.4",)),
        "excluded": (5, ("118.26.157.16",)),
        "domain": (0, ("anything.work.weixin.qq.com", "--list", "outbound")),
        "then": (0, ("101.126.60.8", "--at", second)),
        "before": (5, ("101.126.60.8", "--at", first)),
        "old": (0, ("101.126.59.7", "--at", first)),
        "never": (5, ("101.126.59.7", "--at", "2020-01-31")),
    }
    made.read(**{name: (("check", *line), code) for name, (code, line) in asked.items()})


@pytest.fixture(scope="module")
def schema(tmp_path_factory) -> list[Done]:
    """`config schema` with and without --json."""
    nothing = Program(tmp_path_factory.mktemp("none"))
    return nothing.together(("config", "schema"), ("config", "schema", "--json"))


COMMANDS = {"word": ("approve", "reject")}
"""Of which commands a document is, where that is not its name."""


@pytest.mark.parametrize("member", ledger.members("members"))
def test_a_member_is_there_and_what_it_may_be(done, small, member):
    """In every run's document; each literal was seen."""
    if member.document == "error":
        documents = [small[f"error {line.item}"] for line in ledger.lines("errors")]
    else:
        names = COMMANDS.get(member.document, (member.document,))
        documents = [*done.of(*names), *small.of(*names)]
    ledger.read_member(member, documents)


@pytest.mark.parametrize("line", ledger.cases("errors"))
def test_a_command_that_fails_says_so_in_one_object(small, line):
    """Exit 1, the error object alone on standard output, nothing on standard error."""
    run = small.runs[f"error {line.item}"].ended(1)
    assert set(run.error) == ERROR
    assert run.err == "", run


@pytest.mark.parametrize("line", ledger.cases("exits"))
def test_an_exit_code(done, small, line):
    """The run that the ledger names is of this command, and ended with this code."""
    run = done.runs[line.says] if line.says in done.runs else small.runs[line.says]
    assert f"{run.arguments[0]} {run.code}" == line.item, run


def test_every_run_ended_as_expected(done, small):
    """Runs that no line names have their exit code too, and are silent on standard error."""
    for journey_ in (done, small):
        assert {name: run.code for name, run in journey_.runs.items()} == journey_.codes
        assert {name: run.err for name, run in journey_.runs.items() if run.err} == {}


def test_what_is_not_built_is_refused():
    """A command that is not built is an error like any other, not accepted in silence; there is one."""
    assert [line.item for line in ledger.lines(ledger.NOT_BUILT)] == ["agent"]
    assert "agent" in {line.item for line in ledger.lines("errors")}


def walk(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every member of a document, by its name; elements of arrays by the array's."""
    yield name, value
    if isinstance(value, dict):
        for key, member in value.items():
            yield from walk(member, key)
    if isinstance(value, list):
        for element in value:
            yield from walk(element, name)


def test_every_run_prints_one_document(done):
    """In --json mode standard output is one JSON document, whatever the exit code."""
    assert all(isinstance(run.document, dict) for run in done.runs.values())


def test_times_are_rfc_3339_in_utc(done):
    """Every time of every document ends in Z, to the second."""
    texts = [(name, value) for run in done.runs.values() for name, value in walk(run.document)]
    times = [(name, value) for name, value in texts if isinstance(value, str) and TIME_LIKE.search(value)]
    assert {"at", "fetched_at", "attempted_at", "succeeded_at", "changed_at", "applied_at", "until"} <= {
        name for name, _ in times
    }
    assert [(name, value) for name, value in times if not RFC3339.fullmatch(value)] == []


def test_arrays_are_sorted(done):
    """Sources, lists, plans, targets by name; serials by number; entries and values each in one order."""
    names = {"sources": "source", "lists": "list", "plans": "target", "targets": "target", "errors": "source"}
    for run in done.runs.values():
        for name, value in walk(run.document):
            if not isinstance(value, list) or not value:
                continue
            if name in names and isinstance(value[0], dict):
                keys = [one[names[name]] for one in value]
                assert keys == sorted(keys), (run.arguments, name)
            if name in {"add", "remove"} and "/" in value[0]:
                assert value == sorted(value, key=ipaddress.ip_network), run.arguments
            if name == "ports" and isinstance(value[0], list):
                assert value == sorted(value)
    assert [one["serial"] for one in done["history"]["serials"]] == [1, 2]


def test_addresses_are_canonical_and_carry_their_length(done):
    """Each prefix is the text of its network, with its length."""
    entries = [entry for source in done["fetch"]["sources"] for entry in source["entries"]]
    texts = [entry["value"] for entry in entries if entry["type"] == "prefix"]
    texts += [value for name in ("plan", "apply") for plan in done[name]["plans"] for value in plan["add"]]
    prefixes = [text for text in texts if not re.search(r"[a-z]", text)]
    assert len(prefixes) > 100
    assert all(str(ipaddress.ip_network(text)) == text for text in prefixes)


def test_fetch_document(done):
    """Each source: kind, direction, outcome, when, requests, its entries and what was left out, and why."""
    sources = {one["source"]: one for one in done["fetch"]["sources"]}
    assert set(sources) == {
        "chat-webhooks", "corp-clients", "feishu-events", "wechat-callbacks", "wecom-callbacks"
    }  # fmt: skip
    feishu = sources["feishu-events"]
    assert (feishu["kind"], feishu["direction"], feishu["outcome"]) == (
        "feishu.events",
        "ingress",
        "complete",
    )
    assert feishu["requests"] == 3, "a token and two pages"
    plain = {"type": "prefix", "protocol": None, "ports": [], "necessary": None, "note": None}
    assert feishu["entries"][0] == {"value": "36.110.145.65/32", **plain}
    assert (len(feishu["entries"]), feishu["quarantined"]) == (58, [])
    assert sources["chat-webhooks"]["quarantined"] == [{"text": "010.8.8.8", "reason": "leading-zero"}]
    assert sources["corp-clients"]["direction"] == "egress"


def test_domain_entries(done):
    """Domains and trees with protocol, ports as ranges, necessity, and the platform's own note."""
    source = next(one for one in done["fetch"]["sources"] if one["source"] == "corp-clients")
    entries = {one["value"]: one for one in source["entries"]}
    live, tree = entries["live.work.weixin.qq.com"], entries["*.work.weixin.qq.com"]
    assert {live["type"], tree["type"]} == {"domain"}
    assert (live["protocol"], live["ports"], live["necessary"]) == ("tcp", [[80, 80], [443, 443]], False)
    assert entries["183.47.102.31/32"]["protocol"] == "udp"
    assert isinstance(live["note"], str)


def test_fetch_changes_nothing(done):
    """`fetch` leaves no history: the store is made by `plan`."""
    status = done["status before"]
    assert status["stale"] is True
    assert {one["attempted_at"] for one in status["sources"]} == {None}
    assert done["plan"]["lists"][0]["previous"] is None


def test_failed_source_document(done):
    """A source that failed has its error object; the others are whole, exit 4."""
    failed, whole = done["failed"]["sources"]
    assert (failed["source"], failed["outcome"], whole["outcome"]) == ("corp-clients", "failed", "complete")
    error = failed["error"]
    assert set(error) == ERROR
    assert (error["kind"], error["code"], error["transient"]) == ("CredentialsRejected", 40001, False)
    assert error["links"]
    assert all(link.startswith("https://") for link in error["links"])
    assert error["hint"]


def test_plan_document(done):
    """Lists and plans, with serials, status, digest and what would come and go; nothing is applied yet."""
    document = done["plan"]
    assert set(document) >= {"lists", "plans"}
    assert all(set(one) >= LIST for one in document["lists"])
    assert all(set(one) >= PLAN for one in document["plans"])
    edge = document["plans"][1]
    assert (edge["target"], edge["list"], edge["status"], edge["outcome"]) == (
        "edge",
        "webhooks",
        "changes",
        None,
    )
    assert DIGEST.fullmatch(edge["digest"])
    assert "101.126.59.7/32" in edge["add"]
    assert "8.8.4.0/24" in edge["add"], "a pin is in"
    assert not {"118.26.157.16/32", "118.26.157.16/28"} & set(edge["add"]), "an exclusion is out"
    assert [one["status"] for one in document["lists"]] == ["changes", "changes"]


def test_only_necessary(done):
    """With `only_necessary` what WeCom marks as not necessary stays out, and all else is in."""
    source = next(one for one in done["fetch"]["sources"] if one["source"] == "corp-clients")
    necessary = {one["value"] for one in source["entries"] if one["necessary"] is not False}
    left_out = {one["value"] for one in source["entries"]} - necessary
    plan = done["plan"]["plans"][0]
    assert plan["list"] == "outbound"
    assert "live.work.weixin.qq.com" in left_out
    assert left_out.isdisjoint(plan["add"])
    assert "i.work.weixin.qq.com" in necessary & set(plan["add"])


def test_first_list_is_accepted(done):
    """A source's first whole answer has no baseline: plan exits 2, nothing is held."""
    assert [one["reasons"] for one in done["plan"]["lists"]] == [[], []]


def test_apply_document(done):
    """What `plan` showed is what `apply` did: same digests; outcome applied, read back and verified."""
    for planned, applied in (("plan", "apply"), ("plan changes", "apply changes")):
        assert [(one["target"], one["digest"]) for one in done[planned]["plans"]] == [
            (one["target"], one["digest"]) for one in done[applied]["plans"]
        ]
        assert {(one["outcome"], one["verified"]) for one in done[applied]["plans"]} == {("applied", True)}


def test_in_step(done):
    """Nothing to do is status in_step, no additions, exit 0."""
    assert [(one["status"], one["add"], one["remove"]) for one in done["plan in step"]["plans"]] == [
        ("in_step", [], []),
        ("in_step", [], []),
    ]
    assert {one["status"] for one in done["plan in step"]["lists"]} == {"in_step"}


def test_change(done):
    """A change gives the list a new serial; the plan names what comes, merged, and no other list."""
    document = done["plan changes"]
    assert [(one["list"], one["serial"], one["previous"]) for one in document["lists"]] == [
        ("webhooks", 2, 1)
    ]
    plan = document["plans"][0]
    assert (plan["serial"], plan["add"], plan["remove"]) == (2, ["101.126.60.7/32", "101.126.60.8/31"], [])


def test_incomplete(done):
    """A failed source is exit 4 with its error at its list; what it named before stays."""
    document = done["plan incomplete"]
    lists = {one["list"]: one for one in document["lists"]}
    assert [one["source"] for one in lists["outbound"]["errors"]] == ["corp-clients"]
    assert [one["source"] for one in lists["webhooks"]["errors"]] == ["wecom-callbacks"]
    assert all(set(one["error"]) == ERROR for one in lists["webhooks"]["errors"])
    assert [one["remove"] for one in document["plans"]] == [[], []]


def test_held(done):
    """A guard's reasons stand at the list and at the plan: guard, measured, limit and a sentence; exit 3."""
    for name in ("plan held", "apply held"):
        webhooks = done[name]["lists"][1]
        assert webhooks["status"] == "held"
        reason = webhooks["reasons"][0]
        assert set(reason) >= {"guard", "measured", "limit", "message"}
        assert (reason["guard"], reason["limit"]) == ("shrink", "30 %")
        assert re.fullmatch(r"\d+ %", reason["measured"])
        plan = next(one for one in done[name]["plans"] if one["target"] == "edge")
        assert (plan["status"], plan["remove"], plan["reasons"]) == ("held", [], webhooks["reasons"])
    assert plan["outcome"] == "held"
    assert "101.126.59.8/31" in (done.program.folder / "edge.txt").read_text()


def test_status_document(done):
    """Each source, list and target: last attempt, success, change, applied, verified; what waits."""
    document = done["status"]
    assert document["stale"] is False
    source = document["sources"][2]
    assert set(source) >= {
        "source", "kind", "attempted_at", "succeeded_at", "changed_at", "stale", "error"
    }  # fmt: skip
    assert (source["source"], source["stale"], source["error"]) == ("feishu-events", False, None)
    assert source["changed_at"] <= source["succeeded_at"] <= source["attempted_at"]
    assert [(one["list"], one["serial"], one["held"]) for one in document["lists"]] == [
        ("outbound", 1, False),
        ("webhooks", 2, False),
    ]
    target = document["targets"][1]
    assert set(target) >= {"target", "kind", "list", "serial", "applied_at", "verified", "outcome"}
    assert (target["target"], target["serial"], target["verified"]) == ("edge", 2, True)
    assert document["held"] == []
    held = done["status held"]
    assert [one["target"] for one in held["held"]] == ["edge"]
    assert [one["held"] for one in held["lists"]] == [False, True]


def test_history_and_diff_documents(done):
    """Serials with what came and went; a difference of two serials, either way round."""
    serials = done["history"]["serials"]
    assert [(one["serial"], one["added"], one["removed"]) for one in serials] == [(1, 41, 0), (2, 2, 0)]
    assert all(DIGEST.fullmatch(one["digest"]) for one in serials)
    there, back = done["diff"], done["back"]
    assert (there["list"], there["from"], there["to"]) == ("webhooks", 1, 2)
    assert [one["value"] for one in there["added"]] == ["101.126.60.7/32", "101.126.60.8/31"]
    assert (there["removed"], back["added"], back["removed"]) == ([], [], there["added"])


def test_doctor_document(done):
    """What was looked at, good or wrong, with the platform's own links; one source where it is named."""
    document = done["wrong"]
    assert document["ok"] is False
    wrong = [one for one in document["findings"] if not one["good"]]
    assert {one["what"] for one in wrong} == {"source corp-clients", "source wecom-callbacks"}
    assert all(set(one["error"]) == ERROR and one["error"]["links"] for one in wrong)
    good = [one["what"] for one in document["findings"] if one["good"]]
    assert {"machine", "configuration", "store", "target edge", "account feishu-main"} <= set(good)
    assert done["doctor"]["ok"] is True
    named = [one for one in done["doctor"]["findings"] if "source" in one["what"]]
    assert {one["what"] for one in named} == {"source feishu-events"}
    kinds = [one["finding"] and one["finding"]["kind"] for one in named]
    assert kinds == [None, "clock", "egress", "quota"], "the source itself, then what its connection showed"


def test_config_documents(done):
    """`config check` counts; `config show` shows defaults, and of a secret its kind of reference alone."""
    check = done["config check"]
    assert (check["ok"], check["problems"], check["sources"], check["lists"], check["targets"]) == (
        True, [], 5, 2, 2
    )  # fmt: skip
    show = done["show"]
    assert show["accounts"]["feishu-main"]["app_secret"] == "env:***"
    assert show["accounts"]["corp"]["corpsecret"] == "file:***"
    assert (show["sources"]["feishu-events"]["every"], show["sources"]["corp-clients"]["every"]) == (
        "3600s",
        "21600s",
    )
    assert show["guards"]["baselines"] == ["604800s", "2592000s"]
    assert show["guards"]["grace"] == "604800s"
    assert (show["guards"]["max_removed"], show["guards"]["absences"]) == (0.3, 3)


def test_check_document(done):
    """Allowed, by which entry, from which source, since when, and whether the device has it."""
    document = done["allowed"]
    assert (document["value"], document["allowed"], document["on_target"]) == ("101.126.60.8", True, True)
    assert len(document["lists"]) == 1
    webhooks = document["lists"][0]
    assert (webhooks["list"], webhooks["direction"], webhooks["allowed"]) == ("webhooks", "ingress", True)
    entry = webhooks["entries"][0]
    assert set(entry) >= {"value", "source", "since", "serial", "state"}
    assert (entry["value"], entry["source"], entry["serial"], entry["state"]) == (
        "101.126.60.8/32", "feishu-events", 2, "listed"
    )  # fmt: skip
    assert RFC3339.fullmatch(entry["since"])


def test_check_says_no(done):
    """Not allowed is exit 5; all asked lists are named, with no entries, and the device does not hold it."""
    every, one = done["not allowed"], done["not allowed there"]
    assert [(each["list"], each["entries"]) for each in every["lists"]] == [
        ("outbound", []),
        ("webhooks", []),
    ]
    assert ([each["list"] for each in one["lists"]], one["on_target"]) == (["webhooks"], False)


def test_check_pins_exclusions_and_domains(done):
    """A pin is `pinned`; an exclusion is `excluded` and not allowed; a domain is found by its tree."""
    pin, exclusion, domain = done["pinned"], done["excluded"], done["domain"]
    pinned, excluded = pin["lists"][0]["entries"][0], exclusion["lists"][0]
    assert (pinned["state"], pinned["source"], pinned["value"]) == ("pinned", "pin", "8.8.4.0/24")
    assert (excluded["allowed"], excluded["entries"][0]["state"]) == (False, "excluded")
    found = domain["lists"][0]["entries"]
    assert [entry["value"] for entry in found] == ["*.work.weixin.qq.com"]


def test_check_at_a_time(done):
    """Before its serial an address was not allowed; from the time that `history` prints for it on it is."""
    then, before, old, never = (done[name] for name in ("then", "before", "old", "never"))
    second = done["history"]["serials"][1]["at"]
    assert (then["at"], then["allowed"], before["allowed"], old["allowed"]) == (second, True, False, True)
    assert never["lists"][0]["entries"] == []


def test_config_schema(schema):
    """A JSON Schema; with and without --json the same, and no configuration is needed."""
    plain, asked = schema
    assert plain.ended(0).document == asked.ended(0).document
    schema = plain.document
    assert "json-schema.org" in schema["$schema"]
    tables = {"store", "accounts", "sources", "lists", "targets", "guards", "notify"}
    assert tables <= set(schema["properties"])


def test_init_writes_what_config_check_reads(program):
    """A commented file for the platforms chosen, never over another; its only problems are unset secrets."""
    written = program("init", "feishu", "wecom").ended(0)
    assert "gatepost fetch" in written.out
    text = program.path.read_text()
    assert "[accounts.feishu-main]" in text
    assert "wechat" not in text
    again = program("init", "--json").ended(1)
    assert again.error["kind"] == "UsageError"
    assert program.path.read_text() == text
    checked = program.json("config", "check", code=1)
    assert checked["ok"] is False
    assert all("not set" in problem for problem in checked["problems"])
    names = re.findall(r'"env:([A-Z_]+)"', text)
    assert program("config", "check", "--json", **dict.fromkeys(names, "x")).ended(0).document["ok"] is True
    every = json.loads(program("init", "--output", "-", "--json").ended(0).out)
    assert all(
        f'platform = "{name}"' in every["text"]
        for name in ("feishu", "lark", "wechat", "wecom", "tencent_chat")
    )
