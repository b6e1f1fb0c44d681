"""Recorded histories as files: streamed, bounded, and refused with the line that does not fit."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from gatepost.engine import recorded
from gatepost.engine.recorded import Change, read_history
from gatepost.errors import GatepostError, NotJson, SchemaMismatch, TooLarge, UsageError
from gatepost.model.entry import RawEntry, RawType

FIRST = {
    "at": "2026-01-05T08:00:00Z",
    "added": ["101.226.103.1", "gate.example.com"],
    "removed": [],
    "size": 2,
}
SECOND = {"at": "2026-01-05T13:00:00+03:00", "added": ["<html>"], "removed": ["101.226.103.1"], "size": 2}


def written(folder: Path, *lines: object, name: str = "list.jsonl") -> Path:
    """A file of these lines; text stays as it is."""
    path = folder / name
    text = "".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in lines)
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def refused(path: Path) -> GatepostError:
    """Why a history cannot be read."""
    with pytest.raises(GatepostError) as caught:
        list(read_history(path))
    return caught.value


@pytest.mark.parametrize("name", ["list.jsonl", "list.jsonl.gz", "list"])
def test_a_history_is_read_in_order(tmp_path, name):
    """Plain or compressed, whatever it is called; times become UTC, garbage stays garbage."""
    first, second = read_history(written(tmp_path, FIRST, SECOND, name=name))
    assert isinstance(first, Change)
    assert first.added == (RawEntry("101.226.103.1"), RawEntry("gate.example.com", RawType.DOMAIN))
    assert (second.line, second.at.isoformat()) == (2, "2026-01-05T10:00:00+00:00")
    assert (second.added, second.removed) == ((RawEntry("<html>", RawType.DOMAIN),), first.added[:1])


def test_how_far_it_is_is_told(tmp_path):
    """As a share of the file, up to the whole."""
    told: list[float] = []
    list(read_history(written(tmp_path, FIRST, SECOND), told.append))
    assert told[-1] == 1
    assert all(0 < share <= 1 for share in told)


WRONG = {
    "no JSON": ("<html>", NotJson, "is not JSON"),
    "empty": ("", NotJson, "is not JSON"),
    "not an object": ("[]", SchemaMismatch, "Expected `object`"),
    "a key twice": ('{"at": "", "at": "", "added": [], "removed": []}', NotJson, "same key twice"),
    "no time": ({"added": [], "removed": []}, SchemaMismatch, "missing required field `at`"),
    "a number for a text": ({**SECOND, "added": [1]}, SchemaMismatch, "Expected `str`"),
    "a size of text": ({**SECOND, "size": "2"}, SchemaMismatch, "Expected `int | null`"),
    "no such time": ({**SECOND, "at": "yesterday"}, SchemaMismatch, "'yesterday' is no RFC 3339 time"),
    "a time beyond time": ({**SECOND, "at": "9999-12-31T23:59:59-23:59"}, SchemaMismatch, "no RFC 3339 time"),
    "a time of nowhere": ({**SECOND, "at": "2026-01-06T08:00:00"}, SchemaMismatch, "no offset from UTC"),
    "time goes back": ({**SECOND, "at": "2026-01-04T08:00:00Z"}, SchemaMismatch, "not later than the line"),
    "time stands": ({**SECOND, "at": FIRST["at"]}, SchemaMismatch, "not later than the line before"),
    "removed, not listed": ({**SECOND, "removed": ["x"]}, SchemaMismatch, "removes what is not listed: x"),
    "removed twice": ({**SECOND, "removed": ["101.226.103.1"] * 2}, SchemaMismatch, "removes what is not"),
    "added, listed": (
        {**SECOND, "added": ["gate.example.com"]},
        SchemaMismatch,
        "adds what is listed already",
    ),
    "another size": ({**SECOND, "size": 3}, SchemaMismatch, "says 3 items; with it there are 2"),
    "a long item": ({**SECOND, "added": ["x" * 4097]}, TooLarge, "an item of more than 4096 characters"),
    "nested deep": ("[" * 100, TooLarge, "nested more than 64 deep"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_line_that_does_not_fit_is_named(tmp_path, case):
    """By its number, with what is wrong and what a line should be; the lines before it were given out."""
    line, kind, words = WRONG[case]
    error = refused(written(tmp_path, FIRST, line))
    assert type(error) is kind
    assert error.message.startswith("list.jsonl:2: ")
    assert words in error.message
    assert "docs/replay.md" in error.next_step


def test_control_characters_stay_out_of_errors(tmp_path):
    """What a file holds is shown escaped and cut."""
    error = refused(written(tmp_path, FIRST, {**SECOND, "removed": ["\x1b[2J" + "y" * 900]}))
    assert "\x1b" not in error.message
    assert len(error.message) < 400


def test_a_file_that_is_none(tmp_path):
    """It is named; a folder is none either."""
    for path in (tmp_path / "none.jsonl", tmp_path):
        error = refused(path)
        assert isinstance(error, UsageError)
        assert str(path) in error.message


def test_an_empty_file_is_no_history(tmp_path):
    """There is no list in it."""
    assert "there is no line in it" in refused(written(tmp_path)).message


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_a_damaged_archive_is_named_with_its_line(tmp_path, damage):
    """Cut off or with a wrong byte in it: the lines before the damage were given out."""
    noise = [
        {**FIRST, "added": [f"{n * 7919 % 10007}"], "size": None, "at": f"2026-01-0{n}T08:00:00Z"}
        for n in range(1, 9)
    ]
    path = written(tmp_path, *noise, name="list.jsonl.gz")
    raw = bytearray(path.read_bytes())
    if damage == "cut":
        del raw[-12:]
    else:
        raw[-2] ^= 0xFF
    path.write_bytes(bytes(raw))
    error = refused(path)
    assert isinstance(error, NotJson)
    assert "cut off or damaged" in error.message


def test_work_is_bounded(tmp_path):
    """A line that never ends and a list that never stops growing are refused, not read to the end."""
    many = {**FIRST, "added": [str(number) for number in range(recorded.ITEMS_MOST + 1)], "size": None}
    assert "more than 200000 items" in refused(written(tmp_path, many)).message
    endless = tmp_path / "endless.jsonl.gz"
    with gzip.open(endless, "wb") as file:
        for _ in range(recorded.LINE_MOST // (1 << 20) + 2):
            file.write(b" " * (1 << 20))
    error = refused(endless)
    assert isinstance(error, TooLarge)
    assert error.message.startswith("endless.jsonl.gz:1: more than")
