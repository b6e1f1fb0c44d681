"""The front door: one call to a gate that keeps its list."""

from __future__ import annotations

import logging

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from gatepost.errors import ConfigInvalid, SecretUnavailable
from gatepost.gate.verdict import Unlisted
from gatepost.middleware import open_gate
from gatepost.middleware.metrics import GateCollector
from gatepost.middleware.opening import log_unlisted
from rigs.gates import Signed, ask_asgi


@pytest.fixture
def place(tmp_path):
    """A list."""
    path = tmp_path / "webhooks.txt"
    path.write_text("101.126.59.0/24\nopen.feishu.cn\n")
    return path


def test_a_path_is_enough(place, caplog):
    """G9: the list is loaded when the call returns; that an address alone opens is said."""
    gate = open_gate(place)
    assert ask_asgi(gate).status == 200
    assert ask_asgi(gate, client=("203.0.113.9", 1)).status == 403
    assert "ip_only=true" in caplog.text
    assert gate.status().list == "webhooks"
    gate.close()


def test_with_a_check_the_address_is_not_all(place, caplog):
    """Nothing is to be warned of."""
    gate = open_gate(str(place), check=Signed(), name="mine", every=60)
    assert not gate.ip_only
    assert "ip_only" not in caplog.text
    assert gate.status().list == "mine"
    gate.close()


def test_a_list_that_is_not_there_yet_is_waited_for(tmp_path):
    """No error at the start: closed, and trying."""
    gate = open_gate(tmp_path / "later.txt", every=0.01, retry_after=5)
    assert ask_asgi(gate).headers["retry-after"] == "5"
    (tmp_path / "later.txt").write_text("101.126.59.7\n")
    gate.follower.turn()
    assert ask_asgi(gate).status == 200
    gate.close()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trusted_proxy": ["10.0.0.1"]}, "did you mean 'trusted_proxies'"),
        ({"zzz": 1}, "docs/gate.md"),
        ({"trusted_proxies": ["*"]}, "trusted proxy"),
        ({"trusted_proxies": "10.0.0.1"}, "not one text"),
        ({"header": "x-real-ip"}, "x-real-ip"),
        ({"guard": "/feishu"}, "not one text"),
        ({"status": 200}, "400 to 499"),
        ({"every": 0}, "every"),
        ({"stale_after": -1}, "stale_after"),
        ({"every": "1s"}, "every"),
        ({"token": "env:X"}, "feed"),
        ({"ca_file": "x"}, "feed"),
        ({"self_test": "test"}, "self_test"),
    ],
)
def test_what_can_never_work_is_refused_at_once(place, options, message):
    """A misspelt or wrong option must not leave an open gate."""
    with pytest.raises(ConfigInvalid, match=message):
        open_gate(place, **options)


def test_a_token_is_a_reference(monkeypatch):
    """As all secrets of gatepost: a literal is refused, an empty one too."""
    with pytest.raises(ConfigInvalid, match="literal"):
        open_gate("https://127.0.0.1:9/x.txt", token="hunter2")
    with pytest.raises(SecretUnavailable):
        open_gate("https://127.0.0.1:9/x.txt", token="env:FEED_TOKEN")
    monkeypatch.setenv("FEED_TOKEN", "hunter2")
    gate = open_gate("http://127.0.0.1:9/x.txt", token="env:FEED_TOKEN")
    gate.follower.turn()
    assert "ConnectFailed" not in (gate.status().failure or "")
    assert ask_asgi(gate).status == 503
    gate.close()


def test_an_unlisted_address_that_signs_is_logged_with_its_line(caplog):
    """One line to paste."""
    log_unlisted(Unlisted("feishu", "203.0.113.9", "webhooks", "gatepost pin webhooks 203.0.113.9 --why 'x'"))
    assert caplog.records[0].levelno == logging.WARNING
    assert caplog.messages[0].endswith("to let it in: gatepost pin webhooks 203.0.113.9 --why 'x'")


def test_prometheus_reads_the_gate(place, tmp_path):
    """Outcomes by counter, the list by gauges; a gate without a list is seen as such."""
    gate, closed = open_gate(place), open_gate(tmp_path / "none.txt")
    for peer in ("101.126.59.7", "203.0.113.9", "203.0.113.9"):
        ask_asgi(gate, client=(peer, 1))
    registry = CollectorRegistry()
    registry.register(GateCollector(gate, closed))
    text = generate_latest(registry).decode()
    for line in (
        'gatepost_gate_requests_total{list="webhooks",outcome="allowed"} 1.0',
        'gatepost_gate_requests_total{list="webhooks",outcome="unlisted"} 2.0',
        'gatepost_gate_list_loaded{list="webhooks"} 1.0',
        'gatepost_gate_list_loaded{list="none"} 0.0',
        'gatepost_gate_list_stale{list="webhooks"} 0.0',
        'gatepost_gate_list_entries{list="webhooks"} 1.0',
        'gatepost_gate_ip_only{list="webhooks"} 1.0',
    ):
        assert line in text.splitlines()
    assert 'gatepost_gate_list_checked_seconds{list="webhooks"}' in text
    gate.close()
    closed.close()
