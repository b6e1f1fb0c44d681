"""The door of the formats: entries in, bytes out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from gatepost.model.entry import Entry
from gatepost.model.plan import Capabilities


@dataclass(frozen=True, slots=True)
class Edition:
    """What a rendering is made of: typed values only, so no free text can enter a device's syntax."""

    list: str
    """Configured name, ``[a-z0-9-]{1,40}``."""
    serial: int
    at: datetime
    """When this serial was accepted."""
    entries: tuple[Entry, ...]
    """Canonical, as Content.effective."""


class Format(ABC):
    """A text format that devices and programs read; its bytes depend on the edition alone."""

    name: ClassVar[str]
    """How configuration and URLs call it; also the file ending."""
    media_type: ClassVar[str]
    capabilities: ClassVar[Capabilities]

    @abstractmethod
    def render(self, edition: Edition) -> bytes:
        """The whole file, ending with a newline."""
