"""Prometheus' own tool reads what the server gives, and finds nothing to blame."""

from __future__ import annotations

import re

import anyio
import pytest

from house.tree import read
from rigs.promtool import PROMTOOL
from rigs.serving import TEN

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(PROMTOOL is None, reason="needs promtool"),
]


async def test_the_text_is_right(open_house):
    """Names, units, types and helps as Prometheus wants them; every metric stands in the reference."""
    await open_house.cycle(*TEN)
    await open_house.held()
    text = (await open_house.get("/metrics")).text
    done = await anyio.run_process([PROMTOOL, "check", "metrics"], input=text.encode(), check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    given = set(re.findall(r"^# TYPE (gatepost_\w+)", text, re.MULTILINE))
    page = read("docs/reference/metrics.md")
    assert {name for name in given if f"| `{name}` |" not in page} == set()
