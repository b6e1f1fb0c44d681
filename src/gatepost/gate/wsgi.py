"""The gate before a WSGI application.

A WSGI server hands all lines of a header over as one, joined in order, and
writes ``-`` and ``_`` alike: it must drop names with underscores itself
(gunicorn and nginx do by default), or a client could add to a proxy's header.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from gatepost.gate.answers import Answer, refusal, self_test
from gatepost.gate.gate import Gate, Standing
from gatepost.gate.verdict import KEY, Refusal, Verdict
from gatepost.model.incoming import Incoming

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
App = Callable[[Environ, StartResponse], Iterable[bytes]]

PHRASES = {200: "OK", 403: "Forbidden", 404: "Not Found", 503: "Service Unavailable"}
REWRITERS = ("werkzeug.proxy_fix.orig",)
"""Keys left by those who put an address from a header in the peer's place."""


class WsgiGate:
    """Lets a request through to ``app``, with its verdict in ``environ["gatepost"]``, or answers itself."""

    def __init__(self, app: App, gate: Gate) -> None:
        """``app`` as the server calls it; put the gate around everything else."""
        self.app = app
        self.gate = gate

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """One request."""
        gate = self.gate
        standing = gate.standing
        policy = standing.policy
        if policy.self_test is not None and _path(environ)[0] == policy.self_test:
            return _answer(environ, start_response, self_test(gate, standing, *_seen(environ, standing)))
        if not policy.paths.all and not policy.paths.guards(*_path(environ)):
            gate.counts.unguarded += 1
            return self.app(environ, start_response)
        verdict = _judge(standing, environ)
        if verdict.match is not None and gate.check is None:
            gate.counts.allowed += 1
            environ[KEY] = verdict
            return self.app(environ, start_response)
        return self._examine(standing, verdict, environ, start_response)

    def _examine(
        self, standing: Standing, verdict: Verdict, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        """A refusal, or a callback whose signature counts too."""
        if verdict.match is not None:
            return self._checked(standing, verdict, environ, start_response)
        self.gate.counts.refuse(str(verdict.refusal))
        if verdict.refusal is Refusal.UNLISTED and self._is_genuine(standing, environ):
            self.gate.report_unlisted(verdict)
        return _answer(environ, start_response, refusal(standing, verdict.refusal))

    def _checked(
        self, standing: Standing, verdict: Verdict, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        """A listed client: let in where the signature holds, with the body to be read again."""
        gate = self.gate
        incoming = _incoming(standing, environ)
        why = Refusal.TOO_LARGE if incoming is None else Refusal.SIGNATURE
        if incoming is None or gate.check is None or not gate.check.is_genuine(incoming, gate.now()):
            gate.counts.refuse(why)
            return _answer(environ, start_response, refusal(standing, why))
        gate.counts.allowed += 1
        environ[KEY] = verdict
        environ["wsgi.input"] = BytesIO(incoming.body)
        return self.app(environ, start_response)

    def _is_genuine(self, standing: Standing, environ: Environ) -> bool:
        """Whether an unlisted client signs rightly; at most a few bodies are read at once."""
        gate = self.gate
        if gate.check is None or not gate.check.is_signed(_request(environ, b"")) or not gate.may_examine():
            return False
        try:
            incoming = _incoming(standing, environ)
        finally:
            gate.examined()
        return incoming is not None and gate.check.is_genuine(incoming, gate.now())


def _judge(standing: Standing, environ: Environ) -> Verdict:
    peer = environ.get("REMOTE_ADDR", "")
    line = environ.get(standing.wanted_key) if standing.reads_header else None
    key = peer if line is None else (peer, line)
    verdict = standing.memo.get(key)
    if verdict is None or _is_rewritten(environ):
        verdict = standing.learn(key, peer, _port(environ), () if line is None else (line,))
    return verdict


def _is_rewritten(environ: Environ) -> bool:
    return environ.get("REMOTE_PORT") in ("0", 0) or any(key in environ for key in REWRITERS)


def _seen(environ: Environ, standing: Standing) -> tuple[str, int | None, tuple[str, ...]]:
    """The connection's other end, and the header that counts."""
    line = environ.get(standing.wanted_key) if standing.reads_header else None
    return environ.get("REMOTE_ADDR", ""), _port(environ), () if line is None else (line,)


def _port(environ: Environ) -> int | None:
    """As the server says it; 0 where the peer was rewritten. Many servers say none."""
    if _is_rewritten(environ):
        return 0
    text = str(environ.get("REMOTE_PORT", ""))
    return int(text) if text.isascii() and text.isdecimal() else None


def _path(environ: Environ) -> tuple[str, str, str]:
    """Decoded paths: WSGI writes their bytes as latin-1 (PEP 3333)."""
    raw = environ.get("RAW_URI") or environ.get("REQUEST_URI") or ""
    return (
        _text(environ.get("PATH_INFO", "")) or "/",
        raw.partition("?")[0],
        _text(environ.get("SCRIPT_NAME", "")),
    )


def _text(value: str) -> str:
    return value.encode("latin-1", "replace").decode("utf-8", "replace")


def _request(environ: Environ, body: bytes) -> Incoming:
    headers = tuple(
        (name[5:].replace("_", "-").lower().encode("latin-1"), str(value).encode("latin-1", "replace"))
        for name, value in environ.items()
        if name.startswith("HTTP_")
    )
    query = environ.get("QUERY_STRING", "").encode("latin-1", "replace")
    return Incoming(environ.get("REQUEST_METHOD", "GET"), query, headers, body)


def _incoming(standing: Standing, environ: Environ) -> Incoming | None:
    """The whole request; None where its body is too large or its length is in doubt."""
    limit = standing.policy.max_body
    text = environ.get("CONTENT_LENGTH") or "0"
    if not (text.isascii() and text.isdecimal()) or int(text) > limit:
        return None
    if "HTTP_TRANSFER_ENCODING" in environ:
        if not environ.get("wsgi.input_terminated"):
            return None
        body = environ["wsgi.input"].read(limit + 1)
        return None if len(body) > limit else _request(environ, body)
    body = environ["wsgi.input"].read(int(text)) if int(text) else b""
    return _request(environ, body) if len(body) == int(text) else None


def _answer(environ: Environ, start_response: StartResponse, answer: Answer) -> list[bytes]:
    status = f"{answer.status} {PHRASES.get(answer.status, 'Refused')}"
    start_response(status, [(name.title(), value) for name, value in answer.headers])
    return [] if environ.get("REQUEST_METHOD") == "HEAD" else [answer.body]
