"""The server with and without a login."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gatepost.testing import FrozenClock
from rigs.serving import House, house, people


@pytest.fixture
def open_house(tmp_path: Path, clock: FrozenClock) -> Iterator[House]:
    """Loopback, no login."""
    with house(tmp_path, clock) as made:
        yield made


@pytest.fixture
def locked(tmp_path: Path, clock: FrozenClock) -> Iterator[House]:
    """A viewer, an approver, an admin."""
    with house(tmp_path, clock, people()) as made:
        yield made
