"""Documents, translations and locks keep step with the code."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest
from packaging.requirements import Requirement

from gatepost import config, errors, refusals
from gatepost.cli.group import cli
from gatepost.cli.help import COMMANDS, SUMMARY
from gatepost.engine import diagnosing, reaching, wording
from gatepost.targets import _feed_findings, _file_findings, _nft_telling
from house import papers
from house.tree import python_files, read, tracked_files

PAIRS = [("README.md", "README.zh.md"), ("docs/tutorial.md", "docs/tutorial.zh.md")]
HEAVY = (
    *("alembic", "anyio", "asyncio", "httpcore2", "httpx2", "msgspec", "publicsuffixlist"),
    *("rich", "sqlalchemy", "stamina", "structlog", "uvicorn"),
)
PAGES = [path for path in tracked_files() if path.endswith(".md") and not path.startswith("changes/")]
TEXTS = [path for path in tracked_files() if not path.endswith((".png", ".gz", ".db", ".ico"))]


def descendants(error: type[Exception]) -> list[type[Exception]]:
    """Every class below one."""
    return [found for child in error.__subclasses__() for found in (child, *descendants(child))]


MODULES = (errors.__name__, refusals.__name__)
TREE = [error for error in descendants(errors.GatepostError) if error.__module__ in MODULES]
LEAVES = [error.__name__ for error in TREE if not error.__subclasses__()]


def commands(group: click.Group = cli, path: str = "") -> list[str]:
    """Every command by its whole name; groups are named by their members."""
    context, found = click.Context(group), []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        found += (
            commands(command, f"{path}{name} ") if isinstance(command, click.Group) else [f"{path}{name}"]
        )
    return found


def test_every_error_has_its_heading() -> None:
    """Every error leaf is explained in docs/errors.md, and nothing that is gone."""
    assert list(papers.leaves_documented(LEAVES, read("docs/errors.md"))) == []


def test_every_error_is_drawn() -> None:
    """The tree in errors.py is the tree there is."""
    names = [error.__name__ for error in TREE]
    assert list(papers.leaves_drawn(names, errors.__doc__ or "")) == []


def test_every_error_says_the_next_step() -> None:
    """No error leaves a person without a hint."""
    assert list(papers.hinted(TREE)) == []


def test_errors_are_only_defined_in_the_tree() -> None:
    """No room makes an error class of its own that the tree does not draw."""
    strays = [e.__qualname__ for e in descendants(errors.GatepostError) if e.__module__ not in MODULES]
    assert [name for name in strays if "<locals>" not in name] == []


def test_every_setting_is_documented() -> None:
    """Every key of gatepost.toml stands in docs/configuration.md, or on the page of its kind."""
    pages = [
        path
        for path in PAGES
        if path.startswith(
            ("docs/configuration", "docs/sources/", "docs/targets/", "docs/notify", "docs/hints")
        )
    ]
    assert list(papers.settings_documented(config.schema(), "\n".join(map(read, pages)))) == []


def test_every_setting_is_explained() -> None:
    """Every key has a sentence in the schema that editors show."""
    assert list(papers.settings_explained(config.schema())) == []


def test_every_command_is_documented() -> None:
    """Every command has its heading in the reference, and there are the commands of the main job."""
    assert list(papers.commands_documented(commands(), read("docs/reference/commands.md"))) == []
    assert {"fetch", "plan", "apply", "check", "status", "history", "config check"} <= set(commands())


def test_pages_name_what_exists() -> None:
    """Commands that a page tells to run exist."""
    known, makefile = commands(), read("Makefile")
    wrong = {
        path: found
        for path in PAGES
        if (found := [*papers.targets_exist(read(path), makefile), *papers.commands_exist(read(path), known)])
    }
    assert wrong == {}


def test_no_file_names_a_registry() -> None:
    """Where packages come from is the installing machine's own setting."""
    assert [line for path in TEXTS for line in papers.no_registry(path, read(path))] == []


@pytest.mark.parametrize(("english", "chinese"), PAIRS)
def test_translated_pages_keep_step(english: str, chinese: str) -> None:
    """The Chinese page has the English page's headings and commands."""
    assert list(papers.same_shape(read(english), read(chinese))) == []


def marked() -> set[str]:
    """Texts that the command line marks, the helps of its commands, and every next step."""
    rooms = ("src/gatepost/cli", "src/gatepost/notify")
    texts = {text for room in rooms for path in python_files(room) for text in papers.messages(read(path))}
    told = (
        _feed_findings.STEPS,
        _file_findings.STEPS,
        _nft_telling.STEPS,
        diagnosing.STEPS,
        reaching.STEPS,
    )
    texts |= {step for steps in told for step in steps.values() if step}
    texts |= {text for part in wording.ALL for text in part.values()} | {wording.STAYS}
    return texts | {error.hint for error in (errors.GatepostError, *TREE)} | {SUMMARY, *COMMANDS.values()}


def test_every_message_is_translated() -> None:
    """The command line speaks Chinese wherever it speaks English, and no translation is left over."""
    catalogue = tomllib.loads(read("src/gatepost/locale/zh.toml"))
    assert list(papers.translated(marked(), catalogue)) == []
    said = {text for path in python_files("src/gatepost") for text in papers.texts(read(path))}
    assert sorted(set(catalogue) - marked() - said) == []


@pytest.mark.parametrize("name", ["core", "run", "test"])
def test_requirements_are_pinned_and_hashed(name: str) -> None:
    """What is installed is what was locked, byte for byte."""
    assert list(papers.hashed(read(f"requirements/{name}.txt"))) == []


def test_the_locks_agree() -> None:
    """What a user gets was tested in that version."""
    core, run, tested = (papers.locked(read(f"requirements/{name}.txt")) for name in ("core", "run", "test"))
    assert core.items() <= run.items() <= tested.items()


def test_the_core_is_small() -> None:
    """The core installs at most 20 packages, each with a reason in its decision record."""
    record = read("docs/decisions/0002-runtime-dependencies.md")
    assert list(papers.few_and_reasoned(read("requirements/core.txt"), record, 20)) == []


def test_imports_are_declared() -> None:
    """What the package imports is a dependency or an extra of its own."""
    project = tomllib.loads(read("pyproject.toml"))["project"]
    wanted = [
        *project["dependencies"],
        *(one for extra in project["optional-dependencies"].values() for one in extra),
    ]
    names = [Requirement(one).name for one in wanted]
    found = {line for path in python_files("src") for line in papers.declared(read(path), names)}
    assert sorted(found) == []


def loaded_by(code: str) -> list[str]:
    """Modules that a fresh interpreter has loaded after some code."""
    probe = f"import sys, json\n{code}\nsys.stderr.write(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    return list(json.loads(done.stderr))


def test_help_loads_nothing_heavy() -> None:
    """`gatepost --help` imports no network, store or display library, nor does importing the command line."""
    run = "import runpy\nsys.argv = ['gatepost', '--help']"
    run += "\ntry: runpy.run_module('gatepost', run_name='__main__')\nexcept SystemExit: pass"
    assert list(papers.not_loaded(loaded_by(run), HEAVY)) == []
    assert list(papers.not_loaded(loaded_by("import gatepost.cli.main"), HEAVY)) == []


def test_every_change_fragment_has_a_known_kind() -> None:
    """A change is described in changes/+NAME.KIND.md."""
    kinds = {kind["directory"] for kind in tomllib.loads(read("pyproject.toml"))["tool"]["towncrier"]["type"]}
    fragments = [
        Path(path).name for path in tracked_files() if path.startswith("changes/") and path.endswith(".md")
    ]
    assert fragments
    assert [name for name in fragments if name.split(".")[1] not in kinds] == []
