"""WeCom's error codes: what each means, what class it is of, what a person does.

https://developer.work.weixin.qq.com/document/path/90313 (all codes); each
code has a page of its own at the platform's query tool.
"""

from __future__ import annotations

from gatepost.platforms.base import Code, CodeClass, CodeTable

_SECRET = "Take the app's Secret from the admin console: Apps, the app, Secret."  # noqa: S105 - a hint
_CORP = "Take the corpid from the admin console: My company, at the bottom of the page."
_APP = "Check in the admin console that the app exists and is enabled."
_DOMAIN_IP = (
    "The app may not call this API. For the list of clients, admin console: My company, Settings, "
    "Domain IP (域名IP): add this app to those that may call the API. Third-party apps and apps "
    "developed by an agent cannot use that list."
)
_SCOPE = "Widen the app's visible range in the admin console so that it holds the receiver."
_TRUSTED = (
    "Admin console: Apps, the app, Trusted IPs of the company (企业可信IP): add the address named; "
    "it counts after about a minute."
)
_ALLOWLIST = "Admin console: add the address named to the app's IP allow-list."
_ROBOT = "Make a new webhook in the group: group settings, message push, and take its key."
_SUITE = "Authorise the app again: its ticket or authorisation is no longer valid."
_COMPANY = "Check in the admin console that the company's account is in order."

K = CodeClass

_ROWS: tuple[tuple[int, CodeClass, str, str], ...] = (
    (-1, K.RETRY, "the system is busy", ""),
    (6000, K.RETRY, "the data was changed by another call", ""),
    (
        40001,
        K.CONFIGURATION,
        "the secret is wrong, reset or of another company, or the app is stopped",
        _SECRET,
    ),
    (40013, K.CONFIGURATION, "the corpid is wrong", _CORP),
    (40014, K.REFRESH, "the access token is invalid", ""),
    (40056, K.BUG, "the agentid is wrong", "Check the agentid in the admin console: Apps, the app."),
    (40058, K.BUG, "a parameter is wrong", ""),
    (40082, K.REAUTHORISE, "the suite token is invalid", _SUITE),
    (40091, K.CONFIGURATION, "the secret is not valid for this company", _SECRET),
    (41001, K.BUG, "the access token is missing", ""),
    (41002, K.BUG, "the corpid is missing", _CORP),
    (41004, K.BUG, "the secret is missing", _SECRET),
    (42001, K.REFRESH, "the access token is expired", ""),
    (42009, K.REAUTHORISE, "the suite token is expired", _SUITE),
    (45009, K.RATE_LIMIT, "the call limit is exceeded", ""),
    (
        45031,
        K.CONFIGURATION,
        "the secret is not secure enough",
        "Reset the app's Secret in the admin console.",
    ),
    (45033, K.RATE_LIMIT, "too many calls at the same time", ""),
    (45035, K.RETRY, "calls at the same time are in conflict", ""),
    (45036, K.RATE_LIMIT, "the limit of data read is exceeded", ""),
    (48001, K.PERMISSION, "the function is not authorised for this app", _DOMAIN_IP),
    (48002, K.PERMISSION, "this app may not call the API", _DOMAIN_IP),
    (48003, K.CONFIGURATION, "the suite id is wrong", _SUITE),
    (48004, K.CONFIGURATION, "the authorisation is not valid", _SUITE),
    (48005, K.CONFIGURATION, "the API is retired", "Look for an update of gatepost."),
    (48006, K.CONFIGURATION, "the app's permission was withdrawn: it was idle too long", _APP),
    (
        48010,
        K.CONFIGURATION,
        "the TLS version is not supported",
        "Check the proxy between here and the platform.",
    ),
    (50003, K.CONFIGURATION, "the app is disabled", _APP),
    (60011, K.PERMISSION, "the app may not act on this member, department or tag", _SCOPE),
    (60020, K.NETWORK, "the caller's address is not trusted", _TRUSTED),
    (60031, K.CONFIGURATION, "the app is barred from calling APIs", _APP),
    (
        81013,
        K.CONFIGURATION,
        "no receiver is valid",
        "Check `to`: members, departments and tags the app can see.",
    ),
    (93000, K.CONFIGURATION, "the robot's webhook is invalid or was removed", _ROBOT),
    (93001, K.CONFIGURATION, "the robot may not post to this chat", _ROBOT),
    (93004, K.CONFIGURATION, "the robot's push is disabled", _ROBOT),
    (93008, K.CONFIGURATION, "the robot is not in the chat", _ROBOT),
    (301002, K.PERMISSION, "this token may not act for this agentid", _DOMAIN_IP),
    (301007, K.CONFIGURATION, "the company's account is unavailable", _COMPANY),
    (301042, K.NETWORK, "the caller's address is not on the IP allow-list", _ALLOWLIST),
)

PAGE = "https://developer.work.weixin.qq.com/document/path/90313"
QUERY = "https://open.work.weixin.qq.com/devtool/query?e={}"

CODES = CodeTable.of(
    PAGE,
    (
        Code(code, klass, meaning, advice, QUERY.format(code) if code > 0 else PAGE)
        for code, klass, meaning, advice in _ROWS
    ),
)
"""Every code of the token, list and message pages."""
WAITS = {45009: 60.0}
"""Seconds a block lasts at least; those of an hour and a day say nothing of their length."""
