"""One installation that serves people and a device, started and killed any number of times."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

USER, PASSWORD, TOKEN = "bob", "correct horse battery", "a device's token of twenty"
FEED, LIST, EDGE = "/v1/lists/webhooks.txt", "webhooks", "edge.txt"
PATIENCE = 60
CONFIGURATION = """
[store]
url = "sqlite:///history.db"

[guards]
absences = 1
grace = "0s"

[server]
listen = "127.0.0.1:0"
users.bob = {{ role = "approver", password = "file:bob.line" }}
consumers.fw1 = {{ token = "file:fw1.token" }}

[sources.own]
kind = "static"
direction = "ingress"
entries = {entries}

[lists.webhooks]
direction = "ingress"
sources = ["own"]

[targets.edge]
kind = "file"
list = "webhooks"
path = "edge.txt"

[targets.pulled]
kind = "feed"
list = "webhooks"
path = "feed"
"""
GATEPOST = [sys.executable, "-m", "gatepost"]


class Service:
    """`gatepost run`, from its start to its SIGKILL."""

    def __init__(self, folder: Path) -> None:
        self._seen, self._moved, self._over = "", threading.Condition(), False
        self._process = subprocess.Popen(
            [*GATEPOST, "run", "--lang", "en"], cwd=folder, stderr=subprocess.PIPE, text=True
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def wait_until_served(self) -> str:
        """The URL; raises TimeoutError with what it said instead."""
        with self._moved:
            found = self._moved.wait_for(lambda: self._over or self._place(), PATIENCE) and self._place()
        if not found:
            raise TimeoutError(self._seen[-2000:])
        return found

    def kill(self) -> None:
        """SIGKILL: nothing is ended, nothing is written down."""
        self._process.kill()
        self._process.wait()
        self._reader.join()

    def _place(self) -> str:
        found = re.search(r"serving (http://\S+)\n(?s:.*)started: ", self._seen)
        return found[1] if found else ""

    def _read(self) -> None:
        with self._process.stderr or open("/dev/null") as stream:  # noqa: PTH123 - never there: mypy's None
            for line in stream:
                with self._moved:
                    self._seen += line
                    self._moved.notify_all()
        with self._moved:
            self._over = True
            self._moved.notify_all()


class Site:
    """Its folder, and the list of the moment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        line = subprocess.run(
            [*GATEPOST, "password"], input=PASSWORD + "\n", capture_output=True, text=True, check=True
        ).stdout
        for name, text in (("bob.line", line), ("fw1.token", TOKEN)):
            (folder / name).write_text(text, encoding="utf-8")
            (folder / name).chmod(0o600)

    def configure(self, entries: Sequence[str]) -> None:
        """What the source answers from now on."""
        text = CONFIGURATION.format(entries=json.dumps(list(entries)))
        (self.folder / "gatepost.toml").write_text(text, encoding="utf-8")

    def start(self) -> Service:
        """`gatepost run` in its folder."""
        return Service(self.folder)

    def held_by_the_file(self) -> frozenset[str]:
        """The entries of the file target."""
        place = self.folder / EDGE
        lines = place.read_text(encoding="utf-8").splitlines() if place.exists() else []
        return frozenset(line for line in lines if line and not line.startswith("#"))

    def is_history_sound(self) -> bool:
        """SQLite's own judgement, on a copy, so that nothing is recovered for the next start."""
        copy = self.folder / "judged"
        copy.mkdir()
        for each in self.folder.glob("history.db*"):
            shutil.copy(each, copy / each.name)
        with closing(sqlite3.connect(copy / "history.db")) as database:
            (told,) = database.execute("PRAGMA integrity_check").fetchone()
        shutil.rmtree(copy)
        return bool(told == "ok")


Keep = Callable[[], None]
"""Puts back what was kept."""


def keep(site: Site) -> Keep:
    """A copy of the folder as it is."""
    copy = site.folder.with_name(site.folder.name + ".kept")
    shutil.copytree(site.folder, copy, symlinks=True)

    def put_back() -> None:
        shutil.rmtree(site.folder)
        copy.rename(site.folder)

    return put_back
