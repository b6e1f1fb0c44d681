"""Data as a file, read as the program reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from config.good import toml
from gatepost.config import load
from gatepost.config.settings import Settings

Loading = Callable[..., Settings]


@pytest.fixture
def loading(tmp_path: Path) -> Loading:
    """Load data as a file."""

    def read(tables: Mapping[str, Any], home: Callable[[], Path] = Path.home) -> Settings:
        path = tmp_path / "gatepost.toml"
        path.write_text(toml(tables), encoding="utf-8")
        return load(path, home)

    return read
