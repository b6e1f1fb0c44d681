from __future__ import annotations

from gatepost.formats.squid import Squid
from rigs.golden import is_golden, lines


def test_golden():
    """Prefixes for an ACL, exactly as recorded."""
    assert is_golden(Squid())


def test_no_domain():
    """Domains are left out: Squid could only widen a tree by the name above it."""
    assert not any("qq.com" in line for line in lines(Squid()))
    assert not Squid.capabilities.domains
