"""Where a service's nodes are and why, as its plan had it; and whether what a plan was made on still holds before
anything is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from broker.errors import Clash, Missing
from broker.hooks import plan as planning
from broker.offers import placement_json
from broker.plans import plan_from_json
from broker.services import Context, Reply
from broker.store import Record, operations
from manifests import Plan, moved

ANYWAY = "org.accords.anyway"
"""The attribute by which a client takes a plan although something has moved since."""


def check(ctx: Context, plan: Plan, found: Mapping[str, Any], *, anyway: bool) -> None:
    """Clash with everything that moved since the plan was made: images, sizes, prices, quotas, by the newest offers. A
    plan that is not what its hash says is never taken."""
    if plan.hash != found.get("org.accords.hash", plan.hash):
        raise Clash(f"the plan of {plan.service} is not the one that was shown", hint="ask for a new plan")
    if anyway:
        return
    if changes := moved(plan, planning.offers(ctx)):
        raise Clash(
            f"what the plan of {plan.service} was made on has moved",
            hint=f"ask for a new plan and look at it, or give {ANYWAY} with the service to take this one",
            code="plan.moved",
            difference=list(changes),
        )


def shown(ctx: Context, record: Record, query: Mapping[str, str]) -> Reply:
    """GET /service/<id>/placements: each node's placement, with the reasons for it and against every other offer."""
    with ctx.store.read() as tx:
        deploy = operations.latest(tx, ctx.account, record.id, kind="deploy")
    if deploy is None or deploy.plan_json is None:
        raise Missing(f"the service {record.title} has no plan", hint="a service gets one when it is made")
    placements = plan_from_json(deploy.plan_json).placements
    return Reply(200, orjson.dumps({"placements": list(map(placement_json, placements))}))
