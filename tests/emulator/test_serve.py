from __future__ import annotations

import subprocess
import sys

import httpx2
import pytest

from gatepost.emulator.app import Emulator
from gatepost.emulator.serve import serving

pytestmark = pytest.mark.anyio


async def test_served_on_a_port():
    """Ready as soon as the context is entered; the Date header is the emulator's own."""
    emulator = Emulator()
    async with serving(emulator) as url, httpx2.AsyncClient(base_url=url) as http:
        emulator.state.clock.set(1_700_000_000)
        reply = await http.get("/_emulator/clock")
        assert reply.status_code == 200
        assert reply.headers["date"].startswith("Tue, 14 Nov 2023 22:13:2")
        assert (await http.get("/nowhere/at/all")).status_code == 404


async def test_stops_and_frees_its_port():
    """Afterwards the port refuses; it can be taken again at once."""
    async with serving(Emulator()) as url:
        port = int(url.rpartition(":")[2])
    async with httpx2.AsyncClient() as http:
        with pytest.raises(httpx2.ConnectError):
            await http.get(url)
    async with serving(Emulator(), port) as again:
        assert again == url


async def test_a_taken_port():
    """A port in use is an OSError."""
    async with serving(Emulator()) as url:
        with pytest.raises(OSError, match="in use"):
            async with serving(Emulator(), int(url.rpartition(":")[2])):
                pass


def test_run():
    """run() tells its URL when it is ready, and an interrupt ends it."""
    script = (
        "import os, signal\n"
        "from gatepost.emulator.serve import run\n"
        "def ready(url):\n"
        "    print(url, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "try:\n"
        "    run(0, ready=ready)\n"
        "except KeyboardInterrupt:\n"
        "    print('ended')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=90, check=True
    )
    assert done.stdout.startswith("http://127.0.0.1:")
    assert done.stdout.endswith("ended\n")
    assert done.stderr == ""


def test_importing_the_emulator_loads_no_server():
    """The server is loaded when something is served, not before."""
    script = "import sys, gatepost.emulator.serve as s; s.Emulator(); print('uvicorn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
