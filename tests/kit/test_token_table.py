from __future__ import annotations

import pytest

from gatepost.kit.secret import Secret
from gatepost.kit.token_table import TokenTable

TABLE = TokenTable([(Secret("the first one"), "a"), (Secret("the next one"), "a"), (Secret("é"), "b")])


@pytest.mark.parametrize(("given", "owner"), [("the first one", "a"), ("the next one", "a"), ("é", "b")])
def test_owners(given, owner):
    """Each token of an owner finds that owner."""
    assert TABLE.find(given) == owner


@pytest.mark.parametrize("given", ["", "the first", "the first one ", "The first one", "e", "\ud800"])
def test_nobody(given):
    """Anything else is nobody's, the empty text above all."""
    assert TABLE.find(given) is None
    assert TokenTable([(Secret(""), "a")]).find("") is None


def test_nothing_shown():
    """Its repr holds no token."""
    assert "first" not in repr(TABLE)
