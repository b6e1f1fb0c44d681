"""What every end-to-end test gets: the emulator on a port, and the program in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gatepost.emulator.app import Emulator
from rigs.accounts import accounts, environment, write_secret_file
from rigs.program import Program
from rigs.served import served


@pytest.fixture(scope="module")
def emulator() -> Emulator:
    """All platforms; one for the module."""
    return Emulator()


@pytest.fixture(scope="module")
def base_url(emulator) -> Iterator[str]:
    """Where it is served."""
    with served(emulator) as url:
        yield url


@pytest.fixture
def program(tmp_path) -> Program:
    """Without any account."""
    return Program(tmp_path)


@pytest.fixture
def asking(emulator, base_url, tmp_path) -> Program:
    """With an account at every platform of a fresh emulator; sources and lists are to be added."""
    emulator.reset()
    made = Program(tmp_path, environment(emulator))
    made.write(accounts(emulator, base_url, write_secret_file(emulator, tmp_path)))
    return made
