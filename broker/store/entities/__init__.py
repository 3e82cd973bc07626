"""OCCI entities: resources and links of every kind. Only storing and finding; what they mean is `broker.occi`'s.

    records       what an entity is in the store
    single        one entity: looked up, made, changed, removed; generations
    pages         those that fit a filter, page by page
    projections   entities that a journal tells of, late or twice, and the tombstones of those it removed

The entities of account `platform` are readable by all accounts and written by none but the platform itself.
"""

from broker.store.entities.pages import Page, Scalar, page, written
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

__all__ = [
    "BURIED",
    "FOR_EVER",
    "PLATFORM",
    "Page",
    "Record",
    "Scalar",
    "bury",
    "delete",
    "delete_projection",
    "find",
    "get",
    "insert",
    "page",
    "prune_tombstones",
    "update",
    "upsert_projection",
    "upsert_projections",
    "written",
]
