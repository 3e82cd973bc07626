"""OCCI entities: resources and links of every kind. Only storing and finding; what they mean is `broker.occi`'s.

    records       what an entity is in the store
    single        one entity: looked up, made, changed, removed; generations
    wanted        what entities of a page have in common
    links         the links of resources
    pages         those that fit a filter, page by page
    statements    the statements of pages
    changes       when a kind's entities changed last
    projections   entities that a journal tells of, late or twice, and the tombstones of those it removed

The entities of account `platform` are readable by all accounts and written by none but the platform itself.
"""

from broker.store.entities.changes import Generations, generations
from broker.store.entities.links import outgoing
from broker.store.entities.pages import Key, Page, cursor, keys, page, passed
from broker.store.entities.projections import (
    BURIED,
    FOR_EVER,
    bury,
    delete_projection,
    prune_tombstones,
    upsert_projection,
    upsert_projections,
)
from broker.store.entities.records import PLATFORM, Record
from broker.store.entities.single import delete, find, get, insert, update
from broker.store.entities.wanted import Scalar, Wanted, written

__all__ = [
    "BURIED",
    "FOR_EVER",
    "PLATFORM",
    "Generations",
    "Key",
    "Page",
    "Record",
    "Scalar",
    "Wanted",
    "bury",
    "cursor",
    "delete",
    "delete_projection",
    "find",
    "generations",
    "get",
    "insert",
    "keys",
    "outgoing",
    "page",
    "passed",
    "prune_tombstones",
    "update",
    "upsert_projection",
    "upsert_projections",
    "written",
]
