"""The built program, run as its user runs it: a process of its own, in a folder of its own."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PATIENCE = 90.0
"""Seconds after which a run has failed: a busy machine is no failure."""
SIDE_BY_SIDE = 2
"""Runs at a time: the processors of a small machine."""
RESOLVING = str(Path(__file__).parent / "resolving")
"""What keeps a program under test from asking for names beyond loopback."""
MOMENT = 0.02
"""Seconds between two looks at what is not told by the program itself."""


@dataclass(frozen=True)
class Done:
    """A run that ended."""

    arguments: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document of standard output; anything else there is a failure."""
        value, end = json.JSONDecoder().raw_decode(self.out)
        assert self.out[end:] == "\n", f"more than one document: {self}"
        return value

    @property
    def error(self) -> dict[str, Any]:
        """The error object of a command that failed in --json mode."""
        document = self.document
        assert list(document) == ["error"], self
        error: dict[str, Any] = document["error"]
        return error

    def ended(self, code: int) -> Done:
        """Itself, where it ended with this code."""
        assert self.code == code, self
        return self


@dataclass
class Program:
    """Runs ``python -m gatepost`` in a folder, with an environment of this alone."""

    folder: Path
    secrets: Mapping[str, str] = field(default_factory=dict)
    """Environment variables that hold secrets."""
    enter: Sequence[str] = ()
    """What to put before the program, to enter a namespace."""

    def __post_init__(self) -> None:
        """Make the folder."""
        self.folder.mkdir(parents=True, exist_ok=True)

    @property
    def path(self) -> Path:
        """The configuration file."""
        return self.folder / "gatepost.toml"

    @property
    def state(self) -> Path:
        """Where it keeps what it keeps."""
        return self.folder / "state" / "gatepost"

    @property
    def environment(self) -> dict[str, str]:
        """Everything it sees."""
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "TMPDIR": str(self.folder),
            "LANG": "C.UTF-8",
            "PYTHONPATH": RESOLVING,
            **self.secrets,
        }

    def write(self, text: str) -> None:
        """Its configuration from now on."""
        self.path.write_text(text, encoding="utf-8")

    def edit(self, old: str, new: str) -> None:
        """One change of the configuration; the old text must be there once."""
        text = self.path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
        self.write(text.replace(old, new))

    def argv(self, *arguments: str) -> list[str]:
        """The whole command line."""
        return [*self.enter, sys.executable, "-m", "gatepost", *arguments]

    def __call__(self, *arguments: str, **environment: str) -> Done:
        """Run it to its end; keywords are further environment variables."""
        done = subprocess.run(
            self.argv(*arguments),
            cwd=self.folder,
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return Done(arguments, done.returncode, done.stdout, done.stderr)

    def together(self, *lines: Sequence[str], **environment: str) -> list[Done]:
        """Run several command lines that do not wait for each other, two at a time; in their order."""
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            return list(pool.map(lambda line: self(*line, **environment), lines))

    def json(self, *arguments: str, code: int = 0) -> Any:
        """The document of a run with --json, which must end with this code and be silent beside it."""
        done = self(*arguments, "--json").ended(code)
        assert done.err == "", done
        return done.document

    @contextmanager
    def running(self, *arguments: str, **environment: str) -> Iterator[Running]:
        """Start it; it is killed at the latest at the end."""
        process = subprocess.Popen(
            self.argv(*arguments),
            cwd=self.folder,
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            yield Running(arguments, process)
        finally:
            process.kill()
            process.communicate()

    def on_terminal(
        self, *arguments: str, typed: str = "", data: Path | None = None, **environment: str
    ) -> Done:
        """Run it as a person would, who has typed this already; all that is seen is ``out``.

        ``data``: a file that standard output goes to instead.
        """
        ours, theirs = pty.openpty()
        out = theirs if data is None else os.open(data, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        process = subprocess.Popen(
            self.argv(*arguments),
            cwd=self.folder,
            env=self.environment | {"TERM": "xterm-256color"} | environment,
            stdin=theirs,
            stdout=out,
            stderr=theirs,
            start_new_session=True,
        )
        for one in {out, theirs}:
            os.close(one)
        os.write(ours, typed.encode())
        try:
            seen = _read_to_end(ours)
            return Done(arguments, process.wait(PATIENCE), seen, "")
        finally:
            process.kill()
            process.wait()
            os.close(ours)


@dataclass
class Running:
    """The program while it runs."""

    arguments: tuple[str, ...]
    process: subprocess.Popen[bytes]
    seen: dict[str, str] = field(default_factory=lambda: {"stdout": "", "stderr": ""})

    def wait_for(self, words: str, stream: str = "stderr") -> str:
        """Read on until these words have come; what came with them and before."""
        self.wait_until(lambda: words in self.seen[stream], stream)
        return self.seen[stream]

    def wait_until(self, true: Callable[[], bool], stream: str = "stderr") -> None:
        """Read on until something is so; it has failed where the program ends before."""
        place = getattr(self.process, stream).fileno()
        end = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < end, self
            if select.select([place], [], [], MOMENT)[0]:
                data = os.read(place, 65536)
                assert data, f"it ended: {self}"
                self.seen[stream] += data.decode()

    def stop(self, number: signal.Signals, within: float) -> Done:
        """Send a signal; it must end within so many seconds."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=within)
        texts = self.seen["stdout"] + out.decode(), self.seen["stderr"] + err.decode()
        return Done(self.arguments, self.process.returncode, *texts)


def _read_to_end(terminal: int) -> str:
    seen = b""
    while select.select([terminal], [], [], PATIENCE)[0]:
        try:
            data = os.read(terminal, 65536)
        except OSError:  # Linux: the other side is closed
            break
        if not data:
            break
        seen += data
    return seen.decode()
