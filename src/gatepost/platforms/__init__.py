"""API clients: authentication, envelope, errors, paging. Each usable as a library.

::

    from gatepost.platforms import Feishu

A client's module is loaded when its name is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gatepost.platforms.feishu import Feishu, Lark
    from gatepost.platforms.tencent_chat import TencentChat
    from gatepost.platforms.wechat import WeChat
    from gatepost.platforms.wecom import WeCom

__all__ = ["Feishu", "Lark", "TencentChat", "WeChat", "WeCom"]

_MODULES = {
    "Feishu": "feishu",
    "Lark": "feishu",
    "TencentChat": "tencent_chat",
    "WeChat": "wechat",
    "WeCom": "wecom",
}


def __getattr__(name: str) -> Any:
    """Load a client on first use."""
    if name not in _MODULES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    """The clients, loaded or not."""
    return sorted({*globals(), *__all__})
