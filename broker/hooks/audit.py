"""What is at the providers and the store does not know, what the store knows and the providers have not, and what it
costs: an account sees its own, the installation's administrator all. The worker observed it, and removes.

    GET  /audit            {observed, strays, gone, costs}
    POST /audit/removal    {"things": [{provider, kind, id}, ...]}: 202; each is a stray, or nothing is asked for
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from broker.auth import Role
from broker.errors import Invalid, Missing
from broker.hooks.drift import observed
from broker.services import Context, Reply
from broker.store import PLATFORM, Transaction, findings, offers
from broker.store.findings import STRAY, Finding
from broker.times import rfc3339


class Thing(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: str
    kind: str
    id: str


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    things: tuple[Thing, ...] = Field(max_length=10_000)


def shown(ctx: Context, query: Mapping[str, str]) -> Reply:
    """`costs` are sums an hour by currency, of the strays whose price is known."""
    with ctx.store.read() as tx:
        found = _visible(ctx, tx)
        currencies = {each.provider: each.currency for each in offers.every(tx, PLATFORM)}
        strays = [each for each in found if each.aspect == STRAY]
        answer = {
            "observed": observed(tx),
            "strays": [_shown(each, currencies) for each in strays],
            "gone": [_shown(each, currencies) for each in found if each.aspect == "gone"],
            "costs": _costs(strays, currencies),
        }
    return Reply(200, orjson.dumps(answer))


def remove(ctx: Context, query: Mapping[str, str]) -> Reply:
    """Missing names the first thing that is no stray of this account; then none is asked for."""
    asked = _read(ctx.body())
    with ctx.store.write() as tx:
        strays = {(each.provider, each.kind, each.id): each for each in _visible(ctx, tx) if each.aspect == STRAY}
        for each in asked.things:
            if (each.provider, each.kind, each.id) not in strays:
                known = "see accords audit: what a service has is given back with it"
                raise Missing(f"{each.kind} {each.id} at {each.provider} is no stray of this account", hint=known)
        findings.ask_removal(tx, [strays[each.provider, each.kind, each.id] for each in asked.things])
    return Reply(202, orjson.dumps({"asked": len(asked.things)}))


def _visible(ctx: Context, tx: Transaction) -> tuple[Finding, ...]:
    return findings.of_account(tx, None if ctx.principal.role is Role.ADMIN else ctx.account)


def _shown(found: Finding, currencies: Mapping[str, str]) -> dict[str, object]:
    told = ("account", "provider", "kind", "id", "name", "service", "step", "seen", "price", "removal")
    currency = currencies.get(found.provider) if found.price is not None else None
    own = {name: getattr(found, name) for name in told}
    return {**own, "currency": currency, "since": rfc3339(found.since), "at": rfc3339(found.at)}


def _costs(found: Iterable[Finding], currencies: Mapping[str, str]) -> dict[str, str]:
    sums: dict[str, Decimal] = {}
    for each in found:
        if each.price is not None:
            currency = currencies.get(each.provider, "EUR")
            sums[currency] = sums.get(currency, Decimal(0)) + Decimal(each.price)
    return {currency: str(amount) for currency, amount in sorted(sums.items())}


def _read(body: bytes) -> Asked:
    try:
        return Asked.model_validate_json(body)
    except ValidationError as error:
        hint = 'send {"things": [{"provider": ..., "kind": ..., "id": ...}]}'
        raise Invalid("what is to be removed is not said as it should be", hint=hint) from error
