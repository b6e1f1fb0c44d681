"""What was worked out last, so that it need not be worked out again."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Kept(Generic[Key, Value]):
    """A few values by their keys; the oldest gives way. Safe to use from several threads."""

    def __init__(self, size: int) -> None:
        """At most ``size`` of them."""
        self._size = size
        self._values: OrderedDict[Key, Value] = OrderedDict()

    def get(self, key: Key) -> Value | None:
        """None where it is not kept."""
        return self._values.get(key)

    def put(self, key: Key, value: Value) -> None:
        """Keep it, as the youngest where it is new."""
        self._values[key] = value
        while len(self._values) > self._size:
            self._values.popitem(last=False)
