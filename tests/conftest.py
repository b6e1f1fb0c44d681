"""What every test gets: no network beyond loopback, a clean environment, a clock that stands still."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import pytest_socket
from hypothesis import HealthCheck, Phase, settings

from gatepost.testing import FrozenClock

if TYPE_CHECKING:
    from rigs.postgres import Postgres

settings.register_profile("default", deadline=None, print_blob=True)
settings.register_profile("proof", parent=settings.get_profile("default"), max_examples=5_000)
settings.register_profile(
    "mutation",  # the same few examples every time; a failure need not be small
    parent=settings.get_profile("default"),
    max_examples=20,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio alone."""
    return "asyncio"


@pytest.fixture(autouse=True)
def loopback_only(socket_enabled: None) -> None:  # noqa: ARG001 - used for what it sets up
    """Refuse sockets beyond loopback."""
    pytest_socket.socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A home of its own, and nothing of the developer's settings."""
    for name in [*os.environ]:
        if name.lower().endswith("_proxy") or name.startswith(("GATEPOST_", "XDG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """A PostgreSQL of this process alone, started where a test asks for it."""
    from rigs.postgres import postgres  # noqa: PLC0415 - most tests need no driver

    with postgres() as started:
        yield started


@pytest.fixture
def clock() -> FrozenClock:
    """Starts at 2026-01-05 08:00 UTC."""
    return FrozenClock(datetime(2026, 1, 5, 8, tzinfo=UTC))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """In CI a skipped test is a failed one: what was not run was not shown."""
    return fail_skipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    """The same for a whole module."""
    return fail_skipped((yield))


def fail_skipped(
    report: pytest.TestReport | pytest.CollectReport,
) -> pytest.TestReport | pytest.CollectReport:
    """Turn a skip into a failure where CI=true; expected failures stay what they are."""
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, and CI allows no skip: {report.longrepr}"
    return report
