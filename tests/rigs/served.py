"""The emulator on a port, served by a thread of its own, so that programs and blocking clients may ask it."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio.from_thread

from gatepost.emulator.app import Emulator
from gatepost.emulator.serve import serving

_NETWORK = 0x40000000
"""CLONE_NEWNET of clone(2)."""


@contextmanager
def served(emulator: Emulator, network: Path | None = None) -> Iterator[str]:
    """The base URL; with ``network`` (as ``/proc/PID/ns/net``) inside that namespace alone."""
    with anyio.from_thread.start_blocking_portal() as portal:
        if network is not None:
            portal.call(_enter, network)
        with portal.wrap_async_context_manager(serving(emulator)) as url:
            yield url


def _enter(network: Path) -> None:
    """Move the calling thread, and no other, into a network namespace (setns(2))."""
    handle = os.open(network, os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).setns(handle, _NETWORK):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(handle)
