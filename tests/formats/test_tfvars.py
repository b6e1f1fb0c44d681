from __future__ import annotations

import json
import re
from dataclasses import replace

from gatepost.formats.tfvars import Tfvars
from rigs.golden import EDITION, is_golden


def test_golden():
    """The document, exactly as recorded."""
    assert is_golden(Tfvars())


def test_one_variable():
    """One variable, named by a Terraform identifier that no other list has."""
    document = json.loads(Tfvars().render(replace(EDITION, list="web-hooks-2")))
    assert [*document] == ["gatepost_web_hooks_2"]
    assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", *document)


def test_what_rules_need():
    """Each range of ports is a row; a list of addresses by family needs no expression to be used."""
    ((_, value),) = json.loads(Tfvars().render(EDITION)).items()
    assert value["cidrs_ipv6"] == ["2402:4e00::/32", "2408:8756::5/128"]
    assert value["domains"][0] == "i.work.weixin.qq.com"
    ranges = [
        (row["from_port"], row["to_port"]) for row in value["entries"] if row["value"] == "111.230.0.0/16"
    ]
    assert ranges == [(80, 80), (443, 443), (8000, 8010)]


def test_the_same_members_in_every_row():
    """All rows are objects of one type, as a Terraform list needs them."""
    ((_, value),) = json.loads(Tfvars().render(EDITION)).items()
    assert {tuple(row) for row in value["entries"]} == {
        ("value", "type", "protocol", "from_port", "to_port", "necessary")
    }
