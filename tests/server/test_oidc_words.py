"""What somebody says for whom a login provider vouches."""

from __future__ import annotations

import anyio

from rigs.openid import ANNA
from rigs.serving import TEN
from rigs.vouched import street


def test_a_word_is_recorded_with_whom_the_provider_meant(tmp_path):
    """The shown name may be changed at the provider: issuer and lasting name stand beside it."""
    with street(tmp_path) as made:
        surfer, made.provider.person = made.surfer(), dict(ANNA)
        csrf = made.log_in(surfer).json()["csrf"]

        async def held() -> str:
            await made.house.cycle(*TEN)
            return (await made.house.cycle(TEN[0])).results[0].plan.digest

        digest = anyio.run(held)
        answer = surfer.post(f"{made.url}/v1/plans/{digest}/approve", {"csrf": csrf, "why": "ticket 42"})
        (word,) = surfer.go(f"{made.url}/v1/audit").json()["words"]
        assert answer.json() == word
        assert word["who"] == f"{ANNA['preferred_username']}@localhost@web"
        assert word["subject"] == f"{made.provider.issuer} {ANNA['sub']}"
