"""The script behind `make docs` is shown to catch a page that drifted and a link that leads nowhere."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest

from house.tree import ROOT


@pytest.fixture
def docs(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """scripts/docs.py as a module."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    return importlib.import_module("docs")


def test_a_drifted_page_is_found(docs: ModuleType) -> None:
    """A generated page that is not what the code says is named."""
    assert "run `make docs`" in next(iter(docs.drift({ROOT / "docs/glossary.md": "something else"})))


def test_a_page_that_nothing_generates_is_found(docs: ModuleType) -> None:
    """A leftover in docs/reference/ is named."""
    assert any("no code generates it" in line for line in docs.drift({}))


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("docs/glossary.md", []),
        ("docs/glossary.md#glossary", []),
        ("https://example.com/x", []),
        ("docs/gone.md", ["no such file"]),
        ("docs/glossary.md#gone", ["no such heading"]),
        ("#gone", ["no such heading"]),
    ],
)
def test_links_lead_somewhere(docs: ModuleType, target: str, found: list[str]) -> None:
    """A relative link needs its file and its heading; code is no link."""
    text = f"[a]({target}) and `[b](gone.md)`\n```sh\n[c](gone.md)\n```\n"
    assert [line.rpartition(": ")[2] for line in docs.broken_links(Path(ROOT / "README.md"), text)] == found


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [("`gatepost plan`", "gatepost-plan"), ("1. See it once", "1-see-it-once"), ("StalePlan", "staleplan")],
)
def test_anchors_are_those_of_renderers(docs: ModuleType, heading: str, anchor: str) -> None:
    """Lower case, spaces to hyphens, punctuation gone."""
    assert docs.slug(heading) == anchor
