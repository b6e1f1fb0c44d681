"""Logins by a provider that is slow or not there: who waits, who does not, and what is told."""

from __future__ import annotations

import socket
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice

import httpx2
import pytest

from gatepost.server.app import TRAVELLERS
from gatepost.server.queue import AGAIN_AFTER, WAITING_MOST
from rigs.openid import StandIn
from rigs.serving import PASSWORDS
from rigs.surfing import site
from rigs.vouched import street

pytestmark = pytest.mark.anyio


def test_nobody_waits_for_those_who_wait_for_a_slow_provider(tmp_path):
    """With more of them than have threads, local users log in and pages are answered."""
    with street(tmp_path) as town, ThreadPoolExecutor(TRAVELLERS + 2) as pool:
        backs = [(one, town.stopped(one)) for one in (town.surfer() for _ in range(TRAVELLERS + 2))]
        town.provider.fault = "token:slow"
        waiting = [pool.submit(one.go, back, site(town.provider.url)) for one, back in backs]
        try:
            while town.provider.asked.count("token") < TRAVELLERS:
                assert not any(one.done() for one in waiting)
            surfer = town.surfer()
            form = {"user": "bob", "password": PASSWORDS["bob"]}
            assert surfer.post(f"{town.url}/login?next=/v1/status", form).status_code == 200
            assert not any(one.done() for one in waiting)
        finally:
            town.provider.released.set()
        assert {one.result(30).status_code for one in waiting} == {502}


def test_a_slow_provider_is_asked_once_by_all_who_begin(tmp_path):
    """What one of them gets is everybody's; more than may wait are sent away at once, told for how long."""
    most, beyond = TRAVELLERS + WAITING_MOST, 5
    with street(tmp_path) as town, ThreadPoolExecutor(most + beyond) as pool:
        town.provider.fault = "discovery:slow"
        begun = [pool.submit(httpx2.get, f"{town.url}/login/oidc", timeout=30) for _ in range(most + beyond)]
        try:
            away = [one.result().headers for one in islice(as_completed(begun, 20), beyond)]
        finally:
            town.provider.released.set()
        codes = Counter(one.result(30).status_code for one in begun)
        assert [one["retry-after"] for one in away] == [str(int(AGAIN_AFTER))] * beyond
        assert codes == {503: beyond, 502: most}
        assert town.provider.asked == ["discovery"]


def test_a_provider_that_is_not_there_is_told(tmp_path):
    """With what was tried; who asks again at once is told the same without another try."""
    with street(tmp_path) as town, street(tmp_path / "other", made=town.house, provider=_gone()) as other:
        for _ in range(2):
            answer = other.log_in(other.surfer())
            assert answer.status_code == 502
            assert "cannot be asked" in answer.text
            assert "Local users still log in" in answer.text
        told = httpx2.get(f"{other.url}/login/oidc", headers={"accept": "application/json"}).json()
        assert (told["error"]["kind"], told["error"]["transient"]) == ("ProviderFailed", True)


def _gone():
    """Nobody listens there."""
    made = StandIn()
    with socket.create_server(("127.0.0.1", 0)) as place:
        made.url = f"http://localhost:{place.getsockname()[1]}"
    return made
