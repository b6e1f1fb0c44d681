"""The branch of the error tree that only our own server answers with: requests it refuses.

It is drawn with the others in :mod:`gatepost.errors`.
"""

from __future__ import annotations

from gatepost.errors import GatepostError


class RequestError(GatepostError):
    """A request to our own server was refused; nothing was changed."""

    hint = "See docs/server.md."


class LoginRequired(RequestError):
    """Nobody is logged in, the session ran out, or name, password or token is wrong."""

    hint = "Log in at /login, or send the token of a user as `Authorization: Bearer`."


class RoleMissing(RequestError):
    """Whoever asks is known and may not do this."""

    hint = "Ask somebody with the role named; roles stand in [server.users] of the configuration."


class RequestForged(RequestError):
    """Sent by another site, or to a name that is not ours: a browser was talked into it."""

    hint = "Use the server's own address; name others in `url` and `hosts` of [server]."


class RequestInvalid(RequestError):
    """A parameter or the body is missing, unknown or not of its form."""

    hint = "Compare it with the description at /schema."


class RequestTooLarge(RequestError):
    """Address, headers or body have more bytes than a request may have, or came too slowly."""

    hint = "Send less at once."


class NothingThere(RequestError):
    """No such page, list or digest."""

    hint = "/schema describes what there is; /v1/status names the lists."


class NothingYet(RequestError):
    """The list is known, and has no good version yet; an empty one is never given instead."""

    transient = True
    hint = "Ask again as `Retry-After` says; `gatepost status` tells what the list waits for."


class MethodRefused(RequestError):
    """The page is there, but not for this method."""

    hint = "Use a method that the answer's `Allow` names."


class TooManyLogins(RequestError):
    """Wrong passwords came too often from this network or for this name."""

    transient = True
    hint = "Wait as long as `Retry-After` says."


class TooManyAtOnce(RequestError):
    """More logins wait than may; this one was not looked at."""

    transient = True
    hint = "Try again as `Retry-After` says; from where you logged in before, no stranger is in the way."


class LoginUnproven(RequestError):
    """What the login provider says of somebody cannot be relied on; nobody was let in."""

    hint = "Begin again at /login; if it stays, compare issuer, client_id and the clocks of both hosts."


class ProviderFailed(RequestError):
    """The login provider cannot be asked, or does not answer as OpenID Connect says."""

    transient = True
    hint = "Local users still log in. See that this host reaches the provider, and [server.oidc]."
