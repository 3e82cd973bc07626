"""Secrets. The only table that holds values; everything else holds the reference `secret:<id>`."""

from __future__ import annotations

import uuid

import sqlalchemy as sa

from broker.errors import Missing
from broker.store.engine import Transaction, upsert
from broker.store.tables import secrets

PREFIX = "secret:"


def of_input(service: str, name: str) -> str:
    """The id of the value that was given for an input of a service."""
    return str(uuid.uuid5(uuid.UUID(service), f"input {name}"))


def put(tx: Transaction, account: str, service: str, value: str, *, id: str | None = None) -> str:
    """Keep a value; its reference `secret:<id>`. With an `id` that is kept already the first value stays, so that a
    repeated step gives the same secret: a step's token is a good id."""
    id = id or tx.new_id()
    row = {"account": account, "id": id, "service": service, "value": value, "created": tx.now}
    tx.run(upsert(secrets).on_conflict_do_nothing(), row)
    return PREFIX + id


def reveal(tx: Transaction, account: str, service: str, reference: str) -> str:
    """The value behind `secret:<id>`; Missing, also for another account's or service's: a document could name any id.
    Never log what this gives."""
    owner = (secrets.c.account == account, secrets.c.service == service)
    mine = sa.select(secrets.c.value).where(*owner, secrets.c.id == reference.removeprefix(PREFIX))
    value = tx.run(mine).scalar()
    if value is None:
        raise Missing(f"there is no {reference}", hint="it may have been forgotten when its service was released")
    return str(value)


def forget(tx: Transaction, account: str, reference: str) -> None:
    """Remove the value for good; forgetting what is gone is fine."""
    id = reference.removeprefix(PREFIX)
    tx.run(sa.delete(secrets).where(secrets.c.account == account, secrets.c.id == id))


def forget_service(tx: Transaction, account: str, service: str) -> None:
    """Remove all secrets of a service."""
    tx.run(sa.delete(secrets).where(secrets.c.account == account, secrets.c.service == service))
