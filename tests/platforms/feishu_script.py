"""A Feishu that answers from a script by path, in place of the network."""

from __future__ import annotations

import json
from collections import defaultdict

import httpx2

from gatepost.kit.secret import Secret
from gatepost.platforms import Feishu

CUSTOM = "/open-apis/auth/v3/tenant_access_token/internal"
STORE_APP = "/open-apis/auth/v3/app_access_token"
STORE_TENANT = "/open-apis/auth/v3/tenant_access_token"
RESEND = "/open-apis/auth/v3/app_ticket/resend"
LIST = "/open-apis/event/v1/outbound_ip"
SEND = "/open-apis/im/v1/messages"
USER = "/open-apis/contact/v3/users/ou_1"
CANARY = "app-secret-canary-77"
TOKEN = "t-canary-token-1"

ACCOUNT = Feishu.Account(app_id="cli_a", app_secret=Secret(CANARY))


class Script:
    """Answers by path: a function of the request, or a list of answers in turn, the last one for ever."""

    def __init__(self) -> None:
        self.answers = defaultdict(list)
        self.seen = []

    def on(self, path, *answers):
        """Set what a path answers."""
        self.answers[path] = [*answers]
        return self

    async def handle(self, request):
        """Answer one request."""
        self.seen.append(request)
        answers = self.answers[request.url.path]
        if not answers:
            return httpx2.Response(404, text="404 page not found")
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return found(request) if callable(found) else found

    def bodies(self, path):
        """JSON bodies that a path was sent."""
        return [json.loads(one.content) for one in self.seen if one.url.path == path]

    def asked(self, path):
        """Requests that a path got."""
        return [one for one in self.seen if one.url.path == path]

    @property
    def transport(self):
        """In place of the network."""
        return httpx2.MockTransport(self.handle)


def reply(body, status=200, **headers):
    """A JSON answer; text and bytes go out as they are."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    if isinstance(body, str | bytes):
        headers = {"content-type": "application/json"} | headers
        return lambda _: httpx2.Response(status, content=body, headers=headers)
    return lambda _: httpx2.Response(status, json=body, headers=headers)


def page(*addresses, more=False, token=None):
    """One page of the list."""
    data = {"ip_list": [*addresses], "has_more": more}
    return {"code": 0, "msg": "success", "data": data | ({"page_token": token} if token else {})}
