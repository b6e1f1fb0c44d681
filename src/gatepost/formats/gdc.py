"""Check Point: a file for a Generic Data Center object."""

from __future__ import annotations

import json
from uuid import UUID, uuid5

from gatepost.formats.base import Edition, Format, list_text, prefixes, value_text
from gatepost.model.plan import Capabilities, Granularity

NAMESPACE = UUID("4c0a4b0e-6d7f-5f0a-9a52-0c1a6e3d7b11")
"""Of the ids made here. It never changes: a rule keeps an object by its id."""


class Gdc(Format):
    """What R81 and later import as a *Generic Data Center*: one object a list, whose id stays.

    Reference: https://support.checkpoint.com/results/sk/sk167210
    """

    name = "gdc.json"
    media_type = "application/json"
    capabilities = Capabilities(granularity=Granularity.FILE)

    def render(self, edition: Edition) -> bytes:
        """Members in a fixed order, indented."""
        name = list_text(edition.list)
        ranges = [value_text(prefix) for prefix in prefixes(edition.entries)]
        one = {
            "name": name,
            "id": str(uuid5(NAMESPACE, name)),
            "description": f"serial {int(edition.serial)}",
            "ranges": ranges,
        }
        document = {"version": "1.0", "description": f"gatepost {name}", "objects": [one]}
        return json.dumps(document, indent=1).encode("ascii") + b"\n"
