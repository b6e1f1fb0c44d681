from __future__ import annotations

import json

from gatepost.formats.base import Edition
from gatepost.formats.json import Json
from gatepost.model.entry import Entry, Protocol
from rigs.golden import EDITION, is_golden
from rigs.plans import entry


def test_golden():
    """The document, exactly as recorded."""
    assert is_golden(Json())


def test_shape_of_others():
    """Beside the members that others publish there is one more, ours; its time is UTC."""
    document = json.loads(Json().render(EDITION))
    shape = {"formatVersion", "syncToken", "synctoken", "creationTime", "prefixes", "gatepost"}
    assert set(document) == shape
    assert document["creationTime"] == "2026-01-05T08:00:00Z"
    assert document["prefixes"][0] == {"ipv4Prefix": "101.126.59.7/32"}
    assert document["prefixes"][-1] == {"ipv6Prefix": "2408:8756::5/128"}
    assert document["syncToken"] == document["synctoken"] == "7"


def test_prefixes_once():
    """A prefix with two protocols is one of the prefixes, and two of our entries."""
    one = entry("8.8.8.8/32").value
    edition = Edition("webhooks", 1, EDITION.at, (Entry(one, Protocol.TCP), Entry(one, Protocol.UDP)))
    document = json.loads(Json().render(edition))
    assert (len(document["prefixes"]), len(document["gatepost"]["entries"])) == (1, 2)
