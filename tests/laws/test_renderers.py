"""Laws of everything that is written into a device's syntax."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gatepost.formats.base import Edition, Format, Proxy
from gatepost.formats.pac import SCRIPT
from gatepost.kit.discovery import plugins
from gatepost.kit.process import Finished
from gatepost.model.address import Family, Prefix
from gatepost.model.entry import Domain, Entry, Protocol
from gatepost.model.plan import Current
from gatepost.planning.digest import digest_entries
from gatepost.targets.nftables import Nftables
from rigs.plans import entries as canonical
from rigs.plans import plan_for

FORMATS = {found.name: found() for found in plugins("gatepost.formats", Format)}
AT = datetime(2026, 1, 5, 8, tzinfo=UTC)
PROXY = Proxy("PROXY a:1")
POISON = "POISON-é\"'`;}{$()\n\r\0#--=cmd()|<script>@all"


def prefix(family: Family, number: int, length: int) -> Prefix:
    """The network of that length around an address."""
    hosts = family.bits - length
    return Prefix(family, number >> hosts << hosts, length)


free_text = st.one_of(st.just(POISON), st.text(max_size=40))
labels = st.text("abz09", min_size=1, max_size=8)
names = st.lists(labels, min_size=1, max_size=3).map(lambda found: ".".join([*found, "xn--p1ai"]))
prefixes = st.one_of(
    st.builds(prefix, st.just(Family.V4), st.integers(0, 2**32 - 1), st.integers(0, 32)),
    st.builds(prefix, st.just(Family.V6), st.integers(0, 2**128 - 1), st.integers(0, 128)),
)
ports = st.lists(st.tuples(st.integers(1, 65535), st.integers(1, 65535)), max_size=3).map(tuple)
good = st.builds(
    Entry,
    value=st.one_of(prefixes, st.builds(Domain, names, st.booleans())),
    protocol=st.sampled_from([None, *Protocol]),
    ports=ports,
    necessary=st.sampled_from([None, True, False]),
    note=st.one_of(st.none(), free_text),
)

LINES = {
    "txt": r"[0-9a-f:.]+/\d+|(\*\.)?[a-z0-9.-]+",
    "edl": r"[0-9a-f:.]+/\d+",
    "domains": r"(\*\.)?[a-z0-9.-]+",
    "nginx": r"[0-9a-f:.]+/\d+ 1;",
    "haproxy": r"[0-9a-f:.]+/\d+",
    "haproxy-map": r"[0-9a-f:.]+/\d+ webhooks",
    "squid": r"[0-9a-f:.]+/\d+",
    "fortinet": r"[0-9a-f:.]+/\d+",
    "juniper": r"[0-9a-f:.]+/\d+",
    "f5": r"[0-9a-f:.]+,\d+,wl,",
    "rsc": r"/ip(v6)? firewall address-list"
    r'|:do \{ add list=gatepost-webhooks address=(?P<a>[0-9a-f:./]+) comment="gatepost 7" \} on-error='
    r'\{ set \[find where list="gatepost-webhooks" and address="(?P=a)"\] comment="gatepost 7" \}'
    r'|:if \(\[:len \[find where list="gatepost-webhooks" and comment="gatepost 7"\]\] = \d+\) do=\{ remove '
    r'\[find where list="gatepost-webhooks" and comment~"\^gatepost " and comment!="gatepost 7"\] \} else='
    r'\{ :log error "gatepost-webhooks: not every address was taken, so none was removed" \}',
    "pac": r"// gatepost webhooks serial 7|var gatepost(Names|Trees|Ranges) = [{\[]|[}\]];"
    r'|var gatepostOthers = "PROXY a:1";|  "[a-z0-9.-]+": 1,?|  \[\d+, \d+\],?|'
    + "|".join(map(re.escape, SCRIPT.splitlines())),
    "gdc.json": r' *[\]\[}{]+,?| *"[a-z]+": ("[a-zA-Z0-9 .-]*"|\[|\[\]),?| *"[0-9a-f:.]+/\d+",?',
    "tfvars.json": r' *[\]\[}{]+,?| *"[a-z0-9_]+": ("[a-z0-9:./*-]*"|\d+|null|true|false|\[|\[\]|\{),?'
    r'| *"[a-z0-9:./*-]+",?',
    "csv": r"value,type,protocol,ports,necessary"
    r"|[0-9a-f:./]+,prefix,(tcp|udp)?,[0-9 -]*,(true|false)?"
    r"|[a-z0-9.*-]+,domain,(tcp|udp)?,[0-9 -]*,(true|false)?",
    "json": r' *[\]\[}{]+,?| *"[A-Za-z0-9]+": ("[a-zA-Z0-9:./*-]*"|\d+|null|true|false|\[|\[\]|\{),?| *\d+,?',
}


@pytest.mark.parametrize("name", FORMATS)
@given(entries=st.lists(good, max_size=8).map(tuple))
def test_every_line_has_the_form_of_its_format(name, entries):
    """Whatever the notes say, each line of a rendering is of the one form that its format has."""
    rendered = FORMATS[name].render(Edition("webhooks", 7, AT, entries, proxy=PROXY)).decode("ascii")
    assert rendered.endswith("\n") or not rendered
    for line in rendered.split("\n")[:-1]:
        assert re.fullmatch(LINES[name], line), line


@pytest.mark.parametrize("name", FORMATS)
@given(entries=st.lists(good, max_size=8).map(tuple))
def test_notes_change_nothing(name, entries):
    """The bytes are the same with other notes, or none: not one byte of a rendering is free text."""
    bare = tuple(Entry(each.value, each.protocol, each.ports, each.necessary) for each in entries)
    poisoned = tuple(Entry(each.value, each.protocol, each.ports, each.necessary, POISON) for each in entries)
    editions = (Edition("webhooks", 7, AT, each, proxy=PROXY) for each in (bare, poisoned, entries))
    rendered = [FORMATS[name].render(each) for each in editions]
    assert rendered[0] == rendered[1] == rendered[2]


@pytest.mark.parametrize("name", FORMATS)
@given(text=free_text)
def test_a_domain_of_free_text_is_refused(name, text):
    """A domain that slipped through as free text is left out or refused, never written."""
    assume(not re.fullmatch(r"([a-z0-9-]+\.)+[a-z0-9-]+", text))
    edition = Edition("webhooks", 7, AT, (Entry(Domain(text)),), proxy=PROXY)
    try:
        rendered = FORMATS[name].render(edition)
    except ValueError:
        return
    assert rendered == FORMATS[name].render(Edition("webhooks", 7, AT, (), proxy=PROXY))


@given(entries=st.lists(good, max_size=8).map(tuple))
def test_json_and_csv_say_everything(entries):
    """What JSON and CSV say of a list is the list."""
    edition = Edition("webhooks", 7, AT, entries)
    said = json.loads(FORMATS["json"].render(edition))["gatepost"]["entries"]
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"].render(edition).decode())))
    for entry, one, row in zip(entries, said, rows, strict=True):
        assert (one["value"], one["protocol"], one["necessary"]) == (
            str(entry.value),
            entry.protocol,
            entry.necessary,
        )
        assert [*map(tuple, one["ports"])] == [*entry.ports]
        assert (row["value"], row["protocol"]) == (str(entry.value), entry.protocol or "")
        assert row["ports"] == " ".join(f"{first}-{last}" for first, last in entry.ports)


class Listening:
    """A runner for a fresh kernel that only listens."""

    def __init__(self) -> None:
        self.batch = b""

    async def run(self, argv, *, stdin=b"", timeout):  # noqa: ASYNC109, ARG002 - the runner's own
        """No table is there; a batch succeeds."""
        self.batch += stdin
        missing = list(argv[:4]) == ["nft", "-j", "list", "table"]
        return Finished("nft", int(missing), b'{"nftables": []}', b"")


STATEMENT = re.compile(
    r"create table inet gatepost|add set inet gatepost gatepost_owner \{ type mark; \}"
    r"|add set inet gatepost edge_v[46] \{ type ipv[46]_addr; flags interval; \}"
    r"|create set inet gatepost edge_gen \{ type mark; size 1; \}"
    r'|create element inet gatepost edge_gen \{ \d+ comment "gatepost sha256:[0-9a-f]{64}" \}'
    r"|add element inet gatepost edge_v[46] \{ [0-9a-f:., -]+ \}"
)


@pytest.mark.anyio
@given(wanted=st.lists(st.tuples(prefixes, free_text), min_size=1, max_size=8))
async def test_every_statement_of_nftables_has_its_form(wanted):
    """Whatever the notes say, a batch for the kernel is made of these six statements alone."""
    merged = canonical(*(str(value) for value, _ in wanted))
    desired = tuple(Entry(each.value, note=note) for each, (_, note) in zip(merged, wanted, strict=False))
    runner = Listening()
    target = Nftables("edge", Nftables.Options(), runner=runner)
    await target.apply(plan_for(Current(0, (), digest_entries(())), desired), desired)
    assert all(STATEMENT.fullmatch(line) for line in runner.batch.decode("ascii").splitlines())
    assert runner.batch
