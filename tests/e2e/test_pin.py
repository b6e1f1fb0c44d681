"""``gatepost pin``: the line that a gate tells is one that works."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from gatepost.gate.verdict import pin_command
from gatepost.kit.files import alone_in

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
        "pin", "webhooks", "*.qq.com", "--why", "x", "--until", "2099-01-01", "--lang", "zh"
    ).ended(0)
    assert "已把" in done.out
    assert 'pin = [{ value = "*.qq.com", why = "x", until = 2099-01-01 }]' in program.path.read_text()
    assert program.path.stat().st_mode & 0o777 == 0o640


def test_a_pin_that_lets_nothing_in_is_not_confirmed(program):
    """One that has ended, one that exclusions shut out as long as it lasts: refused; the file as it was."""
    rows = """
exclude = [
  { value = "198.51.0.0/17", why = "ticket 42" },
  { value = "198.51.128.0/17", why = "ticket 43", until = 2098-01-01 },
  { value = "a.example.com", why = "leak" },
]
"""
    text = LIST.replace("[targets.edge]", f"{rows}\n[targets.edge]")
    program.write(text)
    wrong = {
        ("203.0.113.9", "--until", "2020-01-01"): "would have ended already (2020-01-01T00:00:00Z)",
        ("198.51.7.7",): "excludes 198.51.7.7/32 (198.51.0.0/17: ticket 42)",
        ("198.51.0.0/16", "--until", "2097-01-01"): "ticket 43",
        ("*.example.com",): "a.example.com: leak",
    }
    for arguments, words in wrong.items():
        refused = program("pin", "webhooks", *arguments, "--why", "x", "--json").ended(1).error
        assert words in refused["message"], refused
        assert refused["hint"]
        chinese = program("pin", "webhooks", *arguments, "--why", "x", "--lang", "zh").ended(1).err
        assert not re.search(r"[a-z]{3,} [a-z]{3,} [a-z]{3,} [a-z]{3,}", chinese), chinese
    assert program.path.read_text() == text
    later = program.json("pin", "webhooks", "198.51.200.1", "--why", "x")
    part = program.json("pin", "webhooks", "198.50.0.0/15", "--why", "x")
    assert "before the exclusion ends (198.51.128.0/17: ticket 43)" in later["notices"][0]
    assert "take a part of it out" in part["notices"][0]
    free = program.json("pin", "webhooks", "b.example.com", "--why", "x")
    assert (free["changed"], free["notices"]) == (True, [])


def test_config_check_tells_of_pins_that_let_nothing_in(program):
    """Ended, or excluded: both are told with their list and value, in both languages; the file is good."""
    rows = """
pin = [
  { value = "203.0.113.9", why = "was", until = 2020-01-01 },
  { value = "198.51.100.7", why = "is" },
  { value = "203.0.113.10", why = "stays" },
]
exclude = [{ value = "198.51.100.0/24", why = "ticket 42" }]
"""
    program.write(LIST.replace("[targets.edge]", f"{rows}\n[targets.edge]"))
    notices = program.json("config", "check")["notices"]
    assert notices == [
        "webhooks: the pin 203.0.113.9/32 has ended (2020-01-01T00:00:00Z) and lets nothing in",
        "webhooks: the pin 198.51.100.7/32 lets nothing in: 198.51.100.0/24 is excluded",
    ]
    chinese = program("config", "check", "--lang", "zh").ended(0).out
    assert all(value in chinese for value in ("203.0.113.9/32", "198.51.100.7/32", "不放行"))


def test_a_pin_is_renewed_and_never_shortened(program):
    """One that has ended or ends sooner gets another row; one that lasts longer stays, and that is said."""
    rows = 'pin = [{ value = "203.0.113.9", why = "was", until = 2020-01-01 }]\n'
    program.write(LIST.replace("[targets.edge]", f"{rows}\n[targets.edge]"))
    asked = [("--until", "2098-01-01"), ("--until", "2097-01-01"), (), ("--until", "2099-01-01")]
    told = [program.json("pin", "webhooks", "203.0.113.9", "--why", "x", *one) for one in asked]
    assert [one["changed"] for one in told] == [True, False, True, False]
    assert "until 2098-01-01" in told[1]["notices"][0]
    assert "no end" in told[3]["notices"][0]
    assert program.path.read_text().count("203.0.113.9") == 3
    program("apply", "--yes").ended(0)
    assert "203.0.113.9" in (program.folder / "edge.txt").read_text()


def test_pins_that_are_written_at_once_are_all_there(program):
    """Eight at the same moment: each finds what the others wrote, and no line is lost."""
    program.write(LIST)
    values = [f"203.0.113.{n}" for n in range(8)]
    for done in program.together(*(("pin", "webhooks", one, "--why", "x") for one in values)):
        done.ended(0)
    text = program.path.read_text()
    assert all(f'"{one}/32"' in text for one in values)
    assert all(line in text for line in LIST.splitlines())


def somebody_waits(folder: Path) -> bool:
    """Whether the kernel knows of someone who waits for a lock on it."""
    waiting = (line for line in Path("/proc/locks").read_text().splitlines() if "->" in line)
    return any(line.split()[-3].endswith(f":{folder.stat().st_ino}") for line in waiting)


def test_who_comes_second_loses_nothing(program):
    """Two who pin at once: one waits, then reads what the other wrote."""
    program.write(LIST)
    with program.running("pin", "webhooks", "203.0.113.9", "--why", "second") as second:
        with alone_in(program.folder):
            second.wait_until(lambda: somebody_waits(program.folder), "stdout")
            program.edit(
                'sources = ["own"]\n', 'sources = ["own"]\npin = [{ value = "1.1.1.1", why = "first" }]\n'
            )
        second.wait_for("Pinned", "stdout")
    text = program.path.read_text()
    assert "1.1.1.1" in text
    assert "203.0.113.9" in text


def test_a_reason_from_a_terminal_of_another_encoding(program):
    """Bytes that are no UTF-8 become question marks, as in every word that is kept."""
    program.write(LIST)
    document = program.json("pin", "webhooks", "203.0.113.9", "--why", "bad\udcffbyte")
    assert document["pin"]["why"] == "bad?byte"
    assert 'why = "bad?byte"' in program.path.read_text()


def test_a_byte_order_mark_stays(program):
    """A file of an editor that writes one is read as if it were not there, and keeps it."""
    program.path.write_bytes(b"\xef\xbb\xbf" + LIST.encode())
    program("config", "check").ended(0)
    program("pin", "webhooks", "203.0.113.9", "--why", "x").ended(0)
    program("config", "check").ended(0)
    made = program.path.read_bytes()
    assert made.startswith(b"\xef\xbb\xbf\n[store]")
    assert made.count(b"\xef\xbb\xbf") == 1
    assert b"203.0.113.9" in made
