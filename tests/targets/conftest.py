"""A kernel for each test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rigs.nftables import NamespaceRunner, namespace


@pytest.fixture
def kernel() -> Iterator[NamespaceRunner]:
    """A network namespace with nothing in it."""
    with namespace() as runner:
        yield runner
