"""What nft tells in its own language alone."""

from __future__ import annotations

from gatepost.targets._nft_outline import Outline

LISTING = b"""table inet gatepost {
\tcomment "flags dormant"
\tflags dormant

\tset edge_v4 {
\t\ttype ipv4_addr
\t\tflags interval
\t\tauto-merge
\t}

\tset edge_v6 {
\t\ttype ipv6_addr
\t}

\tchain c {
\t\tcomment "auto-merge"
\t}
}
table ip nat {
\tflags owner, dormant
}
table ip6 filter {
\tset other {
\t\tflags interval,timeout
\t}
}
table ip x; flush ruleset {
\tflags dormant
}
"""


def test_outline():
    """Tables, those that sleep, and sets that merge; nothing of a comment, or of a name that nft has not."""
    outline = Outline.read(LISTING)
    assert outline.tables == (("inet", "gatepost"), ("ip", "nat"), ("ip6", "filter"))
    assert outline.dormant == {("inet", "gatepost"), ("ip", "nat")}
    assert outline.merging == {("inet", "gatepost", "edge_v4")}


def test_as_the_kernel_has_it(kernel):
    """What is read is what nft prints."""
    kernel.nft("add", "table", "inet", "gatepost", "{ flags dormant; }")
    kernel.nft("add", "table", "ip", "other")
    kernel.nft("add", "set", "ip", "other", "s", "{ type ipv4_addr; flags interval; auto-merge; }")
    outline = Outline.read(kernel.nft("-t", "list", "ruleset").encode())
    assert outline.tables == (("inet", "gatepost"), ("ip", "other"))
    assert outline.dormant == {("inet", "gatepost")}
    assert outline.merging == {("ip", "other", "s")}
