"""Check Point: a file for a Generic Data Center object."""

from __future__ import annotations

from typing import Literal
from uuid import UUID, uuid5

from msgspec import Struct

from gatepost.formats.base import Edition, Format, json_lines, list_text, prefixes, value_text
from gatepost.model.plan import Capabilities, Granularity

NAMESPACE = UUID("4c0a4b0e-6d7f-5f0a-9a52-0c1a6e3d7b11")
"""Of the ids made here. It never changes: a rule keeps an object by its id."""


class Object(Struct, frozen=True):
    """What rules name."""

    name: str
    id: str
    """A UUID."""
    description: str
    ranges: tuple[str, ...]


class DataCenter(Struct, frozen=True):
    """The file."""

    version: Literal["1.0"]
    description: str
    objects: tuple[Object, ...]


class Gdc(Format):
    """What R81 and later import as a *Generic Data Center*: one object a list, whose id stays.

    Reference: https://support.checkpoint.com/results/sk/sk167210
    """

    name = "gdc.json"
    media_type = "application/json"
    capabilities = Capabilities(granularity=Granularity.FILE)
    document = DataCenter

    def render(self, edition: Edition) -> bytes:
        """Members in a fixed order, indented."""
        name = list_text(edition.list)
        ranges = tuple(map(value_text, prefixes(edition.entries)))
        one = Object(name, str(uuid5(NAMESPACE, name)), f"serial {int(edition.serial)}", ranges)
        return json_lines(DataCenter("1.0", f"gatepost {name}", (one,)))
