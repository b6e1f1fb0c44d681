"""The gate before an ASGI application."""

from __future__ import annotations

import asyncio
import inspect

import pytest

from gatepost.gate.asgi import AsgiGate
from gatepost.gate.client_address import Doubt
from gatepost.gate.gate import Policy
from gatepost.gate.paths import Paths
from gatepost.gate.trust import Trust
from gatepost.gate.verdict import Verdict
from rigs.gates import Signed, Told, a_gate, ask_asgi

PROXIED = Policy(Trust(["10.0.0.0/24"]))
SIGNED = [("x-signature", "1")]


def test_a_listed_client_passes_with_its_verdict():
    """The application finds who is calling and why; nothing else is changed."""
    gate = a_gate("101.126.59.0/24")
    answered = ask_asgi(gate, "/x", headers=[("a", "b")], state={"own": 1})
    assert (answered.status, answered.body) == (200, b"hello")
    assert isinstance(answered.verdict, Verdict)
    assert answered.verdict.client == "101.126.59.7"
    assert answered.seen is not None
    assert {key: value for key, value in answered.seen.items() if key != "gatepost"} == {
        "type": "http", "method": "POST", "path": "/x", "raw_path": b"/x", "query_string": b"",
        "headers": [(b"a", b"b")], "client": ("101.126.59.7", 50_000), "state": {"own": 1},
    }  # fmt: skip
    assert gate.counts.allowed == 1


def test_an_unlisted_client_is_refused_in_few_words():
    """403, plain text, not to be stored; nothing of the list is told, and the application is not called."""
    gate = a_gate("101.126.59.0/24")
    for _ in range(2):
        answered = ask_asgi(gate, client=("203.0.113.9", 1))
        assert (answered.status, answered.seen) == (403, None)
        assert answered.body == b"This address is not allowed here.\n"
        assert answered.headers["content-type"] == "text/plain; charset=utf-8"
        assert answered.headers["content-length"] == str(len(answered.body))
        assert answered.headers["cache-control"] == "no-store"
    assert gate.counts.refused == {"unlisted": 2}
    assert ask_asgi(a_gate("1.1.1.1", policy=Policy(status=404))).status == 404
    head = ask_asgi(gate, client=("203.0.113.9", 1), method="HEAD")
    assert (head.status, head.body, head.headers["content-length"]) == (403, b"", "34")


def test_closed_until_loaded():
    """G7: 503 with Retry-After, for everybody, until there is a list."""
    answered = ask_asgi(a_gate(policy=Policy(retry_after=7)))
    assert (answered.status, answered.headers["retry-after"], answered.seen) == (503, "7", None)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "TRACE", "PROPFIND"])
def test_every_method_is_guarded(method):
    """G8: OPTIONS is no way around."""
    assert ask_asgi(a_gate("101.126.59.7"), client=("203.0.113.9", 1), method=method).seen is None


def test_all_header_lines_count_in_order():
    """G2, G3: lines are joined in the order they came; others of the kind are ignored."""
    gate = a_gate("101.126.59.7", policy=PROXIED)
    peer = ("10.0.0.1", 4_000)
    listed = [("x-forwarded-for", "6.6.6.6"), ("x-real-ip", "6.6.6.6"), ("x-forwarded-for", "101.126.59.7")]
    for _ in range(2):
        assert ask_asgi(gate, client=peer, headers=listed).verdict.client == "101.126.59.7"
    hostile = [
        ("x-forwarded-for", "101.126.59.7"),
        ("x-forwarded-for", "6.6.6.6"),
        ("forwarded", "for=101.126.59.7"),
    ]
    for _ in range(2):
        assert ask_asgi(gate, client=peer, headers=hostile).status == 403
    assert ask_asgi(gate, client=peer).status == 403
    assert ask_asgi(gate, client=peer, headers=[("x-forwarded-for", "\xff\xfe")]).status == 403
    assert gate.counts.refused == {"unlisted": 2, "no-header": 1, "malformed": 1}


def test_a_forwarded_header_counts_where_it_is_chosen():
    """RFC 7239 instead of X-Forwarded-For, never both."""
    policy = Policy(Trust(["10.0.0.0/24"], header="Forwarded"))
    gate = a_gate("101.126.59.7", policy=policy)
    peer = ("10.0.0.1", 4_000)
    assert ask_asgi(gate, client=peer, headers=[("forwarded", "for=101.126.59.7")]).status == 200
    assert ask_asgi(gate, client=peer, headers=[("x-forwarded-for", "101.126.59.7")]).status == 403


def test_a_server_that_rewrote_the_client_is_found_out():
    """G5: port 0 is uvicorn's mark; it is refused even if the address was let in before."""
    for policy in (Policy(), PROXIED):
        gate = a_gate("101.126.59.7", policy=policy)
        assert ask_asgi(gate).status == 200
        assert ask_asgi(gate, client=("101.126.59.7", 0)).status == 403
        assert ask_asgi(gate).status == 200
        assert gate.counts.refused == {str(Doubt.REWRITTEN): 1}


def test_no_peer_is_nobody():
    """G6: a Unix socket's client is denied unless it is trusted."""
    headers = [("x-forwarded-for", "101.126.59.7")]
    for client in (None, ["", None]):
        assert ask_asgi(a_gate("101.126.59.7", policy=PROXIED), client=client, headers=headers).status == 403
        trusted = Policy(Trust(unix_socket=True))
        assert ask_asgi(a_gate("101.126.59.7", policy=trusted), client=client, headers=headers).status == 200


def test_unguarded_paths_pass_unjudged():
    """Only what is guarded is; a path in doubt is guarded."""
    gate = a_gate("101.126.59.7", policy=Policy(paths=Paths(["/feishu/"])))
    stranger = ("203.0.113.9", 1)
    assert ask_asgi(gate, "/public", client=stranger).verdict is None
    assert ask_asgi(gate, "/feishu/x", client=stranger).status == 403
    assert ask_asgi(gate, "/public/..%2ffeishu/x", client=stranger).status == 403
    assert ask_asgi(gate, "/x", client=stranger, root_path="/feishu").status == 403
    assert ask_asgi(gate, "/FEISHU/x").verdict.client == "101.126.59.7"
    assert gate.counts.unguarded == 1


@pytest.mark.parametrize(
    ("extensions", "expected"),
    [(None, (1008, b"")), ({"websocket.http.response": {}}, (403, b"This address is not allowed here.\n"))],
)
def test_websockets_are_guarded(extensions, expected):
    """G8: refused before they are accepted: closed, or answered where the server can."""
    gate = a_gate("101.126.59.7")
    assert ask_asgi(gate, type="websocket", extensions=extensions).status == 200
    answered = ask_asgi(gate, type="websocket", client=("203.0.113.9", 1), extensions=extensions)
    assert (answered.status, answered.body) == expected
    assert answered.seen is None


def test_lifespan_passes_and_what_is_unknown_does_not():
    """G8: the application starts and ends as without a gate; a scope that we do not know is not let in."""
    called = []

    async def app(scope, *_):
        called.append(scope["type"])

    asyncio.run(AsgiGate(app, a_gate())({"type": "lifespan"}, None, None))
    with pytest.raises(NotImplementedError):
        asyncio.run(AsgiGate(app, a_gate())({"type": "webtransport"}, None, None))
    assert called == ["lifespan"]


def test_servers_take_it_for_an_asgi_3_application():
    """They look whether the call is a coroutine function."""
    assert inspect.iscoroutinefunction(AsgiGate(None, a_gate()).__call__)


def test_a_check_is_demanded_beside_the_address():
    """G9: listed and signed passes, with the body to be read again; listed and unsigned does not."""
    check = Signed()
    gate = a_gate("101.126.59.7", check=check)
    passed = ask_asgi(gate, headers=SIGNED, chunks=[b"gen", b"uine"], query_string=b"a=b")
    assert (passed.status, passed.read, passed.verdict.client) == (200, b"genuine", "101.126.59.7")
    assert (check.asked[0].method, check.asked[0].query, check.asked[0].body) == ("POST", b"a=b", b"genuine")
    assert ask_asgi(gate, headers=SIGNED, chunks=[b"forged"]).status == 403
    assert ask_asgi(gate, chunks=[b"genuine"]).status == 403
    assert ask_asgi(gate, type="websocket", headers=SIGNED).status == 1008
    assert gate.counts.refused == {"signature": 2, "too-large": 1}
    assert gate.counts.allowed == 1


def test_a_body_too_large_to_be_checked_is_refused():
    """At its bound, and where it breaks off."""
    gate = a_gate("101.126.59.7", policy=Policy(max_body=7), check=Signed())
    assert ask_asgi(gate, headers=SIGNED, chunks=[b"genuine"]).status == 200
    assert ask_asgi(gate, headers=SIGNED, chunks=[b"genuine", b"x"]).status == 403
    assert ask_asgi(gate, headers=SIGNED, chunks=[]).status == 403
    assert gate.counts.refused == {"too-large": 2}


def test_an_unlisted_client_that_signs_is_its_own_event():
    """Refused all the same; counted, and told once. Unsigned bodies are not read."""
    told = Told()
    check = Signed()
    gate = a_gate("101.126.59.7", check=check, on_unlisted=told)
    stranger = ("203.0.113.9", 1)
    for _ in range(2):
        assert ask_asgi(gate, client=stranger, headers=SIGNED, chunks=[b"genuine"]).status == 403
    assert [event.client for event in told] == ["203.0.113.9"]
    assert gate.counts.unlisted_signed == 2
    assert gate.counts.refused == {"unlisted": 2}
    ask_asgi(gate, client=stranger, headers=SIGNED, chunks=[b"forged"])
    assert gate.counts.unlisted_signed == 2
    asked = len(check.asked)
    ask_asgi(gate, client=stranger, chunks=[b"genuine"])
    while gate.may_examine():
        pass
    ask_asgi(gate, client=stranger, headers=SIGNED, chunks=[b"genuine"])
    assert len(check.asked) == asked


def test_the_self_test_tells_what_the_gate_sees():
    """For setting up: peer, header, the decided client and why; off by default."""
    policy = Policy(Trust(["10.0.0.0/24"]), self_test="/gate-self-test")
    gate = a_gate("101.126.59.7", policy=policy)
    headers = [("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "101.126.59.7\x1b[2J")]
    answered = ask_asgi(gate, "/gate-self-test", client=("10.0.0.1", 9), headers=headers)
    assert answered.status == 200
    text = answered.body.decode()
    assert "peer: 10.0.0.1 port 9\n" in text
    assert "trusted proxies: 10.0.0.0/24\n" in text
    assert "header x-forwarded-for: 6.6.6.6 | 101.126.59.7\\x1b[2J\n" in text
    assert "client: in doubt: malformed\n" in text
    assert "allowed: no: malformed\n" in text
    assert "list: webhooks, serial 7\n" in text
    assert "address alone opens: yes" in text
    listed = ask_asgi(gate, "/gate-self-test").body.decode()
    assert "allowed: yes, by 101.126.59.7/32 of feishu-events\n" in listed
    assert ask_asgi(a_gate("1.1.1.1"), "/gate-self-test").status == 403
    assert "list: not loaded" in ask_asgi(a_gate(policy=policy), "/gate-self-test").body.decode()
