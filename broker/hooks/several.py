"""POST /services/operations: one operation of several services, or of some of their nodes, in one transaction: all are
asked for, or none is (ACT-06). For the cloud row, whose computes belong to any services.

    {"kind": "stop", "services": {"<id>": ["web", "db"], "<id>": []}, "arguments": {}}

Without nodes it is all of a service.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from broker.errors import Clash, Forbidden, Invalid
from broker.hooks import service
from broker.services import Context, Reply
from broker.store import Transaction


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["start", "stop", "restart", "suspend", "save"]
    services: dict[str, tuple[str, ...]]
    arguments: dict[str, str] = {}


def submit(ctx: Context, query: Mapping[str, str]) -> Reply:
    """202. Clash that names the first service that cannot; then none was asked."""
    if not ctx.principal.role.internal:
        raise Forbidden(
            "Several services at once are asked for by servers.", hint="act on computes, or on each service"
        )
    asked = _read(ctx.body())
    with ctx.store.write() as tx:
        for id, nodes in asked.services.items():
            _submit(ctx, tx, asked, id, nodes)
    return Reply(202, b"{}")


def _submit(ctx: Context, tx: Transaction, asked: Asked, id: str, nodes: tuple[str, ...]) -> None:
    own = {"nodes": list(nodes)} if nodes else {}
    try:
        service.submitted(ctx, tx, id, asked.kind, {**asked.arguments, **own})
    except Clash as error:
        raise Clash(f"{error.message} (the service {id}); nothing was done", hint=error.hint, service=id) from error


def _read(body: bytes) -> Asked:
    try:
        return Asked.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise Invalid(f"The operations are not as they should be: {place}: {first['msg']}.") from error
