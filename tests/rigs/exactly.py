"""A plan made earlier, carried out as `gatepost apply --digest` does."""

from __future__ import annotations

from gatepost.engine.applying import carry_out, ready
from gatepost.engine.site import Site
from gatepost.model.plan import Plan, Result


async def carry_out_exactly(site: Site, plan: Plan) -> Result:
    """Apply it, or refuse: raises what :func:`ready` raises."""
    return await carry_out(site, await ready(site, plan))
