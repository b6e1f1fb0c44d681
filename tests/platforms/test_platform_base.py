"""Codes, classes and accounts as all clients share them."""

from __future__ import annotations

from dataclasses import fields

import pytest

import gatepost.platforms
from gatepost.errors import GatepostError, PlatformBusy, PlatformError, RateLimited, RequestRejected
from gatepost.kit.discovery import plugins
from gatepost.kit.reply import Reply
from gatepost.kit.secret import Secret
from gatepost.platforms.base import LEAVES, Code, CodeClass, CodeTable, Platform, Reach, error_for, seconds
from gatepost.platforms.feishu_codes import CODES

ROW = Code(7, CodeClass.RATE_LIMIT, "asked too often", "", "https://docs.example/7")


def reply(status=200, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, headers, b"", "https://h.example/x", None, ("secret-canary",))


def test_every_class_has_its_error():
    """Each class ends in a leaf, and only rate limits and the platform's own trouble are tried again."""
    assert set(LEAVES) == set(CodeClass)
    again = {klass for klass, leaf in LEAVES.items() if leaf.transient}
    assert again == {CodeClass.RATE_LIMIT, CodeClass.QUOTA, CodeClass.RETRY}


def test_code_twice_is_refused():
    """A table with one code twice cannot be built."""
    with pytest.raises(ValueError, match="twice"):
        CodeTable.of("p", [ROW, ROW])


@pytest.mark.parametrize(
    ("status", "leaf"),
    [(200, RequestRejected), (400, RequestRejected), (429, RateLimited), (503, PlatformBusy)],
)
def test_unknown_code_by_status(status, leaf):
    """A code in no table takes its class from the HTTP status."""
    assert type(error_for(CODES.find(4711, status), reply(status), "x")) is leaf


def test_error_carries_all_there_is():
    """Code, message, links, log id, wait and hint are carried; what went out as a secret is cut out."""
    said = "no secret-canary\n" + "x" * 400
    links = ("https://h.example/?t=secret-canary",)
    error = error_for(ROW, reply(retry_after="3.5"), said, links=links, log_id="L secret-canary")
    assert isinstance(error, PlatformError)
    assert (error.code, error.retry_after) == (7, 3.5)
    assert error.links == ("https://h.example/?t=***", "https://docs.example/7")
    assert error.log_id == "L ***"
    assert error.message.startswith("asked too often (code 7: no ***\\n")
    assert len(error.message) < 300
    assert error.next_step == RateLimited.hint


def test_wait_of_the_body_comes_before_the_header():
    """What the client read for itself wins over Retry-After; a class that is not retried has no wait."""
    assert error_for(ROW, reply(retry_after="3"), "x", retry_after=9.0).retry_after == 9.0
    row = Code(8, CodeClass.PERMISSION, "m", "a", "p")
    assert error_for(row, reply(retry_after="3"), "x", retry_after=9.0).retry_after is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("52", 52.0), ("0.5", 0.5), (None, None), ("", None), ("-1", None), ("nan", None), ("inf", None)],
)
def test_seconds(text, value):
    """Only a number of seconds that can be waited is one."""
    assert seconds(text) == value


def test_clients_by_name():
    """The package gives each client by name, sorted, and nothing else."""
    assert list(gatepost.platforms.__all__) == sorted(gatepost.platforms.__all__)
    for name in ("Feishu", "Lark"):
        assert getattr(gatepost.platforms, name).__name__ == name
        assert name in dir(gatepost.platforms)
    with pytest.raises(AttributeError):
        _ = gatepost.platforms.Slack


@pytest.mark.parametrize("module", ["feishu", "feishu_bot"])
def test_discovered_clients(module):
    """A client's module gives its clients, each with hosts, base and account; its parts give none."""
    found = [*plugins("gatepost.platforms", Platform, module)]
    assert [one.platform for one in found] == (["feishu", "lark"] if module == "feishu" else [])
    for one in found:
        assert issubclass(one.Account, Reach)
        assert one.base_url.removeprefix("https://") in one.hosts
        assert any(field.type in ("Secret", Secret) for field in fields(one.Account))


def test_feishu_table_is_complete():
    """Every code of the documented pages is in the table with advice and page."""
    for row in CODES.rows.values():
        assert row.meaning
        assert row.advice
        assert row.page.startswith("https://open.feishu.cn/document/")
        assert row.meaning[-1] != "."
    assert len(CODES.rows) == 110
    assert issubclass(LEAVES[CODES.rows[99991400].klass], GatepostError)
