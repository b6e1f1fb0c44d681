"""``/readyz``: 503 for what would be answered so, a warning for what is not as it should be."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gatepost.errors import TargetRejected
from gatepost.server.readiness import WARNED_FOR
from rigs.serving import TEN, bearer

pytestmark = pytest.mark.anyio
EMPTY = "1 of 2 lists have no good content yet"


async def told(made, **headers: str) -> tuple[int, dict]:
    """Status and document."""
    answer = await made.get("/readyz", **headers)
    return answer.status_code, answer.json()


async def test_not_ready_until_every_list_has_content(locked):
    """503 with reasons until then; names of lists only for who may see them."""
    assert (await locked.get("/livez")).json() == {"live": True}
    await locked.cycle(*TEN)
    assert await told(locked) == (503, {"ready": False, "reasons": [EMPTY], "warnings": []})
    assert (await told(locked, **bearer("vera")))[1]["reasons"] == [f"{EMPTY}: empty"]
    assert (await locked.get("/readyz")).headers["retry-after"] == "5"


async def test_not_ready_until_every_feed_has_a_version(open_house, tmp_path):
    """What answers 503 itself makes the server so, whatever the reason that nothing is published."""
    del open_house.site.settings.lists["empty"]
    fed = open_house.fed(tmp_path / "nowhere" / "feed")
    await fed.cycle(*TEN)
    assert (await fed.get("/v1/lists/webhooks.txt")).status_code == 503
    status, document = await told(fed)
    assert (status, document["reasons"]) == (503, ["1 of 1 feeds have no good version yet: webhooks"])


async def test_what_is_stale_or_failed_takes_no_server_out_of_service(open_house):
    """200 with warnings, in numbers and, for who may see them, names; gone when it is over."""
    del open_house.site.settings.lists["empty"]
    await open_house.cycle(*TEN)
    assert await told(open_house) == (200, {"ready": True, "reasons": [], "warnings": []})
    open_house.clock.advance(timedelta(hours=25))
    expected = ["1 of 1 sources are stale: events"]
    assert await told(open_house) == (200, {"ready": True, "reasons": [], "warnings": expected})
    await open_house.cycle(TEN[0])
    open_house.clock.advance(timedelta(seconds=WARNED_FOR - 0.1))
    assert (await told(open_house))[1]["warnings"] == expected
    open_house.clock.advance(timedelta(seconds=0.1))
    assert (await told(open_house))[1]["warnings"] == ["1 of 1 lists are held: webhooks"]


async def test_a_target_that_failed_is_told(open_house):
    """With 200: another server's targets would be none the better for it."""
    del open_house.site.settings.lists["empty"]
    await open_house.cycle(*TEN)
    open_house.site.targets["edge"].stopping = TargetRejected("the device refuses")
    await open_house.cycle(*TEN, "9.9.9.9")
    expected = ["1 of 1 targets failed: edge"]
    assert await told(open_house) == (200, {"ready": True, "reasons": [], "warnings": expected})


async def test_a_history_that_cannot_be_read_is_told(open_house):
    """What is known goes on being answered."""
    del open_house.site.settings.lists["empty"]
    await open_house.cycle(*TEN)
    database = open_house.site.settings.path.parent / "history.db"
    open_house.site.store.close()
    database.write_bytes(b"no history at all" * 1000)
    status, document = await told(open_house)
    assert (status, document["warnings"]) == (200, ["the history cannot be read now"])
