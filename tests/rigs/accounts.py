"""Configurations of the emulator's accounts, with their secrets in the environment or in a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gatepost.emulator.app import Emulator

SECRETS: Mapping[str, str] = {
    "feishu": "FEISHU_APP_SECRET",
    "lark": "LARK_APP_SECRET",
    "wechat": "WECHAT_SECRET",
    "chat": "CHAT_KEY",
}
"""The environment variable of each platform's secret; WeCom's is in a file."""


def secret(emulator: Emulator, platform: str) -> str:
    """The secret of a platform's first app."""
    return str(next(iter(emulator.state.apps[platform].values())).secrets[0])


def environment(emulator: Emulator) -> dict[str, str]:
    """All secrets that come from the environment."""
    return {name: secret(emulator, platform) for platform, name in SECRETS.items()}


def write_secret_file(emulator: Emulator, folder: Path) -> Path:
    """WeCom's secret, as a file with a line end that is not part of it."""
    place = folder / "wecom.secret"
    place.write_text(secret(emulator, "wecom") + "\n", encoding="utf-8")
    place.chmod(0o600)
    return place


def accounts(emulator: Emulator, base_url: str, wecom_secret: Path) -> str:
    """The tables of one account a platform."""
    ids = {name: next(iter(emulator.state.apps[name])) for name in (*SECRETS, "wecom")}
    return _ACCOUNTS.format(
        url=base_url, file=wecom_secret, **ids, **{f"{k}_env": v for k, v in SECRETS.items()}
    )


_ACCOUNTS = """
[accounts.feishu-main]
platform = "feishu"
app_id = "{feishu}"
app_secret = "env:{feishu_env}"
base_url = "{url}/feishu"

[accounts.lark-main]
platform = "lark"
app_id = "{lark}"
app_secret = "env:{lark_env}"
base_url = "{url}/lark"

[accounts.wechat-mp]
platform = "wechat"
appid = "{wechat}"
secret = "env:{wechat_env}"
base_url = "{url}/wechat"

[accounts.corp]
platform = "wecom"
corpid = "{wecom}"
corpsecret = "file:{file}"
base_url = "{url}/wecom"

[accounts.chat]
platform = "tencent_chat"
sdkappid = {chat}
identifier = "administrator"
key = "env:{chat_env}"
base_url = "{url}/chat"
"""
