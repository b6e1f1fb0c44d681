"""Which step of a cycle a running program is at: written by itself into a byte that the tracer can read.

The program is not changed for that: ``sys.setprofile`` tells of every function
it enters, and a few of them begin a step.
"""

from __future__ import annotations

import importlib
import mmap
import sys
import threading
from collections.abc import Mapping
from types import CodeType, FrameType
from typing import Any

STEPS: Mapping[str, str] = {
    "S1": "token",
    "S2": "ask",
    "S3": "decode",
    "S4": "answer stored",
    "S5": "accept",
    "S6": "plan",
    "S7": "gate",
    "S8": "write intent",
    "S9": "prepare the write",
    "S10": "commit",
    "S11": "read back",
    "S12": "record outcome",
    "S13": "tell",
}
START, NAMES = "S0", tuple(STEPS)
_PREPARE, _COMMIT = NAMES.index("S9") + 1, NAMES.index("S10") + 1

DOORS: Mapping[str, str] = {
    "gatepost.kit.token_cache:TokenCache.get": "S1",
    "gatepost.kit.http:Http.request": "S2",
    "gatepost.kit.reply:decode": "S3",
    "gatepost.store.sources:Sources.record_attempt": "S4",
    "gatepost.store.sources:Sources.record_answer": "S4",
    "gatepost.engine.acceptance:_weigh": "S5",
    "gatepost.engine.acceptance:_number": "S6",
    "gatepost.engine.cycle:apply_cycle": "S7",
    "gatepost.store.plans:Plans.record_intent": "S8",
    "gatepost.targets.nftables:Nftables.apply": "S9",
    "gatepost.targets.file:File.apply": "S9",
    "gatepost.kit.files:Staged.commit": "S10",
    "gatepost.targets.nftables:Nftables.current": "S11",
    "gatepost.targets.file:File.current": "S11",
    "gatepost.store.plans:Plans.record_outcome": "S12",
    "gatepost.cli.ui:Ui.show": "S13",
}
"""The function whose entry begins a step. A step begins once; those after S9 only when that has begun."""


class Cell:
    """One byte shared by a program and its tracer."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, mmap.PAGESIZE)
        self._doors = {id(_code(name)): _step_of(step) for name, step in DOORS.items()}

    @property
    def step(self) -> str:
        """Where the program is."""
        return (START, *NAMES)[self._memory[0]]

    def reset(self) -> None:
        """Before the start."""
        self._memory[:4] = bytes(4)

    def begin(self) -> None:
        """What happened so far was to get ready."""
        self._memory[3] = 1

    @property
    def begun(self) -> bool:
        """Whether the program itself is at work."""
        return bool(self._memory[3])

    def asked(self, watched: int) -> int:
        """Count one more question; at the ``watched`` one the step is noted. Gives the count."""
        self._memory[1] += 1
        if self._memory[1] == watched:
            self._memory[2] = self._memory[0]
        return self._memory[1]

    @property
    def questions(self) -> int:
        """How many there were."""
        return self._memory[1]

    @property
    def noted(self) -> str:
        """The step of the watched question."""
        return (START, *NAMES)[self._memory[2]]

    def advance(self, step: str) -> None:
        """To a step that is seen from outside."""
        self._memory[0] = max(self._memory[0], _step_of(step))

    def watch(self) -> None:
        """From now on in this process."""
        threading.setprofile(self._enter)
        sys.setprofile(self._enter)

    def _enter(self, frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and (step := self._doors.get(id(frame.f_code))) is not None:
            self._begin(step)

    def _begin(self, step: int) -> None:
        now = self._memory[0]
        if now >= _PREPARE or step < _COMMIT:
            self._memory[0] = max(step, now)


def _step_of(name: str) -> int:
    return NAMES.index(name) + 1


def _code(name: str) -> CodeType:
    module, _, path = name.partition(":")
    found: Any = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    while hasattr(found, "__wrapped__"):
        found = found.__wrapped__
    code: CodeType = found.__code__
    return code
