"""What a cycle is handed: everything with a state, built by the composition root."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gatepost.config.settings import Settings, SourceSettings
from gatepost.kit.clock import Clock
from gatepost.kit.surroundings import KnownSurroundings, Surroundings
from gatepost.sources.base import Source
from gatepost.targets.base import Target

if TYPE_CHECKING:  # the SQL library is loaded only where a store is opened
    from gatepost.store import Store

OpenSource = Callable[[SourceSettings], AbstractAsyncContextManager[Source]]


@dataclass(frozen=True, slots=True)
class Site:
    """One installation: its settings, history, clock, ways to its sources, and its targets."""

    settings: Settings
    store: Store
    clock: Clock
    open_source: OpenSource
    targets: Mapping[str, Target]
    surroundings: Surroundings = field(default_factory=KnownSurroundings)
    """The host we run on; by default nothing is known of it."""
