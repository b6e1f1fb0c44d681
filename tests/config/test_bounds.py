"""Values that would crash later, or switch a guard off unseen, are refused where they are written."""

from __future__ import annotations

import math
from datetime import date, timedelta
from pathlib import Path

import pytest

from config.good import GOOD, changed
from gatepost.config import load, schema
from gatepost.errors import ConfigInvalid
from gatepost.model.limits import Limits

FINITE = (math.inf, -math.inf, math.nan)
SHARES = ("max_removed", "max_churn", "widest_known", "quarantine")
REFUSED = [
    *((("guards", key), value) for key in SHARES for value in (*FINITE, 1.01, "101 %", -0.1)),
    *((("guards", "max_added"), value) for value in (*FINITE, 100.5, "10001 %", 10**400)),
    *((("guards", "grace"), value) for value in ("3661d", "999999999d", "99999999999d")),
    (("store", "keep"), "999999999d"),
    *((("guards", "baseline"), value) for value in (["999999d"], ["367d"], ["0s"], ["23h"], ["7d"] * 11)),
    *(
        (("guards", key), v)
        for key in ("deadline", "source_deadline")
        for v in (*FINITE, 0, 0.09, 601, "11m")
    ),
    *((("sources", "events", "every"), value) for value in ("0s", "59s", "32d")),
    *((("sources", "text", "every"), value) for value in ("0s", "59s", "32d")),
    *((("sources", "ours", "every"), value) for value in ("0s", "59s", "3661d")),
    (("sources", "events", "stale_after"), "59m"),
    (("guards", "stale_after"), "0s"),
    *((("guards", "absences"), value) for value in (0, 1001, True, 3.0)),
    *((("guards", "max_body"), value) for value in (1023, (256 << 20) + 1)),
    *((("guards", key), value) for key in ("max_pages", "max_entries") for value in (0, 1_000_001)),
    *((("sources", "json", "max_entries"), value) for value in (0, 1_000_001)),
    *((("lists", "more", "guards", "max_body"), value) for value in (0, "1")),
]
ACCEPTED = [
    *((("guards", key), value) for key in SHARES for value in (0, 1, "100 %")),
    *((("guards", "max_added"), value) for value in (0, 100, "10000 %")),
    (("guards", "grace"), "3660d"),
    (("store", "keep"), "3660d"),
    (("guards", "baseline"), []),
    (("guards", "baseline"), ["1d", *["366d"] * 9]),
    *((("guards", key), v) for key in ("deadline", "source_deadline") for v in (0.1, 600, "10m")),
    *((("sources", "events", "every"), value) for value in ("1m", "72h")),
    (("sources", "ours", "every"), "1m"),
    (("sources", "events", "stale_after"), "1h"),
    *((("guards", "absences"), value) for value in (1, 1000)),
    *((("guards", "max_body"), value) for value in (1024, 256 << 20)),
    *((("guards", key), value) for key in ("max_pages", "max_entries") for value in (1, 1_000_000)),
]


@pytest.mark.parametrize(("path", "value"), REFUSED, ids=str)
def test_beyond_its_bounds(loading, path, value):
    """A value beyond its bounds is refused in a sentence that names the key and what is expected."""
    with pytest.raises(ConfigInvalid, match=r"gatepost\.toml:\d+: .*(expected|such as)") as caught:
        loading(changed(path, value))
    assert str(path[-1]) in caught.value.message


@pytest.mark.parametrize(("path", "value"), ACCEPTED, ids=str)
def test_at_its_bounds(loading, path, value):
    """A value at either bound is accepted."""
    loading(changed(path, value))


def test_a_static_list_may_rest(loading):
    """A list in the file itself may be read as seldom as one likes."""
    tables = changed(("sources", "ours", "every"), "365d")
    tables["sources"]["ours"]["stale_after"] = "366d"
    assert loading(tables).sources["ours"].every == timedelta(days=365)


@pytest.mark.parametrize("family", ["sources", "lists"])
def test_pin_is_no_name(loading, family):
    """A source or list named pin is refused: pinned entries are shown under that name."""
    tables = changed((family, "pin"), {"kind": "static", "direction": "ingress", "entries": []})
    with pytest.raises(ConfigInvalid, match=rf"gatepost\.toml:\d+: {family}\.pin: .*choose another"):
        loading(tables)


FILE = {"kind": "file", "list": "out"}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"path": "/a/x.txt"}, {"path": "/a/x.txt", "format": "csv"}),
        ({"path": "/a/x.txt"}, {"path": "/a/b/../x.txt"}),
        ({"path": "/a/x.txt"}, {"path": "/a//./x.txt"}),
        ({"path": "x.txt"}, {"path": "{folder}/x.txt"}),
        ({"path": "{folder}/real/x.txt"}, {"path": "{folder}/link/x.txt"}),
    ],
    ids=str,
)
def test_two_files_in_one_place(loading, tmp_path, first, second):
    """One file is one place, whatever the format and however the path is written."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    tables = changed(("targets", "one"), FILE | {k: v.format(folder=tmp_path) for k, v in first.items()})
    tables["targets"]["two"] = FILE | {k: v.format(folder=tmp_path) for k, v in second.items()}
    with pytest.raises(ConfigInvalid, match=r"gatepost\.toml:\d+: targets\.two: .* the target 'one' already"):
        loading(tables)


def test_a_circle_of_links_is_no_place(loading, tmp_path):
    """A path that leads to itself is refused."""
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    with pytest.raises(ConfigInvalid, match=r"gatepost\.toml:\d+: targets\.text: no such place"):
        loading(changed(("targets", "text", "path"), str(tmp_path / "circle" / "x.txt")))


def test_two_sets_of_one_name(loading):
    """One set of one table is one place; another set or table is another."""
    tables = changed(("targets", "other"), {"kind": "nftables", "list": "more", "set": "webhooks"})
    with pytest.raises(ConfigInvalid, match="the target 'edge' already"):
        loading(tables)
    tables["targets"]["other"]["table"] = "second"
    assert "other" in loading(tables).targets


def homeless() -> Path:
    """A user without $HOME whose uid is in no database, as Path.home tells it."""
    msg = "Could not determine home directory."
    raise RuntimeError(msg)


def test_no_home_and_no_place_for_the_history(loading, monkeypatch):
    """Without a home directory the default store is refused, with what to set."""
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    with pytest.raises(ConfigInvalid, match=r"gatepost\.toml:\d+: store\.url: ") as caught:
        loading(changed(("store",), {}), homeless)
    assert "XDG_STATE_HOME" in caught.value.next_step
    assert "url in [store]" in caught.value.next_step


def test_no_home_and_a_place_for_the_history(loading, monkeypatch, tmp_path):
    """Where store.url or $XDG_STATE_HOME says the place no home directory is needed."""
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    assert loading(GOOD, homeless).cache is None
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    found = loading(changed(("store",), {}), homeless)
    assert (found.store_url, found.cache) == (
        f"sqlite:///{tmp_path}/gatepost/gatepost.db",
        tmp_path / "gatepost" / "tokens",
    )


def test_the_schema_says_bounds_and_defaults():
    """Each guard key's schema has its default, and each number its bounds."""
    guards = schema()["properties"]["guards"]["properties"]
    assert {name for name, one in guards.items() if "default" not in one} == {"stale_after"}
    assert guards["absences"] | {"description": ""} == {
        "type": "integer", "minimum": 1, "maximum": 1000, "default": 3, "description": ""
    }  # fmt: skip
    assert guards["max_removed"]["default"] == "30 %"
    assert guards["max_added"]["anyOf"][0]["maximum"] == pytest.approx(100)
    assert guards["widest"]["default"] == ["/16", "/32"]
    assert guards["baseline"]["default"] == ["7d", "30d"]
    assert schema()["properties"]["store"]["properties"]["keep"]["default"] == "400d"


def test_the_defaults_of_the_schema_are_the_defaults(tmp_path):
    """Written into the file, the defaults that the schema names change nothing."""
    guards = schema()["properties"]["guards"]["properties"]
    defaults = {name: one["default"] for name, one in guards.items() if "default" in one}
    path = tmp_path / "gatepost.toml"
    lines = [f"{name} = {value!r}" for name, value in defaults.items()]
    path.write_text("[guards]\n" + "\n".join(lines) + "\n")
    assert load(path).limits == Limits()


def test_until_is_kept_as_utc(loading):
    """A date alone is that day's first moment in UTC."""
    pin = loading(changed(("lists", "webhooks", "pin", 0, "until"), date(2030, 1, 2))).lists["webhooks"]
    assert str(pin.allowlist.pins[0].until) == "2030-01-02 00:00:00+00:00"
