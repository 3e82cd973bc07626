"""The store: one database a category server, all with the same tables. The only place with SQL.

    engine        Store and Transaction: opening, transactions, the database's clock, what its failures mean
    tables        every table
    migrate       bringing a database to the newest form (migrations/versions)
    entities      OCCI entities of every kind, by account; generations; keyset pages
    services      services, their states; each change is also an entity and an event
    operations    what a service goes through next; leases with epochs
    journal       intents and results of a walk; what a service's steps made
    outbox        projections on their way to the rows that show them
    events        what happened, by sequence number
    secrets       the only table with values of secrets
    agents        nodes' one-time tokens and keys, as hashes
    instructions  what nodes are told, and how it ended
    logs          what nodes print                                   (not durable)
    samples       measurements                                       (not durable)
    guarantees    what is promised of each service
    watches       what is measured from outside without a promise
    verdicts      verdicts as they are, violations as they were
    findings      what is at providers otherwise than the store says, or beside it
    consoles      what machines' consoles show, for as long as somebody looks
    offers        what providers can give, as last observed
    volumes       volumes kept after their service was released
    sharing       what services share, and who uses it
    postings      documents whose elements are on their way
    definitions   what documents define by name, and what those that refer to others were read with

Every function takes a transaction, and the account it acts for: another account's things are Missing. The few that act
for all accounts are the worker's (`operations.take`, `outbox.pending`, `services.expired`...) and say so.

    with store.write() as tx:
        service = services.create(tx, services.Service("admin", tx.new_id(), "pacs"))
        operations.submit(tx, "admin", service.id, "deploy", plan_json=text)
"""

from broker.store import (
    agents,
    consoles,
    definitions,
    entities,
    events,
    findings,
    guarantees,
    instructions,
    journal,
    logs,
    offers,
    operations,
    outbox,
    postings,
    retention,
    samples,
    secrets,
    services,
    sharing,
    verdicts,
    volumes,
    watches,
)
from broker.store.engine import Store, Transaction
from broker.store.entities import PLATFORM, Page, Record
from broker.store.journal import Journal
from broker.store.operations import Lease, Operation
from broker.store.outbox import Projection
from broker.store.services import Service

__all__ = [
    "PLATFORM",
    "Journal",
    "Lease",
    "Operation",
    "Page",
    "Projection",
    "Record",
    "Service",
    "Store",
    "Transaction",
    "agents",
    "consoles",
    "definitions",
    "entities",
    "events",
    "findings",
    "guarantees",
    "instructions",
    "journal",
    "logs",
    "offers",
    "operations",
    "outbox",
    "postings",
    "retention",
    "samples",
    "secrets",
    "services",
    "sharing",
    "verdicts",
    "volumes",
    "watches",
]
