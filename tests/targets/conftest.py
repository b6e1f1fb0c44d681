"""A kernel for each test that asks for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from gatepost.targets.nftables import Nftables
from rigs.nftables import FORMS, NamespaceRunner, direct, namespace, target


@pytest.fixture
def kernel() -> Iterator[NamespaceRunner]:
    """A network namespace with nothing in it."""
    with namespace() as runner:
        yield runner


@pytest.fixture(params=FORMS)
def either(request: pytest.FixtureRequest) -> Callable[..., Nftables]:
    """Makes targets that speak to the kernel in one way; the test runs with each."""
    return target if request.param == "nft" else direct
