"""What runs, seen through the cloud row. An entity that belongs to a service is acted on through that service: its
actions become the service's operations for that node, and it goes when the service is released.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from broker.errors import Clash
from broker.hooks import unowned
from broker.hooks.addresses import uuid_of
from broker.services import Context
from broker.store import Record, Transaction, entities

Action = Callable[[Context, Record, Mapping[str, object]], Record]

OPERATIONS = ("start", "stop", "restart", "suspend", "save")


def _operation(kind: str) -> Action:
    def action(ctx: Context, record: Record, arguments: Mapping[str, object]) -> Record:
        """Ask the service; the entity changes when its projection arrives."""
        service = _service(record)
        if service is None:
            return unowned.follow(kind)(ctx, record, arguments)
        body = {"action": SCHEMES + kind, "attributes": {"nodes": str(record.attributes["org.accords.node"])}}
        ctx.client.post("service", f"/service/{service}", body, action=kind)
        with ctx.store.read() as tx:
            return entities.get(tx, ctx.account, record.kind, record.id)

    return action


SCHEMES = "http://scheme.compatibleone.fr/scheme/compatible/service/action#"

ACTIONS: Mapping[str, Action] = {kind: _operation(kind) for kind in OPERATIONS}


def delete(ctx: Context, tx: Transaction, record: Record) -> None:
    """Clash for what belongs to a service."""
    service = _service(record)
    if service is not None:
        raise Clash(
            f"{record.title or record.id} belongs to the service {service}",
            hint="release the service, which gives it back",
            service=service,
        )


def _service(record: Record) -> str | None:
    found = record.attributes.get("org.accords.service")
    return uuid_of(str(found)) if found else None
