"""Entities: accounts apart, no update lost, pages by key, projections in order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.errors import Clash, Missing, Stale
from broker.store import PLATFORM, Page, Record, Store, Transaction, entities
from broker.store.tables import entity_attributes
from tests.store.conftest import Clock

KIND = "http://example.org#thing"
OTHER = "http://example.org#other"


def put(store: Store, *records: Record) -> list[Record]:
    with store.write() as tx:
        return [entities.insert(tx, record) for record in records]


def page(store: Store, account: str = "ann", **wanted: object) -> Page:
    with store.read() as tx:
        return entities.page(tx, account, **wanted)  # type: ignore[arg-type]


def ids(found: Page) -> list[str]:
    return [record.id for record in found.records]


def test_an_entity_comes_back_as_it_was_stored(store: Store) -> None:
    record = Record("ann", KIND, "1", title="t", summary="s", attributes={"a": 1.5, "b": "é"}, mixins=("m#1",))
    (stored,) = put(store, replace(record, source="x 1", target="y 2"))
    with store.read() as tx:
        assert entities.get(tx, "ann", KIND, "1") == stored
    assert (stored.generation, stored.created) == (1, store.now())


def test_another_account_sees_nothing(store: Store) -> None:
    put(store, Record("ann", KIND, "1", mixins=("m#1",)))
    with store.write() as tx:
        for call in (entities.get, entities.delete):
            with pytest.raises(Missing):
                call(tx, "bob", KIND, "1")
        with pytest.raises(Missing):
            entities.update(tx, Record("bob", KIND, "1"))
    assert page(store, "bob").records == page(store, "bob", mixins=[{"m#1"}]).records == ()


def test_all_accounts_read_the_platforms_and_only_it_writes_them(store: Store) -> None:
    put(store, Record(PLATFORM, KIND, "1", title="theirs"), Record("ann", KIND, "2"))
    assert ids(page(store)) == ["1", "2"]
    assert ids(page(store, PLATFORM)) == ["1"]
    with store.write() as tx:
        assert entities.get(tx, "ann", KIND, "1").title == "theirs"
        with pytest.raises(Missing):
            entities.delete(tx, "ann", KIND, "1")


def test_the_same_entity_twice_is_a_clash(store: Store) -> None:
    put(store, Record("ann", KIND, "1"), Record("bob", KIND, "1"))
    with pytest.raises(Clash):
        put(store, Record("ann", KIND, "1"))


def test_of_two_updates_on_the_same_sight_the_second_is_refused(store: Store) -> None:
    (seen,) = put(store, Record("ann", KIND, "1"))
    with store.write() as tx:
        assert entities.update(tx, replace(seen, title="first")).generation == 2
    with pytest.raises(Stale) as found, store.write() as tx:
        entities.update(tx, replace(seen, title="second"))
    assert found.value.fields["generation"] == 2
    with store.write() as tx:
        assert entities.get(tx, "ann", KIND, "1").title == "first"
        with pytest.raises(Stale):
            entities.delete(tx, "ann", KIND, "1", expect=1)
        entities.delete(tx, "ann", KIND, "1", expect=2)


def test_every_filter_narrows(store: Store) -> None:
    put(
        store,
        Record("ann", KIND, "1", attributes={"name": "a", "cores": 2, "on": True}, mixins=("m#1", "m#2")),
        Record("ann", KIND, "2", attributes={"name": "b", "cores": 2.5, "on": False}, mixins=("m#1",)),
        Record("ann", OTHER, "3", attributes={"name": "a"}, source=f"{KIND} 1", target=f"{KIND} 2"),
    )
    assert ids(page(store, kind=KIND)) == ["1", "2"]
    assert ids(page(store, mixins=[{"m#1"}])) == ["1", "2"]
    assert ids(page(store, mixins=[{"m#2"}])) == ["1"]
    assert ids(page(store, attributes={"name": "a"})) == ["3", "1"]
    assert ids(page(store, kind=KIND, attributes={"name": "a"})) == ["1"]
    assert ids(page(store, attributes={"cores": 2.5})) == ["2"]
    assert ids(page(store, attributes={"cores": "2.5"})) == ["2"]
    assert ids(page(store, attributes={"on": True})) == ["1"]
    assert ids(page(store, mixins=[{"m#1"}], attributes={"cores": 2, "on": True})) == ["1"]
    assert ids(page(store, mixins=[{"m#2"}], attributes={"on": False})) == []
    assert ids(page(store, source=f"{KIND} 1", attributes={"name": "a"}, mixins=[{"m#1"}])) == []
    assert ids(page(store, source=f"{KIND} 1", attributes={"name": "a"})) == ["3"]
    assert ids(page(store, source=f"{KIND} 1")) == ["3"]
    assert ids(page(store, target=f"{KIND} 1")) == []


SCALARS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=80),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SCALARS, SCALARS)
def test_whatever_an_attribute_is_it_is_found_by_it_and_no_longer_by_what_it_was(
    store: Store, former: entities.Scalar, now: entities.Scalar
) -> None:
    with store.write() as tx:
        seen = entities.insert(tx, Record("ann", KIND, "1", attributes={"a": former, "list": [former], "b": 1}))
        assert ids(entities.page(tx, "ann", attributes={"a": former, "b": 1})) == ["1"]
        entities.update(tx, replace(seen, attributes={"a": now}))
        assert ids(entities.page(tx, "ann", attributes={"a": now})) == ["1"]
        same = entities.written(former) == entities.written(now)
        assert same or ids(entities.page(tx, "ann", attributes={"a": former})) == []
        entities.delete(tx, "ann", KIND, "1")
        assert tx.run(entity_attributes.select()).all() == []


@pytest.mark.parametrize("value", [698421047015286.5, -65704375681397.25, 9.767619767800565e159, 64.1, -0.0, 5e-324])
def test_a_float_is_found_however_its_fifteenth_digit_is_rounded(store: Store, value: float) -> None:
    put(store, Record("ann", KIND, "1", attributes={"a": value, "b": 1}))
    assert ids(page(store, attributes={"a": value})) == ids(page(store, attributes={"b": 1, "a": value})) == ["1"]


def test_long_texts_that_begin_alike_are_told_apart(store: Store) -> None:
    put(store, *(Record("ann", KIND, end, attributes={"a": "x" * 100 + end}) for end in "12"))
    assert ids(page(store, attributes={"a": "x" * 100 + "2"})) == ["2"]


def test_a_mixin_that_is_taken_off_is_not_found_by_it(store: Store) -> None:
    (seen,) = put(store, Record("ann", KIND, "1", mixins=("m#1", "m#2")))
    with store.write() as tx:
        entities.update(tx, replace(seen, mixins=("m#2",)))
    assert ids(page(store, mixins=[{"m#1"}])) == []
    assert ids(page(store, mixins=[{"m#2"}])) == ["1"]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    places=st.sets(st.tuples(st.sampled_from(("ann", PLATFORM)), st.sampled_from((KIND, OTHER)), st.integers(0, 30))),
    limit=st.integers(1, 7),
)
def test_pages_together_are_everything_once_and_in_order(
    store: Store, places: set[tuple[str, str, int]], limit: int
) -> None:
    with store.write() as tx:
        tx.connection.exec_driver_sql("DELETE FROM entities")
    put(store, *(Record(account, kind, f"{number:02}-{account}") for account, kind, number in places))
    found, after = [], None
    while True:
        part = page(store, limit=limit, after=after)
        assert len(part.records) <= limit
        found += [(record.kind, record.id) for record in part.records]
        after = part.after
        if after is None:
            break
    assert found == sorted((kind, f"{number:02}-{account}") for account, kind, number in places)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(1, 6)), st.sets(st.integers(1, 5)))
def test_projections_in_any_order_end_at_the_newest(store: Store, order: list[int], twice: set[int]) -> None:
    with store.write() as tx:
        tx.connection.exec_driver_sql("DELETE FROM entities")
        tx.connection.exec_driver_sql("DELETE FROM tombstones")
        for sequence in (*order, *twice):
            entities.upsert_projection(tx, Record("ann", KIND, "1", title=f"at {sequence}"), sequence)
        assert entities.get(tx, "ann", KIND, "1").title == "at 5"
        assert not entities.delete_projection(tx, "ann", KIND, "1", 5)
        assert entities.delete_projection(tx, "ann", KIND, "1", 6)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 6), st.booleans()), max_size=12))
def test_puts_and_deletes_in_any_order_end_at_the_newest(store: Store, order: list[tuple[int, bool]]) -> None:
    """Each number is one put or one delete, delivered late, twice, by several workers. What the newest says holds."""
    puts = dict(reversed(order))
    with store.write() as tx:
        tx.connection.exec_driver_sql("DELETE FROM entities")
        tx.connection.exec_driver_sql("DELETE FROM tombstones")
        for sequence, _ in order:
            if puts[sequence]:
                entities.upsert_projection(tx, Record("ann", KIND, "1", title=f"at {sequence}"), sequence)
            else:
                entities.delete_projection(tx, "ann", KIND, "1", sequence)
        found = entities.find(tx, "ann", KIND, "1")
    newest = max(puts, default=0)
    assert (found.title if found else None) == (f"at {newest}" if puts.get(newest) else None)


def test_a_removal_is_forgotten_when_nothing_can_be_late_for_it(store: Store, clock: Clock) -> None:
    with store.write() as tx:
        entities.delete_projection(tx, "ann", KIND, "1", 9)
        assert not entities.upsert_projection(tx, Record("ann", KIND, "1"), 8)
    clock.now += entities.BURIED + 1
    with store.write() as tx:
        assert entities.prune_tombstones(tx) == 1
        assert entities.upsert_projection(tx, Record("ann", KIND, "1"), 8)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(1, 7)), st.integers(0, 6))
def test_projections_in_bulk_are_as_one_by_one_even_of_the_same_entity(store: Store, order: list[int], at: int) -> None:
    with store.write() as tx:
        tx.connection.exec_driver_sql("DELETE FROM entities")
        for part in (order[:at], order[at:]):
            many = [(Record("ann", KIND, str(n % 2), title=f"at {n}", mixins=("m#1",)), n) for n in part]
            entities.upsert_projections(tx, many)
        assert [record.title for record in entities.page(tx, "ann", mixins=[{"m#1"}]).records] == ["at 6", "at 5"]


@pytest.mark.parametrize(
    "wanted",
    [
        {"kind": KIND, "after": f"{KIND} 1"},
        {"after": f"{KIND} 1"},
        {"kind": KIND, "mixins": [{"m#1"}]},
        {"kind": KIND, "attributes": {"a": 1, "b": "x"}},
        {"attributes": {"a": "x" * 100}, "after": f"{KIND} 1"},
        {"source": "x"},
        {"target": "x", "after": f"{KIND} 1"},
    ],
)
def test_a_page_is_read_from_an_index_in_order(store: Store, wanted: dict[str, Any]) -> None:
    """So that its cost does not grow with what is stored."""
    with store.read() as tx:
        driver = Listened(tx._driver)
        tx._driver = driver
        entities.page(tx, "ann", **wanted)
        steps = _explained(tx, *driver.asked[-1])
    assert not [step for step in steps if "SCAN" in step or "TEMP B-TREE" in step or "Sort" in step], steps
    assert any(name in steps[0] for name in ("(kind,id)>", "id>", "kind=?", "source=?", "target=?")), steps


class Listened:
    """A driver's connection, and what it was asked."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver
        self.asked: list[tuple[str, dict[str, object]]] = []

    def execute(self, statement: str, values: dict[str, object]) -> Any:
        self.asked.append((statement, values))
        return self._driver.execute(statement, values)


def _explained(tx: Transaction, statement: str, values: dict[str, object]) -> list[str]:
    """SQLite's words for its plan; PostgreSQL's in the same words, had it no other choice than to sort."""
    if tx.connection.dialect.name == "sqlite":
        steps = [str(row[3]) for row in tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
        return [step for step in steps if step not in ("MATERIALIZE page", "SCAN page")]  # the keys of the page
    for other in ("seqscan", "bitmapscan"):  # what is quicker only while there is little
        tx.connection.exec_driver_sql(f"SET LOCAL enable_{other} = off")
    lines = [str(row[0]).strip() for row in tx.connection.exec_driver_sql(f"EXPLAIN {statement}", values)]
    asked = " ".join(line for line in lines if "Index Cond" in line)
    for noise in ("::text", ' COLLATE "C"', "(", ")", "ROW"):
        asked = asked.replace(noise, "")
    for column in ("kind", "source", "target"):
        asked = asked.replace(f"{column} = ", f"{column}=?")
    asked = asked.replace("kind, id > ", "(kind,id)>").replace("id > ", "id>")
    return [asked, *(line for line in lines if "Sort" in line or line.startswith("Seq Scan"))]
