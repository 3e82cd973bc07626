"""Services: what was asked for and how far it is. Each change also writes the OCCI entity and an event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from broker.errors import Clash, Missing, Stale
from broker.occi import states
from broker.store import entities, events
from broker.store.engine import Transaction, upsert
from broker.store.tables import services
from broker.times import rfc3339_or_none

KIND = "http://scheme.compatibleone.fr/scheme/compatible#service"

STATES: Mapping[str, int] = {state: int(words.cords) for state, words in states.STATES["service"].items()}
"""Our words for a service's states, and CORDS' integers for them."""


@dataclass(frozen=True, slots=True)
class Service:
    """`state` is how far it is, `desired` where it shall be: both of STATES. `generation` counts changes; `error` is of
    the last operation that failed. Times are UTC microseconds; past `expires_at` the worker releases it."""

    account: str
    id: str
    name: str
    state: str = "pending"
    desired: str = "active"
    generation: int = 1
    manifest_id: str | None = None
    agreement_id: str | None = None
    plan_id: str | None = None
    error: Mapping[str, Any] | None = None
    expires_at: int | None = None
    created: int = 0
    updated: int = 0


def create(tx: Transaction, service: Service) -> Service:
    """Store a new service; as stored. Clash when the account has a service of this name that is not released. Where the
    OCCI entity is there already (a hook of the same transaction) its own attributes stay."""
    stored = replace(service, generation=1, created=tx.now, updated=tx.now)
    if not tx.run(_INSERT, {**_values(stored), "plan_generation": 0}).rowcount:
        raise Clash(
            f"service {service.name} exists in account {service.account}",
            hint=f"release it first (accords release {service.name}), or choose another name",
        )
    _show(tx, stored)
    return stored


def get(tx: Transaction, account: str, id: str) -> Service:
    """Missing, also when it is another account's."""
    row = tx.run(_ALL.where(services.c.account == account, services.c.id == id)).one_or_none()
    if row is None:
        raise Missing(f"there is no service {id}", hint="list those there are: accords status")
    return Service(**row._mapping)


def by_name(tx: Transaction, account: str, name: str) -> Service | None:
    """The service of that name that is not released; failing that the one released last."""
    mine = _ALL.where(services.c.account == account, services.c.name == name)
    newest = mine.order_by(services.c.state == "released", services.c.created.desc()).limit(1)
    row = tx.run(newest).one_or_none()
    return None if row is None else Service(**row._mapping)


def page(
    tx: Transaction, account: str, *, released: bool = False, after: str = "", limit: int = 100
) -> tuple[Service, ...]:
    """The account's services by id, past the id `after`; the released ones only if asked for."""
    wanted = _ALL.where(services.c.account == account, services.c.id > after)
    if not released:
        wanted = wanted.where(services.c.state != "released")
    return tuple(Service(**row._mapping) for row in tx.run(wanted.order_by(services.c.id).limit(limit)))


def in_states(tx: Transaction, states: tuple[str, ...], *, limit: int = 1000) -> tuple[Service, ...]:
    """Services of all accounts in these states, for the worker, which acts for every account."""
    wanted = _ALL.where(services.c.state.in_(states)).order_by(services.c.account, services.c.id).limit(limit)
    return tuple(Service(**row._mapping) for row in tx.run(wanted))


def living(tx: Transaction) -> tuple[Service, ...]:
    """Services of all accounts that are not released, for the worker."""
    return tuple(Service(**row._mapping) for row in tx.run(_ALL.where(services.c.state != "released")))


def expired(tx: Transaction, *, limit: int = 100) -> tuple[Service, ...]:
    """Services of all accounts whose time is up by the database's clock, and that shall still be there."""
    late = (services.c.expires_at <= tx.now, services.c.desired != "released", services.c.state != "released")
    return tuple(Service(**row._mapping) for row in tx.run(_ALL.where(*late).limit(limit)))


def set_state(
    tx: Transaction,
    account: str,
    id: str,
    state: str,
    *,
    desired: str | None = None,
    error: Mapping[str, Any] | None = None,
) -> Service:
    """Change the state; `error` replaces the former (None: no error). The service as it then is."""
    wish: dict[str, Any] = {} if desired is None else {"desired": desired}
    return change(tx, account, id, state=state, error=error, **wish)


def change(
    tx: Transaction,
    account: str,
    id: str,
    *,
    expect: int | None = None,
    **values: Any,
) -> Service:
    """Replace fields of a service (state, desired, plan_id, agreement_id, expires_at, error...). Stale when `expect` is
    not the newest generation."""
    before = get(tx, account, id)
    if expect is not None and before.generation != expect:
        raise Stale(f"service {before.name} is at generation {before.generation}, not {expect}", hint="read it again")
    if values.get("state", before.state) not in STATES or values.get("desired", before.desired) not in STATES:
        raise ValueError(f"no state of a service: {values}")
    now = replace(before, **values, generation=before.generation + 1, updated=tx.now)
    changed = {name: value for name, value in _values(now).items() if name not in ("account", "id", "created")}
    tx.run(sa.update(services).where(services.c.account == account, services.c.id == id), changed)
    _show(tx, now)
    return now


def next_plan_generation(tx: Transaction, account: str, id: str) -> int:
    """A new generation of plan: its steps get new tokens."""
    mine = (services.c.account == account, services.c.id == id)
    grown = sa.update(services).where(*mine).values(plan_generation=services.c.plan_generation + 1)
    found = tx.run(grown.returning(services.c.plan_generation)).scalar()
    if found is None:
        raise Missing(f"there is no service {id}", hint="list those there are: accords status")
    return int(found)


# A failed INSERT would end the whole transaction on PostgreSQL.
_INSERT = upsert(services).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
_ALL = sa.select(*(services.c[name] for name in Service.__slots__))


def _values(service: Service) -> dict[str, Any]:
    return {name: getattr(service, name) for name in Service.__slots__}


def _show(tx: Transaction, service: Service) -> None:
    """The OCCI entity and the event of a change."""
    seen = entities.find(tx, service.account, KIND, service.id)
    attributes = {**(seen.attributes if seen else {}), "org.accords.error": None, **_attributes(service)}
    attributes = {name: value for name, value in attributes.items() if value is not None}
    if seen is None:
        entities.insert(
            tx, entities.Record(service.account, KIND, service.id, title=service.name, attributes=attributes)
        )
    else:
        entities.update(tx, replace(seen, title=service.name, attributes=attributes))
    fields = {"name": service.name, "state": service.state, "desired": service.desired, "error": service.error}
    events.append(tx, service.account, service.id, "service.changed", fields)


def _attributes(service: Service) -> dict[str, object]:
    """CORDS' attributes of a service (CORDS reference, appendix: service), and our word for the state."""
    found: dict[str, object] = {
        "occi.service.name": service.name,
        "occi.service.manifest": service.manifest_id,
        "occi.service.plan": service.plan_id,
        "occi.service.sla": service.agreement_id,
        "occi.service.state": STATES[service.state],
        "occi.service.expiration": None if service.expires_at is None else str(service.expires_at // 1_000_000),
        "org.accords.state": service.state,
        "org.accords.desired": service.desired,
        "org.accords.error": service.error,
        "org.accords.created": rfc3339_or_none(service.created or None),
        "org.accords.expires": rfc3339_or_none(service.expires_at),
    }
    return {name: value for name, value in found.items() if value is not None}
