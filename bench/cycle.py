"""Four platforms asked at once beside the slowest of them alone, over loopback HTTP: medians.

The emulator's answers are delayed as a network would delay them, so that what is
measured is waiting side by side, not one computer playing both ends. It runs in
a process of its own. Target: all four within 1.3 times the slowest one. Exit 1
where it is missed.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio

from gatepost.cli.building import opener
from gatepost.config import load
from gatepost.config.settings import SourceSettings
from gatepost.emulator.app import Emulator
from gatepost.emulator.serve import serving
from gatepost.engine.fetching import fetch_sources
from gatepost.kit.clock import SystemClock

ROUNDS = 7
LATENCY = 0.1
"""Seconds before each answer."""
TARGET = 1.3
ACCOUNTS = {
    "feishu": ('platform = "feishu"\napp_id = "{id}"\napp_secret', 'kind = "feishu.events"'),
    "wecom": ('platform = "wecom"\ncorpid = "{id}"\ncorpsecret', 'kind = "wecom.callback"'),
    "wechat": ('platform = "wechat"\nappid = "{id}"\nsecret', 'kind = "wechat.callback"'),
    "chat": (
        'platform = "tencent_chat"\nsdkappid = {id}\nidentifier = "administrator"\nkey',
        'kind = "tencent_chat.ips"\nnettype = 6',
    ),
}


class Delayed(Emulator):
    """It answers later."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Wait, then answer."""
        if scope["type"] == "http":
            await anyio.sleep(LATENCY)
        await super().__call__(scope, receive, send)


async def serve() -> None:
    """The other end: says where it is, and serves until it is stopped."""
    async with serving(Delayed()) as base_url:
        print(base_url, flush=True)
        await anyio.sleep_forever()


def configuration(folder: Path, base_url: str) -> Path:
    """Four accounts and sources, secrets in files."""
    known = Emulator().state.apps
    parts = []
    for name, (account, source) in ACCOUNTS.items():
        app = next(iter(known[name].values()))
        secret = folder / name
        secret.write_text(app.secrets[0], encoding="utf-8")
        parts += [f"[accounts.{name}]", f'{account.format(id=app.id)} = "file:{secret}"']
        parts += [f'base_url = "{base_url}/{name}"', f"[sources.{name}]", source, f'account = "{name}"']
    path = folder / "gatepost.toml"
    path.write_text("\n".join(parts), encoding="utf-8")
    return path


def forget(tokens: Path) -> None:
    """Every fetch starts without a cached token."""
    for file in tokens.iterdir():
        file.unlink()


async def seconds(path: Path, names: list[str], tokens: Path) -> float:
    """Wall time of asking these sources side by side, tokens not yet cached."""
    settings = replace(load(path), cache=tokens)
    forget(tokens)
    wanted: list[SourceSettings] = [settings.sources[name] for name in names]
    clock = SystemClock()
    began = time.perf_counter()
    got = await fetch_sources(opener(settings, clock), clock, wanted)
    took = time.perf_counter() - began
    if failed := [str(one.error) for one in got.values() if one.error]:
        sys.exit("; ".join(failed))
    return took


async def measure(path: Path, tokens: Path) -> dict[str, float]:
    """Median of each alone and of all together, taking turns; the first round does not count."""
    groups = {**{name: [name] for name in ACCOUNTS}, "all four": [*ACCOUNTS]}
    times: dict[str, list[float]] = {name: [] for name in groups}
    for _ in range(ROUNDS + 1):
        for name, members in groups.items():
            times[name].append(await seconds(path, members, tokens))
    return {name: statistics.median(found[1:]) for name, found in times.items()}


def main() -> int:
    """Print the table."""
    other = subprocess.Popen([sys.executable, __file__, "serve"], stdout=subprocess.PIPE, text=True)
    try:
        base_url = (other.stdout.readline() if other.stdout else "").strip()
        with tempfile.TemporaryDirectory() as folder:
            tokens = Path(folder) / "tokens"
            tokens.mkdir(mode=0o700)
            medians = anyio.run(measure, configuration(Path(folder), base_url), tokens)
    finally:
        other.terminate()
        other.wait()
    slowest = max(value for name, value in medians.items() if name != "all four")
    print(f"{'fetched, tokens included':28}{'median':>10}{'ratio':>9}   ({ROUNDS} runs each)")
    for name, median in medians.items():
        print(f"{name:28}{median * 1000:>7.0f} ms{median / slowest:>8.2f}x")
    ratio = medians["all four"] / slowest
    verdict = "kept" if ratio <= TARGET else "MISSED"
    print(f"all four at once: {ratio:.2f}x the slowest, target {TARGET}x: {verdict}")
    print(f"each answer is delayed by {LATENCY * 1000:.0f} ms in a process of its own")
    return int(ratio > TARGET)


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        anyio.run(serve)
    sys.exit(main())
