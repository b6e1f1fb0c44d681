"""Every rule over documents is shown to catch what it is there for, and to let the right thing pass."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from house import papers

Case = tuple[Callable[..., Iterable[str]], tuple[Any, ...], tuple[Any, ...]]

HASHED = "a==1 \\\n    --hash=sha256:00\n"
GOOD_SCHEMA = {"properties": {"a": {"description": "A."}}}
BAD_SCHEMA = {"patternProperties": {"x": {"oneOf": [{"properties": {"a": {}}}]}}}


class Silent(Exception):
    """Inherits no hint."""


class Telling(Exception):
    """Has one."""

    hint = "Do this."


CASES: list[Case] = [
    (papers.leaves_documented, (["A", "Bad"], "## Bad\n"), (["Bad"], "# Errors\n## `Bad`\n## See also\n")),
    (papers.leaves_documented, (["Bad"], "## Bad\n## Gone\n"), (["Bad"], "## Bad\n```sh\n# Gone\n```\n")),
    (papers.leaves_documented, (["Bad"], "## Bad\n## Bad\n"), (["Bad"], "## Bad\n")),
    (papers.leaves_drawn, (["A", "B"], "├── A  x"), (["A", "B"], "├── A  x\n│   └── B")),
    (papers.leaves_drawn, (["A"], "├── A  x\n└── Gone"), (["A"], "├── A  x")),
    (papers.hinted, ([Silent],), ([Telling],)),
    (papers.settings_documented, (BAD_SCHEMA, "no a here"), (BAD_SCHEMA, "`a = 1`")),
    (papers.settings_explained, (BAD_SCHEMA,), (GOOD_SCHEMA,)),
    (papers.commands_documented, (["plan"], "## plan"), (["plan"], "## `gatepost plan`")),
    (papers.targets_exist, ("```sh\nmake gone\n```", "demo:"), ("`make demo`, to make sure", "demo:  ## x")),
    (
        papers.commands_exist,
        ("`gatepost gone`", ["plan"]),
        ("`nft list table gatepost input` `gatepost plan`", ["plan"]),
    ),
    (papers.commands_exist, ("```sh\nx\nsudo gatepost gone\n```", ["plan"]), ("gatepost works", ["plan"])),
    (papers.no_registry, ("a", "https://" + "pypi" + ".org/simple"), ("a", "from PyPI")),
    (papers.no_registry, ("a", "--index" + "-url x"), ("a", "--no-emit-index-url")),
    (papers.same_shape, ("# A\n## B\n", "# A\n"), ("# A\n", "# 甲\n")),
    (
        papers.same_shape,
        ("```sh\nmake a\n```\n", "```sh\nmake b\n```\n"),
        ("```sh\na # b\n```\n", "```sh\na # 乙\n```\n"),
    ),
    (papers.same_shape, ("```sh\na\n```\n", ""), ("", "")),
    (papers.translated, (["a"], {}), (["a"], {"a": "甲"})),
    (papers.translated, (["{a}"], {"{a}": "{b}"}), (["{a}"], {"{a}": "甲 {a}"})),
    (papers.hashed, ("a==1\n",), (HASHED,)),
    (papers.few_and_reasoned, (HASHED, "| a | why |", 0), (HASHED, "| a | why |", 1)),
    (papers.few_and_reasoned, (HASHED, "", 1), (HASHED, "| `a` | why |", 1)),
    (papers.few_and_reasoned, (HASHED, "| a | why |\n| b | why |", 1), (HASHED, "| a | why |", 1)),
    (
        papers.declared,
        ("import idna.core", ["a-b"]),
        ("import os, a_b\nfrom gatepost import errors", ["a-b"]),
    ),
    (papers.declared, ("from idna import core", []), ("from . import core", [])),
    (papers.not_loaded, (["httpx2.client"], ["httpx2"]), (["json"], ["httpx2"])),
]


def rules() -> set[str]:
    """Checkers of papers.py: what returns findings."""
    found = inspect.getmembers(papers, inspect.isfunction)
    return {name for name, value in found if value.__annotations__.get("return") == "Iterator[str]"}


def test_every_rule_has_a_sample() -> None:
    """A rule without a sample that it refuses proves nothing."""
    assert {rule.__name__ for rule, _, _ in CASES} == rules()


def identify() -> Iterator[str]:
    """Names of the cases."""
    return (f"{rule.__name__}-{number}" for number, (rule, _, _) in enumerate(CASES))


@pytest.mark.parametrize(("rule", "bad", "good"), CASES, ids=identify())
def test_a_rule_tells_bad_from_good(
    rule: Callable[..., Iterable[str]], bad: tuple[Any, ...], good: tuple[Any, ...]
) -> None:
    """The bad sample is found; the good one is let pass."""
    assert list(rule(*bad))
    assert list(rule(*good)) == []


def test_marked_messages_are_found() -> None:
    """Only texts that are marked for translation count."""
    assert papers.messages("_('a'); f('b'); _(name); print(_('c {d}'))") == {"a", "c {d}"}


def test_markers_of_other_platforms_do_not_count() -> None:
    """A package that this platform never installs is none of the core's."""
    assert papers.locked("a==1 ; sys_platform == 'nowhere' \\\n    --hash=sha256:00\nb==2 \\\n") == {
        "b": "==2"
    }
