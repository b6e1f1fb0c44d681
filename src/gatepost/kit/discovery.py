"""Find a family's plug-ins: modules of a room, without a table to edit."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")


def modules(room: str) -> tuple[str, ...]:
    """Names of a room's plug-in modules, sorted; ``base`` and private ones left out. Imports none of them."""
    package = importlib.import_module(room)
    names = (found.name for found in pkgutil.iter_modules(package.__path__))
    return tuple(sorted(name for name in names if name != "base" and not name.startswith("_")))


def plugins(room: str, base: type[T], module: str | None = None) -> Iterator[type[T]]:
    """Concrete subclasses of ``base`` that a room, or one module of it, defines; ordered."""
    for name in modules(room) if module is None else (module,):
        yield from _defined(importlib.import_module(f"{room}.{name}"), base)


def _defined(module: ModuleType, base: type[T]) -> Iterator[type[T]]:
    for _, value in sorted(inspect.getmembers(module, inspect.isclass)):
        if issubclass(value, base) and value.__module__ == module.__name__ and not inspect.isabstract(value):
            yield value
