"""Pages: every filter is the database's, and whoever goes on page by page sees what stays exactly once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.store import PLATFORM, Record, Store, entities
from broker.store.entities import pages

KIND, OTHER = "http://example.org#thing", "http://example.org#other"
FILTERS: tuple[dict[str, Any], ...] = (
    {},
    {"kind": KIND},
    {"mixins": [{"m#1"}]},
    {"mixins": [{"m#1", "m#2", "m#3"}], "kind": KIND},
    {"attributes": {"a": 1}},
    {"attributes": {"a": 1, "list": [1]}, "mixins": [{"m#1", "m#2"}]},
    {"attributes": {"occi.core.title": "t"}},
    {"target": "x 1", "attributes": {"a": 1}},
)
NUMBERS = st.integers(0, 40)


def made(number: int) -> Record:
    mixins = tuple(f"m#{each}" for each in (1, 2, 3) if number % (each + 1) == 0)
    attributes = {"a": number % 2, "list": [number % 3]}
    account = PLATFORM if number % 5 == 0 else "ann"
    kind = OTHER if number % 4 == 0 else KIND
    target = "x 1" if number % 3 else None
    return Record(
        account, kind, f"{number:02}", title="t" * (number % 2), attributes=attributes, mixins=mixins, target=target
    )


def fits(record: Record, wanted: dict[str, Any]) -> bool:
    """The filter, said once more."""
    attributes = {**record.attributes, "occi.core.title": record.title}
    return (
        wanted.get("kind", record.kind) == record.kind
        and wanted.get("target", record.target) == record.target
        and all(not names.isdisjoint(record.mixins) for names in wanted.get("mixins", ()))
        and all(attributes[name] == value for name, value in wanted.get("attributes", {}).items())
    )


def walked(store: Store, wanted: dict[str, Any], limit: int, meanwhile: Callable[[], None]) -> Iterator[list[str]]:
    """The ids of each page; something happens after each."""
    after: str | None = None
    while True:
        with store.read() as tx:
            page = entities.page(tx, "ann", after=after, limit=limit, **wanted)
            assert entities.keys(tx, "ann", after=after, limit=limit, **wanted) == (
                tuple((record.kind, record.id) for record in page.records),
                page.after,
            )
        yield [record.id for record in page.records]
        meanwhile()
        if (after := page.after) is None:
            return


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    wanted=st.sampled_from(FILTERS),
    before=st.sets(NUMBERS, max_size=30),
    changes=st.lists(st.tuples(NUMBERS, st.booleans()), max_size=20),
    limit=st.integers(1, 6),
)
def test_who_goes_on_page_by_page_sees_each_entity_that_stays_exactly_once(
    store: Store, wanted: dict[str, Any], before: set[int], changes: list[tuple[int, bool]], limit: int
) -> None:
    waiting = iter(changes)
    with store.write() as tx:
        tx.connection.exec_driver_sql("DELETE FROM entities")
        for number in before:
            entities.insert(tx, made(number))

    def meanwhile() -> None:
        number, comes = next(waiting, (None, False))
        if number is None:
            return
        record = made(number)
        with store.write() as tx:
            there = entities.find(tx, record.account, record.kind, record.id) is not None
            if comes and not there:
                entities.insert(tx, record)
            elif there and not comes:
                entities.delete(tx, record.account, record.kind, record.id)

    seen = [id for page in walked(store, wanted, limit, meanwhile) for id in page]
    touched = {number for number, _ in changes}
    assert len(seen) == len(set(seen))
    stayed = {made(number).id for number in before - touched if fits(made(number), wanted)}
    assert stayed <= set(seen)
    assert all(fits(made(int(id)), wanted) for id in seen)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=st.sampled_from(FILTERS), there=st.sets(NUMBERS, max_size=30), count=st.integers(1, 12))
def test_what_is_passed_is_what_would_have_been_shown(
    store: Store, wanted: dict[str, Any], there: set[int], count: int
) -> None:
    with store.write() as tx:
        tx.connection.exec_driver_sql("DELETE FROM entities")
        for number in there:
            entities.insert(tx, made(number))
        found, _ = entities.keys(tx, "ann", limit=count, **wanted)
        cursor = entities.cursor(*found[-1]) if len(found) == count else None
        assert entities.passed(tx, "ann", count, **wanted) == (cursor, len(found))


JSON = st.recursive(
    st.one_of(
        st.booleans(), st.integers(-100, 100), st.floats(-10, 10).map(lambda n: round(n, 3)), st.sampled_from("ab")
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("xyz"), inner, max_size=3)),
    max_leaves=6,
).filter(lambda value: isinstance(value, list | dict))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(there=JSON, asked=JSON)
def test_lists_and_hashes_are_equal_whatever_the_order_of_their_members(store: Store, there: Any, asked: Any) -> None:
    with store.write() as tx:
        tx.connection.exec_driver_sql("DELETE FROM entities")
        entities.insert(tx, Record("ann", KIND, "1", attributes={"a": there}))
        turned = dict(reversed(there.items())) if isinstance(there, dict) else there
        assert entities.keys(tx, "ann", attributes={"a": turned})[0] == ((KIND, "1"),)
        if _plain(there) != _plain(asked):
            assert entities.keys(tx, "ann", attributes={"a": asked})[0] == ()


def _plain(value: Any) -> Any:
    """True is no 1 here, as in JSON."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, bool) else value


def test_the_filter_that_fits_fewest_leads(store: Store) -> None:
    with store.write() as tx:
        for number in range(40):
            attributes = {"common": 1, "rare": number // 20 + number // 39}
            entities.insert(tx, Record("ann", KIND, f"{number:02}", attributes=attributes, mixins=("m#1",)))
        wanted = {"attributes": {"common": 1, "rare": 2}, "mixins": [{"m#1"}]}
        assert next(iter(pages._ways(tx, "ann", wanted))).leads == "attribute 1"


def test_a_set_of_mixins_of_which_none_is_used_costs_no_look_at_entities(store: Store) -> None:
    with store.write() as tx:
        entities.insert(tx, Record("ann", KIND, "1", mixins=("m#1",)))
        assert entities.keys(tx, "ann", mixins=[{"m#2", "m#3"}]) == ((), None)
        assert pages._ways(tx, "ann", {"mixins": [frozenset({"m#2", "m#3"})]}) == []


def test_a_collection_says_when_it_changed(store: Store) -> None:
    def now() -> entities.Generations:
        with store.read() as tx:
            return entities.generations(tx, "ann")

    assert now() == {}
    with store.write() as tx:
        mine = entities.insert(tx, Record("ann", KIND, "1"))
        entities.insert(tx, Record(PLATFORM, OTHER, "1"))
        entities.insert(tx, Record("bob", OTHER, "1"))
    first = now()
    assert set(first) == {("ann", KIND), (PLATFORM, OTHER)}
    with store.write() as tx:
        changed = entities.update(tx, replace(mine, title="new"))
    second = now()
    with store.write() as tx:
        entities.delete(tx, "ann", KIND, "1", expect=changed.generation)
    third = now()
    assert first["ann", KIND] < second["ann", KIND] < third["ann", KIND]
    assert first[PLATFORM, OTHER] == third[PLATFORM, OTHER]


def test_the_links_of_many_resources_are_found_at_once(store: Store) -> None:
    with store.write() as tx:
        for end, id in (("x 1", "b"), ("x 1", "a"), ("x 2", "c")):
            entities.insert(tx, Record("ann", KIND, id, source=end, target="y 1"))
        found = entities.outgoing(tx, "ann", ["x 1", "x 2", "x 3"])
    assert {end: [link.id for link in links] for end, links in found.items()} == {"x 1": ["a", "b"], "x 2": ["c"]}
