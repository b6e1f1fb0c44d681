"""``gatepost emulate``: the four platforms on loopback."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import anyio
import click

from gatepost.cli.language import _
from gatepost.cli.ui import Ui, run_async, takes_options, until_signal
from gatepost.emulator.app import Emulator
from gatepost.emulator.serve import serving
from gatepost.errors import UsageError


@click.command(help=_("The four platforms on loopback, with faults on demand."))
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8700, show_default=True, help=_("The port; 0: any.")
)
@takes_options
def command(ui: Ui, port: int) -> int:
    """Serve until SIGINT or SIGTERM; docs/emulator.md tells how to steer it."""
    run_async(lambda: _serve(ui, port))
    return 0


async def _serve(ui: Ui, port: int) -> None:
    async with until_signal(), emulated(Emulator(), port) as url:
        control = f"{url}/_emulator/"
        words = _("The emulator listens on {url}; control at {control}").format(url=url, control=control)
        ui.show({"url": url, "control": control}, lambda: ui.say(words))
        sys.stdout.flush()
        await anyio.sleep_forever()


@asynccontextmanager
async def emulated(emulator: Emulator, port: int = 0) -> AsyncIterator[str]:
    """The emulator on a port, ready: its base URL. Raises UsageError without a server or such a port."""
    try:
        import uvicorn  # noqa: F401, PLC0415 - an extra; asked for here, before anything is served
    except ImportError:
        msg = "the emulator needs a server, which is not installed"
        raise UsageError(msg, hint="pip install 'gatepost[emulator]'") from None
    async with AsyncExitStack() as stack:
        try:
            url = await stack.enter_async_context(serving(emulator, port))
        except OSError as error:
            msg = f"port {port} of 127.0.0.1 cannot be had: {error.strerror}"
            raise UsageError(msg, hint="Choose another --port; 0 takes any that is free.") from None
        yield url
