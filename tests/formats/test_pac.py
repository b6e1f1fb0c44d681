from __future__ import annotations

from dataclasses import replace

import pytest

from gatepost.formats.pac import Pac
from gatepost.model.entry import Entry, Protocol
from rigs.devices import browser
from rigs.golden import EDITION, is_golden
from rigs.plans import entries, entry

PROXY = "PROXY proxy.example.com:3128; DIRECT"
LISTED = [
    "i.work.weixin.qq.com",
    "I.WORK.weixin.qq.com",
    "i.work.weixin.qq.com.",
    "a.work.weixin.qq.com",
    "a.b.work.weixin.qq.com",
    "xn--fiq228c.com",
    "101.126.59.7",
    "111.230.0.0",
    "111.230.255.255",
    "203.205.128.0",
    "203.205.159.255",
]
OTHERS = [
    "work.weixin.qq.com",
    "evilwork.weixin.qq.com",
    "weixin.qq.com",
    "a.xn--fiq228c.com",
    "i.work.weixin.qq.com.evil.example",
    "constructor",
    "__proto__",
    "a.constructor",
    "localhost",
    "",
    "101.126.59.6",
    "101.126.59.8",
    "111.229.255.255",
    "111.231.0.0",
    "111.230.0.256",
    "111.230.0.00",
    "0111.230.0.1",
    "111.230.0.1.2",
    "2402:4e00::1",
    "203.205.160.0",
    "0.0.0.0",
    "255.255.255.255",
]


def test_golden():
    """The script, exactly as recorded."""
    assert is_golden(Pac())


def test_browser():
    """Listed hosts are reached directly; their neighbours and look-alikes take the proxy."""
    answers = browser(Pac().render(EDITION), [*LISTED, *OTHERS])
    assert answers == ["DIRECT"] * len(LISTED) + [PROXY] * len(OTHERS)


def test_overlapping():
    """Networks of several ports that overlap are searched as well as any."""
    wide = Entry(entry("8.8.0.0/16").value, Protocol.TCP, ((443, 443),))
    edition = replace(EDITION, entries=(wide, *entries("8.8.8.8/32", "8.9.0.0/24", "255.255.255.255/32")))
    hosts = ["8.8.0.0", "8.8.8.8", "8.8.255.255", "8.9.0.255", "255.255.255.255", "8.9.1.0"]
    assert browser(Pac().render(edition), hosts) == ["DIRECT"] * 5 + [PROXY]


def test_needs_a_proxy():
    """Without one it would send everybody everywhere directly, so it is not made."""
    with pytest.raises(ValueError, match="proxy"):
        Pac().render(replace(EDITION, proxy=None))
