"""Feishu/Lark ``contact/v3/users/:user_id``: a field without its scope is absent."""

from __future__ import annotations

from gatepost.emulator.base import Answer, Call, Route
from gatepost.emulator.feishu_gate import MINUTE, SECOND, FeishuApp, admit, no, ok
from gatepost.emulator.state import Json

SCOPES = (
    "contact:contact.base:readonly",
    "contact:contact:access_as_app",
    "contact:contact:readonly",
    "contact:contact:readonly_as_app",
)
RATES = ((50, SECOND), (1000, MINUTE))
ID_MAX = 64
PREFIXES = {"open_id": "ou_", "union_id": "on_"}
ALWAYS = {"open_id", "union_id"}
FIELDS = {
    "contact:user.base:readonly": {"name", "en_name", "nickname", "avatar"},
    "contact:user.email:readonly": {"email"},
    "contact:user.phone:readonly": {"mobile", "mobile_visible"},
    "contact:user.employee_id:readonly": {"user_id"},
    "contact:user.department:readonly": {"department_ids", "leader_user_id", "orders"},
    "contact:user.gender:readonly": {"gender"},
    "contact:user.employee:readonly": {
        "status", "city", "country", "work_station", "join_time", "employee_no", "employee_type",
        "is_tenant_manager", "job_title", "enterprise_email", "custom_attrs",
    },
}  # fmt: skip

ADA: dict[str, Json] = {
    "open_id": "ou_c99c5f35d542efc7ee492afe11af19ef",
    "union_id": "on_94a1ee5551019f18cd73d9f111898cf2",
    "user_id": "3e3cf96b",
    "name": "张三",
    "en_name": "San Zhang",
    "nickname": "",
    "email": "zhangsan@corp.example",
    "mobile": "+8613800000000",
    "mobile_visible": True,
    "gender": 0,
    "avatar": {
        size: f"https://img.example/{size}.png"
        for size in ("avatar_72", "avatar_240", "avatar_640", "avatar_origin")
    },
    "status": {
        "is_frozen": False,
        "is_resigned": False,
        "is_activated": True,
        "is_exited": False,
        "is_unjoin": False,
    },
    "department_ids": ["od-4e6ac4d14bcd5071a37a39de902c7141"],
    "leader_user_id": "",
    "city": "杭州",
    "country": "CN",
    "work_station": "",
    "join_time": 1615381200,
    "is_tenant_manager": False,
    "employee_no": "1",
    "employee_type": 1,
    "job_title": "SRE",
    "enterprise_email": "",
    "orders": [
        {
            "department_id": "od-4e6ac4d14bcd5071a37a39de902c7141",
            "user_order": 0,
            "department_order": 0,
            "is_primary_dept": True,
        },
    ],
    "custom_attrs": [],
}
"""The person every seeded app may see."""


def get_user(call: Call) -> Answer:
    """One person by open_id, union_id or user_id."""
    app = admit(call, "contact", SCOPES, RATES)
    if isinstance(app, Answer):
        return app
    id_type, user_id = call.query.get("user_id_type", "open_id"), call.params["user_id"]
    if id_type not in {"open_id", "union_id", "user_id"}:
        return no(call, 40001, "param error: user_id_type")
    if not _well_formed(id_type, user_id):
        return no(call, 41012, "user id invalid error")
    if user_id in app.strangers:
        return no(call, 41050, "no user authority error")
    user = next((user for user in app.users if user.get(id_type) == user_id), None)
    return no(call, 99992351, f"not a valid {id_type}") if user is None else ok({"user": _visible(app, user)})


def _well_formed(id_type: str, user_id: str) -> bool:
    """An ``ou_…`` is no user_id: the mix-up of the document's own example is refused."""
    if id_type == "user_id":
        return len(user_id) <= ID_MAX and not user_id.startswith(tuple(PREFIXES.values()))
    return user_id.startswith(PREFIXES[id_type])


def _visible(app: FeishuApp, user: dict[str, Json]) -> dict[str, Json]:
    allowed = ALWAYS.union(*(fields for scope, fields in FIELDS.items() if scope in app.scopes))
    return {name: value for name, value in user.items() if name in allowed}


ROUTES = (Route("GET", "/open-apis/contact/v3/users/:user_id", get_user),)
