"""Feishu's and Lark's codes: what each asks of us, and the page that says so.

Meanings are the platform's, reworded; classes are ours. Where a page and the
live service differ (10014, 10015), both readings have the same class.
"""

from __future__ import annotations

from gatepost.platforms.base import Code, CodeClass, CodeTable

DOCS = "https://open.feishu.cn/document"
GENERIC = f"{DOCS}/server-docs/api-call-guide/generic-error-code"
TOKENS = f"{DOCS}/server-docs/api-call-guide/calling-process/get-access-token"
ALLOWLIST = f"{DOCS}/server-docs/api-call-guide/calling-process/set-ip-allowlist"
FREQUENCY = f"{DOCS}/server-docs/api-call-guide/frequency-control"
OUTBOUND = f"{DOCS}/server-docs/event-subscription-guide/list"
MESSAGE = f"{DOCS}/server-docs/im-v1/message/create"
BOT = f"{DOCS}/client-docs/bot-v3/add-custom-bot"

CREDENTIALS = "Check app_id and app_secret on the app's page «Credentials & Basic Info»; no retry can help."
ENABLE = "Enable the app, publish a version, and have it installed in the tenant."
SCOPE = "Open the link, add the scope, publish a version of the app and have it approved."
LATER = "Try again later; `gatepost run` does so by itself."
SLOWER = "gatepost waits as long as the platform says; raise `every` of what shares this app."
REPORT = "Report it with the code and the log id."
TENANT_TOKEN = "A new token did not help either: this API may not accept it. See the page."  # noqa: S105 - advice
TICKET = "Have app_ticket sent again, and install the app in the tenant anew if that does not help."
USER = "gatepost uses no user tokens; let the user authorise the app again."
RECEIVER = "Check `to`: the id, its type, and that the bot may write there."

_Row = tuple[int, str, str]

_CONFIGURATION: tuple[_Row, ...] = (
    (10003, "a parameter is missing or wrong; at the token endpoint, the app_id is unknown", CREDENTIALS),
    (10005, "the app or tenant is not authorised", CREDENTIALS),
    (10014, "the app secret is wrong, or the app is disabled", CREDENTIALS),
    (10015, "the app secret is wrong", CREDENTIALS),
    (10016, "app_ticket can be sent again for store apps only", "Leave store_ticket out for a custom app."),
    (20003, "the authorisation grant is not valid", CREDENTIALS),
    (20070, "credentials stand in both the header and the body", REPORT),
    (41012, "the user id is not valid (1 to 64 bytes)", "Check the user id and its type."),
    (99991543, "app_id or app_secret does not exist", CREDENTIALS),
    (99991662, "the app is not in use", ENABLE),
    (99991673, "the app is not installed or not usable in this tenant", ENABLE),
    (
        99992361,
        "the open_id belongs to another app",
        "An open_id is valid for one app only; look it up anew.",
    ),
    *(
        (code, "an id does not exist, or not in this app or tenant", "Check the id and its type.")
        for code in (*range(99992351, 99992361), *range(99992362, 99992365), 99992381)
    ),
)
_PERMISSION: tuple[_Row, ...] = (
    (40004, "no authority over this department", "Widen the app's contact range and publish it."),
    (41050, "no authority over this user", "Widen the app's contact range to the user and publish it."),
    (99991672, "the app lacks a scope", SCOPE),
    (99991674, "this kind of user is not supported", "Use a token of a kind the API accepts."),
    (99991676, "the token lacks the permission", SCOPE),
    (99991679, "the user must grant the app a scope again", USER),
)
_REFRESH: tuple[_Row, ...] = (
    (20005, "the access token is not valid", TENANT_TOKEN),
    (20013, "the tenant token is not valid", TENANT_TOKEN),
    (20014, "the app token is not valid", TENANT_TOKEN),
    (99991663, "the token is not valid, or this API does not accept a tenant token", TENANT_TOKEN),
    (99991664, "the app token is not valid", TENANT_TOKEN),
    (99991665, "the tenant's code is not valid", TENANT_TOKEN),
    (99991671, "the token does not start with t- or u-", TENANT_TOKEN),
)
_REAUTHORISE: tuple[_Row, ...] = (
    (10012, "no app token was given: the app_ticket is not valid", TICKET),
    (10013, "no tenant token was given", TICKET),
    (20006, "the user's token has expired", USER),
    (99991668, "the user's token is not valid", USER),
    (99991669, "the refresh token is not valid", USER),
    (99991670, "the SSO token is not valid", USER),
    (99991677, "the user's token has expired", USER),
)
_RETRY: tuple[_Row, ...] = (
    *((code, "the platform's internal error", LATER) for code in (1500, 1663, 1668, 10101, 10105, 10500)),
    *((code, "the platform's internal error, usually of too many calls", LATER) for code in (2200, 5000)),
    (40003, "internal error of the contacts, or no authority over the department", LATER),
)
_BUG: tuple[_Row, ...] = (
    (9499, "the request is not of the form the platform expects", REPORT),
    (40001, "a parameter of the contacts API is wrong", REPORT),
    (40009, "page_size is above 50", REPORT),
    (40011, "page_size is not valid", REPORT),
    (40012, "page_token is not valid", REPORT),
    (40040, "page_token is not valid", REPORT),
    (40041, "page_size is not valid", REPORT),
    (99991201, "there is no such path", "Check base_url; else report it with the log id."),
    (99991300, "the request's body is not JSON", REPORT),
    (99991301, "the path does not take this method", REPORT),
    (99991661, "no token was sent, or not as a Bearer", REPORT),
    (99991675, "the user id in the token cannot be read", REPORT),
    (99992402, "a field did not pass validation", REPORT),
)

_MESSAGE_CONFIGURATION: tuple[_Row, ...] = (
    (230002, "the bot is not in the group", "Add the app's bot to the group."),
    (230006, "the app has no bot", "Enable the bot of the app and publish a version."),
    (230013, "the user is outside the bot's availability, or has left", "Widen the app's availability."),
    (230015, "a private chat cannot be shared", RECEIVER),
    (230017, "the bot does not own the resource", RECEIVER),
    (230018, "the group's settings forbid it", "Ask the group's owner to let the bot write."),
    (230019, "the topic does not exist", RECEIVER),
    (230029, "the user has left", RECEIVER),
    (230034, "receive_id is not valid", RECEIVER),
    (230035, "no right to send to this receiver", "Check mute, block and contact rules of the receiver."),
    (230036, "the tenant's encryption key is deleted", "Ask the tenant's administrator."),
    (230038, "a private chat across tenants is not allowed", RECEIVER),
    (230053, "the user has stopped the bot", RECEIVER),
    (230054, "this type of message is not allowed in a connected group", "Send text instead."),
    (230055, "the file is not of the message's type", RECEIVER),
    (230075, "encrypted chats are not supported", RECEIVER),
    (232009, "the chat has been dissolved", RECEIVER),
)
_CARD = "Make the card simpler; its JSON is in the page named."
_MESSAGE_CONTENT: tuple[_Row, ...] = (
    (11310, "the card has more than 200 elements, or its template is not visible to the app", _CARD),
    (100290, "the card names a user that is not valid", _CARD),
    (200570, "the card's image key is not valid", _CARD),
    (200621, "the card's JSON is broken", _CARD),
    (200861, "the card uses a tag that version 2.0 does not have", _CARD),
    (230022, "the message holds what the platform calls sensitive", "Send a message without entries."),
    (230025, "the message is too long (150 KB text, 30 KB post or card)", "Send a shorter message."),
    (230028, "the message did not pass the tenant's audit", "Send a message without numbers and addresses."),
    (230099, "the card could not be made", _CARD),
)
_BOT_CONFIGURATION: tuple[_Row, ...] = (
    (19001, "the webhook's id is not valid", "Copy the webhook address anew from the group's bot."),
    (
        19021,
        "the signature does not match, or is older than an hour",
        "Check the bot's secret and our clock.",
    ),
    (
        19024,
        "none of the bot's keywords is in the message",
        "Add a word of the message to the bot's keywords.",
    ),
)
ADD_ADDRESS = (
    "Add our egress address to the app's «Security Settings», «IP allowlist»: single IPv4, no network."
)


def _rows(klass: CodeClass, page: str, rows: tuple[_Row, ...]) -> tuple[Code, ...]:
    return tuple(Code(code, klass, meaning, advice, page) for code, meaning, advice in rows)


CODES = CodeTable.of(
    GENERIC,
    (
        *_rows(CodeClass.CONFIGURATION, GENERIC, _CONFIGURATION),
        *_rows(CodeClass.PERMISSION, GENERIC, _PERMISSION),
        *_rows(CodeClass.REFRESH, TOKENS, _REFRESH),
        *_rows(CodeClass.REAUTHORISE, TOKENS, _REAUTHORISE),
        *_rows(CodeClass.RETRY, GENERIC, _RETRY),
        *_rows(CodeClass.BUG, GENERIC, _BUG),
        *_rows(CodeClass.CONFIGURATION, MESSAGE, _MESSAGE_CONFIGURATION),
        *_rows(CodeClass.CONTENT, MESSAGE, _MESSAGE_CONTENT),
        *_rows(CodeClass.CONFIGURATION, BOT, _BOT_CONFIGURATION),
        Code(1810001, CodeClass.BUG, "the paging parameters are not valid", REPORT, OUTBOUND),
        Code(11232, CodeClass.RATE_LIMIT, "too many messages in all", SLOWER, FREQUENCY),
        Code(11233, CodeClass.RATE_LIMIT, "too many messages to this chat", SLOWER, FREQUENCY),
        Code(11247, CodeClass.RATE_LIMIT, "too many messages", SLOWER, FREQUENCY),
        Code(99991400, CodeClass.RATE_LIMIT, "asked too often", SLOWER, FREQUENCY),
        Code(
            99991403,
            CodeClass.QUOTA,
            "this month's calls are used up",
            "Wait for the next month, or raise the tenant's quota.",
            FREQUENCY,
        ),
        Code(230020, CodeClass.RATE_LIMIT, "too many messages to this receiver", SLOWER, MESSAGE),
        Code(230001, CodeClass.BUG, "a parameter of the message is not valid", RECEIVER, MESSAGE),
        Code(230027, CodeClass.PERMISSION, "the app lacks a right to send", SCOPE, MESSAGE),
        Code(230049, CodeClass.RETRY, "the message is still being sent", LATER, MESSAGE),
        Code(19002, CodeClass.BUG, "the webhook's body is not as documented", REPORT, BOT),
        Code(99991401, CodeClass.NETWORK, "our egress address is not allowed", ADD_ADDRESS, ALLOWLIST),
        Code(
            19022,
            CodeClass.NETWORK,
            "our egress address is not allowed by the bot",
            "Add our egress address to the bot's IP allowlist in the group's settings.",
            BOT,
        ),
    ),
)
"""Every code of the token, list, message, user and webhook pages."""
