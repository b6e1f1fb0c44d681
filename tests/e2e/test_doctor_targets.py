"""``gatepost doctor --target``: whether the list in the kernel has any effect."""

from __future__ import annotations

import pytest

from rigs.nftables import NamespaceRunner, namespace
from rigs.program import Program
from rigs.sites import HISTORY, in_file, in_kernel, listed, own

CONFIG = (
    HISTORY
    + own("61.0.0.0/24", "61.0.1.7")
    + listed("own", "web")
    + in_kernel("web")
    + in_file("web", "copy")
)
RULES = """
table inet gatepost {
    chain web {
        type filter hook input priority filter; policy accept;
        tcp dport 443 ip saddr @edge_v4 accept
        tcp dport 443 drop
    }
}
"""


@pytest.fixture(scope="module")
def kernel():
    with namespace() as made:
        yield made


@pytest.fixture(scope="module")
def applied(kernel: NamespaceRunner, tmp_path_factory: pytest.TempPathFactory) -> Program:
    program = Program(tmp_path_factory.mktemp("site"), enter=kernel.enter)
    program.write(CONFIG)
    program.json("apply", "--yes")
    return program


def of_target(document, name: str = "edge") -> list[tuple[str, str]]:
    """Severity and kind of what the examination of one target found."""
    found = [one["finding"] for one in document["findings"] if one["what"] == f"target {name}"]
    return [(one["severity"], one["kind"]) for one in found if one]


def test_a_list_without_effect_is_wrong(kernel, applied):
    """No rule: exit 1 and the next step; a right rule: exit 0 and nothing but good."""
    document = applied.json("doctor", "--target", "edge", code=1)
    assert (document["ok"], of_target(document)) == (False, [("wrong", "unreferenced")])
    wrong = next(one["finding"] for one in document["findings"] if one["finding"])
    assert "docs/targets/nftables.md" in wrong["next_step"]
    kernel.nft("-f", "-", text=RULES)
    document = applied.json("doctor", "--target", "edge")
    kernel.nft("delete", "chain", "inet", "gatepost", "web")
    assert (document["ok"], of_target(document)) == (True, [("good", "effective")])
    assert all(one["good"] for one in document["findings"])


def test_what_nobody_can_tell_is_not_good(kernel, applied):
    """An accept before the rule that may match is told beside the good finding, and the exit code is 1."""
    service = "tcp dport 443 ip"
    kernel.nft("-f", "-", text=RULES.replace(service, f"limit rate 9/second accept; {service}", 1))
    document = applied.json("doctor", "--target", "edge", code=1)
    told = applied("doctor", "--target", "edge").ended(1).out
    kernel.nft("delete", "chain", "inet", "gatepost", "web")
    assert not document["ok"]
    assert of_target(document)[:2] == [("good", "effective"), ("unsure", "uncertain")]
    assert "UNSURE target edge: uncertain: cannot be decided from the rules alone" in told


@pytest.mark.parametrize(
    ("early", "own", "found"),
    [
        ("ip saddr != 61.0.0.1 drop", "", [("wrong", "blocked")]),
        ("ip saddr != 203.0.113.1 accept", "", [("wrong", "shadowed")]),
        ("", "limit rate 1/hour", [("unsure", "uncertain")]),
        ("", "meta mark 7", [("unsure", "uncertain")]),
        ("", 'iifname "eth9"', [("good", "effective"), ("unsure", "uncertain")]),
    ],
)
def test_a_list_that_holds_in_part(kernel, applied, early, own, found):
    """What keeps some listed out, lets many others in, or hangs on something is never exit 0."""
    service = "tcp dport 443 ip saddr @edge_v4"
    kernel.nft("-f", "-", text=RULES.replace(service, f"{early}\n{service} {own}", 1))
    document = applied.json("doctor", "--target", "edge", code=1)
    kernel.nft("delete", "chain", "inet", "gatepost", "web")
    assert of_target(document) == found


def test_which_targets_are_looked_at(applied):
    """All, where none is named or by that word; those that are named; none, where sources are."""
    everything = applied.json("doctor", code=1)
    named = applied.json("doctor", "--target", "copy")
    by_word = applied.json("doctor", "--target", "all", code=1)
    source = applied.json("doctor", "own")
    for document in (everything, by_word):
        assert of_target(document)
        assert of_target(document, "copy")
    assert not of_target(named)
    assert of_target(named, "copy")
    assert [one["what"] for one in source["findings"] if "target" in one["what"]] == []
    whats = [one["what"] for one in by_word["findings"]]
    assert "source own" in [one["what"] for one in everything["findings"]]
    assert "source own" not in whats
    assert applied.json("doctor", "--target", "nope", code=1)["error"]["kind"] == "UsageError"


def test_what_people_read(applied):
    """Mark, kind, sentence, exact words and next step; in Chinese too."""
    told = applied("doctor", "--target", "edge").ended(1).out
    assert "WRONG  target edge: unreferenced: no rule refers to the sets: the list has no effect" in told
    assert "no rule of table inet gatepost refers to the sets" in told
    assert "→ Add the rules that docs/targets/nftables.md shows" in told
    chinese = applied("doctor", "--target", "edge", "--lang", "zh").ended(1).out
    assert "没有规则引用这些集合" in chinese
    assert "→ 请添加 docs/targets/nftables.md 给出的规则" in chinese


def test_rights(applied):
    """What the kernel lets this run do: wrong without CAP_NET_ADMIN where a target needs it."""
    good = next(one for one in applied.json("doctor", code=1)["findings"] if one["what"] == "rights")
    assert good["good"] is True
    assert good["text"].startswith("CAP_NET_ADMIN: yes, AF_NETLINK: yes, nft: v")
    without = Program(applied.folder, enter=[*applied.enter, "setpriv", "--bounding-set", "-net_admin", "--"])
    wrong = next(one for one in without.json("doctor", code=1)["findings"] if one["what"] == "rights")
    assert wrong["good"] is False
    assert wrong["text"].startswith("CAP_NET_ADMIN: NO")
    assert [one["what"] for one in applied.json("doctor", "--target", "copy")["findings"]].count(
        "rights"
    ) == 0
