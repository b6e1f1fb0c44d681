"""Who somebody is and what they may do here, by what the provider says of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gatepost.config.oidc_keys import OidcSettings
from gatepost.errors import cut
from gatepost.model.role import Role
from gatepost.refusals import LoginUnproven, RoleMissing
from gatepost.server.console_words import _

NAME_MOST = 40
"""Characters of a person's own name."""

Claims = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody the provider vouches for."""

    subject: str
    """Theirs for ever; with the issuer it says who they are."""
    name: str
    """What they are shown by: never a local user's name, since those have no ``@``."""
    role: Role


def lacks(claims: Claims, settings: OidcSettings) -> bool:
    """Whether a claim is wanted that is not there: the provider may tell it at its userinfo endpoint."""
    options = settings.options
    names = () if options.name_claim is None else (options.name_claim,)
    return any(_claim(claims, one) is None for one in (options.role_claim, *names))


def person_of(claims: Claims, settings: OidcSettings) -> Person:
    """Raises LoginUnproven where the name is missing, RoleMissing for whoever has no group with a role."""
    name = f"{_short(_name(claims, settings), claims['sub'])}@{settings.host}"
    told = _groups(_claim(claims, settings.options.role_claim))
    roles = [settings.roles[one] for one in told if one in settings.roles]
    if not roles:
        where = cut(settings.options.role_claim, NAME_MOST)
        msg = f"{name} has no role here: {len(told)} groups in {where!r}, none of them with a role"
        raise RoleMissing(
            msg, hint=_("Name one of this person's groups in [server.oidc.roles], or use another account.")
        )
    return Person(claims["sub"], name, next(one for one in reversed(Role) if one in roles))


def _short(name: str, subject: str) -> str:
    """A name that is cut ends with what tells it from others that begin alike."""
    if len(name) <= NAME_MOST:
        return cut(name, NAME_MOST)
    mark = hashlib.sha256(subject.encode()).hexdigest()[:8]
    return f"{cut(name, NAME_MOST - len(mark) - 1)}~{mark}"


def _name(claims: Claims, settings: OidcSettings) -> str:
    wanted = settings.options.name_claim
    if wanted is not None:
        found = _claim(claims, wanted)
        if not isinstance(found, str) or not found.strip():
            msg = f"the provider tells no claim {cut(wanted, NAME_MOST)!r}, which shall name people"
            raise LoginUnproven(msg, hint=_("Have the provider tell it, or name another as name_claim."))
        return found.strip()
    email = claims.get("email") if claims.get("email_verified") is True else None
    names = (claims.get("preferred_username"), email, claims["sub"])
    return next(one.strip() for one in names if isinstance(one, str) and one.strip())


def _claim(claims: Claims, name: str) -> Any:
    """A claim of this name, else what its parts lead to: ``realm_access.roles``."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _groups(told: Any) -> tuple[str, ...]:
    """Whole texts, each one group: a part of a name is none."""
    if isinstance(told, str):
        return (told,)
    return tuple(one for one in told if isinstance(one, str)) if isinstance(told, list) else ()
