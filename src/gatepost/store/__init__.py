"""History: answers, serials, plans, intents, outcomes, approvals. No record, no apply."""
