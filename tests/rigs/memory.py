"""A target in memory: the object is the place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gatepost.errors import TargetUnavailable
from gatepost.model.entry import Entry
from gatepost.model.plan import Capabilities
from gatepost.testing import MemoryTarget
from rigs.plans import entries, plan_for

FORMS = ("memory",)


class Rig:
    """What the contract suite needs to know of memory."""

    def __init__(self) -> None:
        self.made = MemoryTarget("edge", MemoryTarget.Options(Capabilities()))

    def target(self) -> MemoryTarget:
        """The only one."""
        return self.made

    def occupy(self) -> None:
        """Something of somebody else's at the place."""
        self.made.entries, self.made.foreign = entries("198.51.100.7/32"), True

    def edit(self) -> None:
        """Somebody adds an entry by hand."""
        self.made.entries = entries(*map(str, (each.value for each in self.made.entries)), "9.9.9.9/32")

    def orphan(self, *values: str) -> None:
        """Content of somebody else's."""
        self.made.entries, self.made.foreign = entries(*values), True

    async def cut_off(self, desired: tuple[Entry, ...]) -> bool:
        """Stop the target half-way."""
        self.made.stopping = TargetUnavailable("it broke")
        with pytest.raises(TargetUnavailable):
            await self.made.apply(plan_for(await self.made.current(), desired), desired)
        return True

    def content(self) -> list[str]:
        """The entries alone."""
        return [str(each.value) for each in self.made.entries]

    def state(self) -> str:
        """Everything that is there."""
        return f"{self.made.generation} {self.made.mixed} {self.made.foreign} {self.content()}"


@contextmanager
def rig(_: Path, __: str) -> Iterator[Rig]:
    """Nothing there yet."""
    yield Rig()
