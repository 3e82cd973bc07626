"""Operations: one of a service at a time, leases that are lost for good, cancel, retry."""

from __future__ import annotations

import pytest

from broker.errors import Clash, LeaseLost, Missing, PhaseChanged
from broker.store import Journal, Lease, Service, Store, operations, services
from broker.store.journal import Ended, Intent
from tests.store.conftest import Clock


def take(store: Store, owner: str = "two") -> Lease | None:
    with store.write() as tx:
        return operations.take(tx, owner, 30)


def end(store: Store, lease: Lease, state: str, service: str) -> None:
    with store.write() as tx:
        operations.finish(tx, lease, state)
        services.set_state(tx, "ann", lease.operation.service, service)


def test_an_operation_is_taken_by_one_worker(store: Store, lease: Lease) -> None:
    assert (lease.operation.state, lease.epoch) == ("running", 1)
    assert take(store) is None


def test_a_lease_that_ran_out_is_taken_with_the_next_epoch(store: Store, lease: Lease, clock: Clock) -> None:
    clock.forward(29)
    assert take(store) is None
    clock.forward(1)
    taken = take(store)
    assert taken is not None
    assert (taken.operation.id, taken.owner, taken.epoch) == (lease.operation.id, "two", 2)


def test_a_renewed_lease_is_not_taken(store: Store, lease: Lease, clock: Clock) -> None:
    clock.forward(29)
    with store.write() as tx:
        operations.renew(tx, lease)
    clock.forward(29)
    assert take(store) is None


def test_a_lease_that_ran_out_untaken_still_holds(store: Store, lease: Lease, clock: Clock) -> None:
    clock.forward(100)
    Journal(store, lease, "here").write(intents=[Intent("a", "t")])


def hand_over(store: Store, lease: Lease, owner: str) -> Lease:
    with store.write() as tx:
        mine = lease.operation
        return operations.hand_over(tx, mine.account, mine.id, lease.epoch, giver="one", owner=owner, seconds=30)


def test_a_lease_is_handed_over_once_and_keeps_its_epoch(store: Store, lease: Lease, clock: Clock) -> None:
    clock.forward(20)
    given = hand_over(store, lease, "two")
    assert (given.owner, given.epoch) == ("two", lease.epoch)
    with pytest.raises(LeaseLost):
        hand_over(store, lease, "three")
    clock.forward(29)
    assert take(store, "three") is None, "it holds for its length from then on"


def test_a_lease_that_was_taken_by_another_is_not_handed_over_any_more(
    store: Store, lease: Lease, clock: Clock
) -> None:
    clock.forward(31)
    assert take(store, "one") is not None
    with pytest.raises(LeaseLost):
        hand_over(store, lease, "two")


def test_an_operation_that_ended_is_not_handed_over(store: Store, lease: Lease) -> None:
    end(store, lease, "done", "active")
    with pytest.raises(LeaseLost):
        hand_over(store, lease, "two")


def test_leases_that_ran_out_are_not_counted_as_held(store: Store, lease: Lease, clock: Clock) -> None:
    def held() -> tuple[int, int]:
        with store.read() as tx:
            return operations.held_by(tx, "one"), operations.held_by(tx, "two")

    assert held() == (1, 0)
    clock.forward(31)
    assert held() == (0, 0)


@pytest.mark.parametrize("ended", [False, True])
def test_the_old_holder_of_a_stolen_lease_writes_nothing(store: Store, lease: Lease, clock: Clock, ended: bool) -> None:
    """A worker that was stopped past its lease and wakes, before or after the other has finished."""
    old = Journal(store, lease, "here")
    clock.forward(31)
    stolen = take(store)
    assert stolen is not None
    if ended:
        end(store, stolen, "done", "active")
    for write in (old.renew, old.gate, lambda: old.write(intents=[Intent("a", "t")])):
        with pytest.raises(LeaseLost):
            write()
    for call in (
        lambda tx: operations.finish(tx, lease, "done"),
        lambda tx: operations.set_plan(tx, lease, "{}"),
        lambda tx: operations.renew(tx, lease),
    ):
        with pytest.raises(LeaseLost), store.write() as tx:
            call(tx)
    assert old.entries() == {}


def test_one_operation_of_a_service_runs_at_a_time_and_in_order(store: Store, lease: Lease) -> None:
    with store.write() as tx:
        later = operations.submit(tx, "ann", lease.operation.service, "release")
        services.create(tx, Service("bob", "b", "other"))
        other = operations.submit(tx, "bob", "b", "deploy")
    taken = take(store)
    assert taken is not None and taken.operation.id == other.id
    assert take(store) is None
    end(store, lease, "done", "active")
    taken = take(store)
    assert taken is not None and taken.operation.id == later.id


def test_what_the_state_forbids_is_a_clash(store: Store, service: Service) -> None:
    with store.write() as tx, pytest.raises(Clash, match="pacs is pending: stop is for"):
        operations.submit(tx, "ann", service.id, "stop")


def test_asking_twice_is_a_clash(store: Store, service: Service) -> None:
    with store.write() as tx:
        operations.submit(tx, "ann", service.id, "deploy")
        with pytest.raises(Clash, match="asked for already"):
            operations.submit(tx, "ann", service.id, "deploy")


def test_asking_twice_for_a_release_is_one_release_unless_it_is_another(store: Store, lease: Lease) -> None:
    """A cancel and a release that was asked for meet in one."""
    with store.write() as tx:
        first = operations.submit(tx, "ann", lease.operation.service, "release", arguments={"volumes": True})
        assert operations.submit(tx, "ann", lease.operation.service, "release") == first
        with pytest.raises(Clash, match="asked for already"):
            operations.submit(tx, "ann", lease.operation.service, "release", arguments={"volumes": False})


def test_each_plan_has_its_generation_and_a_retry_keeps_it(store: Store, lease: Lease) -> None:
    end(store, lease, "failed", "failed")
    with store.write() as tx:
        retry = operations.submit(tx, "ann", lease.operation.service, "retry")
        assert (retry.generation, retry.purpose, retry.plan_json) == (1, "deploy", "{}")
        assert operations.submit(tx, "ann", lease.operation.service, "release").generation == 2


def test_a_cancelled_operation_begins_nothing_but_keeps_what_ended(store: Store, lease: Lease) -> None:
    journal = Journal(store, lease, "here")
    journal.write(intents=[Intent("a", "ta")])
    with store.write() as tx:
        assert operations.cancel(tx, "ann", lease.operation.service).state == "cancelling"
    with pytest.raises(PhaseChanged):
        journal.gate()
    with pytest.raises(PhaseChanged):
        journal.write(ended=[Ended("a", {"id": "1"})], intents=[Intent("b", "tb")])
    assert {step: entry.state for step, entry in journal.entries().items()} == {"a": "done"}
    journal.renew()
    with store.write() as tx:
        with pytest.raises(PhaseChanged):
            operations.finish(tx, lease, "done")
        operations.finish(tx, lease, "cancelled")
        assert operations.submit(tx, "ann", lease.operation.service, "release").kind == "release"


def test_an_operation_that_nobody_took_is_cancelled_by_whoever_takes_it(store: Store, service: Service) -> None:
    with store.write() as tx:
        operations.submit(tx, "ann", service.id, "deploy")
        operations.cancel(tx, "ann", service.id)
    taken = take(store)
    assert taken is not None and taken.operation.state == "cancelling"
    with pytest.raises(PhaseChanged):
        Journal(store, taken, "here").write(intents=[Intent("a", "t")])


def test_only_a_deploy_can_be_cancelled(store: Store, service: Service) -> None:
    with store.write() as tx:
        with pytest.raises(Clash, match="nothing to cancel"):
            operations.cancel(tx, "ann", service.id)
        operations.submit(tx, "ann", service.id, "release")
        with pytest.raises(Clash, match="release of service pacs cannot be cancelled"):
            operations.cancel(tx, "ann", service.id)


def test_a_retry_gives_its_failed_steps_another_attempt_with_the_same_token(store: Store, lease: Lease) -> None:
    journal = Journal(store, lease, "here")
    journal.write(intents=[Intent(step, journal.token(step)) for step in "abc"])
    journal.write(ended=[Ended("a", {"id": "1"}), Ended("b", error={"code": "x"}), Ended("c", error={"code": "x"})])
    end(store, lease, "failed", "failed")
    with store.write() as tx:
        operations.submit(tx, "ann", lease.operation.service, "retry", arguments={"step": "b"})
    taken = take(store)
    assert taken is not None
    again = Journal(store, taken, "here")
    assert {step: entry.state for step, entry in again.entries().items()} == {"a": "done", "b": "begun", "c": "failed"}
    assert [again.token(step) for step in "abc"] == [journal.token(step) for step in "abc"]


def test_another_account_sees_and_cancels_nothing(store: Store, lease: Lease) -> None:
    service = lease.operation.service
    with store.write() as tx:
        assert operations.of_service(tx, "bob", service) == ()
        assert operations.latest(tx, "bob", service) is None
        with pytest.raises(Missing):
            operations.cancel(tx, "bob", service)
