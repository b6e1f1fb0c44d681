"""What a web application installs: a gate before it, and a list that keeps itself current."""

from gatepost.gate.asgi import AsgiGate
from gatepost.gate.verdict import Unlisted, Verdict
from gatepost.gate.wsgi import WsgiGate
from gatepost.middleware.following import Status
from gatepost.middleware.opening import FollowingGate, open_gate

__all__ = ["AsgiGate", "FollowingGate", "Status", "Unlisted", "Verdict", "WsgiGate", "open_gate"]
