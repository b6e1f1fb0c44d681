"""Clients that others wrote, against the emulator on a port: if they succeed, it behaves as they know it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import anyio.from_thread
import pytest
import requests

from gatepost.emulator.app import Emulator
from gatepost.emulator.journal import shape
from gatepost.emulator.serve import serving

with pytest.warns():
    pass
