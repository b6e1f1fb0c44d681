"""One installation before a change: put back as it was, run, and judged, any number of times."""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import sqlite3
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from stepping.emulated import Platform
from stepping.marks import Cell
from stepping.places import Place
from stepping.tracer import Trace, start

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - folders of random names are made in it
OLD = [f"101.226.{n}.0/26" for n in range(20)] + ["2402:4e00:40:40::/64"]
NEW = [*OLD[3:], *(f"101.226.{n}.128/26" for n in range(4))]
CONFIGURATION = """
[store]
url = "sqlite:///history.db"

[guards]
absences = 1
grace = "0s"

[accounts.corp]
platform = "wecom"
corpid = "{app}"
corpsecret = "file:secret"
base_url = "{url}/wecom"

[sources.callbacks]
kind = "wecom.callback"
account = "corp"

[lists.webhooks]
direction = "ingress"
sources = ["callbacks"]

[targets.edge]
list = "webhooks"
{target}
"""
BOOT = "history.state/last/edge.json"
"""What is loaded at boot."""
APPLY = ("apply", "--yes", "--json")


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run that ended by itself said."""

    code: int | None
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Of ``--json``; nothing where it was cut off."""
        try:
            return json.loads(self.out)
        except ValueError:
            return {}


@dataclass
class Site:
    """A folder with everything in it, and a place outside of it."""

    name: str
    folder: Path
    platform: Platform
    place: Place
    cell: Cell
    has_old: bool = True
    """Whether the old list was applied; else there is nothing yet, not even a history."""
    options: str = ""
    """Further lines of the target's table."""
    main: Callable[[], int] = lambda: run_main(APPLY)
    """What a run does."""
    program: Sequence[str] = ()
    """Start it as a program of its own, so: nothing is warmed up then, and steps are not known."""
    old: str = ""
    new: str = ""
    kept: frozenset[str] = frozenset()
    """Names of the files that a whole change leaves."""
    boot: str = ""
    """Digest of what it left for boot."""
    rows: dict[str, set[tuple[Any, ...]]] = field(default_factory=dict)

    def prepare(self) -> None:
        """Make what a run starts from, and learn what it comes to."""
        self.platform.answer(OLD)
        self._lay_out()
        if not self.program:
            _warm_up(self)
            shutil.rmtree(self.folder)
            self._lay_out()
        if self.has_old:
            self._must_end_well(self.run())
            shutil.rmtree(self.folder / "state" / "gatepost" / "tokens", ignore_errors=True)
        self.old = self.place.state()
        if self.has_old:
            with closing(sqlite3.connect(self.folder / "history.db")) as database:
                self.rows = history_rows(database)
        shutil.copytree(self.folder, self._template)
        self.platform.answer(NEW)
        self._must_end_well(self.run())
        self.new, self.kept = self.place.state(), self.files()
        self.boot = json.loads((self.folder / BOOT).read_text(encoding="utf-8"))["digest"]
        self.reset()

    def _lay_out(self) -> None:
        """A folder with a configuration, and nothing in its place."""
        self.folder.mkdir(parents=True)
        (self.folder / "secret").write_text(self.platform.secret, encoding="utf-8")
        text = CONFIGURATION.format(
            app=self.platform.app, url=self.platform.url, target=f"{self.place.table}\n{self.options}"
        )
        (self.folder / "gatepost.toml").write_text(text, encoding="utf-8")
        self.place.restore("")

    def reset(self) -> None:
        """As before the change."""
        shutil.rmtree(self.folder)
        shutil.copytree(self._template, self.folder)
        self.place.restore(self.old)

    def start(self) -> Trace:
        """The change, stopped before its first step."""
        return start(self._work, self.cell)

    def run(self) -> Ran:
        """A run that nothing is done to."""
        _, status = os.waitpid(self.begin(), 0)
        return self.said(os.waitstatus_to_exitcode(status))

    def begin(self, streams: str = "") -> int:
        """Start such a run; its process."""
        pid = os.fork()
        if pid == 0:
            _end(partial(self._work, streams))
        return pid

    def said(self, code: int | None, streams: str = "") -> Ran:
        """What the last run printed."""
        names = (f"{streams}out", f"{streams}err")
        texts = [self._stream(name).read_text(encoding="utf-8", errors="replace") for name in names]
        return Ran(code, *texts)

    def files(self) -> frozenset[str]:
        """Names of all files of the folder."""
        found = (each.relative_to(self.folder) for each in self.folder.rglob("*") if each.is_file())
        return frozenset(map(str, found))

    @property
    def generation(self) -> int:
        """Of the new list."""
        return 1 + self.has_old

    @property
    def _template(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.before")

    def _stream(self, name: str) -> Path:
        return self.folder.with_name(f"{self.folder.name}.{name}")

    def _work(self, streams: str = "") -> int:
        """In the child: become the program."""
        os.chdir(self.folder)
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(
                os.open(self._stream(streams + name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number
            )
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        environment = self.environment()
        os.environ.clear()
        os.environ.update(environment)
        self.cell.begin()
        if self.program:
            os.execv(self.program[0], [*self.program, *APPLY])  # noqa: S606 - the program under proof
        return self.main()

    def environment(self) -> dict[str, str]:
        """Everything the program sees."""
        here = str(self.folder)
        path = f"{here}/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        kept = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
        return kept | {"PATH": path, "HOME": here, "XDG_STATE_HOME": f"{here}/state", "LANG": "C.UTF-8"}

    def _must_end_well(self, ran: Ran) -> None:
        if ran.code != 0:
            msg = f"{self.name}: an undisturbed run ended with {ran.code}: {ran.out} {ran.err}"
            raise SystemExit(msg)


def history_rows(database: sqlite3.Connection) -> dict[str, set[tuple[Any, ...]]]:
    """Rows of the tables that only ever grow."""
    tables = ("serials", "acceptances", "plans", "intents", "words")
    return {name: set(database.execute(f"SELECT * FROM {name}")) for name in tables}  # noqa: S608 - names above


def run_main(arguments: Sequence[str]) -> int:
    """The built program's own door, in this process."""
    from gatepost.cli.main import main  # noqa: PLC0415 - warmed up by the one who forks

    sys.argv = ["gatepost", *arguments]
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter itself does it at its end
        with suppress(OSError):
            traceback.print_exc()
        return 1
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):
                stream.flush()
    return 0


def _warm_up(site: Site) -> None:
    """Run the program as it is once in this very process, so that its children find everything loaded."""
    streams, folder, environment = (os.dup(1), os.dup(2)), Path.cwd(), dict(os.environ)
    replace(site, main=partial(run_main, APPLY))._work()  # noqa: SLF001 - of this module
    for number, saved in enumerate(streams, 1):
        os.dup2(saved, number)
        os.close(saved)
    os.chdir(folder)
    os.environ |= environment
    gc.collect()
    gc.freeze()


def _end(work: Callable[[], int]) -> None:
    code = 70
    try:
        code = work()
    finally:
        os._exit(code)
