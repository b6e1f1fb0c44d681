from __future__ import annotations

import pytest

from gatepost.formats.base import Format, Proxy, list_text, value_text
from gatepost.kit.discovery import plugins
from gatepost.model.entry import Domain
from rigs.golden import GOLDEN


def test_each_golden_file_has_its_format():
    """No golden file is left over, and no format is without."""
    names = [found.name for found in plugins("gatepost.formats", Format)]
    assert {each.name.partition(".")[2] for each in GOLDEN.iterdir()} == set(names)


@pytest.mark.parametrize(
    "name",
    [
        "a.com\n",
        "a.com;",
        "a..com",
        "com",
        "-a.com",
        "a-.com",
        "a.com.",
        "A.com",
        "é.com",
        "*.com",
        "1.2.3.44",
        "",
    ],
)
def test_domains_of_wrong_form(name):
    """A domain that is not in A-label form is refused by whatever renders it."""
    with pytest.raises(ValueError, match="A-label"):
        value_text(Domain(name))


@pytest.mark.parametrize("name", ["a." + "b" * 64, ".".join(["a" * 60] * 5) + ".com"])
def test_domains_too_long(name):
    """No label is longer than 63 octets and no name longer than 253 (RFC 1035 §2.3.4)."""
    with pytest.raises(ValueError, match="A-label"):
        value_text(Domain(name))


@pytest.mark.parametrize("name", ["", "a b", "a\n", "A", "a" * 41])
def test_list_of_wrong_form(name):
    """A list's name that configuration would refuse is refused here too."""
    assert list_text("webhooks-2") == "webhooks-2"
    with pytest.raises(ValueError, match="name"):
        list_text(name)


@pytest.mark.parametrize(
    "ways", ["DIRECT", "PROXY a.example.com:3128", "HTTPS 192.0.2.1:443; SOCKS5 b:1080; DIRECT"]
)
def test_proxies(ways):
    """What browsers take as an answer is taken here."""
    assert Proxy(ways).ways == ways


@pytest.mark.parametrize(
    "ways",
    [
        "",
        "a.example.com:3128",
        "PROXY a",
        "PROXY a:0",
        'PROXY a:1"; evil()',
        "DIRECT\n",
        "direct",
        "PROXY a:1,",
    ],
)
def test_no_proxies(ways):
    """Any other text is refused: it would become part of a script."""
    with pytest.raises(ValueError, match="proxy"):
        Proxy(ways)
