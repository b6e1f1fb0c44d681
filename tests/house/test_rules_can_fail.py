"""Every rule over code is shown to catch what it is there for, and to let the right thing pass."""

from __future__ import annotations

import pytest

from house import code

LONG = "\n".join(["def long():", *(["    x = 1"] * 51)])
SAMPLES: dict[code.Rule, tuple[str, str]] = {
    code.short_functions: (LONG, "def short():\n    return 1"),
    code.short_modules: ("x = 1\n" * 401, "x = 1\n" * 400),
    code.few_arguments: (
        "def f(a, b, c, d, e, f, g): ...",
        "class A:\n    def f(self, a, b, c, d, e, f, *, g): ...",
    ),
    code.telling_names: ("class QueueManager: ...", "class Queue: ..."),
    code.no_print: ("print('x')", "writer.print('x')"),
    code.no_blocking_sleep: ("import time\ntime.sleep(1)", "await clock.sleep(1)"),
    code.no_patches: ("monkeypatch.setattr(module, 'now', fake)", "monkeypatch.setenv('A', 'b')"),
    code.no_dangerous_calls: ("run(command, shell=True)", "run(command, shell=False)"),
    code.no_pickles: ("import pickle", "import json"),
    code.reasoned_exemptions: ("x = 1  # " + "noqa: F401", "x = 1  # noqa: F401 - shown to the linter"),
    code.revealed_at_the_edge: ("token.reveal()", "token.shown()"),
    code.sorted_exports: ("__all__ = ['b', 'a']\na = b = 1", "__all__ = ['a', 'b']\na = b = 1"),
    code.documented: ('"""Module."""\ndef public(): ...', '"""Module."""\ndef _private(): ...'),
    code.claimed: ("def test_it(): ...", "def test_it():\n    'An empty answer removes nothing.'"),
}
MORE_BAD: list[tuple[code.Rule, str]] = [
    (code.no_blocking_sleep, "from time import sleep"),
    (code.no_patches, "from unittest.mock import Mock"),
    (code.no_patches, "from unittest import mock"),
    (code.no_patches, "with mock.patch('a.b'): ..."),
    (code.no_dangerous_calls, "eval(text)"),
    (code.no_dangerous_calls, "Client(verify=False)"),
    (code.no_dangerous_calls, "os.system('ls')"),
    (code.no_pickles, "from pickle import loads"),
    (code.reasoned_exemptions, "x = 1  # " + "noqa"),
    (code.reasoned_exemptions, "x = 1  # " + "type: ignore"),
    (code.reasoned_exemptions, "x = 1  # " + "type: ignore[misc]"),
    (code.reasoned_exemptions, "x = 1  # " + "pragma: no cover"),
    (code.sorted_exports, "__all__ = ['gone']"),
    (code.documented, "x = 1"),
]
PLACE = "src/gatepost/planning/sample.py"


def test_every_rule_has_a_sample() -> None:
    """A rule without a sample that it refuses proves nothing."""
    assert set(SAMPLES) == {*code.PACKAGE_RULES, *code.TOOL_RULES, *code.TEST_RULES}


@pytest.mark.parametrize("rule", SAMPLES, ids=lambda rule: rule.__name__)
def test_a_rule_refuses_its_bad_sample(rule: code.Rule) -> None:
    """The bad sample is found, and found once or more."""
    assert list(rule(PLACE, SAMPLES[rule][0]))


@pytest.mark.parametrize("rule", SAMPLES, ids=lambda rule: rule.__name__)
def test_a_rule_lets_its_good_sample_pass(rule: code.Rule) -> None:
    """What is right is not complained about."""
    assert list(rule(PLACE, SAMPLES[rule][1])) == []


@pytest.mark.parametrize(
    ("rule", "text"), MORE_BAD, ids=[f"{r.__name__}-{n}" for n, (r, _) in enumerate(MORE_BAD)]
)
def test_a_rule_refuses_the_other_ways_to_break_it(rule: code.Rule, text: str) -> None:
    """Each way around a rule is closed."""
    assert list(rule(PLACE, text))


@pytest.mark.parametrize(
    "path", ["src/gatepost/utils.py", "src/gatepost/helpers/x.py", "src/gatepost/http_manager.py"]
)
def test_a_module_with_a_vague_name_is_found(path: str) -> None:
    """Rooms and modules are named by what they give."""
    assert list(code.telling_names(path, ""))


def test_a_large_median_is_found() -> None:
    """The median rule fails where most functions are long."""
    assert list(code.small_median([LONG, LONG, "def short():\n    return 1"]))


def test_docstrings_and_comments_are_no_code() -> None:
    """Explaining a function does not make it longer."""
    text = 'def f():\n    """One.\n\n    Two.\n    """\n    # why\n\n    return 1'
    assert code.function_sizes([text]) == [1]
