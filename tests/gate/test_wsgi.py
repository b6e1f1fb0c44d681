"""The gate before a WSGI application."""

from __future__ import annotations

from io import BytesIO

import pytest

from gatepost.gate.client_address import Doubt
from gatepost.gate.gate import Policy
from gatepost.gate.paths import Paths
from gatepost.gate.trust import Trust
from rigs.gates import Signed, Told, a_gate, ask_wsgi

PROXIED = Policy(Trust(["10.0.0.0/24"]))


def test_a_listed_client_passes_with_its_verdict():
    """The application finds who is calling and why."""
    gate = a_gate("101.126.59.0/24")
    answered = ask_wsgi(gate, body=b"body")
    assert (answered.status, answered.read, answered.verdict.client) == (200, b"body", "101.126.59.7")
    assert gate.counts.allowed == 1


def test_an_unlisted_client_is_refused_in_few_words():
    """403 in plain text; 503 with Retry-After while there is no list."""
    gate = a_gate("101.126.59.0/24")
    for _ in range(2):
        answered = ask_wsgi(gate, peer="203.0.113.9")
        assert (answered.status, answered.seen) == (403, None)
        assert answered.body == b"This address is not allowed here.\n"
    assert gate.counts.refused == {"unlisted": 2}
    assert ask_wsgi(gate, peer="203.0.113.9", REQUEST_METHOD="HEAD").body == b""
    closed = ask_wsgi(a_gate(policy=Policy(retry_after=9)))
    assert (closed.status, closed.headers["retry-after"]) == (503, "9")
    assert ask_wsgi(a_gate("1.1.1.1", policy=Policy(status=418))).status == 418


def test_the_joined_header_is_read_right_to_left():
    """G2: servers join lines in order; with no proxy configured the header counts for nothing."""
    gate = a_gate("101.126.59.7", policy=PROXIED)
    for _ in range(2):
        line = "6.6.6.6,101.126.59.7"
        assert ask_wsgi(gate, peer="10.0.0.1", HTTP_X_FORWARDED_FOR=line).verdict.client == "101.126.59.7"
        assert ask_wsgi(gate, peer="10.0.0.1", HTTP_X_FORWARDED_FOR="101.126.59.7, 6.6.6.6").status == 403
    assert ask_wsgi(gate, peer="10.0.0.1").status == 403
    assert ask_wsgi(gate, peer="10.0.0.1", HTTP_X_FORWARDED_FOR="").status == 403
    assert gate.counts.refused == {"unlisted": 2, "no-header": 1, "malformed": 1}
    assert (
        ask_wsgi(a_gate("101.126.59.7"), peer="10.0.0.1", HTTP_X_FORWARDED_FOR="101.126.59.7").status == 403
    )


@pytest.mark.parametrize("mark", [{"REMOTE_PORT": "0"}, {"werkzeug.proxy_fix.orig": {"REMOTE_ADDR": "x"}}])
def test_a_rewritten_peer_is_found_out(mark):
    """G5: another middleware, or the server, put a header's address in the peer's place."""
    gate = a_gate("101.126.59.7")
    assert ask_wsgi(gate, REMOTE_PORT="50000").status == 200
    assert ask_wsgi(gate, **mark).status == 403
    assert gate.counts.refused == {str(Doubt.REWRITTEN): 1}


def test_no_peer_is_nobody():
    """G6: a Unix socket's client is denied unless it is trusted."""
    header = {"HTTP_X_FORWARDED_FOR": "101.126.59.7"}
    for peer in (None, ""):
        assert ask_wsgi(a_gate("101.126.59.7", policy=PROXIED), peer=peer, **header).status == 403
        trusted = Policy(Trust(unix_socket=True))
        assert ask_wsgi(a_gate("101.126.59.7", policy=trusted), peer=peer, **header).status == 200


def test_paths_are_guarded_however_they_are_written():
    """Mounted or not, encoded or not; the bytes of a path are UTF-8 behind latin-1."""
    gate = a_gate("101.126.59.7", policy=Policy(paths=Paths(["/app/飞书", "/feishu"])))
    stranger = {"peer": "203.0.113.9"}
    assert ask_wsgi(gate, "/public", **stranger).status == 200
    assert gate.counts.unguarded == 1
    assert ask_wsgi(gate, "/feishu/x", **stranger).status == 403
    assert ask_wsgi(gate, "/%E9%A3%9E%E4%B9%A6/x", SCRIPT_NAME="/app", **stranger).status == 403
    assert ask_wsgi(gate, "/public/x", RAW_URI="/public%2fx?a=b", **stranger).status == 403
    assert ask_wsgi(gate, "/public", REQUEST_URI="/public?a=%2f", **stranger).status == 200
    assert ask_wsgi(gate, "/%ff", **stranger).status == 403


def test_a_check_is_demanded_beside_the_address():
    """G9: listed and signed passes, with the body to be read again."""
    check = Signed()
    gate = a_gate("101.126.59.7", check=check)
    passed = ask_wsgi(gate, body=b"genuine", HTTP_X_SIGNATURE="1", QUERY_STRING="a=b")
    assert (passed.status, passed.read) == (200, b"genuine")
    assert (check.asked[0].query, check.asked[0].headers) == (b"a=b", ((b"x-signature", b"1"),))
    assert ask_wsgi(gate, body=b"forged", HTTP_X_SIGNATURE="1").status == 403
    assert gate.counts.refused == {"signature": 1}


@pytest.mark.parametrize("length", ["-1", "x", "８", "9999999999", "8"])
def test_a_body_of_doubtful_length_is_refused(length):
    """No number, more than allowed, or more than comes."""
    gate = a_gate("101.126.59.7", check=Signed())
    assert ask_wsgi(gate, body=b"genuine", HTTP_X_SIGNATURE="1", CONTENT_LENGTH=length).status == 403
    assert gate.counts.refused == {"too-large": 1}


def test_a_chunked_body_is_read_where_the_server_ends_it():
    """``wsgi.input_terminated`` says that reading on is safe; otherwise it is not read."""
    gate = a_gate("101.126.59.7", check=Signed(), policy=Policy(max_body=7))
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "HTTP_X_SIGNATURE": "1", "CONTENT_LENGTH": ""}
    assert ask_wsgi(gate, body=b"genuine", **chunked).status == 403
    assert ask_wsgi(gate, body=b"genuine", **{"wsgi.input_terminated": True}, **chunked).status == 200
    large = {"wsgi.input": BytesIO(b"genuine!"), "wsgi.input_terminated": True, **chunked}
    assert ask_wsgi(gate, **large).status == 403


def test_an_unlisted_client_that_signs_is_its_own_event():
    """Refused all the same; told once."""
    told = Told()
    gate = a_gate("101.126.59.7", check=Signed(), on_unlisted=told)
    for body in (b"genuine", b"genuine", b"forged"):
        assert ask_wsgi(gate, peer="203.0.113.9", body=body, HTTP_X_SIGNATURE="1").status == 403
    assert ask_wsgi(gate, peer="203.0.113.9", body=b"genuine").status == 403
    assert [event.client for event in told] == ["203.0.113.9"]
    assert gate.counts.unlisted_signed == 2


def test_the_self_test_tells_what_the_gate_sees():
    """As for ASGI."""
    policy = Policy(Trust(["10.0.0.0/24"]), self_test="/gate-self-test")
    gate = a_gate("101.126.59.7", policy=policy)
    line = {"HTTP_X_FORWARDED_FOR": "6.6.6.6, 101.126.59.7"}
    text = ask_wsgi(gate, "/gate-self-test", peer="10.0.0.1", **line).body.decode()
    assert "client: 101.126.59.7\n" in text
    assert "allowed: yes" in text
    assert (
        "trusted proxies: none"
        in ask_wsgi(a_gate("1.1.1.1", policy=Policy(self_test="/t")), "/t", REMOTE_PORT="7").body.decode()
    )
