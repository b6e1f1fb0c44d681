from __future__ import annotations

import pytest

from gatepost.formats.base import Format, list_text, value_text
from gatepost.kit.discovery import plugins
from gatepost.model.entry import Domain
from rigs.golden import GOLDEN


def test_each_golden_file_has_its_format():
    """No golden file is left over, and no format is without."""
    names = [found.name for found in plugins("gatepost.formats", Format)]
    assert {each.suffix[1:] for each in GOLDEN.iterdir()} == set(names)


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
