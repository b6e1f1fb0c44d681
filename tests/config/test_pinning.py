"""A pin put into a file that people wrote: one row more, all else as it was."""

from __future__ import annotations

import tomllib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.config.pinning import Pin, with_pin
from gatepost.config.toml import read
from gatepost.errors import ConfigInvalid

PIN = Pin("203.0.113.7/32", 'ticket "42"')
TABLE = '\n[[lists.webhooks.pin]]\nvalue = "203.0.113.7/32"\nwhy = "ticket \\"42\\""\n'
HEAD = '# ours\n[lists.other]\nsources = ["x"]  # pin = [\n\n'


def pinned(tmp_path, text: str, pin: Pin = PIN) -> str:
    """The text with the pin on ``webhooks``."""
    path = tmp_path / "gatepost.toml"
    path.write_text(text, encoding="utf-8", newline="")
    return with_pin(read(path), text, "webhooks", pin)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[lists.webhooks]\nsources = []\n", "[lists.webhooks]\npin = [{ROW}]\nsources = []\n"),
        ("[lists.webhooks]", "[lists.webhooks]\npin = [{ROW}]\n"),
        ("[lists.webhooks] # main\n", "[lists.webhooks] # main\npin = [{ROW}]\n"),
        ("[lists.webhooks]\npin = []\n", "[lists.webhooks]\npin = [{ROW}]\n"),
        (
            '[lists.webhooks]\npin = [{ value = "1.1.1.1", why = "a" }]  # b\n',
            '[lists.webhooks]\npin = [{ROW}, { value = "1.1.1.1", why = "a" }]  # b\n',
        ),
        (
            '[lists.webhooks]\n  pin=[ # all of them\n    { value = "1.1.1.1", why = "a" },\n  ]\n',
            '[lists.webhooks]\n  pin=[{ROW},  # all of them\n    { value = "1.1.1.1", why = "a" },\n  ]\n',
        ),
        (
            '[lists.webhooks]\n[[lists.webhooks.pin]]\nvalue = "1.1.1.1"\nwhy = "a"\n[targets.x]\n',
            '[lists.webhooks]\n[[lists.webhooks.pin]]\nvalue = "1.1.1.1"\nwhy = "a"\n[targets.x]\n' + TABLE,
        ),
    ],
)
def test_a_row_is_put_where_the_pins_are(tmp_path, before, after):
    """An array, tables of their own, or no pin yet; comments and order stay."""
    found = pinned(tmp_path, HEAD + before)
    assert found == (HEAD + after).replace("{ROW}", PIN.row)


def test_a_day_is_kept(tmp_path):
    """As a date of TOML."""
    text = pinned(tmp_path, "[lists.webhooks]\n", Pin("a.qq.com", "x", date(2027, 1, 1)))
    assert tomllib.loads(text)["lists"]["webhooks"]["pin"][0]["until"] == date(2027, 1, 1)


@pytest.mark.parametrize(
    "text",
    ["lists = { webhooks = { sources = [] } }\n", "lists.webhooks.pin = []\nlists.webhooks.sources = []\n"],
)
def test_what_is_not_understood_is_left_to_a_person(tmp_path, text):
    """The file is not changed; the row to write is told."""
    with pytest.raises(ConfigInvalid) as refused:
        pinned(tmp_path, text)
    assert PIN.row in refused.value.next_step


@given(st.text(min_size=1, max_size=30))
def test_any_reason_is_one_string(tmp_path_factory, why):
    """Quotes, line ends and control characters become no syntax."""
    if any(0xD800 <= ord(letter) <= 0xDFFF for letter in why):
        return
    text = pinned(tmp_path_factory.mktemp("pin"), "[lists.webhooks]\n", Pin("1.1.1.1/32", why))
    assert tomllib.loads(text)["lists"]["webhooks"]["pin"] == [{"value": "1.1.1.1/32", "why": why}]
