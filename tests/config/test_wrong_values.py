"""Whatever stands in the file, reading it gives settings or ConfigInvalid with a line, and nothing else."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.good import GOOD, changed
from gatepost.cli.config import effective
from gatepost.config import load
from gatepost.errors import ConfigInvalid

LONGEST = 2000
WEST = timezone(timedelta(hours=-12))
LOCAL = datetime.fromisoformat("0001-01-01T00:00:00")
"""TOML has times without a zone."""
ODD = (
    True, 0, 1, -1, 10**30, 0.5, -0.5, math.inf, -math.inf, math.nan, "", " ", "x", "pin", "0s", "1s",
    "99999999999d", "9" * 400 + "d", "999 %", "\u0663h", "\x00", "../\x00", "[::1", "http://[::1", "env:",
    "a" * 5000, "\n\x1b[31m", date(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, tzinfo=WEST), LOCAL, time(10),
    [], [[]], [1], ["x"], [{}], [math.nan], {}, {"a": 1}, {"value": 1}, {"x": {"y": []}},
)  # fmt: skip
"""Values of every type, and of the right types what no key expects."""


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every key, table and item of the good file."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in items:
        yield from places(one, (*path, key))


PLACES = tuple(places(dict(GOOD)))


def judge(loading, tables) -> None:
    """Good, and then it can be shown; or refused with a line of the file."""
    with suppress(ConfigInvalid), named():
        json.dumps(effective(loading(tables)), allow_nan=False)


@contextmanager
def named() -> Iterator[None]:
    """A refusal on its way out names the line, on one printable line of its own."""
    try:
        yield
    except ConfigInvalid as error:
        if not re.search(r"gatepost\.toml:\d+: ", error.message):
            pytest.fail(f"no line: {error.message!r}")
        if not error.message.isprintable() or len(error.message) > LONGEST:
            pytest.fail(f"not fit to show: {error.message!r}")
        raise


def test_the_good_file_is_good(loading):
    """The file that all these checks change is accepted, and so is each of its values."""
    assert len(effective(loading(GOOD))["sources"]) == len(GOOD["sources"])


STRIDE = 1 if os.environ.get("HYPOTHESIS_PROFILE") == "proof" else 7
"""Each key meets every seventh value, other keys others; every one in `make proof`."""


@pytest.mark.thorough
@pytest.mark.parametrize("path", PLACES, ids=lambda path: ".".join(map(str, path)))
def test_every_key_with_every_wrong_value(loading, path):
    """Each key, table and item replaced by odd values: settings or ConfigInvalid with a line."""
    for value in ODD[PLACES.index(path) % STRIDE :: STRIDE]:
        judge(loading, changed(path, value))


@pytest.mark.parametrize(
    "path", [path for path in PLACES if all(isinstance(part, str) for part in path)], ids=str
)
def test_a_key_too_many(loading, path):
    """An unknown key anywhere is refused with a line, however it is named."""
    for name in ("x", "a" * 500):
        judge(loading, changed((*path[:-1], name), 1))


VALUES = st.recursive(
    st.none().map(lambda _: 0)
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec="utf-8"), max_size=30)
    | st.dates()
    | st.from_regex(r"\d{1,13} ?[smhdw%]", fullmatch=True),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(PLACES), VALUES | st.sampled_from(ODD), st.sampled_from(PLACES), VALUES)
def test_any_two_keys_with_any_values(loading, one, first, other, second):
    """Any two keys with values of any shape: settings or ConfigInvalid with a line."""
    tables = changed(one, first)
    if other[0] != one[0]:
        tables[other[0]] = changed(other, second)[other[0]]
    judge(loading, tables)


@pytest.mark.parametrize(
    "text",
    [
        b"x",
        b"[lists\n",
        b"a = 1\na = 1\n",
        b"a = 2027-13-45\n",
        b"\n\xff\n",
        b"\x00",
        b"a = " + b"[" * 100_000,
        b"a = " + b"{a=" * 5000,
        b"a = " + b"9" * 5000,
        b'a = "\\ud800"',
        b"'a\x1b[31mb' = 1\n",
        b'"\\u001b[31m" = 1\n',
    ],
    ids=lambda text: repr(text[:12]),
)
def test_no_toml(tmp_path, text):
    """Bytes that are no TOML, or too much of it, are refused with a line."""
    path = tmp_path / "gatepost.toml"
    path.write_bytes(text)
    with pytest.raises(ConfigInvalid, match=r"gatepost\.toml:\d+: ") as caught:
        load(path)
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("accounts", "chat", "platform"), []),
        (("sources", "events", "kind"), []),
        (("sources", "events", "account"), []),
        (("sources", "ours", "account"), []),
        (("sources", "events", "direction"), []),
        (("lists", "webhooks", "direction"), []),
        (("lists", "webhooks", "guards"), []),
        (("targets", "edge", "kind"), []),
        (("targets", "edge", "list"), []),
        (("notify",), [1]),
        (("notify", 0, "account"), []),
        (("lists",), [1]),
        (("sources",), 1),
        (("targets",), []),
        (("lists", "webhooks"), 1),
        (("sources", "events"), [1]),
        (("lists", "webhooks", "sources"), 1),
        (("lists", "webhooks", "pin", 0, "value"), 1),
        (("guards", "grace"), "99999999999d"),
        (("lists", "webhooks", "pin", 0, "until"), datetime(9999, 12, 31, 23, 59, 59, tzinfo=WEST)),
        (("targets", "text", "path"), "\x00"),
        (("targets", "text", "timeout"), math.inf),
        (("targets", "text", "mode"), "0999"),
        (("targets", "text", "format"), "none"),
    ],
    ids=str,
)
def test_what_once_ended_in_a_traceback(loading, path, value):
    """A value of the wrong type where a name, a table or a date belongs is refused with a line."""
    with pytest.raises(ConfigInvalid, match=r"gatepost\.toml:\d+: "):
        loading(changed(path, value))


@pytest.mark.parametrize(("first", "second"), [("100s", "20s"), (20, "100s"), ("1m", 20), (20.0, 90)])
def test_the_strictest_of_two_lists(loading, first, second):
    """Two lists sharing a source: the shorter time holds, however each is written."""
    tables = changed(("lists", "webhooks", "guards", "deadline"), first)
    tables["lists"]["more"]["guards"]["deadline"] = second
    tables["sources"]["events"].pop("deadline")
    assert loading(tables).sources["events"].bounds.deadline == pytest.approx(20)
