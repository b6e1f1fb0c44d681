"""A transport that answers from a script and keeps what it was asked."""

from __future__ import annotations

import json
import traceback

import httpx2

CANARY = "hunter2-canary-3f8a91c7"


def reply(body, status=200, **headers):
    """An answer: JSON unless bytes or text."""
    content = (
        body
        if isinstance(body, bytes)
        else body.encode()
        if isinstance(body, str)
        else json.dumps(body).encode()
    )
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, {"content-type": "application/json; charset=UTF-8"} | named, content


class Script(httpx2.AsyncBaseTransport):
    """Answers in order, the last one for ever; an exception is raised, a function asked."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []

    async def handle_async_request(self, request):
        """The transport's door."""
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, Exception):
            raise answer
        status, headers, content = answer if isinstance(answer, tuple) else reply(answer)
        return httpx2.Response(status, headers=headers, content=content)

    @property
    def paths(self):
        """Paths asked for, in order."""
        return [request.url.path for request in self.requests]

    @property
    def asked_hosts(self):
        """Hosts asked, in order."""
        return [request.url.host for request in self.requests]

    def query(self, number=-1):
        """Query of one request, each name once."""
        items = self.requests[number].url.params.multi_items()
        assert len(dict(items)) == len(items)
        return dict(items)

    def body(self, number=-1):
        """JSON body of one request."""
        return json.loads(self.requests[number].content)


def everything_said(error):
    """Text, repr, fields and traceback of an error, as a log might have them."""
    return "\n".join(
        [
            str(error),
            repr(error),
            repr(vars(error)),
            *traceback.format_exception(error),
            repr(error.__context__),
        ]
    )


def unreachable():
    """What the library raises where nobody listens."""
    return httpx2.ConnectError("no route to host")
