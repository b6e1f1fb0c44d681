"""Login by a provider, over sockets, with cookies as browsers keep them."""

from __future__ import annotations

from rigs.vouched import street


def test_whoever_the_provider_vouches_for_is_let_in(tmp_path):
    """By name and host, with the role of the highest group, on the page asked for."""
    with street(tmp_path) as town:
        surfer = town.surfer()
        answer = town.log_in(surfer)
        assert answer.json()["user"] == "vera@localhost", answer.text
