"""History: answers, serials, plans, intents, outcomes, approvals. No record, no apply."""

from gatepost.store.database import check_url
from gatepost.store.store import Store

__all__ = ["Store", "check_url"]
