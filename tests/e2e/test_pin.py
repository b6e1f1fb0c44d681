"""``gatepost pin``: the line that a gate tells is one that works."""

from __future__ import annotations

import shlex

from gatepost.gate.verdict import pin_command

LIST = """
[store]
url = "sqlite:///history.db"

[sources.own]
kind = "static"
direction = "ingress"
entries = ["101.126.59.7"]

# what our webhooks let in
[lists.webhooks]
direction = "ingress"
sources = ["own"]

[targets.edge]
kind = "file"
list = "webhooks"
path = "edge.txt"
"""


def test_the_line_that_a_gate_tells(program):
    """Pasted as it stands, it pins the address; the next apply lets it in; all else stays as it was."""
    program.write(LIST)
    program("apply", "--yes").ended(0)
    line = shlex.split(pin_command("webhooks", "203.0.113.9", "feishu"))
    assert line[0] == "gatepost"
    document = program.json(*line[1:])
    why = "calls with a valid feishu signature, unlisted"
    assert document["pin"] == {"value": "203.0.113.9/32", "why": why, "until": None}
    assert document["changed"] is True
    text = program.path.read_text()
    row = f'pin = [{{ value = "203.0.113.9/32", why = "{why}" }}]\n'
    assert text == LIST.replace("[lists.webhooks]\n", f"[lists.webhooks]\n{row}")
    program("apply", "--yes").ended(0)
    assert "203.0.113.9" in (program.folder / "edge.txt").read_text()
    again = program.json(*line[1:])
    assert again["changed"] is False
    assert program.path.read_text() == text


def test_what_cannot_be_pinned_changes_nothing(program):
    """Another list, no address, too wide a network, no reason, no day: an error, and the file as it was."""
    program.write(LIST)
    program.path.chmod(0o640)
    wrong = [
        ("pin", "nowhere", "203.0.113.9", "--why", "x"),
        ("pin", "webhooks", "010.8.8.8", "--why", "x"),
        ("pin", "webhooks", "0.0.0.0/0", "--why", "x"),
        ("pin", "webhooks", "2400::/15", "--why", "x"),
        ("pin", "webhooks", "203.0.113.9", "--why", " "),
        ("pin", "webhooks", "203.0.113.9", "--why", "x", "--until", "soon"),
        ("pin", "webhooks", "203.0.113.9"),
    ]
    for done in program.together(*((*line, "--json") for line in wrong)):
        assert done.ended(1).error["kind"] == "UsageError"
    assert program.path.read_text() == LIST
    row = 'pin = [{ value = "8.0.0.0/7", why = "x" }]'
    program.write(LIST.replace("[lists.webhooks]\n", f"[lists.webhooks]\n{row}\n"))
    refused = program("config", "check").ended(1)
    assert "pin" in refused.err
    assert "wider than /8" in refused.err
    program.write(LIST)
    program.path.chmod(0o640)
    done = program(
        "pin", "webhooks", "*.qq.com", "--why", "x", "--until", "2027-01-01", "--lang", "zh"
    ).ended(0)
    assert "已把" in done.out
    assert 'pin = [{ value = "*.qq.com", why = "x", until = 2027-01-01 }]' in program.path.read_text()
    assert program.path.stat().st_mode & 0o777 == 0o640
