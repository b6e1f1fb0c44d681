"""Proxy auto-configuration: listed hosts directly, all others through the proxy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gatepost.formats.base import Edition, Format, domains, lines, list_text, prefixes, value_text
from gatepost.model.address import Family
from gatepost.model.plan import Capabilities, Granularity

SCRIPT = """\
function gatepostNumber(host) {
  var found = /^([0-9]{1,3})\\.([0-9]{1,3})\\.([0-9]{1,3})\\.([0-9]{1,3})$/.exec(host);
  var number = 0;
  for (var i = 1; found && i <= 4; i++) {
    if (found[i] > 255 || String(Number(found[i])) !== found[i]) return -1;
    number = number * 256 + Number(found[i]);
  }
  return found ? number : -1;
}
function gatepostInRange(number) {
  var low = 0, high = gatepostRanges.length - 1;
  while (low <= high) {
    var middle = (low + high) >> 1, range = gatepostRanges[middle];
    if (number < range[0]) high = middle - 1;
    else if (number > range[1]) low = middle + 1;
    else return true;
  }
  return false;
}
function gatepostHas(table, name) {
  return Object.prototype.hasOwnProperty.call(table, name);
}
function gatepostIsListed(host) {
  var number = gatepostNumber(host);
  if (number >= 0) return gatepostInRange(number);
  if (gatepostHas(gatepostNames, host)) return true;
  for (var dot = host.indexOf("."); dot > 0; dot = host.indexOf(".", dot + 1)) {
    if (gatepostHas(gatepostTrees, host.slice(dot + 1))) return true;
  }
  return false;
}
function FindProxyForURL(url, host) {
  return gatepostIsListed(host.toLowerCase().replace(/\\.$/, "")) ? "DIRECT" : gatepostOthers;
}
"""


class Pac(Format):
    """What browsers run for each request: a listed host is ``DIRECT``, any other takes the proxy given.

    No name is looked up: an address counts only where it stands in the URL itself,
    and only IPv4, which is all that the functions of this format know.
    Reference: https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/Proxy_servers_and_tunneling/Proxy_Auto-Configuration_PAC_file
    """

    name = "pac"
    media_type = "application/x-ns-proxy-autoconfig"
    capabilities = Capabilities(frozenset({Family.V4}), domains=True, granularity=Granularity.FILE)
    needs_proxy = True

    def render(self, edition: Edition) -> bytes:
        """Three tables and the function. Raises ValueError where no proxy is given."""
        if edition.proxy is None:
            msg = "a proxy auto-configuration needs to know the proxy"
            raise ValueError(msg)
        names = [each for each in domains(edition.entries) if not each.tree]
        trees = [each for each in domains(edition.entries) if each.tree]
        return lines(
            [
                f"// gatepost {list_text(edition.list)} serial {int(edition.serial)}",
                f'var gatepostOthers = "{edition.proxy.ways}";',
                *_table("Names", "{}", (f'"{value_text(each)}": 1' for each in names)),
                *_table("Trees", "{}", (f'"{value_text(each)[2:]}": 1' for each in trees)),
                *_table("Ranges", "[]", (f"[{first:d}, {last:d}]" for first, last in _ranges(edition))),
                *SCRIPT.splitlines(),
            ]
        )


def _table(name: str, brackets: str, rows: Iterable[str]) -> Iterator[str]:
    """One row a line; no comma after the last, which old engines count as a row."""
    found = [*rows]
    yield f"var gatepost{name} = {brackets[0]}"
    yield from (f"  {row}{',' if place < len(found) else ''}" for place, row in enumerate(found, start=1))
    yield f"{brackets[1]};"


def _ranges(edition: Edition) -> Iterator[tuple[int, int]]:
    """First and last number, disjoint and in order, as the search in them needs it."""
    spans = sorted(
        (each.network, each.last) for each in prefixes(edition.entries) if each.family is Family.V4
    )
    before = -1
    for first, last in spans:
        if last > before:
            yield max(first, before + 1), last
            before = last
