"""Renderings of one list, byte for byte; ``UPDATE_GOLDEN=1 pytest tests/formats`` writes them anew."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

from gatepost.formats.base import Edition, Format, Proxy
from gatepost.model.entry import Domain, Entry, Protocol
from rigs.plans import entry

GOLDEN = Path(__file__).parents[1] / "golden" / "formats"
UPDATE = "UPDATE_GOLDEN" in os.environ
EDITION = Edition(
    list="webhooks",
    serial=7,
    at=datetime(2026, 1, 5, 16, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8))),
    entries=(
        entry("101.126.59.7/32"),
        Entry(
            entry("111.230.0.0/16").value, Protocol.TCP, ((80, 80), (443, 443), (8000, 8010)), necessary=True
        ),
        Entry(entry("203.205.128.0/19").value, Protocol.UDP, (), necessary=False),
        entry("2402:4e00::/32"),
        entry("2408:8756::5/128"),
        Entry(Domain("i.work.weixin.qq.com"), Protocol.TCP, ((443, 443),), necessary=True),
        Entry(Domain("xn--fiq228c.com")),
        Entry(Domain("work.weixin.qq.com", tree=True)),
    ),
    proxy=Proxy("PROXY proxy.example.com:3128; DIRECT"),
)


def is_golden(form: Format) -> bool:
    """Whether a format's rendering is exactly its golden file."""
    rendered = form.render(EDITION)
    golden = GOLDEN / f"webhooks.{form.name}"
    if UPDATE:
        golden.write_bytes(rendered)
    return rendered == golden.read_bytes()


def lines(form: Format) -> list[str]:
    """The rendering, by line."""
    return form.render(EDITION).decode("ascii").split("\n")[:-1]
