"""Numbers in addresses: digits alone, wherever one stands."""

from __future__ import annotations

import pytest

from gatepost.refusals import RequestInvalid
from gatepost.server.console_lists import ListParams
from gatepost.server.entries import DiffParams
from gatepost.server.feed_table import ListQuery
from gatepost.server.query import converted

ODD = ("1e1", "1E1", "1.0", "01", "-0", "+1", " 1", "1_0", "0x1", "٣", "³", "")


@pytest.mark.parametrize("text", ODD)
def test_a_number_is_its_digits(text):
    """Also under a name that is another one in the code."""
    for members, type_ in (
        ({"max": text}, ListQuery),
        ({"name": "a", "page": text}, ListParams),
        ({"name": "a", "from": text, "to": "2"}, DiffParams),
        ({"name": "a", "from": "2", "to": text}, DiffParams),
    ):
        with pytest.raises(RequestInvalid):
            converted(members, type_)


def test_digits_are_a_number():
    """And what is not there is its default."""
    assert converted({"max": "1000"}, ListQuery).max == 1000
    assert converted({"name": "a"}, ListParams).page == 1


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["entries/webhooks?serial=1e0", "diff/webhooks?from=1e0&to=1"])
async def test_an_odd_number_is_asked_back(open_house, path):
    """400, never another answer than the one that was meant."""
    await open_house.held()
    answer = await open_house.get(f"/v1/{path}")
    assert (answer.status_code, "digits alone" in answer.json()["detail"]) == (400, True)
