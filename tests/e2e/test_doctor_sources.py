"""``gatepost doctor``: sources, and whether this host reaches what an egress list names."""

from __future__ import annotations

import pytest

from rigs.accounts import accounts, environment, write_secret_file
from rigs.canaries import Overhearing, find
from rigs.program import Program
from rigs.sites import in_file

LISTS = """
[store]
url = "sqlite:///history.db"

[sources.feishu]
kind = "feishu.events"
account = "feishu-main"

[sources.wecom]
kind = "wecom.callback"
account = "corp"

[sources.own]
kind = "static"
direction = "egress"
entries = ["61.0.0.0/24"]

[lists.webhooks]
direction = "ingress"
sources = ["feishu", "wecom"]

[lists.out]
direction = "egress"
sources = ["own"]
pin = [{ value = "*.example.com", why = "a tree" }, { value = "127.0.0.1", why = "loopback" }]
"""


@pytest.fixture(scope="module")
def emulator() -> Overhearing:
    """Platforms that remember every credential."""
    return Overhearing()


@pytest.fixture
def site(emulator, base_url, tmp_path) -> Program:
    """Two platforms and a list of our own."""
    emulator.reset()
    program = Program(tmp_path, environment(emulator))
    program.write(accounts(emulator, base_url, write_secret_file(emulator, tmp_path)) + LISTS)
    return program


def found(document, what: str) -> dict[str, str]:
    """Severity of each kind of finding on something."""
    told = [one["finding"] for one in document["findings"] if one["what"] == what and one["finding"]]
    return {one["kind"]: one["severity"] for one in told}


def test_a_good_source(site):
    """Entries, clock, way and quota of every source that asks by HTTP; exit 0; in Chinese too."""
    document = site.json("doctor", "feishu", "wecom")
    assert document["ok"] is True
    for name in ("feishu", "wecom"):
        assert found(document, f"source {name}") == {"clock": "good", "egress": "good", "quota": "good"}
    told = site("doctor", "feishu").ended(0).out
    assert "good   source feishu: clock: this host's clock, beside the platform's" in told
    assert "The account feishu-main is asked about" in told
    assert "本机时钟与平台时钟的对比" in site("doctor", "feishu", "--lang", "zh").ended(0).out


def test_a_clock_that_is_off(site, emulator):
    """An answer dated an hour from now: wrong, although the list is whole."""
    emulator.inject("skewed-date", platform="feishu", seconds=3600)
    document = site.json("doctor", "feishu", code=1)
    assert found(document, "source feishu")["clock"] == "wrong"
    told = site("doctor", "feishu").ended(1).out
    assert "s behind that of 127.0.0.1." in told
    assert "→ Set this host's clock" in told


@pytest.mark.parametrize("name", ["feishu", "wecom"])
def test_our_address_is_named(site, emulator, name):
    """Not on the platform's own allow-list: the address that it sees, its page, and what to do."""
    emulator.inject("caller-not-allowed", platform=name, address="198.51.100.77")
    document = site.json("doctor", name, code=1)
    error = next(one["error"] for one in document["findings"] if one["what"] == f"source {name}")
    assert error["kind"] == "AddressNotAllowed"
    assert "198.51.100.77" in error["hint"]
    assert error["links"]
    assert "198.51.100.77" in site("doctor", name).ended(1).out


def test_a_permission_is_granted_by_its_link(site, emulator):
    """A scope that lacks: the platform's own link to grant it is in the output."""
    app = next(iter(emulator.state.apps["feishu"].values()))
    app.scopes = []
    told = site("doctor", "feishu").ended(1).out
    assert "PermissionDenied" in told
    assert f"https://open.feishu.cn/app/{app.id}/auth?q=" in told


def test_what_is_pasted_holds_no_secret(site, emulator):
    """All of it, good and bad, both forms: no secret, token or signature that a platform ever saw."""
    places = {}
    for fault in (None, "caller-not-allowed", "wrong-secret"):
        if fault:
            emulator.inject(fault, platform="feishu")
        for form in ("-vv", "--json"):
            done = site("doctor", "--reach", form)
            places[f"{fault} {form}"] = (done.out + done.err).encode()
    assert len(emulator.secrets) > len(environment(emulator))
    assert find(places, emulator.secrets) == []
    assert b"source feishu" in places["None -vv"]


def test_what_an_egress_list_names_is_tried(site, base_url):
    """Only where it is asked for: an open port is reached, a closed one is wrong; the rest is counted."""
    port = base_url.rpartition(":")[2]
    early = site.json("doctor", "own", "--reach")
    assert found(early, "list out") == {}, "nothing was accepted yet"
    site.json("plan", "out")
    assert found(site.json("doctor", "own"), "list out") == {}
    document = site.json("doctor", "own", "--reach", "--reach-port", port)
    assert found(document, "list out") == {"reached": "good", "untried": "note"}
    wrong = site("doctor", "own", "--reach", "--reach-port", "1").ended(1).out
    assert "out_of_reach: what the list names cannot be reached from here" in wrong
    assert "127.0.0.1:1 (Connection refused)" in wrong
    assert "entries that were not tried: 1 (every name below a domain), 1 (networks)." in wrong
    assert [one["what"] for one in site.json("doctor", "feishu", "--reach")["findings"]][-1] == "reach"
    site.write(site.path.read_text() + in_file("out", "proxy"))
    site.json("apply", "out")
    by_target = site.json("doctor", "--target", "proxy", "--reach", "--reach-port", "1", code=1)
    assert found(by_target, "list out")["out_of_reach"] == "wrong"
