"""The two pages that need no console: the first page, and the form to log in.

No text of a platform is on them; what is a name of ours is escaped all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Annotated, Any

from msgspec import Meta, Struct

from gatepost import __version__
from gatepost.errors import GatepostError, cut
from gatepost.refusals import LoginRequired, TooManyLogins
from gatepost.server.desk import Desk
from gatepost.server.logging_in import place_of
from gatepost.server.route import Asked, Reply

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title></head><body><main><h1>{title}</h1>
{body}
</main></body></html>
"""
_JSON = ("/v1/status", "/v1/plans", "/v1/audit", "/schema", "/livez", "/readyz", "/metrics")
_FORM = """<form method="post" action="/login"><input type="hidden" name="next" value="{next}">
<p><label>Name <input name="user" autocomplete="username" required></label></p>
<p><label>Password <input name="password" type="password" autocomplete="current-password" required>
</label></p>
<p><button>Log in</button></p></form>"""


class LoginParams(Struct, forbid_unknown_fields=True):
    """Where from."""

    next: Annotated[str, Meta(max_length=512, description="Page of ours to go to afterwards.")] = "/"


def first(desk: Desk, _: Asked) -> Reply:
    """What is served here, as links."""
    lists = [f"/v1/history/{name}" for name in sorted(desk.site.settings.lists)]
    links = "".join(f'<li><a href="{escape(one)}">{escape(one)}</a></li>' for one in (*_JSON, *lists))
    body = f"<p>Version {escape(__version__)}. What this server answers, as JSON:</p><ul>{links}</ul>"
    return Reply(_page("gatepost", body))


def login_form(_: Desk, asked: Asked) -> Reply:
    """The form; it works without a script."""
    return Reply(_page("gatepost: log in", _FORM.format(next=escape(place_of(asked.params.next)))))


def refusal(error: GatepostError, place: str, _: Mapping[bytes, bytes]) -> bytes:
    """An error for a person at a browser; where a login is missing, with the form."""
    told = f"<p>{escape(cut(error.message, 600))}</p><p>{escape(error.next_step)}</p>"
    needs_login = isinstance(error, LoginRequired | TooManyLogins)
    form = _FORM.format(next=escape(place_of(place))) if needs_login else ""
    return _page(f"gatepost: {error.kind}", told + form)


def _page(title: str, body: Any) -> bytes:
    return _PAGE.format(title=escape(title), body=body).encode()
