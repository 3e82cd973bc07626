"""Secrets, agents, instructions, logs, samples, verdicts, offers, volumes, events."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from decimal import Decimal

import pytest

from broker.errors import Missing, Unauthenticated
from broker.store import (
    Service,
    Store,
    Transaction,
    agents,
    events,
    instructions,
    logs,
    offers,
    samples,
    secrets,
    verdicts,
    volumes,
)
from broker.store.tables import metadata
from broker.store.volumes import Volume
from manifests.offers import Offer, OfferedImage, Size
from sla.model import Sample, Verdict, VerdictState
from tests.store.conftest import Clock


def rows_with(tx: Transaction, text: str) -> set[str]:
    """The tables in which any column of any row holds the text."""
    tables = metadata.sorted_tables
    return {table.name for table in tables if any(text in repr(tuple(row)) for row in tx.run(table.select()))}


def test_a_secret_is_in_its_table_and_nowhere_else(store: Store, service: Service) -> None:
    with store.write() as tx:
        reference = secrets.put(tx, "ann", service.id, "canary-value")
        events.append(tx, "ann", service.id, "made", {"value": reference})
        assert secrets.reveal(tx, "ann", service.id, reference) == "canary-value"
        assert rows_with(tx, "canary-value") == {"secrets"}
        with pytest.raises(Missing):
            secrets.reveal(tx, "bob", service.id, reference)
        with pytest.raises(Missing):
            secrets.reveal(tx, "ann", "another-service", reference)
        secrets.forget(tx, "bob", reference)
        secrets.forget_service(tx, "bob", service.id)
        assert secrets.reveal(tx, "ann", service.id, reference) == "canary-value"
        secrets.forget(tx, "ann", reference)
        assert rows_with(tx, "canary-value") == set()


def test_the_same_secret_step_twice_keeps_the_first_value(store: Store) -> None:
    with store.write() as tx:
        assert secrets.put(tx, "ann", "s", "one", id="token") == secrets.put(tx, "ann", "s", "two", id="token")
        assert secrets.reveal(tx, "ann", "s", "secret:token") == "one"


def test_a_token_is_exchanged_for_a_key_until_the_key_is_used(store: Store) -> None:
    with store.write() as tx:
        agents.bind(tx, "ann", "s", "db", "once")
        agents.exchange(tx, "db", "once", "lost-key")
        assert agents.exchange(tx, "db", "once", "key").node == "db"
        with pytest.raises(Unauthenticated):
            agents.by_key(tx, "lost-key")
        assert agents.by_key(tx, "key").account == "ann"
        agents.seen(tx, "ann", "s", "db", {"kernel": "6.1"})
        with pytest.raises(Unauthenticated):
            agents.exchange(tx, "db", "once", "thief")
        assert agents.get(tx, "ann", "s", "db").facts == {"kernel": "6.1"}


@pytest.mark.parametrize(("node", "token", "seconds"), [("web", "once", 0), ("db", "twice", 0), ("db", "once", 1800)])
def test_a_token_of_another_node_a_wrong_one_and_a_late_one_are_refused(
    store: Store, clock: Clock, node: str, token: str, seconds: float
) -> None:
    with store.write() as tx:
        agents.bind(tx, "ann", "s", "db", "once")
    clock.forward(seconds)
    with pytest.raises(Unauthenticated), store.write() as tx:
        agents.exchange(tx, node, token, "key")


def test_binding_again_after_a_lost_answer_does_not_end_the_key_but_a_new_node_does(store: Store) -> None:
    with store.write() as tx:
        agents.bind(tx, "ann", "s", "db", "once")
        agents.exchange(tx, "db", "once", "key")
        agents.bind(tx, "ann", "s", "db", "once")
        assert agents.by_key(tx, "key").node == "db"
        agents.bind(tx, "ann", "s", "db", "another")
        with pytest.raises(Unauthenticated):
            agents.by_key(tx, "key")


def test_tokens_and_keys_are_stored_as_hashes(store: Store) -> None:
    with store.write() as tx:
        agents.bind(tx, "ann", "s", "db", "canary-token")
        agents.exchange(tx, "db", "canary-token", "canary-key")
        assert rows_with(tx, "canary") == set()
        assert rows_with(tx, hashlib.sha256(b"canary-key").hexdigest()) == {"agents"}


def test_a_node_gets_its_instructions_in_order_once_each(store: Store) -> None:
    with store.write() as tx:
        for id in ("b", "a", "b"):
            instructions.add(tx, "ann", "s", "db", id=id, method="run", arguments={"script": id})
        instructions.add(tx, "ann", "s", "web", id="c", method="run", arguments={})
        found = instructions.pending(tx, "ann", "s", "db")
        assert [one.id for one in found] == ["b", "a"]
        assert [one.id for one in instructions.pending(tx, "ann", "s", "db", after=found[0].seq)] == ["a"]
        assert instructions.pending(tx, "bob", "s", "db") == ()


def test_the_first_outcome_counts_and_only_from_its_own_node(store: Store) -> None:
    with store.write() as tx:
        instructions.add(tx, "ann", "s", "db", id="a", method="run", arguments={})
        assert not instructions.outcome(tx, "ann", "s", "web", id="a", exit=0)
        assert not instructions.outcome(tx, "bob", "s", "db", id="a", exit=0)
        assert instructions.outcome(tx, "ann", "s", "db", id="a", exit=3, output="no")
        assert not instructions.outcome(tx, "ann", "s", "db", id="a", exit=0)
        found = instructions.get(tx, "ann", "a")
        assert (found.exit, found.output) == (3, "no")
        assert instructions.pending(tx, "ann", "s", "db") == ()
        with pytest.raises(Missing):
            instructions.get(tx, "bob", "a")


def test_logs_come_back_in_order_past_a_number(store: Store) -> None:
    with store.write(durable=False) as tx:
        logs.append(tx, "ann", "s", "db", [("i1", "one"), ("i1", "two")])
        logs.append(tx, "ann", "s", "web", [("", "three")])
    with store.read() as tx:
        found = logs.after(tx, "ann", "s")
        assert [line.text for line in found] == ["one", "two", "three"]
        assert [line.text for line in logs.after(tx, "ann", "s", found[0].seq, node="db")] == ["two"]
        assert logs.after(tx, "bob", "s") == ()


def test_samples_are_kept_once_and_read_newest_first(store: Store) -> None:
    many = [Sample("cpu", "db", float(at), at) for at in (1, 2, 3)] + [Sample("cpu", "db", 9.0, 3, "/x")]
    with store.write(durable=False) as tx:
        samples.add(tx, "ann", "s", many)
        samples.add(tx, "ann", "s", many)
        assert samples.window(tx, "ann", "s", "cpu", "db", since=2) == (many[2], many[1])
        assert samples.window(tx, "ann", "s", "cpu", "db", location="/x") == (many[3],)
        assert samples.window(tx, "bob", "s", "cpu", "db") == ()
        assert samples.prune(tx, 3) == 2


def test_a_change_of_verdict_is_an_event_and_a_violation_has_a_beginning_an_end_and_evidence(store: Store) -> None:
    sample = Sample("dicom:echo", "pacs", 0.0, 5)
    met = Verdict("echo", "pacs", VerdictState.MET, 1, "answered")
    violated = Verdict("echo", "pacs", VerdictState.VIOLATED, 5, "no answer", (sample,))
    course = (met, met, violated, replace(violated, at=6), replace(met, at=9))
    with store.write() as tx:
        changes = [verdicts.record(tx, "ann", "s", one, business=[{"penalty": "x"}]) for one in course]
        told = [(event.fields["before"], event.fields["state"]) for event in events.after(tx, "ann", service="s")]
        (violation,) = verdicts.violations_of(tx, "ann", "s")
        assert verdicts.of_service(tx, "ann", "s") == (course[-1],)
        assert verdicts.of_service(tx, "bob", "s") == verdicts.violations_of(tx, "bob", "s") == ()
    assert changes == [True, False, True, False, True]
    assert told == [(None, "met"), ("met", "violated"), ("violated", "met")]
    assert (violation.at, violation.ended, violation.evidence) == (5, 9, (sample,))
    assert violation.business == ({"penalty": "x"},)


def test_offers_come_back_as_they_were_and_are_replaced_as_a_whole(store: Store) -> None:
    size = Size("small", 1, 2**30, 10**10, price=Decimal("0.010"))
    image = OfferedImage("i", "debian", aliases=("linux",))
    offer = Offer("paris", "fake", "z1", (size,), (image,), observed_at=7, price=Decimal("0.10"))
    with store.write() as tx:
        offers.replace(tx, "ann", "paris", [offer, replace(offer, zone="z2")])
        offers.replace(tx, "ann", "lyon", [replace(offer, provider="lyon")])
        offers.replace(tx, "ann", "paris", [offer])
        assert offers.every(tx, "ann") == (replace(offer, provider="lyon"), offer)
        assert offers.every(tx, "bob") == ()


def test_retained_volumes_are_listed_until_they_are_removed(store: Store) -> None:
    volume = Volume("ann", "v", "s", "pacs", "pacs", "images", "pacs.0.volume.images", "t", "local", "/x", 10**9)
    with store.write() as tx:
        volumes.retain(tx, volume)
        volumes.retain(tx, replace(volume, size=2 * 10**9))
        (found,) = volumes.every(tx, "ann", service="s")
        assert found == replace(volume, size=2 * 10**9, created=tx.now)
        assert volumes.every(tx, "bob") == ()
        with pytest.raises(Missing):
            volumes.get(tx, "bob", "v")
        volumes.forget(tx, "bob", "v")
        assert volumes.get(tx, "ann", "v") == found
        volumes.forget(tx, "ann", "v")
        assert volumes.every(tx, "ann") == ()
