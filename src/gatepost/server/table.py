"""The table of the API: everything the server answers but feeds, hints and pages."""

from __future__ import annotations

from gatepost.errors import UsageError
from gatepost.model.role import Role
from gatepost.refusals import LoginRequired, NothingThere, TooManyAtOnce, TooManyLogins
from gatepost.server import answers, answers_audit, api, entries, explained, logging_in, metrics, readiness
from gatepost.server.feed_table import FEED_ROUTES
from gatepost.server.hints import HINT_ROUTES
from gatepost.server.oidc_login import OIDC_ROUTES
from gatepost.server.openapi import description
from gatepost.server.raw_route import RawRoute
from gatepost.server.route import Asked, Reply, Route

VIEWER, APPROVER = Role.VIEWER, Role.APPROVER


def schema(_: object, __: Asked) -> Reply:
    """Made once: the table does not change."""
    return Reply(_SCHEMA[0], "application/json")


ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/v1/check",
        VIEWER,
        api.check,
        answers.Check,
        "Is an address or domain allowed, by what, since when?",
        asks=api.CheckParams,
        refusals=(NothingThere,),
    ),
    Route("GET", "/v1/status", VIEWER, api.status, answers.Status, "Each source, list and target."),
    Route(
        "GET",
        "/v1/history/{name}",
        VIEWER,
        api.history,
        answers.History,
        "The serials of a list.",
        asks=api.NameParams,
        refusals=(NothingThere,),
    ),
    Route(
        "GET",
        "/v1/entries/{name}",
        VIEWER,
        entries.entries,
        answers.Entries,
        "What a list holds, with where each entry comes from; at a serial or a time.",
        asks=entries.EntriesParams,
        refusals=(NothingThere,),
    ),
    Route(
        "GET",
        "/v1/diff/{name}",
        VIEWER,
        entries.difference,
        answers.Difference,
        "What came and went between two serials.",
        asks=entries.DiffParams,
        refusals=(NothingThere,),
    ),
    Route(
        "GET",
        "/v1/plans",
        VIEWER,
        api.plans,
        answers.Plans,
        "The newest plan of each target, and what waits.",
    ),
    Route(
        "POST",
        "/v1/plans/{digest}/approve",
        APPROVER,
        api.approve,
        answers.Word,
        "Allow what a guard held, by its digest.",
        asks=api.DigestParams,
        body=api.WordBody,
        refusals=(NothingThere, UsageError),
    ),
    Route(
        "POST",
        "/v1/plans/{digest}/reject",
        APPROVER,
        api.reject,
        answers.Word,
        "Refuse what a guard held, by its digest.",
        asks=api.DigestParams,
        body=api.WordBody,
        refusals=(NothingThere, UsageError),
    ),
    Route(
        "GET",
        "/v1/explain",
        VIEWER,
        explained.explained,
        explained.Explained,
        "Why an address or domain is allowed or not, in one paragraph.",
        asks=explained.ExplainParams,
        refusals=(NothingThere,),
    ),
    Route(
        "GET",
        "/v1/explain/{digest}",
        VIEWER,
        api.explanation,
        answers.Explanation,
        "Why a plan or an answer was held, in one paragraph.",
        asks=api.DigestParams,
        refusals=(NothingThere, UsageError),
    ),
    Route(
        "GET",
        "/v1/consumers",
        VIEWER,
        api.consumers,
        answers.Consumers,
        "What is published, and who fetched which version of it.",
    ),
    Route("GET", "/v1/audit", VIEWER, api.audit, answers_audit.Audit, "Who did what, newest first."),
    Route(
        "GET", "/v1/session", VIEWER, logging_in.session, answers.Session, "Who asks, and what they may do."
    ),
    Route(
        "POST",
        "/login",
        None,
        logging_in.log_in,
        answers.Session,
        "Begin a session.",
        asks=logging_in.LoginParams,
        body=logging_in.LoginBody,
        refusals=(LoginRequired, TooManyLogins, TooManyAtOnce),
        statuses={303: "A form's way on"},
    ),
    Route(
        "POST",
        "/logout",
        VIEWER,
        logging_in.log_out,
        answers.Session,
        "End the session.",
        body=logging_in.LogoutBody,
        statuses={303: "A form's way on"},
    ),
    *OIDC_ROUTES,
    Route("GET", "/livez", None, api.live, answers.Live, "Whether the process answers."),
    Route(
        "GET",
        "/readyz",
        None,
        readiness.ready,
        answers.Ready,
        "Whether every list has good content, and every feed a version.",
        statuses={503: "Not yet, with reasons"},
    ),
    Route("GET", "/metrics", VIEWER, api.metrics, metrics.MEDIA, "For Prometheus."),
    Route("GET", "/schema", VIEWER, schema, "application/json", "This description (OpenAPI 3.1)."),
)
"""Least role by row; a row without one is for anybody: probes, and the way in."""

RAW: tuple[RawRoute, ...] = (*FEED_ROUTES, *HINT_ROUTES)
"""Rows that are answered without the router: feeds, which ask for their consumers themselves, and hints."""

_SCHEMA = [description(ROUTES, RAW)]
