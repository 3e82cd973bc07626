"""The statements of pages. Which entities is found in one index that has the page's order, the leading filter's; each
of the others is looked up for every one of them. Left to itself PostgreSQL takes a value for rarer than it is, and
sorts all that have it.

Each is built once: building one costs more than carrying it out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from broker.store.engine import Compiled
from broker.store.entities.records import COLUMNS
from broker.store.entities.wanted import CORE
from broker.store.tables import entities, entity_attributes, entity_mixins

_PLACE = ("account", "kind", "id")


@dataclass(frozen=True, slots=True)
class Shape:
    """What of a filter decides the statement.

    `given`: which of kind, id, source and target. `attributes`: of each its name when the index has not all of its
    value, whether that is a list or a hash, and whether it is a float. `mixins`: how many each set has. `leads`:
    `source`, `target`, `attribute <n>`, `mixins <n>`, or nothing: the primary key. `past`: behind which kind of cursor.
    """

    given: frozenset[str]
    attributes: tuple[tuple[str | None, bool, bool], ...]
    mixins: tuple[int, ...]
    leads: str = ""
    past: str | None = None


@dataclass(frozen=True, slots=True)
class _Filter:
    """An index of entities, and the part of it that is wanted."""

    table: sa.FromClause
    where: tuple[sa.ColumnElement[bool], ...] = ()


@lru_cache(maxsize=512)
def rows(shape: Shape) -> Compiled:
    """A page's entities; values: those of `keys`."""
    found = _keys(shape)
    if _leading(shape).table is entities:
        return Compiled(found.with_only_columns(*COLUMNS))
    page = found.subquery("page")
    return Compiled(sa.select(*COLUMNS).join_from(page, entities, sa.and_(*_same(page))))


@lru_cache(maxsize=512)
def keys(shape: Shape) -> Compiled:
    """Account, kind and id of a page's entities, in order; values: account, last and last_id (the cursor), limit, skip,
    and of the filter kind, id, source, target, name_0, value_0, whole_0 … and mixin_0_0 …"""
    return Compiled(_keys(shape))


@lru_cache(maxsize=512)
def count(shape: Shape) -> Compiled:
    """How many the leading filter has, up to `limit`."""
    leads = _leading(shape)
    found = sa.select(sa.literal(1)).select_from(leads.table).where(*_own(shape, leads))
    some = found.limit(sa.bindparam("limit", type_=sa.Integer)).subquery()
    return Compiled(sa.select(sa.func.count()).select_from(some))


def _used_mixins() -> sa.Select[Any]:
    """The mixins that entities of an account have, each found by one look into the index."""
    c = entity_mixins.c
    mine = c.account == sa.bindparam("account")
    used = sa.select(sa.func.min(c.mixin).label("mixin")).where(mine).cte("used", recursive=True)
    following = sa.select(sa.func.min(c.mixin)).where(mine, c.mixin > used.c.mixin).scalar_subquery()
    used = used.union_all(sa.select(following).where(used.c.mixin.is_not(None)))
    return sa.select(used.c.mixin).where(used.c.mixin.is_not(None))


USED_MIXINS = _used_mixins()


def _keys(shape: Shape) -> sa.Select[Any]:
    leads = _leading(shape)
    first = leads.table.c
    wanted = sa.select(first.account, first.kind, first.id).where(*_own(shape, leads), *_others(shape, leads))
    if shape.past is not None:
        wanted = wanted.where(_past(leads.table, shape.past))
    limit, skip = (sa.bindparam(name, type_=sa.Integer) for name in ("limit", "skip"))
    return wanted.order_by(first.kind, first.id).limit(limit).offset(skip)


def _own(shape: Shape, leads: _Filter) -> Iterator[sa.ColumnElement[bool]]:
    """What the leading index itself has."""
    yield leads.table.c.account == sa.bindparam("account")
    yield from leads.where
    for name in ("kind", "id"):
        if name in shape.given:
            yield leads.table.c[name] == sa.bindparam(name)


def _others(shape: Shape, leads: _Filter) -> Iterator[sa.ColumnElement[bool]]:
    """What has to be looked up of each that the leading index has."""
    place = [leads.table.c[name] for name in _PLACE]
    for name, each in _filters(shape):
        if name != shape.leads and each.table is not entities:
            same = (each.table.c[key] == column for key, column in zip(_PLACE, place, strict=True))
            yield sa.exists().where(*each.where, *same)
    rest = [*_ends(shape), *_wholes(shape)]
    if leads.table is entities:
        yield from (each for each in rest if not any(each is own for own in leads.where))
    elif rest:
        yield sa.exists(sa.select(entities.c.id).where(*_same(leads.table), *rest))


def _leading(shape: Shape) -> _Filter:
    return next((each for name, each in _filters(shape) if name == shape.leads), _Filter(entities))


def _filters(shape: Shape) -> Iterator[tuple[str, _Filter]]:
    """Those that may lead, by what `Shape.leads` calls them."""
    for name in ("source", "target"):
        if name in shape.given:
            yield name, _Filter(entities, (entities.c[name] == sa.bindparam(name),))
    for number, (_, _, rounded) in enumerate(shape.attributes):
        yield f"attribute {number}", _attribute(number, rounded=rounded)
    for number, size in enumerate(shape.mixins):
        yield f"mixins {number}", _mixins(number, size)


def _attribute(number: int, *, rounded: bool) -> _Filter:
    table = entity_attributes.alias(f"attribute_{number}")
    named = table.c.name == sa.bindparam(f"name_{number}")
    value: sa.ColumnElement[str] = sa.bindparam(f"value_{number}", type_=sa.String)
    if rounded:
        value = _Rounded(value, sa.bindparam(f"whole_{number}", type_=sa.String))
    return _Filter(table, (named, table.c.value == value))


def _mixins(number: int, size: int) -> _Filter:
    table = entity_mixins.alias(f"mixins_{number}")
    names: list[sa.BindParameter[str]] = [sa.bindparam(f"mixin_{number}_{each}") for each in range(size)]
    return _Filter(table, (table.c.mixin == names[0] if size == 1 else table.c.mixin.in_(names),))


def _ends(shape: Shape) -> Iterator[sa.ColumnElement[bool]]:
    for name in ("source", "target"):
        if name in shape.given and name != shape.leads:
            yield entities.c[name] == sa.bindparam(name)


def _wholes(shape: Shape) -> Iterator[sa.ColumnElement[bool]]:
    """Values of which the index has but a part."""
    for number, (name, nested, _) in enumerate(shape.attributes):
        if name is not None:
            yield _is_all(name, sa.bindparam(f"whole_{number}", type_=sa.String), nested=nested)


def _is_all(name: str, value: sa.BindParameter[str], *, nested: bool) -> sa.ColumnElement[bool]:
    if name in CORE:
        whole: sa.ColumnElement[bool] = entities.c[CORE[name]] == value
        return whole
    if nested:
        return _SameJson(entities.c.attributes[name], value)
    text: sa.ColumnElement[bool] = entities.c.attributes[name].as_string() == value
    return text


class _Rounded(FunctionElement[str]):
    """A float as the index has it, from how `wanted.written` writes it and from its JSON."""

    inherit_cache = True
    type = sa.String()


@compiles(_Rounded, "sqlite")
def _rounded_on_sqlite(element: _Rounded, compiler: SQLCompiler, **options: Any) -> str:
    """By SQLite itself, as its triggers do: of one float in 400 it rounds the fifteenth digit otherwise than C."""
    _, json = element.clauses
    return f"printf('%.15g', json_extract({compiler.process(json, **options)}, '$') + 0.0)"


@compiles(_Rounded, "postgresql")
def _rounded_on_postgresql(element: _Rounded, compiler: SQLCompiler, **options: Any) -> str:
    written, _ = element.clauses
    return compiler.process(written, **options)


class _SameJson(FunctionElement[bool]):
    """Whether two JSON values are equal, whatever the order of their members."""

    inherit_cache = True
    type = sa.Boolean()


@compiles(_SameJson, "sqlite")
def _same_on_sqlite(element: _SameJson, compiler: SQLCompiler, **options: Any) -> str:
    """Every leaf and every branch of one is the other's, too."""
    left, right = element.clauses
    parts = [_tree(compiler.process(one, **options)) for one in (left, right, right, left)]  # in the order of the text
    return f"(NOT EXISTS ({parts[0]} EXCEPT {parts[1]}) AND NOT EXISTS ({parts[2]} EXCEPT {parts[3]}))"


def _tree(json: str) -> str:
    kept = "fullkey, replace(type, 'real', 'integer'), atom"
    return f"SELECT {kept} FROM json_tree(json_object('it', json({json})), '$.it')"  # noqa: S608 - nobody's values


@compiles(_SameJson, "postgresql")
def _same_on_postgresql(element: _SameJson, compiler: SQLCompiler, **options: Any) -> str:
    left, right = (f"CAST({compiler.process(one, **options)} AS jsonb)" for one in element.clauses)
    return f"({left} = {right})"


def _same(table: sa.FromClause) -> tuple[sa.ColumnElement[bool], ...]:
    return tuple(table.c[name] == entities.c[name] for name in _PLACE)


def _past(table: sa.FromClause, cursor: str) -> sa.ColumnElement[bool]:
    """Behind the cursor. Within one kind by the id alone, so that the primary key gives the order."""
    last_id = sa.bindparam("last_id", type_=sa.String)
    if cursor == "id":
        found: sa.ColumnElement[bool] = table.c.id > last_id
        return found
    return sa.tuple_(table.c.kind, table.c.id) > sa.tuple_(sa.bindparam("last", type_=sa.String), last_id)
