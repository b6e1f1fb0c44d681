"""Laws of lists that are merged: never wider than the list, and as few prefixes as can be."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from gatepost.formats.base import Collapse, Edition
from gatepost.formats.edl import Edl
from gatepost.formats.f5 import F5
from gatepost.formats.fortinet import Fortinet
from gatepost.formats.gdc import Gdc
from gatepost.formats.juniper import Juniper
from gatepost.formats.txt import Txt
from gatepost.model.address import Family, Prefix, parse_v4, parse_v6
from gatepost.model.entry import Domain, Entry, Protocol
from gatepost.planning.canonical import canonical
from gatepost.targets._feed_rendering import Made, Recipe, make
from rigs.devices import big_ip, check_point, fortigate, junos, networks, pan_os

AT = datetime(2026, 1, 5, 8, tzinfo=UTC)
READERS = {
    "edl": pan_os,
    "f5": big_ip,
    "fortinet": fortigate,
    "gdc.json": lambda data: [one for ranges in check_point(data).values() for one in ranges],
    "juniper": junos,
    "txt": lambda data: networks([line for line in data.decode().splitlines() if "/" in line]),
}
RECIPE = Recipe((Edl(), F5(), Fortinet(), Gdc(), Juniper(), Txt()), False, None, 1)  # noqa: FBT003 - not strict
BASES = {Family.V4: parse_v4("101.126.59.0"), Family.V6: parse_v6("2402:4e00::")}


def near(family: Family, number: int, length: int) -> Prefix:
    """Of the last four bits: many of them touch, and overlap."""
    return Prefix(family, BASES[family] + (number >> length << length), family.bits - length)


prefixes = st.builds(near, st.sampled_from(Family), st.integers(0, 15), st.integers(0, 4))
served = st.builds(
    Entry,
    value=st.one_of(prefixes, st.just(Domain("i.work.weixin.qq.com"))),
    protocol=st.sampled_from([None, *Protocol]),
    ports=st.sampled_from([(), ((443, 443),), ((80, 80), (8000, 8010))]),
    necessary=st.sampled_from([None, True, False]),
)
lists = st.lists(served, min_size=1, max_size=12).map(canonical)


def shown(made: Made, form: str, family: Family | None, way: Collapse | None):
    """The networks that a device reads for such a question, and how many are said to be there."""
    for one in made.manifest.renditions:
        ways = one.collapse if one.variant else (None, *one.collapse)
        if (one.format, one.family, one.suffix) == (form, family, "") and way in ways:
            return READERS[form](made.data[one.files["identity"].path]), one.count
    return [], 0


def collapsed(found):
    """The fewest that hold the same, by Python's own reckoning."""
    versions = ([one for one in found if one.version == version] for version in (4, 6))
    return [one for few in versions for one in ipaddress.collapse_addresses(few)]


@given(entries=lists, family=st.sampled_from([None, *Family]), form=st.sampled_from([*READERS]))
def test_merged_is_the_same_addresses_in_the_fewest_prefixes(entries, family, form):
    """Merged, a device reads exactly the list's addresses, not one more, in as few prefixes as can be."""
    made = make(Edition("webhooks", 7, AT, entries), RECIPE, None, None)
    values = [each.value for each in entries if isinstance(each.value, Prefix)]
    listed = networks([str(each) for each in values if family in (None, each.family)])
    merged, count = shown(made, form, family, Collapse.CIDR)
    assert merged == collapsed(listed)
    names = form == "txt" and family is None and len(values) < len(entries)
    assert count == len(merged) + names


@given(entries=lists, family=st.sampled_from([None, *Family]), form=st.sampled_from([*READERS]))
def test_not_merged_is_the_list_itself(entries, family, form):
    """Not merged, a device reads each of the list's own prefixes once; without a word, the merged ones."""
    made = make(Edition("webhooks", 7, AT, entries), RECIPE, None, None)
    values = dict.fromkeys(each.value for each in entries if isinstance(each.value, Prefix))
    apart, _ = shown(made, form, family, Collapse.NONE)
    assert apart == networks([str(each) for each in values if family in (None, each.family)])
    assert shown(made, form, family, None) == shown(made, form, family, Collapse.CIDR)
