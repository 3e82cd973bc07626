"""What nodes are told to do, and how it ended. A node does its instructions in the order of their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from broker.errors import Missing
from broker.store.engine import Transaction, upsert
from broker.store.tables import instructions


@dataclass(frozen=True, slots=True)
class Instruction:
    """`exit` None: not ended. `arguments` hold `secret:<id>`, never a value; `output` is untrusted."""

    account: str
    id: str
    seq: int
    service: str
    node: str
    method: str
    arguments: Mapping[str, Any]
    exit: int | None
    output: str
    created: int
    ended: int | None


def add(
    tx: Transaction, account: str, service: str, node: str, *, id: str, method: str, arguments: Mapping[str, Any]
) -> None:
    """Tell a node something. `id` comes from the step's token: telling it again changes nothing."""
    row = {"account": account, "service": service, "node": node, "id": id, "method": method, "created": tx.now}
    row |= {"arguments": dict(arguments), "seq": tx.sequence(), "output": ""}
    tx.run(upsert(instructions).on_conflict_do_nothing(), row)


def get(tx: Transaction, account: str, id: str) -> Instruction:
    """Missing, also when it is another account's."""
    row = tx.run(_ALL.where(instructions.c.account == account, instructions.c.id == id)).one_or_none()
    if row is None:
        raise Missing(f"there is no instruction {id}", hint="see the service's report")
    return Instruction(**row._mapping)


def find(tx: Transaction, account: str, id: str) -> Instruction | None:
    row = tx.run(_ALL.where(instructions.c.account == account, instructions.c.id == id)).one_or_none()
    return None if row is None else Instruction(**row._mapping)


def pending(
    tx: Transaction, account: str, service: str, node: str, *, after: int = 0, limit: int = 100
) -> tuple[Instruction, ...]:
    """Those of a node that did not end, with numbers past `after`, in order."""
    mine = (*_node(account, service, node), instructions.c.seq > after, instructions.c.ended.is_(None))
    rows = tx.run(_ALL.where(*mine).order_by(instructions.c.seq).limit(limit))
    return tuple(Instruction(**row._mapping) for row in rows)


def told(tx: Transaction, account: str, service: str) -> frozenset[tuple[str, str, str]]:
    """What the nodes of a service were told to measure: (node, metric, location)."""
    mine = (instructions.c.account == account, instructions.c.service == service, instructions.c.method == "probe")
    rows = tx.run(sa.select(instructions.c.node, instructions.c.arguments).where(*mine))
    return frozenset((row.node, row.arguments["metric"], row.arguments.get("location") or "") for row in rows)


def measure_again(tx: Transaction, account: str, service: str, node: str) -> int:
    """Have a node that is made anew told what the one before it was told to measure. How many."""
    probes = (*_node(account, service, node), instructions.c.method == "probe", instructions.c.ended.is_not(None))
    return int(tx.run(sa.update(instructions).where(*probes), {"exit": None, "output": "", "ended": None}).rowcount)


def open_nodes(tx: Transaction) -> frozenset[tuple[str, str, str]]:
    """The nodes of all accounts (account, service, node) that have something to do: one look of the door for all its
    long polls. Only an index of what has not ended is read."""
    here = sa.select(instructions.c.account, instructions.c.service, instructions.c.node)
    return frozenset((row.account, row.service, row.node) for row in tx.run(here.where(instructions.c.ended.is_(None))))


def outcome(tx: Transaction, account: str, service: str, node: str, *, id: str, exit: int, output: str = "") -> bool:
    """Note how it ended. The first word counts: False when it had ended, or is no instruction of this node."""
    open_ = (*_node(account, service, node), instructions.c.id == id, instructions.c.ended.is_(None))
    ended = {"exit": exit, "output": output.replace("\0", "\N{REPLACEMENT CHARACTER}"), "ended": tx.now}
    return bool(tx.run(sa.update(instructions).where(*open_), ended).rowcount)


def withdraw(tx: Transaction, account: str, service: str) -> int:
    """Take back what a service's nodes were told and have not ended, but for what they shall measure: nobody waits for
    it any more, and a node that is at it stops. How many."""
    mine = (instructions.c.account == account, instructions.c.service == service)
    open_ = (*mine, instructions.c.ended.is_(None), instructions.c.method != "probe")
    return int(tx.run(sa.delete(instructions).where(*open_)).rowcount)


_ALL = sa.select(*(instructions.c[name] for name in Instruction.__slots__))


def _node(account: str, service: str, node: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (instructions.c.account == account, instructions.c.service == service, instructions.c.node == node)
