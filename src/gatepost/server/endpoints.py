"""A list in the shape of Microsoft 365's endpoints: sets with ports and necessity, and what changed when.

Entries of one protocol, one set of ports and one necessity are one endpoint set;
its id is made from these, so it stays for as long as such entries are there. Works
on rows as they were published: no address is taken apart, so a version of 10,000
entries is ready in milliseconds.
Reference: https://learn.microsoft.com/microsoft-365/enterprise/microsoft-365-ip-web-service
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any
from zlib import crc32

import msgspec

from gatepost.model.address import Family
from gatepost.model.entry import Protocol
from gatepost.server.endpoint_shapes import (
    Attributes,
    Category,
    Change,
    Disposition,
    Endpoint,
    Impact,
    Known,
    Latest,
    Moved,
)
from gatepost.targets.feed import Manifest, Row, Step

Members = dict[str, Any]
Kind = tuple[Protocol | None, tuple[tuple[int, int], ...], bool | None]

ANY_PORT = "1-65535"
OPTIONAL = "The platform does not need it for all of its functions."


def version_text(serial: int) -> str:
    """Ten digits, so that versions compare as texts too."""
    return f"{serial:010d}"


def endpoints(manifest: Manifest, family: Family | None = None) -> bytes:
    """Every endpoint set of a list; with a family, addresses of the other are left out."""
    sets = _sets(manifest.entries)
    found = ((kind, _values(entries, family)) for kind, entries in sets.items())
    return _encode([_endpoint(manifest.list, kind, values) for kind, values in found if values])


def version_of(manifest: Manifest) -> bytes:
    """``/v1/version/{instance}``, with the versions that changes can be told of."""
    known = [*(step.previous for step in manifest.steps), manifest.serial]
    texts = tuple(version_text(serial) for serial in sorted(set(known), reverse=True))
    return _encode(Known(manifest.list, version_text(manifest.serial), texts))


class Changes:
    """All that a manifest's steps tell, encoded once."""

    def __init__(self, manifest: Manifest) -> None:
        """Ids count on from the oldest step known."""
        self._known = [step.previous for step in manifest.steps]
        self._latest = manifest.serial
        self._encoded: list[bytes] = []
        number = 0
        for step, before in _with_counts(manifest):
            found = [*_changes(step, before, number)]
            number += len(found)
            self._encoded.append(b",".join(map(msgspec.json.encode, found)))

    def since(self, serial: int) -> bytes | None:
        """What changed after a serial, oldest first; None where it is too long ago, or never was.

        Serial 0 asks for all that is known.
        """
        if serial in (0, self._latest) or serial in self._known:
            start = 0 if serial == 0 else self._known.index(serial) if serial in self._known else None
            told = [] if start is None or serial == self._latest else self._encoded[start:]
            return b"[" + b",".join(each for each in told if each) + b"]\n"
        return None

    @property
    def oldest(self) -> int:
        """The earliest serial that changes can be told from."""
        return self._known[0] if self._known else self._latest


def _with_counts(manifest: Manifest) -> list[tuple[Step, Counter[Kind]]]:
    """Each step with how many entries each set had before it, worked out backwards from what is there."""
    counts = Counter(map(_kind, manifest.entries))
    found = []
    for step in reversed(manifest.steps):
        counts = counts.copy()
        counts.subtract(map(_kind, step.added))
        counts.update(map(_kind, step.removed))
        found.append((step, counts))
    return found[::-1]


def _changes(step: Step, before: Counter[Kind], number: int) -> Iterator[Change]:
    """One for each endpoint set that a step touches."""
    added, removed = _sets(step.added), _sets(step.removed)
    date = step.at.strftime("%Y%m%d")
    for kind in sorted({*added, *removed}, key=_set_id):
        number += 1
        gained, lost = added.get(kind, []), removed.get(kind, [])
        disposition = _disposition(before[kind], before[kind] + len(gained) - len(lost))
        change = Change(
            id=number,
            endpoint_set_id=_set_id(kind),
            disposition=disposition,
            impact=_impact(gained),
            version=version_text(step.serial),
        )
        if disposition == "add":
            change.current = Attributes(**_attributes(kind))
        if disposition == "remove":
            change.previous = Attributes(**_attributes(kind))
        if gained:
            change.add = Moved(effective_date=date, **_values(gained, None))
        if lost:
            change.remove = Moved(effective_date=date, **_values(lost, None))
        yield change


def _disposition(before: int, left: int) -> Disposition:
    """Of a set, by how many entries it had and has."""
    return "add" if not before else "change" if left else "remove"


def _impact(gained: list[Row]) -> Impact:
    ips = any("/" in each.value for each in gained)
    urls = any("/" not in each.value for each in gained)
    match ips, urls:
        case True, True:
            return "AddedIpAndUrl"
        case True, False:
            return "AddedIp"
        case False, True:
            return "AddedUrl"
    return "RemovedIpOrUrl"


def _sets(rows: Iterable[Row]) -> dict[Kind, list[Row]]:
    found: dict[Kind, list[Row]] = {}
    for row in rows:
        found.setdefault(_kind(row), []).append(row)
    return dict(sorted(found.items(), key=lambda item: _set_id(item[0])))


def _kind(row: Row) -> Kind:
    return row.protocol, row.ports, row.necessary


def _set_id(kind: Kind) -> int:
    protocol, ports, necessary = kind
    return crc32(f"{protocol or ''}|{_ports(ports)}|{necessary}".encode()) & 0x7FFFFFFF


def _endpoint(name: str, kind: Kind, values: Members) -> Endpoint:
    return Endpoint(
        id=_set_id(kind), service_area=name, service_area_display_name=name, **values, **_attributes(kind)
    )


def _values(rows: list[Row], family: Family | None) -> Members:
    """``urls`` and ``ips``, each only where there are any."""
    ips = tuple(each.value for each in rows if "/" in each.value)
    if family is not None:
        ips = tuple(each for each in ips if (":" in each) == (family is Family.V6))
    urls = tuple(each.value for each in rows if "/" not in each.value)
    return {key: values for key, values in (("urls", urls), ("ips", ips)) if values}


def _attributes(kind: Kind) -> Members:
    """Without ``tcp_ports`` and ``udp_ports`` any port of both is meant."""
    protocol, ports, necessary = kind
    text = _ports(ports)
    category: Category = "Allow" if necessary else "Default"
    found: Members = {"express_route": False, "category": category, "required": necessary is not False}
    if protocol is not Protocol.UDP and (text or protocol):
        found["tcp_ports"] = text or ANY_PORT
    if protocol is not Protocol.TCP and (text or protocol):
        found["udp_ports"] = text or ANY_PORT
    if necessary is False:
        found["notes"] = OPTIONAL
    return found


def _ports(ports: tuple[tuple[int, int], ...]) -> str:
    return ",".join(f"{first}" if first == last else f"{first}-{last}" for first, last in ports)


def _encode(document: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def versions(latest: Iterable[tuple[str, int]]) -> bytes:
    """``/v1/version``."""
    return _encode([Latest(name, version_text(serial)) for name, serial in latest])
