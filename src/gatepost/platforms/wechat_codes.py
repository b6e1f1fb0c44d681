"""WeChat's error codes: what each means, what class it is of, what a person does."""

from __future__ import annotations

from gatepost.platforms.base import Code, CodeClass, CodeTable

PAGE = "https://developers.weixin.qq.com/doc/offiaccount/Getting_Started/Global_Return_Code.html"
TOKEN_PAGE = "https://developers.weixin.qq.com/doc/service/api/base/api_getstableaccesstoken"  # noqa: S105 - a page

_APPID = "Copy the AppID from the platform's console, capitals included."
_SECRET = "Take the AppSecret from the platform's console, under Development interface."  # noqa: S105 - a hint
_FROZEN = "Unfreeze or reset the AppSecret in the platform's console."
_ACCOUNT = "Check in the platform's console that the account is in order and may use this API."
_ALLOWLIST = (
    "Platform's console: Settings and development, Development interface, IP allow-list: "
    "add the address named."
)
_CONFIRM = "Ask the account's administrator to confirm this address; WeChat has sent them the question."
_REFUSED = "The administrator refused this address; ask them, then wait {} before the next call."
_CALLBACK = (
    "Set the server's URL in the platform's console first: Settings and development, Development interface."
)
_AGAIN = "Authorise the app again: the user changed the password or withdrew the authorisation."
_QUOTA = "The quota starts anew at midnight in Beijing; look for other programs that use this app."
_COMPONENT = (
    'This account belongs to a third-party platform: give gatepost its token by `token = "file:PATH"`.'
)

K = CodeClass

_ROWS: tuple[tuple[int, CodeClass, str, str], ...] = (
    (-1, K.RETRY, "the system is busy", ""),
    (40001, K.REFRESH, "the access token is invalid or not the latest", ""),
    (40002, K.BUG, "the grant type is wrong", ""),
    (40013, K.CONFIGURATION, "the AppID is invalid", _APPID),
    (40014, K.REFRESH, "the access token is invalid", ""),
    (40125, K.CONFIGURATION, "the AppSecret is invalid", _SECRET),
    (40164, K.NETWORK, "the caller's address is not on the IP allow-list", _ALLOWLIST),
    (40201, K.CONFIGURATION, "the callback URL is not set", _CALLBACK),
    (40202, K.BUG, "the check's action is wrong", ""),
    (40203, K.BUG, "the check's operator is wrong", ""),
    (40243, K.CONFIGURATION, "the AppSecret is frozen", _FROZEN),
    (41001, K.BUG, "the access token is missing", ""),
    (41002, K.BUG, "the AppID is missing", _APPID),
    (41004, K.BUG, "the AppSecret is missing", _SECRET),
    (42001, K.REFRESH, "the access token is expired", ""),
    (42007, K.REAUTHORISE, "the token was withdrawn with the user's authorisation", _AGAIN),
    (43002, K.BUG, "the API wants POST", ""),
    (45009, K.QUOTA, "the API's daily quota is used up", _QUOTA),
    (45011, K.RATE_LIMIT, "too many calls in this minute", ""),
    (48001, K.PERMISSION, "the API is not authorised for this account", _ACCOUNT),
    (48006, K.QUOTA, "the quota was reset too often this month", _QUOTA),
    (50004, K.CONFIGURATION, "the account may not ask for tokens", _ACCOUNT),
    (50007, K.CONFIGURATION, "the account is frozen", _ACCOUNT),
    (61024, K.REAUTHORISE, "the account's tokens come from its third-party platform", _COMPONENT),
    (76001, K.BUG, "the rid is not known", ""),
    (76002, K.BUG, "the rid is of another account", ""),
    (76003, K.BUG, "the rid is too old", ""),
    (76004, K.BUG, "the rid is wrong", ""),
    (89501, K.NETWORK, "the caller's address waits for the administrator's confirmation", _CONFIRM),
    (89503, K.NETWORK, "the caller's address needs the administrator's confirmation", _CONFIRM),
    (89506, K.NETWORK, "the administrator refused the caller's address again", _REFUSED.format("24 hours")),
    (89507, K.NETWORK, "the administrator refused the caller's address", _REFUSED.format("an hour")),
)

CODES = CodeTable.of(
    PAGE, (Code(code, klass, meaning, advice, PAGE) for code, klass, meaning, advice in _ROWS)
)
"""Every code, as it is meant where an access token goes out."""
TOKEN_CODES = CodeTable(
    TOKEN_PAGE,
    {**CODES.rows, 40001: Code(40001, K.CONFIGURATION, "the AppSecret is wrong", _SECRET, TOKEN_PAGE)},
)
"""Every code, as it is meant where app id and secret go out: 40001 is then a wrong secret."""
DAILY_QUOTA = 45009
"""Starts anew at midnight in Beijing."""
WAITS = {45011: 60.0, 89506: 86_400.0, 89507: 3_600.0}
"""Seconds to wait that a code's own text names."""
