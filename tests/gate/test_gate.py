"""A gate: closed until loaded, swapped whole, never emptied."""

from __future__ import annotations

import threading

import pytest

from gatepost.errors import ConfigInvalid, EmptyAnswer, ValuesRefused
from gatepost.gate import gate as module
from gatepost.gate.client_address import Doubt
from gatepost.gate.gate import EXAMINED_MAX, Gate, Policy
from gatepost.gate.listing import Edition, Listing
from gatepost.gate.trust import Trust
from gatepost.gate.verdict import Refusal, Unlisted, Verdict, pin_command
from gatepost.model.content import Allowlist, Override, State
from gatepost.model.entry import Direction
from gatepost.planning.compose import compose
from gatepost.planning.normalise import parse_value
from rigs.answers import START, accepted, hosts
from rigs.gates import Signed, Told, a_gate, listing


def test_closed_until_loaded():
    """G7: without a list nobody is let in, whoever it is."""
    verdict = Gate().standing.judge("101.126.59.7", 1, ())
    assert (verdict.match, verdict.refusal) == (None, Refusal.NOT_LOADED)


def test_the_verdict_says_why():
    """Who is calling, which entry lets it in, from which source, of which serial."""
    verdict = a_gate("101.126.59.0/24").standing.judge("101.126.59.7", 1, ())
    assert verdict.client == "101.126.59.7"
    assert verdict.match is not None
    assert (verdict.match.value, verdict.match.source) == ("101.126.59.0/24", "feishu-events")
    assert verdict.edition == Edition("webhooks", 7)
    refused = a_gate("101.126.59.0/24").standing.judge("101.126.60.7", 1, ())
    assert refused == Verdict("101.126.60.7", None, Refusal.UNLISTED, Edition("webhooks", 7))
    in_doubt = a_gate("101.126.59.0/24").standing.judge("fe80::1%eth0", 1, ())
    assert (in_doubt.client, in_doubt.refusal) == (None, Doubt.PEER)


def test_a_list_out_of_the_store_knows_source_and_state():
    """Entries of sources, in grace and pinned; what is excluded does not let in."""
    pins = (Override(parse_value("203.0.113.7"), "canary"),)
    exclusions = (Override(parse_value("101.126.59.8"), "no"),)
    allowlist = Allowlist("webhooks", Direction.INGRESS, ("events",), pins=pins, exclusions=exclusions)
    content = compose(allowlist, {"events": accepted("101.126.59.0/29", "101.126.59.8", "a.qq.com")}, START)
    found = Listing.of_content(Edition("webhooks", 3, START), content)
    pinned, listed = found.find("203.0.113.7"), found.find("101.126.59.7")
    assert pinned is not None
    assert listed is not None
    assert (pinned.source, pinned.state) == ("pin", State.PINNED)
    assert (listed.source, listed.state, listed.since) == ("events", State.LISTED, START)
    assert found.find("101.126.59.8") is None
    assert found.addresses == (9, 0)


def test_a_list_that_no_list_may_be_is_refused():
    """Empty, of names only, or wider than any list may hold."""
    for values in ((), ("a.qq.com",)):
        with pytest.raises(EmptyAnswer):
            listing(*values)
    for wide in ("0.0.0.0/0", "8.0.0.0/7", "::/0", "2000::/15"):
        with pytest.raises(ValuesRefused, match="wider"):
            listing("101.126.59.7", wide)


def test_addresses_are_counted_once():
    """Prefixes within prefixes, and the same twice, add nothing."""
    values = ("101.126.59.0/24", "101.126.59.7", "101.126.59.0/24", "101.126.60.0/31", "2400:da00::/64")
    assert listing(*values).addresses == (258, 1 << 64)


def test_a_swap_is_seen_by_the_next_request_and_forgets_what_was_said():
    """A client that came before is judged by the new list."""
    gate = a_gate("101.126.59.7")
    standing = gate.standing
    assert standing.learn("101.126.59.7", "101.126.59.7", 1, ()).match
    gate.swap(listing("101.126.59.8"))
    assert gate.standing is not standing
    assert not gate.standing.memo
    assert not gate.standing.judge("101.126.59.7", 1, ()).match
    assert standing.judge("101.126.59.7", 1, ()).match


def test_a_policy_is_swapped_as_a_whole():
    """Another policy keeps the list, and forgets what was said under the old one."""
    gate = a_gate("101.126.59.7")
    held = gate.standing.listing
    gate.configure(Policy(Trust(["10.0.0.1"]), status=404))
    assert gate.standing.listing is held
    assert gate.standing.judge("10.0.0.1", 1, ["101.126.59.7"]).match
    assert gate.standing.policy.status == 404


def test_no_reader_sees_half_a_swap():
    """While lists change under load, each verdict is that of the list whose serial it names."""
    gate = Gate()
    wrong: list[Verdict] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            standing = gate.standing
            verdict = standing.learn("101.126.59.7", "101.126.59.7", 1, ())
            odd = (
                verdict.edition is not None
                and verdict.edition.serial is not None
                and verdict.edition.serial % 2
            )
            if (verdict.match is not None) != bool(odd):
                wrong.append(verdict)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for serial in range(2, 600):
        gate.swap(listing("101.126.59.7" if serial % 2 else "101.126.59.8", serial=serial))
    done.set()
    for reader in readers:
        reader.join()
    assert wrong == []


def test_a_list_cut_off_is_not_believed_at_once():
    """More than 30 % gone counts only after three equal readings; anything else starts again."""
    gate = a_gate(*hosts(0, 99))
    short, shorter = listing(*hosts(0, 60)), listing(*hosts(0, 59))
    assert gate.offer(short) is False
    assert gate.is_waiting
    assert gate.standing.listing is not None
    assert gate.standing.listing.entries == 100
    assert [gate.offer(one) for one in (short, shorter, shorter)] == [False, False, False]
    assert gate.offer(listing(*hosts(0, 98)))
    assert not gate.is_waiting
    assert [gate.offer(one) for one in (short, short, short)] == [False, False, True]
    assert gate.standing.listing.entries == 61


def test_a_family_that_is_gone_is_a_sudden_loss_too():
    """Each family is measured by itself; growing, and losing a little, is taken at once."""
    gate = a_gate("101.126.59.0/24", "2400:da00::/64")
    assert not gate.offer(listing("101.126.59.0/24"))
    assert gate.offer(listing("101.126.59.0/24", "101.126.60.0/22", "2400:da00::/63"))
    assert gate.offer(listing("101.126.60.0/22", "2400:da00::/63"))


def test_a_flood_of_clients_costs_no_memory():
    """Verdicts are remembered up to a bound, long headers never."""
    gate = a_gate("101.126.59.7", policy=Policy(Trust(["10.0.0.1"])))
    standing = gate.standing
    for number in range(module.MEMO_MAX + 10):
        standing.learn(("10.0.0.1", str(number)), "10.0.0.1", 1, [f"9.9.{number >> 8 & 255}.{number & 255}"])
    assert len(standing.memo) <= module.MEMO_MAX
    before = len(standing.memo)
    standing.learn("x", "10.0.0.1", 1, ["x" * (module.MEMO_TEXT_MAX + 1)])
    standing.learn("y", "203.0.113.9", 0, [])
    standing.learn("z", "10.0.0.1", 1, [""] * (module.MEMO_TEXT_MAX + 1))
    assert len(standing.memo) == before


def test_an_unlisted_address_that_signs_is_told_once():
    """Each address of each list once, with the line that pins it; all are counted."""
    told = Told()
    gate = a_gate("101.126.59.7", check=Signed(), on_unlisted=told)
    for peer in ("203.0.113.9", "203.0.113.9", "2001:db8::9"):
        gate.report_unlisted(gate.standing.judge(peer, 1, ()))
    assert gate.counts.unlisted_signed == 3
    assert told == [
        Unlisted("feishu", "203.0.113.9", "webhooks", pin_command("webhooks", "203.0.113.9", "feishu")),
        Unlisted("feishu", "2001:db8::9", "webhooks", pin_command("webhooks", "2001:db8::9", "feishu")),
    ]
    assert told[0].command == (
        "gatepost pin webhooks 203.0.113.9 --why 'calls with a valid feishu signature, unlisted'"
    )
    for number in range(module.REPORTED_MAX + 5):
        gate.report_unlisted(gate.standing.judge(f"9.9.{number >> 8}.{number & 255}", 1, ()))
    gate.report_unlisted(gate.standing.judge("203.0.113.9", 1, ()))
    assert len(told) == 2 + module.REPORTED_MAX + 5 + 1


def test_a_few_bodies_are_examined_at_once():
    """Who floods us with signatures to look at is refused unread."""
    gate = a_gate("101.126.59.7", check=Signed())
    assert [gate.may_examine() for _ in range(EXAMINED_MAX + 1)] == [True] * EXAMINED_MAX + [False]
    gate.examined()
    assert gate.may_examine()
    gate.forked()
    assert gate.may_examine()


@pytest.mark.parametrize(
    "options", [{"status": 200}, {"status": 503}, {"retry_after": 0}, {"max_body": 0}, {"self_test": "x"}]
)
def test_a_policy_that_is_none_is_refused(options):
    """A refusal has a refusal's status; bounds are above nothing."""
    with pytest.raises(ConfigInvalid):
        Policy(**options)


def test_a_check_needs_a_clock():
    """Freshness cannot be judged without one."""
    with pytest.raises(ConfigInvalid, match="clock"):
        Gate(check=Signed())
    assert Gate().ip_only
    assert not a_gate(check=Signed()).ip_only
