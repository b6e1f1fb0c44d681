"""WeCom's app as a channel."""

from __future__ import annotations

import pytest

from gatepost.errors import GatepostError
from gatepost.notify.wecom import WeComOptions, receivers
from rigs.channels import wecom
from rigs.notifiers import message

pytestmark = pytest.mark.anyio


async def test_receivers(tmp_path):
    """Members, departments and tags go to their own places."""
    found = receivers(("user:a", "department:2", "user:b", "tag:3"))
    assert (found.users, found.departments, found.tags) == (("a", "b"), ("2",), ("3",))
    async with wecom.rig(tmp_path, "markdown", '"user:@all"') as rig:
        await rig.send(message())
        assert rig.emulator.state.messages[-1]["to"] == ["zhangsan", "lisi"]


async def test_unknown_receivers_are_told(tmp_path):
    """Those whom the platform does not know are named; the others get the message."""
    async with wecom.rig(tmp_path, "text", '"user:zhangsan", "user:Nobody"') as rig:
        (told,) = await rig.send(message())
        assert "nobody" in told
        assert rig.emulator.state.messages[-1]["to"] == ["zhangsan"]


async def test_nobody_known(tmp_path):
    """Where the platform knows nobody it is an error that waits do not mend."""
    async with wecom.rig(tmp_path, "text", '"user:nobody"') as rig:
        with pytest.raises(GatepostError) as caught:
            await rig.send(message())
        assert not caught.value.transient


@pytest.mark.parametrize(
    "to", [(), ("zhangsan",), ("user:",), ("user:a|b",), ("mail:a",), ("user:a\nb",), ("department:1",) * 101]
)
def test_no_receiver(to):
    """What is no receiver, or too many, is refused when the configuration is read."""
    with pytest.raises(ValueError, match=r"receiver|to lists|at most"):
        WeComOptions(agentid=1, to=to)
