"""What becomes ours, and what of it can go again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gatepost.errors import StalePlan, TargetDormant, TargetForeign, TargetRejected, TargetUnavailable
from gatepost.model.address import Family
from gatepost.planning.aggregate import to_ranges
from gatepost.planning.digest import digest_entries
from gatepost.targets._nft import Change, Place
from gatepost.targets._nft_netlink import Direct
from gatepost.targets._nft_program import Program
from rigs.netlink import inside
from rigs.nftables import STRANGE, Interrupted, Rig, direct, sets_of, target
from rigs.plans import entries, many, plan_for, put, texts

pytestmark = pytest.mark.anyio

SOME = entries("8.8.4.0/24", "8.8.8.8/32", "2a00:1::/64")


@pytest.mark.parametrize(("kind", "definition"), STRANGE)
@pytest.mark.parametrize("marked", [False, True], ids=["unmarked", "marked"])
async def test_strange_is_never_adopted(either, kernel, kind, definition, marked):
    """Sets of our names that cannot be ours are refused for adoption, and stay as they are."""
    if marked:
        await put(either(kernel, "other"), SOME)
    else:
        kernel.nft("add", "table", "inet", "gatepost")
    name, _, rest = definition.partition(" ")
    kernel.nft("add", kind, "inet", "gatepost", name, rest)
    before = kernel.nft("list", "ruleset")
    with pytest.raises(TargetRejected, match="cannot become ours"):
        await either(kernel).adopt()
    assert kernel.nft("list", "ruleset") == before


async def test_merging_set_is_never_adopted(either, kernel):
    """A set with auto-merge, in which later deletions fail, is refused, for adoption as for a plan."""
    kernel.nft("add", "table", "inet", "gatepost")
    definition = "{ type ipv4_addr; flags interval; auto-merge; elements = { 9.9.9.9 }; }"
    kernel.nft("add", "set", "inet", "gatepost", "edge_v4", definition)
    with pytest.raises(TargetRejected, match="a set edge_v4 with auto-merge"):
        await either(kernel).adopt()
    assert "gatepost_owner" not in kernel.nft("list", "ruleset")
    kernel.nft("add", "set", "inet", "gatepost", "gatepost_owner", "{ type mark; }")
    kernel.nft("flush", "set", "inet", "gatepost", "edge_v4")
    with pytest.raises(TargetForeign, match="a set edge_v4 with auto-merge"):
        await either(kernel).current()


async def test_dormant_table_is_told(either, kernel):
    """A table that sleeps keeps nobody out: it is never read as if all were well, and told how to wake it."""
    held = await put(either(kernel), SOME)
    kernel.nft("add", "table", "inet", "gatepost", "{ flags dormant; }")
    for asked in (either(kernel).current, either(kernel).adopt):
        with pytest.raises(TargetDormant, match="is dormant: none of its rules is asked") as told:
            await asked()
        assert told.value.next_step == "Wake it: `nft add table inet gatepost`."
    kernel.nft("add", "table", "inet", "gatepost")
    assert await either(kernel).current() == held


def make_small(kernel) -> None:
    """Everything as it is, but the set for IPv4 made by somebody with room for two ranges."""
    ruleset = kernel.nft("list", "ruleset").replace("type ipv4_addr\n", "type ipv4_addr\nsize 2\n")
    kernel.nft("-f", "-", text=f"flush ruleset\n{ruleset}")


async def test_set_with_a_size(either, kernel):
    """A set that somebody made too small is known to the plan, and what does not fit in it is refused."""
    await put(either(kernel), SOME)
    make_small(kernel)
    target = either(kernel)
    assert target.capabilities.max_ranges == {}
    current = await target.current()
    assert target.capabilities.max_ranges == {Family.V4: 2}
    for more in ("9.9.9.9/32", "8.8.5.0/24"):
        wanted = entries(*texts(current), more)
        plan = plan_for(current, wanted)
        if more == "8.8.5.0/24":  # one range with its neighbour
            await target.apply(plan, wanted)
        else:
            with pytest.raises(TargetRejected, match="set edge_v4 has size 2, but 3 ranges are wanted"):
                await target.apply(plan, wanted)


async def test_full_set_is_a_refusal(kernel):
    """Where the kernel itself finds a set full, it refused: no way to it takes that for its absence."""
    place = Place("gatepost", "edge")
    await put(direct(kernel), SOME)
    make_small(kernel)
    wanted = {Family.V4: tuple(to_ranges(each.value for each in many(3))), Family.V6: ()}
    for way in (Direct(place, inside(kernel.pid)), Program(place, kernel, 30.0)):
        with pytest.raises(TargetRejected, match="Too many open files in system"):
            await way.write(Change(await way.read(), wanted, digest_entries(many(3))))


async def test_last_generation(either, kernel):
    """A generation after which there is none, which only a hand can write, is one refusal by both ways."""
    held = await put(either(kernel), SOME)
    element = f'{{ {0xFFFFFFFF} comment "gatepost {held.digest}" }}'
    kernel.nft("flush", "set", "inet", "gatepost", "edge_gen")
    kernel.nft("add", "element", "inet", "gatepost", "edge_gen", element)
    current = await either(kernel).current()
    before = kernel.nft("list", "ruleset")
    with pytest.raises(TargetRejected, match="after generation 4294967295 there is no other"):
        await either(kernel).apply(plan_for(current, SOME[:1]), SOME[:1])
    assert kernel.nft("list", "ruleset") == before


async def test_adopted_with_rules(either, kernel):
    """A table of the user's own is adopted with its chains untouched; only our marks are new."""
    page = Path(__file__).parents[2] / "docs/targets/nftables.md"
    declared = page.read_text().partition("```nft\n")[2].partition("```")[0]
    kernel.nft("-f", "-", text=declared)
    kernel.nft("delete", "set", "inet", "gatepost", "gatepost_owner")
    kernel.nft("add", "element", "inet", "gatepost", "webhooks_v4", "{ 8.8.8.8 }")
    before = kernel.nft("list", "ruleset").split("\n\n")
    held = await either(kernel, "webhooks").adopt()
    assert (held.generation, texts(held)) == (1, ["8.8.8.8/32"])
    added = set(kernel.nft("list", "ruleset").split("\n\n")) - set(before)
    assert len(added) == 2
    assert sets_of(kernel)["webhooks_gen"]["elem"][0]["elem"]["comment"] == f"gatepost {held.digest}"


async def test_lost_generation_is_adopted(either, kernel):
    """Where somebody flushed the generation, adopting gives the content one again."""
    held = await put(either(kernel), SOME)
    kernel.nft("flush", "set", "inet", "gatepost", "edge_gen")
    adopted = await either(kernel).adopt()
    assert (adopted.generation, adopted.digest) == (1, held.digest)
    assert (await put(either(kernel), SOME[:1])).generation == 2


async def test_purge_leaves_what_is_not_ours(either, kernel):
    """Another target's sets keep the table and our mark; a chain of the user's keeps the table too."""
    await put(either(kernel, "other"), SOME)
    before = kernel.nft("list", "ruleset")
    held = await put(either(kernel), SOME)
    await either(kernel).purge(held)
    assert kernel.nft("list", "ruleset") == before
    kernel.nft("add", "chain", "inet", "gatepost", "mine")
    await either(kernel, "other").purge(await either(kernel, "other").current())
    left = " ".join(kernel.nft("list", "ruleset").split())
    assert left == "table inet gatepost { set gatepost_owner { type mark } chain mine { } }"


async def test_purge_while_rules_refer(either, kernel):
    """While rules refer to a set nothing at all is removed, and the rules are named."""
    held = await put(either(kernel), SOME)
    kernel.nft("add", "chain", "inet", "gatepost", "mine")
    kernel.nft("add", "rule", "inet", "gatepost", "mine", "ip", "saddr", "!=", "@edge_v4", "drop")
    kernel.nft("add", "rule", "inet", "gatepost", "mine", "accept")
    before = kernel.nft("-a", "list", "ruleset")
    number = before.partition("drop # handle ")[2].split()[0]
    with pytest.raises(TargetRejected, match=rf"referred to by rule {number} of chain mine$"):
        await either(kernel).purge(held)
    assert kernel.nft("-a", "list", "ruleset") == before
    kernel.nft("delete", "rule", "inet", "gatepost", "mine", "handle", number)
    await either(kernel).purge(held)
    assert set(sets_of(kernel)) == {"gatepost_owner"}


async def test_purge_after_another_writer(kernel):
    """A write that comes between the look and the removal wins, be it the first one: nothing is removed."""

    class Late(Rig):
        """Another writer is quicker than our batch."""

        async def run(self, argv, *, stdin=b"", timeout):  # noqa: ASYNC109 - the runner's own
            if stdin:
                await put(target(kernel), SOME[:1])
            return await kernel.run(argv, stdin=stdin, timeout=timeout)

    await put(target(kernel, "other"), SOME)
    for generation in (0, 1):
        held = await target(kernel).current()
        assert held.generation == generation
        with pytest.raises(StalePlan):
            await target(Late(kernel)).purge(held)
        assert (await target(kernel).current()).entries == SOME[:1]


async def test_purge_that_does_not_end(kernel):
    """Where nft did not end well, the kernel is asked: gone is gone, else nothing has changed."""
    held = await put(target(kernel), SOME)
    with pytest.raises(TargetUnavailable, match="holds what it held before"):
        await target(Interrupted(kernel, carry_out=False)).purge(held)
    assert await target(kernel).current() == held
    await target(Interrupted(kernel, carry_out=True)).purge(held)
    assert kernel.nft("list", "ruleset") == ""


async def test_declared_is_purged(either, kernel):
    """Empty sets that the user declared count as ours, as they do for the first write."""
    kernel.nft("add", "table", "inet", "gatepost")
    for name in ("gatepost_owner { type mark; }", "edge_v4 { type ipv4_addr; flags interval; }"):
        kernel.nft("add", "set", "inet", "gatepost", name)
    await either(kernel).purge(await either(kernel).current())
    assert kernel.nft("list", "ruleset") == ""


async def test_emptied_while_rules_refer(either, kernel):
    """A first write taken back leaves sets and rules as they were declared; no element of ours is left."""
    page = Path(__file__).parents[2] / "docs/targets/nftables.md"
    kernel.nft("-f", "-", text=page.read_text().partition("```nft\n")[2].partition("```")[0])
    before = kernel.nft("list", "ruleset")
    held = await put(either(kernel, "webhooks"), SOME)
    assert kernel.nft("list", "ruleset") != before
    await either(kernel, "webhooks").empty(held)
    without_number = re.sub(r"\tset webhooks_gen \{[^}]*\}\n\n", "", kernel.nft("list", "ruleset"))
    assert without_number == re.sub(r"\tset webhooks_gen \{[^}]*\}\n\n", "", before)
    assert (await put(either(kernel, "webhooks"), SOME)).generation == 1


async def test_emptying_leaves_what_is_not_ours(either, kernel):
    """Another target's sets, and sets of the user's, keep every element."""
    await put(either(kernel, "other"), SOME)
    kernel.nft("add", "set", "inet", "gatepost", "mine", "{ type ipv4_addr; elements = { 9.9.9.9 }; }")
    before = [sets_of(kernel)[name] for name in ("mine", "other_v4", "other_v6", "other_gen")]
    await either(kernel).empty(await put(either(kernel), SOME))
    assert [sets_of(kernel)[name] for name in ("mine", "other_v4", "other_v6", "other_gen")] == before


async def test_emptying_after_another_writer(kernel):
    """A write that comes between the look and the emptying wins: nothing is removed."""
    held = await put(target(kernel), SOME)

    class Late(Rig):
        """Another writer is quicker than our batch."""

        async def run(self, argv, *, stdin=b"", timeout):  # noqa: ASYNC109 - the runner's own
            if stdin:
                await put(target(kernel), SOME[:1])
            return await kernel.run(argv, stdin=stdin, timeout=timeout)

    with pytest.raises(StalePlan):
        await target(Late(kernel)).empty(held)
    assert (await target(kernel).current()).entries == SOME[:1]


async def test_emptying_that_does_not_end(kernel):
    """Where nft did not end well, the kernel is asked: empty is empty, else nothing has changed."""
    held = await put(target(kernel), SOME)
    with pytest.raises(TargetUnavailable, match="holds what it held before"):
        await target(Interrupted(kernel, carry_out=False)).empty(held)
    assert await target(kernel).current() == held
    await target(Interrupted(kernel, carry_out=True)).empty(held)
    assert (await target(kernel).current()).generation == 0
