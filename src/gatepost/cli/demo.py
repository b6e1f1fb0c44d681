"""``gatepost demo``: the whole way of the data in one go, on emulated platforms, without an account.

Every step is the built program itself, run as its user would run it. As root
the firewall is the kernel's own nftables in a network namespace made for the
demo, so the machine's firewall is not touched; elsewhere the list goes to a file.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from socket import socket
from typing import Any

import click

from gatepost.cli import demo_console
from gatepost.cli.emulate import emulated
from gatepost.cli.language import _, chosen
from gatepost.cli.ui import Ui, run_async, takes_options, until_signal
from gatepost.emulator.app import Emulator
from gatepost.emulator.state import ListChange
from gatepost.engine.exits import Exit

INSIDE = "GATEPOST_DEMO_NAMESPACE"


@click.command(help=_("Show everything in one go, without an account."))
@click.option(
    "--serve/--no-serve", default=None, help=_("Serve the console at the end; by itself on a terminal.")
)
@takes_options
def command(ui: Ui, *, serve: bool | None) -> int:
    """Exit 0 if every step ended as it should."""
    place = _place(told=serve, as_json=ui.as_json)
    kernel = _is_inside() or _may_use_kernel()
    if kernel and not _is_inside():
        _enter_namespace(place)
    with tempfile.TemporaryDirectory(prefix="gatepost-demo-") as folder:
        stage = Stage(ui, Emulator(), Path(folder), kernel, place)
        run_async(stage.play)
    if ui.as_json or not stage.good:
        document = {"ok": stage.good, "firewall": "nftables" if kernel else "file", "steps": stage.steps}
        ui.show(document, lambda: _farewell(ui, stage))
    return Exit.DONE if stage.good else Exit.FAILED


def _place(*, told: bool | None, as_json: bool) -> socket | None:
    """Where the console is to be served at the end, if at all."""
    if _is_inside():
        return demo_console.handed_place()
    return demo_console.open_place() if demo_console.is_wanted(told=told, as_json=as_json) else None


def _may_use_kernel() -> bool:
    """Whether we may make a network namespace and use nftables in it: root in a container often may not."""
    if os.geteuid() != 0 or not all(shutil.which(name) for name in ("nft", "unshare", "ip")):
        return False
    probe = ["unshare", "--net", "nft", "list", "ruleset"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0  # noqa: S603 - fixed words


def _is_inside() -> bool:
    """Whether this is the process that was started again, and really in another namespace than its parent."""
    if INSIDE not in os.environ:
        return False
    ours, theirs = (os.stat(f"/proc/{pid}/ns/net").st_ino for pid in ("self", os.getppid()))  # noqa: PTH116 - follows the link to no file
    return ours != theirs


def _enter_namespace(place: socket | None) -> None:
    """Start again in a network namespace of our own; it is gone when the demo ends."""
    arguments = ["unshare", "--net", sys.executable, "-m", "gatepost", *sys.argv[1:]]
    handed = {demo_console.HANDED: str(place.fileno())} if place else {}
    os.execvpe("unshare", arguments, {**os.environ, INSIDE: "1", **handed})  # noqa: S606, S607 - argv only, found on root's PATH


@dataclass
class Stage:
    """One performance: the emulator, a folder, and what each step gave."""

    ui: Ui
    emulator: Emulator
    folder: Path
    kernel: bool
    place: socket | None = None
    """Where the console is served at the end, if at all."""
    steps: list[dict[str, Any]] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    ended: bool = False

    @property
    def good(self) -> bool:
        """Whether all steps were taken and ended as they should."""
        return self.ended and all(step["exit"] == step["expected"] for step in self.steps)

    async def play(self) -> None:
        """All steps, in order."""
        if self.kernel:
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)  # noqa: S607, ASYNC221 - before anything runs
        async with until_signal(), emulated(self.emulator) as base_url:
            self._write_configuration(base_url)
            await self._first_list()
            await self._changed_list()
            await self._shrunken_list()
            await self._questions()
            self.ended = True
            if self.good and not self.ui.as_json:
                _farewell(self.ui, self)
                await self._serve()

    async def _first_list(self) -> None:
        self._tell(_("1. Four platforms, asked over HTTP. What would change?"))
        await self._run(Exit.DONE, "config", "check")
        await self._run(Exit.CHANGES, "plan")
        self._tell(_("2. Apply it: recorded first, one transaction, read back."))
        await self._run(Exit.DONE, "apply", "--yes")
        await self._show_firewall()

    async def _changed_list(self) -> None:
        self._tell(_("3. Feishu announces three more addresses."))
        self._change(ListChange(add=("101.126.60.7", "101.126.60.8", "101.126.60.9")))
        await self._run(Exit.CHANGES, "plan", "webhooks")
        await self._run(Exit.DONE, "apply", "webhooks", "--yes")

    async def _shrunken_list(self) -> None:
        self._tell(_("4. Feishu's answer loses nearly everything. Others would obey; gatepost holds it."))
        self._change(ListChange(replace=["101.126.59.7"]))
        await self._run(Exit.HELD, "apply", "webhooks", "--yes")

    async def _questions(self) -> None:
        self._tell(_("5. Is an address allowed, and why? On the list and on the device."))
        await self._run(Exit.DONE, "check", "101.126.60.8", "--target", "edge")
        await self._run(Exit.DENIED, "check", "8.8.8.8")
        await self._run(Exit.DONE, "history", "webhooks")
        await self._run(Exit.HELD, "status")

    async def _serve(self) -> None:
        if self.place is None:
            return
        url = demo_console.url_of(self.place)
        self._tell(_("6. The console: {url} (Ctrl-C ends the demo)").format(url=url))
        self.ui.say(_("There the held plan waits for your word."))
        self.ui.say(_("What you approve leaves the firewall after its grace."))
        self.ui.out.file.flush()
        await demo_console.serve(self.place, self.environment, chosen())

    def _tell(self, text: str) -> None:
        if not self.ui.as_json:
            self.ui.say()
            self.ui.say(text, "bold magenta")

    def _change(self, change: ListChange) -> None:
        self.emulator.state.lists["feishu"]["outbound_ip"].change(change)

    async def _run(self, expected: Exit, *arguments: str) -> None:
        import anyio  # noqa: PLC0415 - loaded with the emulator anyway

        if not self.ui.as_json:
            self.ui.say()
            self.ui.say("$ gatepost " + " ".join(arguments), "bold")
            self.ui.out.file.flush()
        quiet = subprocess.DEVNULL if self.ui.as_json else None
        done = await anyio.run_process(
            [sys.executable, "-m", "gatepost", *arguments, "--lang", chosen()],
            stdin=subprocess.DEVNULL,
            stdout=quiet,
            stderr=quiet,
            check=False,
            env={**os.environ, **self.environment},
        )
        self.steps.append(
            {"command": " ".join(arguments), "exit": done.returncode, "expected": int(expected)}
        )
        if done.returncode != expected:
            self.ui.tell(
                _("exit {code}, expected {expected}").format(code=done.returncode, expected=expected)
            )

    async def _show_firewall(self) -> None:
        import anyio  # noqa: PLC0415 - loaded with the emulator anyway

        if self.ui.as_json:
            return
        if not self.kernel:
            self._show("$ cat allow.txt", (self.folder / "allow.txt").read_text(encoding="utf-8"))
            return
        shown = await anyio.run_process(["nft", "list", "set", "inet", "gatepost", "webhooks_v4"])
        self._show("$ nft list set inet gatepost webhooks_v4", shown.stdout.decode())

    def _show(self, head: str, text: str, most: int = 12) -> None:
        self.ui.say()
        self.ui.say(head, "bold")
        lines = text.splitlines()
        for line in lines[:most]:
            self.ui.say(line.expandtabs(4))
        if len(lines) > most:
            self.ui.say(_("… and {n} more lines").format(n=len(lines) - most), "dim")

    def _write_configuration(self, base_url: str) -> None:
        path = self.folder / "gatepost.toml"
        firewall = _NFTABLES if self.kernel else _FILE.format(path=self.folder / "allow.txt")
        apps = {name: self._app(name) for name in ("feishu", "wecom", "wechat", "chat")}
        ids = {name: one.id for name, one in apps.items()}
        path.write_text(_CONFIGURATION.format(url=base_url, firewall=firewall, **ids), encoding="utf-8")
        self.environment = {
            "GATEPOST_CONFIG": str(path),
            "XDG_STATE_HOME": str(self.folder),
            **{f"DEMO_{name.upper()}": one.secrets[0] for name, one in apps.items()},
        }

    def _app(self, platform: str) -> Any:
        return next(iter(self.emulator.state.apps[platform].values()))


_CONFIGURATION = """\
[store]
url = "sqlite:///history.db"

[accounts.feishu-main]
platform = "feishu"
app_id = "{feishu}"
app_secret = "env:DEMO_FEISHU"
base_url = "{url}/feishu"

[accounts.corp]
platform = "wecom"
corpid = "{wecom}"
corpsecret = "env:DEMO_WECOM"
base_url = "{url}/wecom"

[accounts.wechat-mp]
platform = "wechat"
appid = "{wechat}"
secret = "env:DEMO_WECHAT"
base_url = "{url}/wechat"

[accounts.chat]
platform = "tencent_chat"
sdkappid = {chat}
identifier = "administrator"
key = "env:DEMO_CHAT"
base_url = "{url}/chat"

[server]
listen = "127.0.0.1:0"

[sources.feishu-events]
kind = "feishu.events"
account = "feishu-main"

[sources.wecom-callbacks]
kind = "wecom.callback"
account = "corp"

[sources.wechat-callbacks]
kind = "wechat.callback"
account = "wechat-mp"

[sources.chat-webhooks]
kind = "tencent_chat.ips"
account = "chat"
nettype = 6

[lists.webhooks]
direction = "ingress"
sources = ["feishu-events", "wecom-callbacks", "wechat-callbacks", "chat-webhooks"]

[targets.edge]
list = "webhooks"
{firewall}"""
_NFTABLES = 'kind = "nftables"\ntable = "gatepost"\nset = "webhooks"\n'
_FILE = 'kind = "file"\npath = "{path}"\nformat = "txt"\n'


def _farewell(ui: Ui, stage: Stage) -> None:
    ui.say()
    if not stage.good:
        ui.say(_("A step did not end as it should; see above."), "bold red")
        return
    place = _("the kernel's nftables, in a namespace of its own") if stage.kernel else _("a file")
    ui.say(
        _("All {n} commands ended as they should; the firewall was {place}.").format(
            n=len(stage.steps), place=place
        ),
        "bold green",
    )
    ui.say(_("Next, with your own account:"))
    for line in _NEXT:
        ui.say("  " + line.replace(_OR, _(_OR)))


_OR = "or:"
_NEXT = (
    f"gatepost init feishu        # {_OR} wecom wechat tencent_chat lark",
    "gatepost config check",
    "gatepost fetch",
    "gatepost plan",
    "docs/tutorial.md · docs/tutorial.zh.md",
)
