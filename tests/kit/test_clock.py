"""The machine's clocks, and which boot an uptime belongs to."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gatepost.kit.clock import BOOT_VARIABLE, SystemClock, boot_name
from gatepost.testing import FrozenClock

BOOT_ID = "3f2b8f0a-1c1d-4a5e-9d0b-6a7c1f0e2d3c"


def root(folder: Path, boot_id: str | None = BOOT_ID, namespace: str | None = "time:[4026531834]") -> Path:
    """A host's files."""
    if boot_id is not None:
        (folder / "proc/sys/kernel/random").mkdir(parents=True)
        (folder / "proc/sys/kernel/random/boot_id").write_text(f"{boot_id}\n")
    if namespace is not None:
        (folder / "proc/self/ns").mkdir(parents=True)
        (folder / "proc/self/ns/time").symlink_to(namespace)
    return folder


def test_two_processes_of_one_boot_agree():
    """Which boot it is, and that the uptime of the later one is larger."""
    code = "from gatepost.kit.clock import SystemClock; one = SystemClock().uptime(); print(one.boot); "
    code += "print(one.passed.total_seconds())"
    command = [sys.executable, "-c", code]
    done = [subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2)]
    (first, earlier), (second, later) = (text.splitlines() for text in done)
    assert first == second == SystemClock().uptime().boot
    assert float(earlier) < float(later) < SystemClock().uptime().passed.total_seconds()


def test_uptime_is_longer_each_time():
    """And no shorter than what the monotonic clock says, which stands still while the host sleeps."""
    clock = SystemClock()
    first, second = clock.uptime(), clock.uptime()
    assert first.passed <= second.passed
    assert second.passed.total_seconds() > clock.monotonic() - 1


def test_a_boot_is_named_by_kernel_and_namespace(tmp_path):
    """An uptime of another time namespace is not comparable, so it is another boot."""
    assert boot_name(root(tmp_path)) == f"{BOOT_ID.replace('-', '')} time:[4026531834]"


def test_without_namespaces_the_boot_alone_counts(tmp_path):
    """On a kernel that has none."""
    assert boot_name(root(tmp_path, namespace=None)) == BOOT_ID.replace("-", "")


def test_a_unit_may_name_the_boot(tmp_path, monkeypatch):
    """Where /proc/sys is hidden, as by ProcSubset=pid: the same name as elsewhere on the host."""
    monkeypatch.setenv(BOOT_VARIABLE, BOOT_ID.replace("-", ""))
    hidden = boot_name(root(tmp_path / "hidden", boot_id=None))
    assert hidden == boot_name(root(tmp_path / "seen"))


@pytest.mark.parametrize("content", [None, "", "  \n"])
def test_where_nobody_names_the_boot_it_is_this_process(tmp_path, monkeypatch, content):
    """So two of them are never taken for one."""
    monkeypatch.delenv(BOOT_VARIABLE, raising=False)
    places = [root(tmp_path / name, boot_id=content) for name in ("one", "two")]
    one, two = map(boot_name, places)
    assert one.startswith("process ")
    assert one != two
    assert boot_name(places[0]) == one


def test_a_frozen_clock_is_set_and_time_passes():
    """Setting it lets no time pass; a reboot begins another uptime."""
    start = datetime(2026, 1, 5, tzinfo=UTC)
    clock, hour = FrozenClock(start), timedelta(hours=1)
    clock.advance(hour)
    clock.step(timedelta(days=-1))
    assert (clock.now(), clock.monotonic()) == (start + hour - timedelta(days=1), 3600.0)
    before = clock.uptime()
    clock.reboot(hour)
    clock.advance(hour)
    assert before.passed == clock.uptime().passed == hour
    assert before.boot != clock.uptime().boot
