"""What services share: common nodes as services of their own (instances), and who uses each.

An instance lives exactly as long as its service. Its users are counted here, in the transactions that also ask for its
operations: after a kill the count and what follows from it are both there, or neither. A user is one node of a service,
and is counted once however often it says so.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import sqlalchemy as sa

from broker.errors import Clash
from broker.occi.model import CORDS
from broker.store import outbox
from broker.store.engine import Transaction, upsert
from broker.store.operations import OPEN
from broker.store.outbox import Projection
from broker.store.tables import instance_users, instances, operations, services

KIND = CORDS + "instance"


@dataclass(frozen=True, slots=True)
class Instance:
    """`key` is what users know it by: `/<node>` if public, `<manifest>/<node>` if private (cords.md 1.5). `service` is
    the id of the service that it is."""

    account: str
    key: str
    service: str
    name: str
    created: int = 0


@dataclass(frozen=True, slots=True)
class User:
    """A node of a service that uses an instance; not `running` while it is stopped. `leaving`: its service is being
    released."""

    service: str
    node: str
    running: bool
    name: str
    leaving: bool = False


def make(tx: Transaction, account: str, key: str, service: str, name: str) -> None:
    """Enter the instance that this service is, and show it."""
    tx.run(sa.insert(instances), {"account": account, "key": key, "service": service, "name": name, "created": tx.now})
    attributes = {"occi.instance.name": name, "occi.instance.common": f"/service/{service}"}
    outbox.put(tx, account, [Projection(KIND, entity_id(service), name, attributes)])


def find(tx: Transaction, account: str, key: str) -> Instance | None:
    """The instance of that key, if somebody has made one that is there still."""
    return _instance(tx, instances.c.account == account, instances.c.key == key)


def of_service(tx: Transaction, account: str, service: str) -> Instance | None:
    """The instance that a service is; None for a service of its own account."""
    return _instance(tx, instances.c.account == account, instances.c.service == service)


def join(tx: Transaction, account: str, key: str, service: str, node: str) -> None:
    """Count a node of a service among the running users. Once, however often."""
    _alone(tx)
    row = {"account": account, "key": key, "service": service, "node": node, "running": 1}
    tx.run(upsert(instance_users).on_conflict_do_update(index_elements=[*_USER], set_={"running": 1}), row)


def pause(tx: Transaction, account: str, key: str, service: str, node: str) -> None:
    """It uses it still, and does not run."""
    _alone(tx)
    tx.run(sa.update(instance_users).where(*_one(account, key, service, node)).values(running=0))


def leave(tx: Transaction, account: str, key: str, service: str, node: str) -> bool:
    """It uses it no longer; False when it did not."""
    _alone(tx)
    return bool(tx.run(sa.delete(instance_users).where(*_one(account, key, service, node))).rowcount)


def users_of(tx: Transaction, account: str, key: str) -> tuple[User, ...]:
    """Who uses an instance, by service and node."""
    mine = (instance_users.c.account == account, instance_users.c.key == key)
    known = sa.and_(services.c.account == instance_users.c.account, services.c.id == instance_users.c.service)
    wanted = sa.select(instance_users, services.c.name, services.c.desired).join(services, known)
    rows = tx.run(wanted.where(*mine).order_by(services.c.name, instance_users.c.node))
    return tuple(User(row.service, row.node, bool(row.running), row.name, row.desired == "released") for row in rows)


def used_by(tx: Transaction, account: str, service: str) -> tuple[tuple[str, Instance], ...]:
    """The instances that a service uses, each with the node by which it does."""
    known = sa.and_(instances.c.account == instance_users.c.account, instances.c.key == instance_users.c.key)
    wanted = sa.select(instance_users.c.node, instances).join(instances, known)
    rows = tx.run(
        wanted.where(instance_users.c.account == account, instance_users.c.service == service).order_by(
            instance_users.c.node
        )
    )
    return tuple((row.node, _made(row)) for row in rows)


def check(tx: Transaction, account: str, service: str, operation: str) -> None:
    """Clash with the names of its users when a shared service would be taken from them by hand."""
    instance = of_service(tx, account, service) if operation in _TAKES else None
    found = users_of(tx, account, instance.key) if instance else ()
    names = sorted({user.name for user in found if user.running or operation in _ENDS})
    if instance and names:
        raise Clash(
            f"{operation}: {instance.name} is shared, and used by {', '.join(names)}",
            hint=f"it follows its users: {operation} those, or take the common node out of their manifests",
            users=names,
        )


def must_be_free(tx: Transaction, account: str, service: str) -> None:
    """Clash with the names of those that use what a client made and wants to give back. Who is being released is waited
    for by the release itself."""
    instance = of_service(tx, account, service)
    found = users_of(tx, account, instance.key) if instance else ()
    names = sorted({user.name for user in found if not user.leaving})
    if instance and names:
        raise Clash(f"{instance.name} is used by {', '.join(names)}", hint="delete these computes first", users=names)


def waits_for(tx: Transaction, account: str, service: str, other: str) -> bool:
    """Whether a service uses another one, directly or through what it uses."""
    seen, left = set[str](), [service]
    while left:
        here = left.pop()
        if here not in seen:
            seen.add(here)
            left += [instance.service for _, instance in used_by(tx, account, here)]
    return other in seen


def end(tx: Transaction, account: str, service: str) -> None:
    """A service was released: it is no instance any more, and uses none. What waits for that goes on."""
    if of_service(tx, account, service) is not None:
        tx.run(sa.delete(instances).where(instances.c.account == account, instances.c.service == service))
        outbox.put(tx, account, [Projection(KIND, entity_id(service), gone=True)])
    used = tx.run(
        sa.delete(instance_users).where(instance_users.c.account == account, instance_users.c.service == service)
    )
    if used.rowcount:
        wake(tx, account)


def wake(tx: Transaction, account: str) -> None:
    """Let the operations of an account that wait for another one be taken at once; those that still have to wait see
    it."""
    parked = (operations.c.state.in_(OPEN), operations.c.owner.is_(None), operations.c.lease_until > tx.now)
    tx.run(sa.update(operations).where(operations.c.account == account, *parked).values(lease_until=0))


def entity_id(service: str) -> str:
    """The OCCI entity that shows the instance which a service is."""
    return str(uuid.uuid5(uuid.UUID(service), "instance"))


def _alone(tx: Transaction) -> None:
    """Who counts is alone until its transaction ends, where the database lets several write (PostgreSQL): the row that
    gives sequence numbers is held. Two last users that leave at once would each see the other."""
    tx.sequence()


_ENDS = frozenset({"release", "cancel"})
_TAKES = _ENDS | {"stop", "suspend"}
_USER = ("account", "key", "service", "node")


def _one(account: str, key: str, service: str, node: str) -> tuple[sa.ColumnElement[bool], ...]:
    wanted = zip(_USER, (account, key, service, node), strict=True)
    return tuple(instance_users.c[name] == value for name, value in wanted)


def _instance(tx: Transaction, *where: sa.ColumnElement[bool]) -> Instance | None:
    row = tx.run(sa.select(instances).where(*where)).one_or_none()
    return None if row is None else _made(row)


def _made(row: sa.Row[tuple[object, ...]]) -> Instance:
    return Instance(**{name: row._mapping[name] for name in Instance.__slots__})
