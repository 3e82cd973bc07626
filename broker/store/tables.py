"""Every table. The account comes first in every primary key; JSON columns hold what is only read whole.

Times are UTC microseconds, sizes bytes. A change here needs a migration (`migrations/versions`): a test compares.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _key(name: str) -> Column[str]:
    return Column(name, String, primary_key=True)


def _text(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, Text, nullable=null)


def _time(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=null)


def _number(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=null)


def _json(name: str, *, null: bool = False) -> Column[object]:
    return Column(name, JSON(none_as_null=True), nullable=null)


def _account() -> Column[str]:
    return _key("account")


def _sequence() -> Column[int]:
    return Column("seq", BigInteger, primary_key=True, autoincrement=False)


# One row: the sequence that events, journal entries and the outbox share.
counters = Table("counters", metadata, _key("name"), _number("value"))

# `kind` is scheme + term. `sequence` is the journal's, for entities that are projections; 0 for all others.
entities = Table(
    "entities",
    metadata,
    _account(),
    _key("kind"),
    _key("id"),
    _number("generation"),
    _number("sequence"),
    _text("title"),
    _text("summary"),
    _json("attributes"),
    _json("mixins"),
    _text("source", null=True),
    _text("target", null=True),
    _time("created"),
    _time("updated"),
)
# Of links alone, with the order of a page behind the link's end: without it SQLite would rather read the whole account
# in order.
Index(
    "ix_entities_source",
    entities.c.account,
    entities.c.source,
    entities.c.kind,
    entities.c.id,
    sqlite_where=entities.c.source.is_not(None),
)
Index(
    "ix_entities_target",
    entities.c.account,
    entities.c.target,
    entities.c.kind,
    entities.c.id,
    sqlite_where=entities.c.target.is_not(None),
)

entity_mixins = Table(
    "entity_mixins",
    metadata,
    _account(),
    _key("mixin"),
    _key("kind"),
    _key("id"),
    ForeignKeyConstraint(
        ["account", "kind", "id"], ["entities.account", "entities.kind", "entities.id"], ondelete="CASCADE"
    ),
    Index(None, "account", "kind", "id"),
)

# What entities have to be filtered by, kept by triggers (migration 0008): a page that is filtered by one is read from
# here, in its order. Values are as `entities.written` writes them.
entity_attributes = Table(
    "entity_attributes",
    metadata,
    _account(),
    _key("name"),
    _key("value"),
    _key("kind"),
    _key("id"),
    sqlite_with_rowid=False,
)

# Which kinds an account has entities of, or had; grows with each transaction that changes one (triggers, 0008).
collections = Table("collections", metadata, _account(), _key("kind"), _number("generation"), sqlite_with_rowid=False)

# Projections that were removed, with the sequence of the removal.
tombstones = Table(
    "tombstones",
    metadata,
    _account(),
    _key("kind"),
    _key("id"),
    _number("sequence"),
    _time("at"),
    Index("ix_tombstones_at", "at"),
)

services = Table(
    "services",
    metadata,
    _account(),
    _key("id"),
    _text("name"),
    _text("state"),
    _text("desired"),
    _number("generation"),
    _number("plan_generation"),
    _text("manifest_id", null=True),
    _text("agreement_id", null=True),
    _text("plan_id", null=True),
    _json("error", null=True),
    _time("expires_at", null=True),
    _time("created"),
    _time("updated"),
    Index("ix_services_expires_at", "expires_at"),
)
# A name is free again once its service is released. (Conditions for PostgreSQL are in the migrations: named here they
# would load its dialect into every process, 3 MB.)
Index(
    "uq_services_account_name",
    services.c.account,
    services.c.name,
    unique=True,
    sqlite_where=services.c.state != "released",
)

# `journal` is the operation whose journal this one writes: its own, or that of the operation it retries.
operations = Table(
    "operations",
    metadata,
    _account(),
    _key("id"),
    _text("service"),
    _text("kind"),
    _json("arguments"),
    _text("state"),
    _number("generation"),
    _text("journal"),
    _json("error", null=True),
    _text("owner", null=True),
    _number("epoch"),
    _time("lease_until"),
    _number("seq"),
    _time("created"),
    _time("updated"),
    # Last: SQLite goes through what is long to read what stands behind it.
    _text("plan_json", null=True),
    ForeignKeyConstraint(["account", "service"], ["services.account", "services.id"]),
    Index(None, "account", "service", "seq"),
    Index("ix_operations_state", "state", "lease_until"),
)

journal = Table(
    "journal",
    metadata,
    _account(),
    _key("operation"),
    _key("step"),
    _text("service"),
    _number("generation"),
    _text("state"),
    Column("attempt", Integer, nullable=False),
    _text("token"),
    _json("partial", null=True),
    _json("result", null=True),
    _json("error", null=True),
    _number("seq"),
    _time("begun"),
    _time("ended", null=True),
    ForeignKeyConstraint(["account", "operation"], ["operations.account", "operations.id"]),
    Index(None, "account", "service", "seq"),
)

# The only table that holds values of secrets.
secrets = Table("secrets", metadata, _account(), _key("id"), _text("service"), _text("value"), _time("created"))

agents = Table(
    "agents",
    metadata,
    _account(),
    _key("service"),
    _key("node"),
    _text("token_hash", null=True),
    _time("token_until", null=True),
    _text("key_hash", null=True),
    _time("seen", null=True),
    _json("facts"),
    _time("created"),
    Index("ix_agents_token_hash", "token_hash"),
    Index("uq_agents_key_hash", "key_hash", unique=True),
)

instructions = Table(
    "instructions",
    metadata,
    _account(),
    _key("id"),
    _number("seq"),
    _text("service"),
    _text("node"),
    _text("method"),
    _json("arguments"),
    Column("exit", Integer, nullable=True),
    _text("output"),
    _time("created"),
    _time("ended", null=True),
    Index(None, "account", "service", "node", "seq"),
)

# What the door of the agents looks at for all its long polls at once: few rows, whatever was done before.
Index(
    "ix_instructions_open",
    instructions.c.account,
    instructions.c.service,
    instructions.c.node,
    sqlite_where=instructions.c.ended.is_(None),
)

samples = Table(
    "samples",
    metadata,
    _account(),
    _key("service"),
    _key("metric"),
    _key("target"),
    _key("location"),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("value", Float, nullable=False),
    Index("ix_samples_at", "at"),
)

logs = Table(
    "logs",
    metadata,
    _account(),
    _key("service"),
    _sequence(),
    _text("node"),
    _text("instruction"),
    _text("text"),
    _time("at"),
)

# What the worker measures from outside because a configuration asks for it; what nodes measure they are told once.
watches = Table(
    "watches",
    metadata,
    _account(),
    _key("service"),
    _key("target"),
    _key("metric"),
    _key("location"),
    _json("definition"),
)

guarantees = Table(
    "guarantees", metadata, _account(), _key("service"), _key("name"), _key("target"), _json("definition")
)

verdicts = Table(
    "verdicts",
    metadata,
    _account(),
    _key("service"),
    _key("guarantee"),
    _key("target"),
    _text("state"),
    _time("at"),
    _text("reason"),
    _json("evidence"),
)

violations = Table(
    "violations",
    metadata,
    _account(),
    _key("id"),
    _text("service"),
    _text("guarantee"),
    _text("target"),
    _time("at"),
    _time("ended", null=True),
    _text("reason"),
    _json("evidence"),
    _json("business"),
    Index(None, "account", "service", "at"),
)

events = Table(
    "events",
    metadata,
    _account(),
    _sequence(),
    _text("service", null=True),
    _time("at"),
    _text("name"),
    _json("fields"),
    Index(None, "account", "service", "seq"),
)

offers = Table(
    "offers",
    metadata,
    _account(),
    _key("provider"),
    _key("zone"),
    _time("observed_at"),
    _json("offer"),
)

outbox = Table("outbox", metadata, _account(), _sequence(), _json("projection"), Index("ix_outbox_seq", "seq"))

volumes = Table(
    "volumes",
    metadata,
    _account(),
    _key("id"),
    _text("service"),
    _text("service_name"),
    _text("node"),
    _text("name"),
    _text("step"),
    _text("token"),
    _text("provider"),
    _text("reference"),
    _number("size"),
    _json("facts"),
    _time("created"),
    Index(None, "account", "service"),
)

definitions = Table(
    "definitions",
    metadata,
    _account(),
    _key("term"),
    _key("name"),
    _key("document"),
    _text("text"),
    _text("whence"),
    _text("digest"),
    _time("created"),
    Index(None, "account", "document"),
)

uses = Table("uses", metadata, _account(), _key("document"), _json("found"))

# A common node that services share is a service of its own; `instance_users` counts the nodes that use it.
instances = Table(
    "instances",
    metadata,
    _account(),
    _key("key"),
    _text("service"),
    _text("name"),
    _time("created"),
    Index(None, "account", "service"),
)

instance_users = Table(
    "instance_users",
    metadata,
    _account(),
    _key("key"),
    _key("service"),
    _key("node"),
    Column("running", Integer, nullable=False),
    Index(None, "account", "service"),
)

postings = Table(
    "postings",
    metadata,
    _account(),
    _key("document"),
    _text("location"),
    _json("elements", null=True),
    _number("sequence"),
    _time("at"),
)

# What is at a provider otherwise than the store says (`aspect`: gone, state, size, tags), or beside it (stray).
# `removal`: that a stray shall be given back, and what kept it from that.
findings = Table(
    "findings",
    metadata,
    _account(),
    _key("provider"),
    _key("kind"),
    _key("id"),
    _key("aspect"),
    _text("service"),
    _text("step"),
    _text("name"),
    _text("wanted"),
    _text("seen"),
    _json("facts"),
    _text("price", null=True),
    _text("removal", null=True),
    _time("since"),
    _time("at"),
    Index(None, "account", "service"),
)

# When each provider was last asked what it has; `error` when it did not answer.
observations = Table(
    "observations", metadata, _account(), _key("provider"), _time("at", null=True), _json("error", null=True)
)
