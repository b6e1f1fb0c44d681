"""Laws of normalising and of differences."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gatepost.errors import GatepostError
from gatepost.model.entry import Entry, RawEntry, RawType
from gatepost.planning.diff import diff
from gatepost.planning.diff import patch as carried_out
from gatepost.planning.digest import digest_entries
from gatepost.planning.normalise import Normalised, Rules, normalise, parse_value

TEXTS = (
    "101.226.103.7", "101.226.103.7/32", " 101.226.103.7", "101.226.103.0/24", "101.226.103.*", "1.1.1.1",
    "2400:DA00:0::/32", "2400:da00::/32", "101.226.104.1-101.226.104.9", "010.8.8.8", "10.0.0.1", "x",
    "101.226.62.77/25", "qq.com", "*.work.weixin.qq.com", "WORK.weixin.qq.com", "::ffff:101.226.103.7",
)  # fmt: skip
PORTS = ((443, 443), (80, 81), (81, 90), (0, 1), (8000, 8010))
raw_entries = st.builds(
    RawEntry,
    value=st.sampled_from(TEXTS) | st.text(max_size=8),
    type=st.sampled_from(RawType),
    protocol=st.sampled_from([None, "tcp", "TCP", "udp", "any"]),
    ports=st.none() | st.lists(st.sampled_from(PORTS), min_size=1, max_size=4).map(tuple),
    necessary=st.sampled_from([None, True, False]),
    note=st.none() | st.text(max_size=4),
)
answers = st.lists(raw_entries, max_size=12)
rules = st.builds(
    Rules,
    st.booleans(),
    st.booleans(),
    st.sampled_from(["quarantine", "allow"]),
    st.sampled_from(["quarantine", "mask"]),
)


def seen(raw: list[RawEntry], by: Rules) -> Normalised:
    """Normalised, or nothing where the whole answer is refused."""
    try:
        return normalise(raw, by)
    except GatepostError:
        return Normalised((), ())


def written(entry: Entry) -> RawEntry:
    """An entry as a platform would write it."""
    text = str(entry.value)
    kind = RawType.ADDRESS if "/" in text else RawType.DOMAIN
    return RawEntry(text, kind, entry.protocol, entry.ports or None, entry.necessary, entry.note)


@given(answers, rules, st.randoms(use_true_random=False))
def test_normalising_is_order_free(raw: list[RawEntry], by: Rules, random):
    """The same answer in another order, or said twice, gives the same entries."""
    assert seen(random.sample(raw, len(raw)) + raw, by) == seen(raw, by)


@given(answers, rules)
def test_normalising_is_idempotent(raw: list[RawEntry], by: Rules):
    """What came out goes in again and comes out the same, with nothing withheld."""
    once = seen(raw, by)
    assert seen([written(entry) for entry in once.entries], by) == Normalised(once.entries, ())


@given(answers, rules)
def test_entries_are_sorted_and_unique(raw: list[RawEntry], by: Rules):
    """Entries come sorted by key, each key once."""
    keys = [entry.key for entry in seen(raw, by).entries]
    assert keys == sorted(set(keys))


@given(answers, rules)
def test_values_round_trip(raw: list[RawEntry], by: Rules):
    """What an entry shows, an owner can write."""
    assert all(parse_value(str(entry.value)) == entry.value for entry in seen(raw, by).entries)


@given(answers, answers, rules)
def test_a_difference_carried_out_gives_the_new_list(one: list[RawEntry], two: list[RawEntry], by: Rules):
    """patch(a, diff(a, b)) is b; the other way round restores a; no difference with itself."""
    old, new = seen(one, by).entries, seen(two, by).entries
    assert {entry.key for entry in carried_out(old, diff(old, new))} == {entry.key for entry in new}
    assert digest_entries(carried_out(old, diff(old, new))) == digest_entries(new)
    assert digest_entries(carried_out(new, diff(new, old))) == digest_entries(old)
    assert not diff(old, old)


@given(answers, answers, rules)
def test_digests_tell_lists_apart(one: list[RawEntry], two: list[RawEntry], by: Rules):
    """Equal digests if and only if the same keys; notes and necessity never count."""
    old, new = seen(one, by).entries, seen(two, by).entries
    same = {entry.key for entry in old} == {entry.key for entry in new}
    assert (digest_entries(old) == digest_entries(new)) is same
