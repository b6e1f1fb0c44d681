"""The built program behind a proxy on its own host: whoever guesses passwords is one client of many."""

from __future__ import annotations

import re
import signal

import httpx2
import pytest

from rigs.program import Program
from rigs.serving import line
from rigs.sites import HISTORY, in_file, listed, own

PASSWORD = "correct horse battery"
WATCHER = "watcher-token-of-twenty"
SITE = (
    HISTORY
    + """
[server]
listen = "127.0.0.1:0"
url = "https://lists.example.com"
trusted_proxies = ["127.0.0.1"]
open_feeds = true

[server.users.bob]
role = "approver"
password = "file:bob.line"

[server.users.watcher]
role = "viewer"
token = "env:WATCHER"
"""
    + own("8.8.4.4")
    + listed("own")
    + in_file()
    + '\n[targets.pulled]\nkind = "feed"\nlist = "webhooks"\npath = "feed"\n'
)
CLIENT, VICTIM = "198.51.100.7", "203.0.113.5"


@pytest.fixture
def site(program) -> Program:
    """A list of its own entries, applied; a person and a program may come in."""
    made = Program(program.folder, {"WATCHER": WATCHER})
    made.write(SITE)
    (made.folder / "bob.line").write_text(line(PASSWORD).reveal())
    made("apply").ended(0)
    return made


def test_a_proxy_that_is_not_named_is_told(site):
    """`config check` says what it leads to; with the proxy named there is nothing to say."""
    assert site.json("config", "check")["notices"] == []
    site.edit('trusted_proxies = ["127.0.0.1"]\n', "")
    (told,) = site.json("config", "check")["notices"]
    assert "trusted_proxies" in told
    assert told in site("config", "check").ended(0).out
    assert "trusted_proxies 未列出的代理时" in site("config", "check", "--lang", "zh").ended(0).out


def seen(answer: httpx2.Response) -> set[tuple[str, str]]:
    """Events and addresses of the book at the door."""
    return {(one["event"], one["address"]) for one in answer.json()["entrances"]}


def test_a_stranger_who_guesses_keeps_nobody_else_out(site):
    """Twenty wrong passwords through the proxy, the victim forged on the left: 429 for the guesser alone.

    A header that no proxy of ours wrote names nobody; feeds and the book know each client by its address.
    """
    with site.running("run") as running:
        url = re.search(r"serving (http://\S+)", running.wait_for("started: "))[1]

        def log_in(password: str, *chain: str, source: str = "127.0.0.1") -> int:
            way = httpx2.HTTPTransport(local_address=source)
            with httpx2.Client(base_url=url, transport=way, timeout=60) as client:
                lines = [("x-forwarded-for", one) for one in chain]
                told = {"user": "bob" if password == PASSWORD else f"name-{password}", "password": password}
                return client.post("/login", json=told, headers=lines).status_code

        codes = [log_in(f"wrong{n}", f"{VICTIM}, {CLIENT}") for n in range(21)]
        assert codes == [401] * 20 + [429]
        assert log_in(PASSWORD, CLIENT) == 429
        assert log_in(PASSWORD, VICTIM) == 200
        assert log_in("once", VICTIM, source="127.0.0.2") == 401
        for client in ("198.51.100.8", "198.51.100.9"):
            told = {"x-forwarded-for": f"{VICTIM}, {client}"}
            assert httpx2.get(f"{url}/v1/lists/webhooks.txt", headers=told).status_code == 200
        with httpx2.Client(base_url=url, headers={"authorization": f"Bearer {WATCHER}"}) as client:
            found = seen(client.get("/v1/audit"))
            consumers = client.get("/v1/consumers").json()["consumers"]
        assert found == {("refused", CLIENT), ("login", VICTIM), ("refused", "127.0.0.2")}
        assert [one["consumer"] for one in consumers] == ["address 198.51.100.8", "address 198.51.100.9"]
        running.stop(signal.SIGTERM, within=20).ended(0)
