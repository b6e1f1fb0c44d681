"""Every plug-in has its page, its test and its stand-in; adding one without them fails here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from gatepost.formats.base import Format
from gatepost.kit.discovery import plugins
from gatepost.notify.base import Channel
from gatepost.platforms.base import Platform
from gatepost.sources.base import Source
from gatepost.targets.base import Target
from house import families
from house.tree import read, tracked_files

FILES = frozenset(tracked_files())
PAGES = {path: read(path) for path in FILES if path.startswith("docs/") and path.endswith(".md")}
SOURCES = list(plugins("gatepost.sources", Source))
TARGETS = list(plugins("gatepost.targets", Target))
FORMATS = list(plugins("gatepost.formats", Format))
CHANNELS = list(plugins("gatepost.notify", Channel))
PLATFORMS = list(plugins("gatepost.platforms", Platform))


def module(plugin: type) -> str:
    """Name of the module that defines a plug-in."""
    return plugin.__module__.rsplit(".", 1)[1]


def test_the_families_are_what_the_product_promises() -> None:
    """The discovery finds them all; an empty family would let every other rule here pass."""
    kinds = {one.kind for one in SOURCES}
    assert kinds >= {"feishu.events", "tencent_chat.ips", "wecom.clients", "wecom.api", "wecom.callback"}
    assert kinds >= {"wechat.api", "wechat.callback", "url.text", "url.json", "static"}
    assert {one.kind for one in TARGETS} >= {"nftables", "file"}
    assert {one.kind for one in CHANNELS} >= {"feishu", "feishu_bot", "wecom", "wecom_robot", "webhook"}
    assert {one.platform for one in PLATFORMS} >= {"feishu", "lark", "wechat", "wecom", "tencent_chat"}


def test_every_source_has_its_page_and_its_test() -> None:
    """A source is one module, one test, one page."""
    found = []
    for one in SOURCES:
        found += families.found_by_name(one.kind, module(one))
        found += families.paged(one.kind, PAGES, f"docs/sources/{module(one)}.md")
        found += families.tested(one.kind, FILES, "sources", module(one))
    assert found == []


def test_every_target_has_its_page_and_its_test() -> None:
    """A target is one module, one test, one page."""
    found = []
    for one in TARGETS:
        found += families.found_by_name(one.kind, module(one))
        found += families.paged(one.kind, PAGES, f"docs/targets/{module(one)}.md")
        found += families.tested(one.kind, FILES, "targets", module(one))
    assert found == []


def test_every_format_has_its_page_and_its_test() -> None:
    """A format is one module, one test, one page."""
    found = []
    for one in FORMATS:
        found += families.found_by_name(one.name.replace("-", "."), module(one))
        found += families.paged(one.name, PAGES, f"docs/formats/{module(one)}.md", "docs/formats.md")
        found += families.tested(one.name, FILES, "formats", module(one))
    assert found == []


def test_every_channel_has_its_page_its_test_and_its_rig() -> None:
    """A channel is one module, one test, a part of the page of notifiers, and a rig of the contract suite."""
    found = []
    for one in CHANNELS:
        found += families.found_by_name(one.kind, module(one))
        found += families.paged(one.kind, PAGES, "docs/notify.md")
        found += families.tested(one.kind, FILES, "notify", module(one))
    assert found == []
    assert {f"tests/rigs/channels/{module(one)}.py" for one in CHANNELS} <= FILES


def test_every_platform_has_its_page_its_test_and_its_stand_in() -> None:
    """A client is documented with its sources, tested, and has an emulated platform."""
    found = []
    for one in PLATFORMS:
        found += families.paged(one.platform, PAGES, f"docs/sources/{module(one)}.md")
        found += families.tested(one.platform, FILES, "platforms", module(one))
        found += families.emulated(one.platform, FILES)
    assert found == []


@pytest.mark.parametrize(
    "names",
    [
        [s.kind for s in SOURCES],
        [t.kind for t in TARGETS],
        [f.name for f in FORMATS],
        [c.kind for c in CHANNELS],
    ],
)
def test_names_are_distinct(names: list[str]) -> None:
    """A kind means one thing."""
    assert list(families.distinct(names)) == []


@pytest.mark.parametrize(
    ("rule", "bad", "good"),
    [
        (families.paged, ("a.b", {}, "a.md"), ("a.b", {"a.md": "| `a.b` |"}, "a.md")),
        (
            families.paged,
            ("a.b", {"a.md": "`a.bc`"}, "a.md"),
            ("a.b", {"b.md": '`kind = "a.b"`'}, "a.md", "b.md"),
        ),
        (
            families.tested,
            ("a", ["tests/x/test_b.py"], "x", "a"),
            ("a", ["tests/x/test_a_more.py"], "x", "a"),
        ),
        (families.found_by_name, ("a.b", "c"), ("a.b", "a")),
        (families.emulated, ("new", []), ("lark", ["src/gatepost/emulator/feishu.py"])),
        (families.distinct, (["a", "a"],), (["a", "b"],)),
    ],
)
def test_each_rule_can_fail(
    rule: Callable[..., Iterable[str]], bad: tuple[Any, ...], good: tuple[Any, ...]
) -> None:
    """The bad sample is found; the good one is let pass."""
    assert list(rule(*bad))
    assert list(rule(*good)) == []
