"""House rules over plug-ins: each has its page, its test and, where it speaks to a platform, its stand-in."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

STAND_INS: Mapping[str, str] = {"lark": "feishu", "tencent_chat": "chat"}
"""Emulated platform, where its name in URLs is not the platform's own."""


def paged(kind: str, pages: Mapping[str, str], *candidates: str) -> Iterator[str]:
    """One of the candidate pages is there and names the kind."""
    found = [name for name in candidates if name in pages]
    if not found:
        yield f"{kind}: no page {' or '.join(candidates)}"
    elif not any(re.search(rf"(?<![\w.-]){re.escape(kind)}(?![\w-])", pages[name]) for name in found):
        yield f"{kind}: its page does not name it"


def tested(kind: str, files: Collection[str], room: str, module: str) -> Iterator[str]:
    """There is a test of the module."""
    name = f"tests/{room}/test_{module}.py"
    if not any(path == name or path.startswith(f"tests/{room}/test_{module}_") for path in files):
        yield f"{kind}: no {name}"


def found_by_name(kind: str, module: str) -> Iterator[str]:
    """A kind starts with the module it is found in."""
    if kind.split(".", maxsplit=1)[0] != module:
        yield f"{kind}: not found by its name, it is in {module}.py"


def emulated(platform: str, files: Collection[str]) -> Iterator[str]:
    """Every platform has its stand-in."""
    name = STAND_INS.get(platform, platform)
    if f"src/gatepost/emulator/{name}.py" not in files:
        yield f"{platform}: no emulator/{name}.py"


def distinct(names: Collection[str]) -> Iterator[str]:
    """No two plug-ins of a family have one name."""
    listed = list(names)
    yield from (f"{name}: twice" for name in sorted({name for name in listed if listed.count(name) > 1}))
