"""A store of each kind, and nouns to put into it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gatepost.store import Store


@pytest.fixture
def start() -> datetime:
    """The moment the examples count from."""
    return datetime(2026, 1, 5, 8, tzinfo=UTC)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A history in a directory that does not exist yet."""
    return f"sqlite:///{tmp_path}/state/gatepost/gatepost.db"


@pytest.fixture(params=["file", "memory", "postgresql"])
def store(request: pytest.FixtureRequest, url: str) -> Iterator[Store]:
    """Open, empty; every claim of the contract holds for each kind."""
    match request.param:
        case "memory":
            url = "sqlite://"
        case "postgresql":
            url = request.getfixturevalue("server").ready()
    with Store.open(url) as opened:
        yield opened
