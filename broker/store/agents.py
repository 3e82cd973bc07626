"""Nodes' agents: a one-time token, bound to a node for half an hour, is exchanged for the node's own key. Only hashes
are stored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from broker.errors import Missing, Unauthenticated
from broker.store.engine import Transaction, upsert
from broker.store.tables import agents

TOKEN_SECONDS = 30 * 60


@dataclass(frozen=True, slots=True)
class Agent:
    """`seen` is when it last called with its key, UTC microseconds, None: never; `bound` when its machine was first
    asked for. `facts` are what it said of its node: untrusted."""

    account: str
    service: str
    node: str
    seen: int | None
    bound: int
    facts: Mapping[str, Any]


def bind(tx: Transaction, account: str, service: str, node: str, token: str, *, seconds: float = TOKEN_SECONDS) -> None:
    """Let `token` be exchanged for this node's key during `seconds`. Binding the same token again only gives it more
    time; another one is for a node that was made again: its former key ends."""
    fresh = {
        "token_hash": _hash(token),
        "token_until": tx.now + round(seconds * 1_000_000),
        "key_hash": None,
        "seen": None,
    }
    row = {"account": account, "service": service, "node": node, "facts": {}, "created": tx.now, **fresh}
    again = sa.update(agents).where(*_is(account, service, node), agents.c.token_hash == fresh["token_hash"])
    if not tx.run(again, {"token_until": fresh["token_until"]}).rowcount:
        key = ["account", "service", "node"]
        tx.run(upsert(agents).values(row).on_conflict_do_update(index_elements=key, set_=fresh))


def exchange(tx: Transaction, node: str, token: str, key: str) -> Agent:
    """Trade the one-time token for `key`. Until the key was used once the trade can be repeated, because an answer can
    be lost; the newest key then counts. Unauthenticated: wrong, late, another node's, or traded already."""
    good = (
        agents.c.token_hash == _hash(token),
        agents.c.node == node,
        agents.c.token_until > tx.now,
        agents.c.seen.is_(None),
    )
    row = tx.run(sa.update(agents).where(*good).values(key_hash=_hash(key)).returning(*_ALL)).one_or_none()
    if row is None:
        raise Unauthenticated(
            f"node {node}: the token is not good", hint="it serves once, for 30 minutes", code="agent.token"
        )
    return Agent(**row._mapping)


def by_key(tx: Transaction, key: str) -> Agent:
    """Whose key this is: the one look-up without an account, because the key is what tells it. Unauthenticated."""
    row = tx.run(sa.select(*_ALL).where(agents.c.key_hash == _hash(key))).one_or_none()
    if row is None:
        raise Unauthenticated("no agent has this key", hint="say hello with the one-time token", code="agent.key")
    return Agent(**row._mapping)


def get(tx: Transaction, account: str, service: str, node: str) -> Agent:
    """Missing when the node has none, or is another account's."""
    row = tx.run(sa.select(*_ALL).where(*_is(account, service, node))).one_or_none()
    if row is None:
        raise Missing(f"node {node} of service {service} has no agent", hint="see the service's report")
    return Agent(**row._mapping)


def of_service(tx: Transaction, account: str, service: str) -> tuple[Agent, ...]:
    """The agents of a service's nodes, by node."""
    mine = (agents.c.account == account, agents.c.service == service)
    return tuple(Agent(**row._mapping) for row in tx.run(sa.select(*_ALL).where(*mine).order_by(agents.c.node)))


def seen(tx: Transaction, account: str, service: str, node: str, facts: Mapping[str, Any] | None = None) -> None:
    """It called now, with its key: the one-time token is spent. `facts` replace the former when given."""
    values = {"seen": tx.now, **({} if facts is None else {"facts": dict(facts)})}
    tx.run(sa.update(agents).where(*_is(account, service, node)), values)


def forget(tx: Transaction, account: str, service: str, node: str) -> None:
    """The node is gone: its key ends."""
    tx.run(sa.delete(agents).where(*_is(account, service, node)))


_ALL = tuple(agents.c.created.label("bound") if name == "bound" else agents.c[name] for name in Agent.__slots__)


def _hash(text: str) -> str:
    """Tokens and keys have 128 random bits or more: a plain hash is enough."""
    return hashlib.sha256(text.encode()).hexdigest()


def _is(account: str, service: str, node: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (agents.c.account == account, agents.c.service == service, agents.c.node == node)
