"""What goes wrong: sources, bounds, targets, the store, a person's no. The last good list stays."""

from __future__ import annotations

import os
import re
import signal
import threading
from datetime import timedelta

import pytest

from rigs.history import passed
from rigs.processes_seen import descendants
from rigs.program import Program

OWN = """
[store]
url = "sqlite:///history.db"

[sources.own]
kind = "static"
direction = "ingress"
entries = ["61.0.0.1", "61.0.0.3", "61.0.0.5", "61.0.0.7", "61.0.0.9", "61.0.0.11"]

[lists.own]
direction = "ingress"
sources = ["own"]

[targets.edge]
kind = "file"
list = "own"
path = "edge.txt"
"""
LOST = 'entries = ["61.0.0.1"]'


@pytest.fixture
def own(program) -> Program:
    """Six entries, applied."""
    program.write(OWN)
    program.json("apply")
    return program


def lose(program: Program) -> None:
    """Five of the six go."""
    text = program.path.read_text()
    first, _, rest = text.partition("entries = [")
    program.write(first + LOST + rest[rest.index("]") + 1 :])


def test_a_rejected_answer_stays_held(own):
    """`reject` is recorded with who and why; the answer stays held, exit 3; a later approval counts."""
    lose(own)
    held = own.json("plan", code=3)["lists"][0]["held"][0]["digest"]
    word = own.json("reject", held, "--why", "it is not so")
    assert (word["digest"], word["word"], word["why"]) == (held, "reject", "it is not so")
    assert own.json("apply", code=3)["plans"][0]["outcome"] == "held"
    assert len((own.folder / "edge.txt").read_text().split()) == 6
    own.json("approve", held, "--why", "it is so after all")
    assert own("apply").ended(0)


def test_a_time_that_was_asked_about_is_told(own):
    """Before the first list, after a pin's end, and now: each says what of, and the device is asked now."""
    own("pin", "own", "203.0.113.7", "--why", "canary", "--until", "2099-01-01").ended(0)
    own("apply", "--yes").ended(0)
    before = own("check", "61.0.0.1", "--at", "2020-01-01").ended(5).out
    assert "NOT allowed at 2020-01-01T00:00:00Z" in before
    assert "held nothing yet" in before
    after = own("check", "203.0.113.7", "--at", "2099-01-01", "--target", "edge").ended(5).out
    assert "NOT allowed at 2099-01-01T00:00:00Z, as things stand now" in after
    assert "the pin 203.0.113.7/32 ends 2099-01-01T00:00:00Z" in after
    assert "the device holds it now" in after
    assert "as things stand" not in own("check", "203.0.113.7").ended(0).out
    chinese = own("check", "203.0.113.7", "--at", "2099-01-01", "--lang", "zh").ended(5).out
    assert "2099-01-01T00:00:00Z 到期" in chinese


def test_one_digest_is_named_everywhere_and_that_of_the_plan_serves_too(own):
    """`plan`, `apply` and `status` name the held answer's digest alone; approving the plan approves it."""
    lose(own)
    document = own.json("plan", code=3)
    held, plan = document["lists"][0]["held"][0]["digest"], document["plans"][0]["digest"]
    for command in (("plan",), ("apply", "--yes"), ("status",)):
        told = own(*command).ended(3).out
        assert set(re.findall(r"gatepost approve (\S+)", told)) == {held[:19]}, told
    own.json("approve", plan, "--why", "one is enough")
    assert "approved by" in own("status").ended(3).out
    own("apply", "--yes").ended(0)


def test_what_was_rejected_waits_for_nobody(own):
    """Each command says by whom and why, what follows, how it is taken back; another answer is asked anew."""
    lose(own)
    held = own.json("plan", code=3)["lists"][0]["held"][0]["digest"]
    waiting = own("status").ended(3).out
    assert "waits for a word" in waiting
    own("reject", held, "--why", "it is not so").ended(0)
    back = f'gatepost approve {held[:19]} --why "…"'
    for command in ("status", "plan", "apply"):
        arguments = (command, "--yes") if command == "apply" else (command,)
        told = own(*arguments).ended(3).out
        assert re.search(r"rejected by \S+@\S+ at \S+Z: it is not so", told), told
        assert "waits for" not in told
        assert "asked about anew" in told
        assert told.count(back) == 1, told
        chinese = own(*arguments, "--lang", "zh").ended(3).out
        assert "驳回：it is not so" in chinese
        assert not re.search(r"[a-z]{3,} [a-z]{3,} [a-z]{3,} [a-z]{3,}", chinese), chinese
    answer = own.json("status", code=3)["answers"][0]
    assert (answer["list"], answer["digest"], answer["word"]["word"]) == ("own", held, "reject")
    own.edit(LOST, 'entries = ["61.0.0.3"]')
    assert "rejected" not in own("plan").ended(3).out
    assert "waits for a word" in own("status").ended(3).out


def test_what_was_spoken_on_is_not_called_held(own):
    """The list's own line says the word that stands, beside by whom and why."""
    lose(own)
    held = own.json("plan", code=3)["lists"][0]["held"][0]["digest"]
    assert "HELD" in own("status").ended(3).out
    for word, told in (("reject", "rejected"), ("approve", "approved")):
        own(word, held, "--why", "so it is").ended(0)
        said = own("status").ended(3).out
        assert re.search(rf"^own .* {told} *$", said, re.MULTILINE), said
        assert "HELD" not in said


def test_an_answer_that_came_and_was_refused_is_told_so(own):
    """It gave something: nothing of it is used. What was held before is told as earlier; nothing is fresh."""
    lose(own)
    own.json("plan", code=3)
    own.edit(LOST, 'entries = ["0.0.0.0/1"]')
    told = own("plan").out
    assert "the answer of own was refused; its last good one stays" in told
    assert "gave nothing" not in told
    assert "own: an earlier answer is still held" in told
    assert "the new answer is held" not in told
    assert "ANSWER REFUSED" in own("status").out
    assert "own 的答复被拒绝" in own("plan", "--lang", "zh").out


def test_an_approval_covers_one_content(own):
    """What changes after the word was given is held again."""
    lose(own)
    held = own.json("plan", code=3)["lists"][0]["held"][0]["digest"]
    own.json("approve", held, "--why", "one is enough")
    own.edit(LOST, 'entries = ["61.0.0.3"]')
    again = own.json("apply", code=3)["lists"][0]["held"][0]
    assert again["digest"] != held
    assert {reason["guard"] for reason in again["reasons"]} >= {"shrink"}
    empty = own("approve", held, "--why", " ", "--json").ended(1)
    assert "say why" in empty.error["message"]


def test_stale_is_said_and_removes_nothing(own):
    """Past `stale_after` plan, apply and status say so, exit 4; the target keeps everything."""
    own.edit('"61.0.0.11"]', '"61.0.0.11", "0.0.0.0/1"]')
    passed(own.folder / "history.db", timedelta(days=2))
    status = own.json("status", code=4)
    assert (status["stale"], status["sources"][0]["stale"], status["lists"][0]["stale"]) == (True, True, True)
    planned, applied = own.json("plan", code=4), own.json("apply", code=4)
    assert (planned["lists"][0]["stale"], applied["plans"][0]["remove"]) == (True, [])
    assert planned["lists"][0]["errors"][0]["error"]["kind"] == "ValuesRefused"
    assert "STALE" in own("status").ended(4).out
    assert len((own.folder / "edge.txt").read_text().split()) == 6


def test_a_refused_answer_is_shown_until_a_better_one(own):
    """Of a source that answers what nobody may approve, `status` says why, until its answer can be used."""
    own.edit('"61.0.0.11"]', '"61.0.0.11", "0.0.0.0/1"]')
    own("apply").ended(4)
    (shown,) = own.json("status")["lists"]
    assert shown["refused"]["own"]["kind"] == "ValuesRefused"
    told = own("status").ended(0).out
    assert "ANSWER REFUSED" in told
    assert "0.0.0.0/1 is wider than /8" in told
    own.edit(', "0.0.0.0/1"]', "]")
    own("apply").ended(0)
    assert own.json("status")["lists"][0]["refused"] == {}


def test_another_file_in_the_place_is_not_touched(own):
    """A target that is not ours fails alone, exit 1, and stays as it is; the others are applied."""
    foreign = own.folder / "foreign.txt"
    foreign.write_text("198.51.100.7\n")
    own.write(own.path.read_text() + '[targets.a]\nkind = "file"\nlist = "own"\npath = "foreign.txt"\n')
    own.edit('"61.0.0.11"]', '"61.0.0.11", "61.0.0.13"]')
    first, second = own.json("apply", code=1)["plans"]
    assert (first["target"], first["outcome"], first["error"]["kind"]) == ("a", "failed", "TargetForeign")
    assert (second["target"], second["outcome"]) == ("edge", "applied")
    assert foreign.read_text() == "198.51.100.7\n"
    findings = {one["what"]: one for one in own.json("doctor", code=1)["findings"]}
    assert findings["target a"]["error"]["kind"] == "TargetForeign"
    assert findings["target edge"]["good"] is True


def test_a_refused_change_is_failed_and_told(own):
    """A check that refuses the new file is exit 1; `status` says failed until it is applied."""
    before = (own.folder / "edge.txt").read_text()
    own.edit('path = "edge.txt"', 'path = "edge.txt"\ncheck = ["false"]')
    own.edit('"61.0.0.11"]', '"61.0.0.11", "61.0.0.13"]')
    plan = own.json("apply", code=1)["plans"][0]
    assert (plan["outcome"], plan["verified"], plan["error"]["kind"]) == ("failed", False, "TargetRejected")
    assert (own.folder / "edge.txt").read_text() == before
    target = own.json("status", code=1)["targets"][0]
    assert (target["outcome"], target["in_step"], target["error"]["kind"]) == (
        "failed",
        False,
        "TargetRejected",
    )
    own.edit('check = ["false"]', 'check = ["true"]')
    own.json("apply")
    assert own.json("status")["targets"][0]["outcome"] == "applied"


def test_a_source_never_read_holds_removals(own):
    """While a source of the list has never answered nothing may go: it may well be its entry."""
    own.write(
        own.path.read_text().replace('sources = ["own"]', 'sources = ["own", "second"]\nexclude = [%s]')
        % '{ value = "61.0.0.1", why = "gone" }'
        + '[sources.second]\nkind = "static"\ndirection = "ingress"\nentries = ["10.1.2.3"]\n'
    )
    document = own.json("apply", code=3)
    plan = document["plans"][0]
    assert (plan["outcome"], [reason["guard"] for reason in plan["reasons"]]) == ("held", ["incomplete"])
    assert document["lists"][0]["errors"][0]["error"]["kind"] == "EmptyAnswer"
    own.json("approve", plan["digest"], "--why", "it is not theirs")
    assert own.json("apply", code=4)["plans"][0]["outcome"] == "applied"
    assert "61.0.0.1/32" not in (own.folder / "edge.txt").read_text()


BOUNDS = """
[store]
url = "sqlite:///history.db"
[sources.pages]
kind = "feishu.events"
account = "feishu-main"
max_pages = 3
[sources.slow]
kind = "feishu.events"
account = "lark-main"
deadline = 0.3
source_deadline = "1s"
[sources.large]
kind = "wecom.callback"
account = "corp"
max_body = 2048
[sources.many]
kind = "tencent_chat.ips"
account = "chat"
nettype = 6
max_entries = 3
[sources.page]
kind = "wechat.callback"
account = "wechat-mp"
"""


def test_bounds_of_a_source(asking, emulator):
    """Pages, seconds, bytes, entries and HTML: each source fails by itself with its own error, exit 4."""
    asking.write(asking.path.read_text() + BOUNDS)
    emulator.inject("endless-pages", platform="feishu")
    emulator.inject("hang", platform="lark")
    emulator.inject("captive-portal", platform="wechat")
    emulator.inject("big-body", platform="wecom", size=1 << 16)
    found = {one["source"]: one["error"]["kind"] for one in asking.json("fetch", code=4)["sources"]}
    assert found == {
        "large": "TooLarge",
        "many": "TooLarge",
        "page": "NotJson",
        "pages": "TooLarge",
        "slow": "DeadlineExceeded",
    }


def test_another_account_is_another_list(asking, emulator):
    """A source that asks elsewhere than before is held as `provenance` until a person says it is right."""
    asking.write(asking.path.read_text() + OWN.replace('kind = "static"\n', 'kind = "feishu.events"\n'))
    text = asking.path.read_text()
    start, end = text.index('direction = "ingress"\nentries'), text.index("[lists.own]")
    asking.write(text[:start] + 'account = "feishu-main"\n' + text[end:])
    asking.json("apply")
    lark = emulator.state.lists["lark"]["outbound_ip"]
    lark.values = list(emulator.state.lists["feishu"]["outbound_ip"].values)
    asking.edit('account = "feishu-main"\n', 'account = "lark-main"\n')
    document = asking.json("plan", code=3)
    assert {reason["guard"] for reason in document["lists"][0]["reasons"]} == {"provenance"}
    asking.json("approve", document["lists"][0]["held"][0]["digest"], "--why", "we moved to Lark")
    asking.json("apply")


def test_a_store_that_cannot_be_used(own):
    """No place for it, or not a database: one error, exit 1, nothing applied; `doctor` names it."""
    own.edit("history.db", "edge.txt/history.db")
    assert own("apply", "--json").ended(1).error["kind"] == "StoreUnavailable"
    own.edit("edge.txt/history.db", "garbage.db")
    (own.folder / "garbage.db").write_bytes(b"SQLite format 3\0" + b"garbage" * 1000)
    for command in (("apply",), ("status",)):
        assert own(*command, "--json").ended(1).error["kind"] == "StoreCorrupt"
    store = next(one for one in own.json("doctor", code=1)["findings"] if one["what"] == "store")
    assert (store["good"], store["error"]["kind"]) == (False, "StoreCorrupt")


def test_two_at_once(own):
    """Two `apply` at the same moment: one change, each ends with 0 or says that the plan is stale."""
    own.edit('"61.0.0.11"]', '"61.0.0.11", "61.0.0.13"]')
    codes: list[int] = []
    threads = [threading.Thread(target=lambda: codes.append(own("apply", "--json").code)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes.count(0) >= 1
    assert set(codes) <= {0, 1}
    target = own("status", "--json").document["targets"][0]
    assert (target["in_step"], target["generation"], target["verified"]) == (True, 2, True)
    assert len((own.folder / "edge.txt").read_text().split()) == 7


def test_killed_amid_an_apply(own):
    """Killed while the device works, the next run asks the device what is true, and goes on from there."""
    own.edit('path = "edge.txt"', 'path = "edge.txt"\nreload = ["sleep", "30"]')
    own.edit('"61.0.0.11"]', '"61.0.0.11", "61.0.0.13"]')
    with own.running("apply") as running:
        running.wait_until(lambda: "61.0.0.13" in (own.folder / "edge.txt").read_text())
        started = descendants(running.process.pid)[1:]
        running.process.kill()
        running.process.wait()
    for child in started:
        os.kill(child, signal.SIGKILL)
    own.edit('reload = ["sleep", "30"]', 'reload = ["true"]')
    done = own.json("apply")
    assert done["plans"][0]["verified"] is True
    target = own.json("status")["targets"][0]
    assert (target["in_step"], target["verified"]) == (True, True)
