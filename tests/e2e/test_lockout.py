"""``gatepost lockout`` and ``gatepost explain`` as people run them."""

from __future__ import annotations

import gzip
import re

import pytest

from rigs.program import Program

TEN = [f"61.0.0.{n}" for n in range(1, 11)]
CONFIG = """
[store]
url = "sqlite:///history.db"

[sources.own]
kind = "static"
direction = "ingress"
entries = {entries}

[lists.web]
direction = "ingress"
sources = ["own"]

[targets.copy]
kind = "file"
list = "web"
path = "copy.txt"
"""
LINE = '{client} - - [05/Jan/2026:12:00:00 +0000] "GET /\x1b[31m HTTP/1.1" 200 2\n'


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """Nine of ten are gone from the source: held."""
    program = Program(tmp_path_factory.mktemp("site"))
    program.write(CONFIG.format(entries=TEN))
    program.json("apply", "--yes")
    program.write(CONFIG.format(entries=TEN[:1]))
    program.json("plan", code=3)
    log = "".join(LINE.format(client=client) for client in (*TEN, TEN[9], "9.9.9.9"))
    (program.folder / "access.log").write_text(log)
    (program.folder / "access.log.1.gz").write_bytes(gzip.compress(log.encode()))
    return program


def test_who_would_be_cut_off(held):
    """Logs, plain and packed, against what waits: exit 5, the busiest first, in both languages."""
    document = held.json("lockout", "web", "--log", "access.log", "--log", "access.log.1.gz", code=5)
    assert (document["format"], document["lines"], document["read"]) == ("nginx", 24, 24)
    (plan,) = document["plans"]
    assert (document["cuts_off"], plan["requests"]["later"], plan["requests"]["keeps"]) == (True, 20, 2)
    assert plan["clients"]["later"][0] == {
        "client": TEN[9],
        "requests": 4,
        "last_seen": "2026-01-05T12:00:00Z",
        "entry": f"{TEN[9]}/32",
    }
    told = held("lockout", "web", "--log", "access.log").ended(5).out
    assert "9 clients with 10 requests would be cut off once it is approved" in told
    assert "\x1b" not in told
    assert "会被切断" in held("lockout", "web", "--log", "access.log", "--lang", "zh").ended(5).out


def test_one_plan_and_why(held):
    """By digest, short as shown; and `explain` of the same, and of an address it is about."""
    digest = held.json("plan", code=3)["lists"][0]["held"][0]["digest"]
    named = held.json("lockout", "web", "--log", "access.log", "--plan", digest[:19], code=5)
    assert named["plans"][0]["digest"] == digest
    assert "guard shrink" in held.json("explain", digest[:19])["paragraph"]
    assert "61.0.0.9 is allowed by the list web" in held("explain", TEN[8]).ended(0).out
    assert "将移除 IPv4 地址" in held("explain", digest, "--lang", "zh").ended(0).out
    assert held.json("explain", "sha256:12345678", code=1)["error"]["kind"] == "UsageError"
    assert held.json("explain", "no address", code=1)["error"]["kind"] == "UsageError"


def test_what_cannot_be_read(held):
    """No file, no log, a broken archive, a list that is not there: an error each, never "nobody"."""
    (held.folder / "noise").write_text("nothing\n" * 9)
    (held.folder / "broken.gz").write_bytes((held.folder / "access.log.1.gz").read_bytes()[:-20])
    wrong = (
        ("web", "absent"),
        ("web", "noise"),
        ("web", "broken.gz"),
        ("web", "."),
        ("nope", "access.log"),
    )
    for list_, log in wrong:
        error = held.json("lockout", list_, "--log", log, code=1)["error"]
        assert error["kind"] == "UsageError", (list_, log)
    forced = held.json("lockout", "web", "--log", "access.log", "--format", "conntrack", code=1)
    assert "names a client" in forced["error"]["message"]


def test_lines_that_name_nobody_are_counted_and_said(held):
    """Damaged, cut off, of another shape: so many, in both languages; numbers that are no JSON are read."""
    lines = [f'{{"ip": "{TEN[9]}", "took": {number}}}' for number in ("NaN", "1e999", "1")]
    (held.folder / "app.jsonl").write_text("\n".join([*lines, '{"ip": "61.0.0', "{}", "nothing"]) + "\n")
    asked = ("lockout", "web", "--log", "app.jsonl", "--format", "json")
    document = held.json(*asked, code=5)
    assert (document["lines"], document["read"], document["skipped"]) == (6, 3, 3)
    assert "3 lines named nobody" in held(*asked).ended(5).out
    assert "有 3 行没有写明是谁" in held(*asked, "--lang", "zh").ended(5).out
    assert "named nobody" not in held("lockout", "web", "--log", "access.log").ended(5).out


def test_one_is_not_called_several(held):
    """A line, a request, a client: one of each, in both languages."""
    (held.folder / "app.jsonl").write_text(f'{{"ip": "{TEN[9]}"}}\nnothing\n')
    asked = ("lockout", "web", "--log", "app.jsonl", "--format", "json")
    told = held(*asked).ended(5).out
    assert "1 line named nobody: whoever came by it" in told
    assert "1 client with 1 request would" in told
    assert re.search(r"\b1 (lines|requests|clients)", told) is None
    chinese = held(*asked, "--lang", "zh").ended(5).out
    assert "1 个客户端（1 次请求）" in chinese


def test_nothing_waits(tmp_path):
    """A list in step cuts nobody off: exit 0. A log of clients says nothing on where we go."""
    program = Program(tmp_path)
    program.write(CONFIG.format(entries=TEN))
    program.json("apply", "--yes")
    (program.folder / "access.log").write_text(LINE.format(client=TEN[0]))
    assert program.json("lockout", "web", "--log", "access.log")["plans"] == []
    program.write(CONFIG.format(entries=[*TEN, "61.0.1.1"]).replace("ingress", "egress"))
    program.json("plan", code=2)
    refused = program.json("lockout", "web", "--log", "access.log", code=1)["error"]
    assert "tells who came" in refused["message"]
