"""What asking a source showed of its way."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gatepost.config.settings import SourceSettings
from gatepost.engine.diagnosing import Asked, diagnose
from gatepost.kit.contact import Contact
from gatepost.model.entry import Direction
from gatepost.platforms.base import Bounds
from gatepost.testing import MemorySource

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)
SOURCE = SourceSettings(
    name="events",
    plugin=MemorySource,
    options=MemorySource.Options(),
    account="main",
    direction=Direction.INGRESS,
    every=timedelta(hours=1),
    stale_after=timedelta(days=1),
    bounds=Bounds(),
    deadline=5.0,
)
CONTACT = Contact("open.feishu.cn", 0.4, "192.0.2.7", NOW + timedelta(days=80), "Acme")


def told(*contacts: Contact, **more: Asked) -> dict[str, tuple[str, str]]:
    """Severity and message of each kind of finding."""
    one = Asked(SOURCE, 3, contacts)
    return {f.kind: (f.severity.value, f.message) for f in diagnose(one, [one, *more.values()], NOW)}


def test_all_is_well():
    """Clock, certificates, way and quota, each in one sentence with its number."""
    assert told(CONTACT) == {
        "clock": ("good", "This host's clock and open.feishu.cn's are 0 s apart."),
        "certificate": (
            "good",
            "The certificates of open.feishu.cn, signed by Acme, verify until 2026-03-26, 80 days from now.",
        ),
        "egress": (
            "good",
            "open.feishu.cn was asked directly from 192.0.2.7; behind NAT it sees another address.",
        ),
        "quota": ("good", "The account main is asked about 72 times a day by 1 source."),
    }


@pytest.mark.parametrize(("skew", "words"), [(90.0, "90 s behind"), (-3600.0, "3600 s ahead of")])
def test_a_clock_that_is_off(skew, words):
    """More than a minute is wrong, told with the way it is off."""
    severity, message = told(replace(CONTACT, skew=skew))["clock"]
    assert severity == "wrong"
    assert words in message


@pytest.mark.parametrize(("days", "severity"), [(13, "note"), (2, "unsure"), (-1, "unsure"), (15, "good")])
def test_certificates_that_end(days, severity):
    """Told of two weeks before, doubted three days before."""
    seen = told(replace(CONTACT, expires=NOW + timedelta(days=days)))["certificate"]
    assert seen[0] == severity


def test_what_is_not_told_is_not_made_up():
    """No date, no TLS, no account: nothing is said of them; through a proxy, that is said."""
    assert set(told(Contact("h", None, proxied=True))) == {"proxy", "quota"}
    bare = Asked(replace(SOURCE, account=None), 0, ())
    assert diagnose(bare, [bare], NOW) == ()


def test_the_quota_is_the_accounts():
    """Sources that share an account are summed; others are not; too many is told."""
    busy = Asked(replace(SOURCE, name="b", every=timedelta(seconds=10)), 2, ())
    other = Asked(replace(SOURCE, name="c", account="other"), 9, ())
    severity, message = told(CONTACT, busy=busy, other=other)["quota"]
    assert (severity, message) == ("note", "The account main is asked about 17352 times a day by 2 sources.")
