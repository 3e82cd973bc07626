"""Services: one name once, each change seen as an entity and an event, time to live."""

from __future__ import annotations

import pytest

from broker.errors import Clash, Missing, Stale
from broker.store import Record, Service, Store, entities, events, services
from tests.store.conftest import Clock


def test_each_change_is_an_entity_and_an_event_in_the_same_transaction(store: Store, service: Service) -> None:
    with pytest.raises(KeyError), store.write() as tx:
        services.set_state(tx, "ann", service.id, "active")
        raise KeyError("in the middle")
    with store.write() as tx:
        services.set_state(tx, "ann", service.id, "failed", error={"code": "x"})
    with store.read() as tx:
        shown = entities.get(tx, "ann", services.KIND, service.id)
        told = [event.fields["state"] for event in events.after(tx, "ann", service=service.id)]
    assert shown.attributes["org.accords.state"] == "failed"
    assert shown.attributes["occi.service.state"] == 4
    assert shown.attributes["occi.service.plan"] == "plan-1"
    assert told == ["pending", "failed"]


def test_what_others_wrote_in_the_entity_stays(store: Store) -> None:
    with store.write() as tx:
        entities.insert(tx, Record("ann", services.KIND, "s", attributes={"occi.service.session": "mine"}))
        services.create(tx, Service("ann", "s", "other"))
        services.set_state(tx, "ann", "s", "active")
        assert entities.get(tx, "ann", services.KIND, "s").attributes["occi.service.session"] == "mine"


def test_a_name_is_taken_until_its_service_is_released(store: Store, service: Service) -> None:
    with pytest.raises(Clash, match="pacs exists"), store.write() as tx:
        services.create(tx, Service("ann", "second", "pacs"))
    with store.write() as tx:
        services.create(tx, Service("bob", "second", "pacs"))
        services.set_state(tx, "ann", service.id, "released")
        services.create(tx, Service("ann", "third", "pacs"))
        found = services.by_name(tx, "ann", "pacs")
    assert found is not None and found.id == "third"


def test_a_released_service_is_still_found_by_its_name(store: Store, service: Service) -> None:
    with store.write() as tx:
        services.set_state(tx, "ann", service.id, "released")
        found = services.by_name(tx, "ann", "pacs")
        assert services.page(tx, "ann") == ()
        assert services.page(tx, "ann", released=True) == (found,)


def test_another_account_sees_nothing(store: Store, service: Service) -> None:
    with store.write() as tx:
        for call in (services.get, services.change, services.next_plan_generation):
            with pytest.raises(Missing):
                call(tx, "bob", service.id)
        assert services.by_name(tx, "bob", "pacs") is None
        assert services.page(tx, "bob") == ()


def test_an_update_on_an_old_sight_is_refused(store: Store, service: Service) -> None:
    with store.write() as tx:
        services.change(tx, "ann", service.id, expect=1, plan_id="plan-2")
    with pytest.raises(Stale), store.write() as tx:
        services.change(tx, "ann", service.id, expect=1, plan_id="plan-3")


def test_a_word_that_is_no_state_is_a_mistake_of_ours(store: Store, service: Service) -> None:
    with pytest.raises(ValueError, match="no state"), store.write() as tx:
        services.set_state(tx, "ann", service.id, "happy")


def test_a_service_expires_by_the_databases_clock_until_it_shall_be_released(store: Store, clock: Clock) -> None:
    with store.write() as tx:
        services.create(tx, Service("ann", "s", "short", expires_at=clock.now + 60_000_000))
        assert services.expired(tx) == ()
    clock.forward(60)
    with store.write() as tx:
        assert [one.id for one in services.expired(tx)] == ["s"]
        services.change(tx, "ann", "s", desired="released")
        assert services.expired(tx) == ()
