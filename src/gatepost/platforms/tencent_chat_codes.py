"""Tencent Cloud Chat's error codes: what each means, what class it is of, what a person does.

https://cloud.tencent.com/document/product/679/131708 (public codes of the
REST API), https://trtc.io/document/34348 (accounts and signatures).
"""

from __future__ import annotations

from gatepost.platforms.base import Code, CodeClass, CodeTable

PUBLIC_PAGE = "https://cloud.tencent.com/document/product/679/131708"
ACCOUNT_PAGE = "https://trtc.io/document/34348"

_ADMIN = "Name an App administrator as `identifier`: Chat console, the app, Account management."
_KEY = "Take the key of this SDKAppID from the Chat console and store it where `key` points."
_REGION = "Check `sdkappid`, and that `region` is the app's data centre as the Chat console shows it."
_BILLING = "Renew or raise the app's package in the Chat console; it takes effect in about five minutes."
_APP = "Check in the Chat console that this SDKAppID exists and is enabled."
_CLOCK = "Check this host's clock, then the key and `identifier` of the account."
_CALLER = "Add this host's egress address to the app's list of allowed callers in the Chat console."
_SUPPORT = "Ask the platform's support why the account is restricted."

K = CodeClass

_ROWS: tuple[tuple[int, CodeClass, str, str], ...] = (
    (60002, K.BUG, "the HTTP request could not be parsed", ""),
    (60003, K.BUG, "the request's JSON could not be parsed", ""),
    (60004, K.CONFIGURATION, "the account or signature in the URL is wrong", _ADMIN),
    (60005, K.CONFIGURATION, "the account or signature is wrong", _ADMIN),
    (60006, K.CONFIGURATION, "the SDKAppID is invalid", _APP),
    (60007, K.RATE_LIMIT, "the API's call frequency is exceeded", ""),
    (60008, K.RETRY, "the service timed out", ""),
    (60009, K.BUG, "the resource or URL is wrong", ""),
    (60010, K.PERMISSION, "an App administrator is required", _ADMIN),
    (60011, K.RATE_LIMIT, "the app's call frequency is exceeded", ""),
    (60012, K.BUG, "the SDKAppID is missing in the URL", ""),
    (60013, K.RETRY, "the platform could not parse its own answer", ""),
    (60014, K.RETRY, "the account exchange timed out", ""),
    (60015, K.BUG, "an account in the body is not a string", ""),
    (60016, K.CONFIGURATION, "the SDKAppID is disabled", _APP),
    (60017, K.CONFIGURATION, "the request is disabled for this app", _APP),
    (60018, K.RATE_LIMIT, "requests are too frequent", ""),
    (60019, K.RATE_LIMIT, "requests are too frequent", ""),
    (60020, K.CONFIGURATION, "the app's package is expired or stopped", _BILLING),
    (60021, K.NETWORK, "the caller's address is not allowed", _CALLER),
    (70001, K.REFRESH, "the UserSig is expired", _CLOCK),
    (70002, K.BUG, "the UserSig is empty", ""),
    (70003, K.REFRESH, "the UserSig is invalid", _KEY),
    (70004, K.REFRESH, "the UserSig is invalid", _KEY),
    (70005, K.REFRESH, "the UserSig cannot be read", _KEY),
    (70006, K.REFRESH, "the UserSig cannot be read", _KEY),
    (70007, K.REFRESH, "the UserSig cannot be read", _KEY),
    (70008, K.REFRESH, "the UserSig cannot be read", _KEY),
    (70009, K.CONFIGURATION, "the UserSig was made with another app's key", _KEY),
    (70013, K.CONFIGURATION, "the identifier is not the one in the UserSig", _ADMIN),
    (70014, K.CONFIGURATION, "the SDKAppID is not the one in the UserSig", _APP),
    (70016, K.CONFIGURATION, "the app's key was not found, or this is the wrong region", _REGION),
    (70020, K.CONFIGURATION, "the SDKAppID was not found, or this is the wrong region", _REGION),
    (70050, K.RATE_LIMIT, "verification failed too often", _KEY),
    (70051, K.CONFIGURATION, "the account is on the platform's blocklist", _SUPPORT),
    (70052, K.REFRESH, "the UserSig is no longer valid", _KEY),
    (70107, K.CONFIGURATION, "the account does not exist in this app", _ADMIN),
    (70114, K.CONFIGURATION, "the account is restricted for security", _SUPPORT),
    (70206, K.BUG, "the number of accounts in the batch is invalid", ""),
    (70214, K.CONFIGURATION, "the signature could not be verified", _KEY),
    (70221, K.REFRESH, "the login state is invalid", _CLOCK),
    (70236, K.CONFIGURATION, "the signature could not be verified", _KEY),
    (70346, K.CONFIGURATION, "the credential could not be verified", _KEY),
    (70347, K.REFRESH, "the credential is expired", _CLOCK),
    (70398, K.CONFIGURATION, "the free edition's number of accounts is reached", _BILLING),
    (70402, K.BUG, "a parameter is invalid", ""),
    (70403, K.PERMISSION, "the caller is not an App administrator", _ADMIN),
    *(
        (code, K.RETRY, "the platform's internal error or time-out", "")
        for code in (70169, 70201, 70202, 70203, 70207, 70208, 70212, 70213, 70222, 70225, 70231)
    ),
    *(
        (code, K.RETRY, "the platform's internal error or time-out", "")
        for code in (70308, 70348, 70362, 70401, 70500)
    ),
)

_FIRST_ACCOUNT_CODE = 70_000

CODES = CodeTable.of(
    PUBLIC_PAGE,
    (
        Code(code, klass, meaning, advice, ACCOUNT_PAGE if code >= _FIRST_ACCOUNT_CODE else PUBLIC_PAGE)
        for code, klass, meaning, advice in _ROWS
    ),
)
"""Every code of the two pages."""
WAITS = {70050: 60.0}
"""Seconds that a code's own text says to wait."""
WRONG_REGION = frozenset({70016, 70020})
"""Codes that an app of another region gets."""
