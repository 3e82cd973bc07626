"""The journal: what is committed together, what a service's steps made, tokens."""

from __future__ import annotations

import pytest

from broker.errors import StoreFull
from broker.store import Journal, Lease, Projection, Store, events, journal, operations, outbox, services
from broker.store.journal import Ended, Intent, Partial, token
from tests.store.conftest import no_room

SHOWN = Projection("http://x#compute", "1", title="pacs", attributes={"a": 1})


def test_a_step_goes_from_intent_through_waiting_to_its_result(store: Store, lease: Lease) -> None:
    book = Journal(store, lease, "here")
    book.write(intents=[Intent("a", "token-a")])
    book.write(partials=[Partial("a", {"id": "7"})])
    entry = book.entries()["a"]
    assert (entry.state, entry.partial, entry.token, entry.attempt) == ("waiting", {"id": "7"}, "token-a", 1)
    book.write(intents=[Intent("a", "token-a", 2)])
    book.write(ended=[Ended("a", {"address": "10.0.0.1"})])
    entry = book.entries()["a"]
    assert (entry.state, entry.result, entry.attempt) == ("done", {"address": "10.0.0.1"}, 2)


def test_a_result_its_projection_and_its_events_are_one_transaction(store: Store, lease: Lease) -> None:
    book = Journal(store, lease, "here")
    book.write(intents=[Intent("a", "t")])
    book.write(ended=[Ended("a", {}, projections=(SHOWN,), events=(("machine.made", {"id": "1"}),))])
    with store.write() as tx:
        (parcel,) = outbox.pending(tx)
        told = [event.name for event in events.after(tx, "ann", service=lease.operation.service)][-2:]
        outbox.delivered(tx, [parcel.seq])
        assert outbox.pending(tx) == ()
    assert (parcel.account, parcel.projection) == ("ann", SHOWN)
    assert told == ["machine.made", "step.done"]


def test_when_the_disk_is_full_neither_result_nor_projection_nor_intent_is_kept(store: Store, lease: Lease) -> None:
    book = Journal(store, lease, "here")
    book.write(intents=[Intent("a", "t")])
    with store.write() as tx:
        no_room(tx)
    with pytest.raises(StoreFull):
        book.write(ended=[Ended("a", {"text": "x" * 100_000}, projections=(SHOWN,))], intents=[Intent("b", "u")])
    assert {step: entry.state for step, entry in book.entries().items()} == {"a": "begun"}
    with store.read() as tx:
        assert outbox.pending(tx) == ()


def test_what_was_made_is_known_across_operations_until_it_is_given_back(store: Store, lease: Lease) -> None:
    deploy = Journal(store, lease, "here")
    deploy.write(intents=[Intent(step, step) for step in ("net", "db.0.machine", "db.0.secret.p", "db.0.ready")])
    deploy.write(ended=[Ended("net", {"id": "n"}), Ended("db.0.secret.p", {"value": "secret:1"})])
    with store.write() as tx:
        operations.finish(tx, lease, "failed")
        services.set_state(tx, "ann", lease.operation.service, "failed")
        operations.submit(tx, "ann", lease.operation.service, "release")
        taken = operations.take(tx, "two", 30)
    assert taken is not None
    release = Journal(store, taken, "here")
    assert release.made() == {
        "net": {"id": "n"},
        "db.0.machine": None,
        "db.0.secret.p": {"value": "secret:1"},
        "db.0.ready": None,
    }
    steps = ("net.delete", "db.0.machine.delete", "db.0.secret.p.forget")
    release.write(intents=[Intent(step, step) for step in steps])
    release.write(ended=[Ended("db.0.machine.delete"), Ended("db.0.secret.p.forget")])
    assert release.made() == {"net": {"id": "n"}, "db.0.ready": None}
    with store.read() as tx:
        assert journal.history(tx, "bob", lease.operation.service) == {}


def test_a_token_is_26_lower_case_characters_and_differs_by_each_part() -> None:
    parts = ("installation", "service", 1, "step")
    found = token("installation", "service", 1, "step")
    assert len(found) == 26 and found == found.lower() and found.isalnum()
    others = [token(*(f"other{part}" if n == place else part for n, part in enumerate(parts))) for place in range(4)]  # type: ignore[arg-type]
    assert len({found, *others}) == 5
