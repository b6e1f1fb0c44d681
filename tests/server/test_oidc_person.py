"""Who somebody is and what they may do, by the claims of a provider."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.model.role import Role
from gatepost.refusals import LoginUnproven, RoleMissing
from gatepost.server.oidc_person import NAME_MOST, lacks, person_of
from rigs.vouched import ROLES, oidc

ISSUER = "https://sso.example.com/realms/office"
SETTINGS = oidc(ISSUER)
STAFF = {"sub": "s-1", "groups": ["staff"]}

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from([*ROLES]),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from([*ROLES]), inner),
    max_leaves=8,
)


@pytest.mark.hypothesis
@given(st.lists(st.sampled_from([*ROLES]) | st.text(max_size=8)))
def test_the_highest_role_of_ones_groups_counts(groups):
    """In whatever order they come, whatever else is among them; without any nobody is let in."""
    known = [ROLES[one] for one in groups if one in ROLES]
    claims = {"sub": "s-1", "groups": groups}
    if known:
        role = person_of(claims, SETTINGS).role
        assert role in known
        assert all(role.covers(one) for one in known)
    else:
        with pytest.raises(RoleMissing):
            person_of(claims, SETTINGS)


@pytest.mark.hypothesis
@given(anything)
def test_whatever_the_claim_holds_only_a_whole_group_gives_a_role(told):
    """Its text, or a list with it; nothing deeper, no key of a table."""
    flat = [told] if isinstance(told, str) else told if isinstance(told, list) else []
    known = {ROLES[one] for one in flat if isinstance(one, str) and one in ROLES}
    try:
        assert person_of({"sub": "s-1", "groups": told}, SETTINGS).role in known
    except RoleMissing:
        assert not known


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"preferred_username": "vera", "email": "v@x.org"}, "vera"),
        ({"preferred_username": " ", "email": "v@x.org", "email_verified": True}, "v@x.org"),
        ({"email": "v@x.org"}, "s-1"),
        ({"email": "v@x.org", "email_verified": "true"}, "s-1"),
        ({"preferred_username": 7}, "s-1"),
        ({"preferred_username": "a\nb\u202e"}, "a\\nb\\u202e"),
        ({"preferred_username": "x" * 99}, "x" * (NAME_MOST - 10) + "…~6a840baf"),
        ({"preferred_username": "\ud800"}, "\\ud800"),
    ],
)
def test_people_are_shown_by_a_name_and_the_issuers_host(claims, name):
    """Control characters spelt out, cut; never a local user's name."""
    person = person_of({**STAFF, **claims}, SETTINGS)
    assert (person.name, person.subject) == (f"{name}@sso.example.com", "s-1")


def test_another_claim_may_name_people():
    """Then it must be there: nobody is shown by another one unseen."""
    settings = oidc(ISSUER, name_claim="upn")
    assert person_of({**STAFF, "upn": "v.e"}, settings).name == "v.e@sso.example.com"
    for told in ({}, {"upn": ""}, {"upn": ["v"]}):
        with pytest.raises(LoginUnproven, match="no claim 'upn'"):
            person_of({**STAFF, **told}, settings)


def test_groups_may_stand_within_a_claim():
    """By a path; a claim of exactly that name comes first."""
    settings = oidc(ISSUER, role_claim="realm_access.roles")
    deep = {"sub": "s-1", "realm_access": {"roles": ["net"]}}
    assert person_of(deep, settings).role is Role.APPROVER
    assert person_of({**deep, "realm_access.roles": ["root"]}, settings).role is Role.ADMIN
    for told in ({"realm_access": ["net"]}, {"realm_access": {"roles": {"net": 1}}}, {"realm_access": None}):
        with pytest.raises(RoleMissing):
            person_of({"sub": "s-1", **told}, settings)


def test_more_is_asked_for_only_where_something_is_missing():
    """A claim that is there, though empty, is an answer."""
    assert lacks({"sub": "s-1"}, SETTINGS)
    assert not lacks({"sub": "s-1", "groups": []}, SETTINGS)
    assert lacks(STAFF, oidc(ISSUER, name_claim="upn"))


def test_long_names_that_begin_alike_stay_apart():
    """What is cut of a name ends with a mark of whose it is."""
    long = [f"f:12345678-1234-1234-1234-123456789012:{last}" for last in ("alice", "bobby")]
    names = {person_of({**STAFF, "sub": one, "preferred_username": one}, SETTINGS).name for one in long}
    assert len(names) == 2
    assert max(len(one.partition("@")[0]) for one in names) <= NAME_MOST
