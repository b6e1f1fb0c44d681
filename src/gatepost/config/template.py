"""A commented gatepost.toml to start from, for the platforms a person names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_HEAD = """\
# gatepost.toml: which lists are kept, from where, and where they take effect.
# `gatepost config check` checks it; docs/configuration.md tells every key.
# Secrets are references: env:NAME, file:PATH or keyring:SERVICE/USER.

[store]
url = "sqlite:///gatepost.db"          # beside this file; the history and all plans

# [protect]                            # a plan that cuts off one of these is refused; your SSH session,
# addresses = [                        # name servers and the platforms' hosts are found without being named
#   { value = "203.0.113.0/24", why = "office" },
# ]
"""

_ACCOUNTS: Mapping[str, str] = {
    "feishu": """
[accounts.feishu-main]                 # the app needs the scope event:ip_list
platform = "feishu"
app_id = "cli_REPLACE"
app_secret = "env:FEISHU_APP_SECRET"

[sources.feishu-events]                # where Feishu sends events from
kind = "feishu.events"
account = "feishu-main"
every = "1h"
""",
    "lark": """
[accounts.lark-main]                   # the app needs the scope event:ip_list
platform = "lark"
app_id = "cli_REPLACE"
app_secret = "env:LARK_APP_SECRET"

[sources.lark-events]                  # where Lark sends events from
kind = "feishu.events"
account = "lark-main"
every = "1h"
""",
    "tencent_chat": """
[accounts.chat]                        # identifier: an administrator of the app
platform = "tencent_chat"
sdkappid = 1400000000
identifier = "administrator"
key = "env:CHAT_KEY"
region = "china"                       # china singapore seoul tokyo frankfurt silicon_valley jakarta

[sources.chat-webhooks]                # nettype 5: webhooks to a server in China; 6: elsewhere
kind = "tencent_chat.ips"
account = "chat"
nettype = 5
""",
    "wecom": """
[accounts.corp]
platform = "wecom"
corpid = "ww_REPLACE"
corpsecret = "env:WECOM_CORPSECRET"

[sources.wecom-callbacks]              # where WeCom calls us from
kind = "wecom.callback"
account = "corp"

[sources.wecom-clients]                # domains and addresses the WeCom apps in the office need
kind = "wecom.clients"
account = "corp"
""",
    "wechat": """
[accounts.wechat-mp]
platform = "wechat"
appid = "wx_REPLACE"
secret = "env:WECHAT_SECRET"
token = "stable"                       # never "classic" unless nothing else uses this app

[sources.wechat-callbacks]             # where WeChat calls us from
kind = "wechat.callback"
account = "wechat-mp"

[sources.wechat-api]                   # what we reach as api.weixin.qq.com
kind = "wechat.api"
account = "wechat-mp"
""",
}

_INGRESS: Mapping[str, tuple[str, ...]] = {
    "feishu": ("feishu-events",),
    "lark": ("lark-events",),
    "tencent_chat": ("chat-webhooks",),
    "wecom": ("wecom-callbacks",),
    "wechat": ("wechat-callbacks",),
}
_EGRESS: Mapping[str, tuple[str, ...]] = {"wecom": ("wecom-clients",), "wechat": ("wechat-api",)}

_LIST = """
[lists.{name}]                       # {what}
direction = "{direction}"
sources = [{sources}]
# pin = [{{ value = "203.0.113.7", why = "our own probe", until = 2027-01-01 }}]
# exclude = [{{ value = "198.51.100.0/24", why = "ticket 42" }}]

[targets.{name}-firewall]            # sets {name}_v4 and {name}_v6 in our own table; your rules refer to them
kind = "nftables"
list = "{name}"
table = "gatepost"
set = "{name}"
"""

PLATFORMS = tuple(sorted(_ACCOUNTS))


def template(platforms: Sequence[str]) -> str:
    """The text for some of :data:`PLATFORMS`, in their order."""
    chosen = [name for name in PLATFORMS if name in platforms]
    parts = [_HEAD, *(_ACCOUNTS[name] for name in chosen)]
    for name, what, direction, sources in (
        ("webhooks", "who may call our webhooks", "ingress", _INGRESS),
        ("outbound", "what our users and servers must reach", "egress", _EGRESS),
    ):
        names = [f'"{source}"' for one in chosen for source in sources.get(one, ())]
        if names:
            parts.append(_LIST.format(name=name, what=what, direction=direction, sources=", ".join(names)))
    return "".join(parts)
