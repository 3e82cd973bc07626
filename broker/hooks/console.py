"""What the console of a node's machine shows. The worker asks its provider; nobody here calls a cloud.

POST /services/<id>/console   {"node": "web"}: 202; also while the service is being deployed
GET  /services/<id>/console?node=web    {consoles: [{name, provider, asked, at, text, error}]}: at is null until it
                                        was looked at; what is shown is forgotten after some minutes
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from broker import repairs
from broker.errors import Clash, Invalid, Missing
from broker.services import Context, Reply
from broker.store import PLATFORM, Service, Transaction, consoles, offers, services
from broker.store.consoles import Console
from broker.times import rfc3339, rfc3339_or_none
from manifests import Step, machines_of
from providers.protocol import Ability


class Asked(BaseModel):
    """`node` may name one of several by its index: `web.0`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    node: str


def submit(ctx: Context, query: Mapping[str, str]) -> Reply:
    """Missing for a node that has no machine, Clash where its provider shows no consoles."""
    with ctx.store.write() as tx:
        service = services.get(tx, ctx.account, query["id"])
        wanted = _wanted(ctx, tx, service, _read(ctx.body()).node)
        for each in wanted:
            consoles.ask(tx, each)
    return Reply(202, orjson.dumps({"asked": len(wanted)}))


def shown(ctx: Context, query: Mapping[str, str]) -> Reply:
    """Missing when nobody asked."""
    node = query.get("node", "")
    with ctx.store.read() as tx:
        service = services.get(tx, ctx.account, query["id"])
        names = [each.name for each in _wanted(ctx, tx, service, node)]
        found = [each for name in names if (each := consoles.shown(tx, query["id"], name))]
    if not found:
        raise Missing(f"nobody asked for the console of {node} lately", hint="POST its node to the same address first")
    return Reply(200, orjson.dumps({"consoles": list(map(_shown, found))}))


def _wanted(ctx: Context, tx: Transaction, service: Service, node: str) -> list[Console]:
    about = repairs.subject(tx, service)
    machines = machines_of(about.deploy, about.made, node) if about else ()
    if about is None or not machines:
        hint = "a machine has a console from when it is there: see accords status"
        raise Missing(f"{service.name} has no machine of a node {node}", hint=hint)
    _check(tx, machines)
    return [_console(ctx, service.id, step, str((about.made[step.id] or {})["id"])) for step in machines]


def _check(tx: Transaction, machines: Sequence[Step]) -> None:
    able = {each.provider for each in offers.every(tx, PLATFORM) if Ability.CONSOLE in each.abilities}
    for step in machines:
        if step.provider not in able:
            raise Clash(f"{step.provider} shows no consoles", hint="look at the machine at the provider itself")


def _console(ctx: Context, service: str, step: Step, machine: str) -> Console:
    name = step.subject.partition("/")[2]
    return Console(ctx.account, service, name, str(step.provider), machine, ctx.now())


def _shown(found: Console) -> dict[str, object]:
    told = {"name": found.name, "provider": found.provider, "text": found.text, "error": found.error}
    return {**told, "asked": rfc3339(found.asked), "at": rfc3339_or_none(found.at)}


def _read(body: bytes) -> Asked:
    try:
        return Asked.model_validate_json(body or b"{}")
    except ValidationError as error:
        raise Invalid("which node's console is not said", hint='send {"node": "web"}') from error
