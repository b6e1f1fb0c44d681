"""What the service manager hears of us."""

from __future__ import annotations

import os
import socket

import pytest

from gatepost.kit.systemd import READY, WATCHDOG, notify, watchdog_seconds


@pytest.mark.parametrize("abstract", [False, True])
def test_states_arrive_as_one_datagram(tmp_path, monkeypatch, abstract):
    """At a path, and in the abstract name space."""
    name = f"@gatepost-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + name[1:] if abstract else name)
        manager.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        notify(READY, WATCHDOG)
        assert manager.recv(100) == b"READY=1\nWATCHDOG=1"


@pytest.mark.parametrize("place", ["", "relative", "/nowhere/at/all", "@nobody-listens"])
def test_nobody_listening_is_no_error(monkeypatch, place):
    """Nothing is raised, whatever the variable says."""
    monkeypatch.setenv("NOTIFY_SOCKET", place)
    notify(READY)


def test_the_watchdog_is_for_the_process_named(monkeypatch):
    """Seconds, where it watches us; None for another process, for nothing and for nonsense."""
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    assert watchdog_seconds() == 30
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    assert watchdog_seconds() == 30
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert watchdog_seconds() is None
    monkeypatch.delenv("WATCHDOG_PID")
    for text in ("0", "", "soon"):
        monkeypatch.setenv("WATCHDOG_USEC", text)
        assert watchdog_seconds() is None
