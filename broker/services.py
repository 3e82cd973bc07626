"""The table of category servers: which row serves which kinds, at which port, with which hooks.

A new server is a line here, not a program. Kinds themselves are data (`broker/occi`); what a kind does beyond
storing and showing entities is a `Hooks`, plain functions that know nothing of HTTP.
Not here: how a request is read or answered (`broker/web`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from broker import discovery, templates
from broker.addresses import OFFSETS
from broker.errors import Missing

if TYPE_CHECKING:
    from broker.auth import Principal
    from broker.client import Client
    from broker.occi.model import Mixin
    from broker.occi.registry import Registry
    from broker.settings import Settings
    from broker.store import Record, Store, Transaction

CORDS = "http://scheme.compatibleone.fr/scheme/compatible#"
INFRASTRUCTURE = "http://schemas.ogf.org/occi/infrastructure#"
PLATFORM = "http://schemas.ogf.org/occi/platform#"
SLA = "http://schemas.ogf.org/occi/sla#"
ACCORDS = "http://scheme.compatibleone.fr/scheme/accords#"


@dataclass(frozen=True, slots=True)
class Context:
    """What a hook may use. One a request.

    `account` is the account acted for (a server may act for another); `now` gives UTC microseconds,
    `new_id` a uuid string; `client` reaches the other rows as this row, for this account. `accept` is the request's
    Accept header, `query` what its URL asks for beside a path, `body` reads what it sent. `links` are
    those that came inside the entity which is being made.
    """

    store: Store
    settings: Settings
    principal: Principal
    account: str
    now: Callable[[], int]
    new_id: Callable[[], str]
    client: Client
    row: Row
    accept: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    body: Callable[[], bytes] = bytes
    links: Sequence[Record] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is not an OCCI rendering, sent as it is. `headers` are those beyond Content-Type."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hooks:
    """What one kind does besides being stored. Each may raise an `AccordsError`, which becomes the answer.

    create     (ctx, record) -> record
               before the transaction, after the checks of OCCI: completes what only the server gives (immutable
               attributes), or refuses. May read and may call other rows.
    created    (ctx, tx, record) -> None
               in the transaction that stores the record.
    stored     (ctx, record) -> None
               after that transaction: asks other rows for what only an entity that is there may have. When it raises,
               the request's entities are removed again.
    update     (ctx, before, after) -> record
               in the transaction that changes it: the record as it shall be; raises `Clash` to refuse.
    change     (ctx, before, after) -> record
               in place of `update`, before that transaction, where it is an entity's own request: may ask other rows.
    leave      (ctx, records) -> None
               before the transaction that removes all of them: asks other rows; raises `Clash` to refuse.
    delete     (ctx, tx, record) -> None
               in the transaction that removes it; raises `Clash` to refuse.
    lingering  (tx, record) -> record | None
               in that transaction, in place of `delete`: the record as it is shown until a delivery says that what it
               stands for is gone; None: it goes at once.
    projected  (registry, there, told) -> record
               what a delivery tells of an entity that is there, with what of it is not the delivery's to change.
    actions    term -> (ctx, record, arguments) -> record or mixin
               does it, in transactions of its own, and gives the record as it is now, or the category that it made.
               Whether the action is applicable in the present state was checked before.
    together   term -> (ctx, records, arguments) -> records
               the same with several, all or none; an action that is not here is done with one after the other.
    listing    (ctx, query) -> Reply | None
               GET of the kind's collection; None means: list as usual.
    documents  (ctx, body, media type) -> Reply
               POST of a CORDS document to the kind's collection.
    routes     name -> (ctx, record, query) -> Reply
               GET <entity>/<name>.
    """

    create: Callable[[Context, Record], Record] | None = None
    created: Callable[[Context, Transaction, Record], None] | None = None
    stored: Callable[[Context, Record], None] | None = None
    update: Callable[[Context, Record, Record], Record] | None = None
    change: Callable[[Context, Record, Record], Record] | None = None
    leave: Callable[[Context, Sequence[Record]], None] | None = None
    delete: Callable[[Context, Transaction, Record], None] | None = None
    lingering: Callable[[Transaction, Record], Record | None] | None = None
    projected: Callable[[Registry, Record, Record], Record] | None = None
    actions: Mapping[str, Callable[[Context, Record, Mapping[str, object]], Record | Mixin]] = field(
        default_factory=dict
    )
    together: Mapping[str, Callable[[Context, Sequence[Record], Mapping[str, object]], Sequence[Record]]] = field(
        default_factory=dict
    )
    listing: Callable[[Context, Mapping[str, str]], Reply | None] | None = None
    documents: Callable[[Context, bytes, str], Reply] | None = None
    routes: Mapping[str, Callable[[Context, Record, Mapping[str, str]], Reply]] = field(default_factory=dict)


RowRoute = Callable[[Context, Mapping[str, str]], Reply]
"""(ctx, the path's fields and the query) -> Reply"""


@dataclass(frozen=True, slots=True)
class Row:
    """A category server: listens on the base port + `offset`; `kinds` are type ids.

    `hooks` are by type id; `broker.hooks.rows` adds those of the kinds that do something.

    `routes`: path template -> method -> what is answered there, for what is no entity of a kind.
    `before` runs before each request: what must hold when anybody looks.
    `guarded`: kinds that servers and workers write, and accounts only read.
    `kept`: what else is delivered to the row, which is no kind and in no collection.
    """

    name: str
    kinds: tuple[str, ...]
    hooks: Mapping[str, Hooks] = field(default_factory=dict)
    routes: Mapping[str, Mapping[str, RowRoute]] = field(default_factory=dict)
    before: Callable[[Store, Settings], None] | None = None
    guarded: frozenset[str] = frozenset()
    kept: tuple[str, ...] = ()

    @property
    def offset(self) -> int:
        return OFFSETS[self.name]


def _forget_unrenewed(store: Store, settings: Settings) -> None:
    discovery.sweep(store, settings.publication_lease)


def _cords(terms: str) -> tuple[str, ...]:
    return tuple(CORDS + term for term in terms.split())


def _infrastructure(terms: str) -> tuple[str, ...]:
    return tuple(INFRASTRUCTURE + term for term in terms.split())


ROWS: tuple[Row, ...] = (
    Row(
        "publisher",
        _cords("publication operator agency enquiry saas federation"),
        before=_forget_unrenewed,
        guarded=frozenset(_cords("publication")),
    ),
    Row("infrastructure", _cords("infrastructure compute network endpoint port storage volume firewall")),
    Row("account", _cords("account user security authorization price")),
    Row(
        "manifest",
        _cords(
            "manifest plan import input output"
            " paas_application_manifest paas_application paas_application_deployable paas_application_version"
            " paas_application_version_instance paas_environment paas_environment_configuration paas_environment_link"
            " paas_environment_node paas_environment_relation paas_environment_template paas_environment_variable"
            " easiclouds_application easiclouds_connection easiclouds_description easiclouds_extra easiclouds_input"
            " easiclouds_instance easiclouds_keypair easiclouds_link easiclouds_metadata easiclouds_model"
            " easiclouds_node easiclouds_output easiclouds_parameters easiclouds_postconf easiclouds_server"
        ),
    ),
    Row(
        "service",
        _cords(
            "service contract instruction instance placement provider event quota geolocation"
            " openstack_configuration occi_openstack_configuration opennebula_configuration windowsazure_configuration"
            " deltacloud_configuration computenext_configuration oa_config dummy_config paas_configuration paasconfig"
            " paconfig ec2config eziconfig os_config"
        ),
        guarded=frozenset(_cords("contract instruction instance placement provider event")),
    ),
    Row("node", _cords("node")),
    Row("configuration", _cords("configuration release interface action")),
    Row(
        "cloud",
        (
            *_infrastructure("compute network storage securitygroup ipreservation"),
            *_infrastructure("networkinterface storagelink securitygrouplink"),
            *(ACCORDS + term for term in ("snapshot", "key")),
            *(PLATFORM + term for term in ("application", "component", "componentlink")),
            *(SLA + term for term in ("agreement", "agreement_link")),
        ),
        kept=(templates.KIND,),
    ),
    Row("image", _cords("image system package vm")),
    Row(
        "agreement",
        _cords(
            "agreement terms term variable guarantee business control penalty metric session connection"
            " monitor probe packet alert"
        ),
    ),
)


def row(name: str) -> Row:
    """The row of that name, or `Missing`."""
    for found in ROWS:
        if found.name == name:
            return found
    raise Missing(f"no category server is called {name}", hint="one of: " + ", ".join(r.name for r in ROWS))


def row_of(kind: str) -> Row:
    """The row that serves a kind (type id), or keeps it; `Missing`."""
    for found in ROWS:
        if kind in found.kinds or kind in found.kept:
            return found
    raise Missing(f"no category server serves {kind}")
