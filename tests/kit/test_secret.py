"""Secrets show nothing."""

from __future__ import annotations

import pickle

import pytest

from gatepost.errors import ConfigInvalid, SecretUnavailable
from gatepost.kit.secret import Secret, resolve


def test_shows_nothing():
    """A secret appears in no repr, str or format."""
    secret = Secret("canary")
    assert "canary" not in f"{secret!r}{secret}{secret:}{[secret]}"


def test_cannot_be_pickled():
    """A secret cannot travel to another process by pickle."""
    with pytest.raises(TypeError):
        pickle.dumps(Secret("canary"))


def test_literal_is_refused():
    """A literal secret in a configuration is refused, and is not repeated in the error."""
    with pytest.raises(ConfigInvalid) as caught:
        resolve("hunter2-canary")
    assert "canary" not in str(caught.value)


def test_file_and_environment(tmp_path, monkeypatch):
    """env: and file: references give the value without the file's last newline."""
    (tmp_path / "s").write_text("väl\n")
    monkeypatch.setenv("GP_S", "v2")
    assert resolve(f"file:{tmp_path / 's'}") == Secret("väl")
    assert resolve("env:GP_S") == Secret("v2")


@pytest.mark.parametrize("reference", ["env:GP_UNSET", "file:/nonexistent/x"])
def test_missing_is_named(reference):
    """A reference that gives nothing is an error that names the reference."""
    with pytest.raises(SecretUnavailable, match=reference.split(":")[1]):
        resolve(reference)
