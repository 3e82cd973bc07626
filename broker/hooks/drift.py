"""What differs of a service at its providers, and having it put right. The worker observed it; nobody here calls a
cloud.

    GET  /services/<id>/drift     what differs, since when, when it was looked, and what `repair` and `adopt` would do
    POST /services/<id>/repair    {"how": "repair" | "adopt", "plan": hash}: 202; the plan of that hash and no other
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from broker import repairs
from broker.errors import Clash, Invalid, Missing
from broker.reconcile import Difference, Righted
from broker.repairs import Subject
from broker.services import Context, Reply
from broker.store import Transaction, findings, services
from broker.times import rfc3339, rfc3339_or_none


class Asked(BaseModel):
    """`plan` is the hash of the plan that was shown; None takes what it is now."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    how: Literal["repair", "adopt"] = "repair"
    plan: str | None = None


def shown(ctx: Context, query: Mapping[str, str]) -> Reply:
    """{service, policy, observed, differences, repair, adopt}; both plans as {plan, listing, losses, left}."""
    with ctx.store.read() as tx:
        about = _subject(ctx, tx, query["id"])
        service = about.service
        found = findings.of_service(tx, ctx.account, service.id)
        answer = {
            "service": {"id": service.id, "name": service.name, "state": service.state},
            "policy": repairs.policy_of(tx, service, ctx.settings.repair),
            "observed": [each for each in observed(tx) if each["provider"] in about.providers],
            "differences": [{**findings.said(each), "name": each.name, "since": rfc3339(each.since)} for each in found],
            **{how: _would(repairs.righted(tx, about, how)) for how in ("repair", "adopt")},
        }
    return Reply(200, orjson.dumps(answer))


def submit(ctx: Context, query: Mapping[str, str]) -> Reply:
    """Clash when nothing differs that could be put right, when what differs is not what was shown, or when something
    else is being done."""
    asked = _read(ctx.body())
    with ctx.store.write() as tx:
        about = _subject(ctx, tx, query["id"])
        if asked.plan not in (None, repairs.righted(tx, about, asked.how).plan.hash):
            hint = f"look again: accords drift {about.service.name}"
            raise Clash(f"what differs of {about.service.name} is not what was shown", hint=hint)
        if about.busy:
            raise Clash(f"{about.newest.purpose} of {about.service.name} is under way", hint="wait for its end")
        operation = repairs.submit(tx, about, asked.how)
    return Reply(202, orjson.dumps({"operation": operation.id}))


def observed(tx: Transaction) -> list[dict[str, object]]:
    """When each provider last said what it has, and why it does not answer since."""
    return [
        {"provider": each.provider, "at": rfc3339_or_none(each.at), "error": each.error}
        for each in findings.observed(tx)
    ]


def _subject(ctx: Context, tx: Transaction, id: str) -> Subject:
    service = services.get(tx, ctx.account, id)
    about = repairs.subject(tx, service)
    if about is None:
        raise Missing(f"service {service.name} has no plan", hint="release it, and deploy it again")
    return about


def _would(does: Righted) -> dict[str, object]:
    return {
        "plan": does.plan.hash,
        "listing": does.plan.listing().splitlines(),
        "losses": list(does.losses),
        "left": [_left(each) for each in does.left],
    }


def _left(each: Difference) -> dict[str, str]:
    return {"step": each.step, "aspect": each.aspect.value, "message": str(each)}


def _read(body: bytes) -> Asked:
    try:
        return Asked.model_validate_json(body or b"{}")
    except ValidationError as error:
        raise Invalid("a repair is asked for with how and plan", hint='send {"how": "repair"} or "adopt"') from error
