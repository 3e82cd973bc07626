"""What documents define for others, and what they were read with."""

from __future__ import annotations

from broker.store import Store, definitions
from broker.store.definitions import Definition, Use
from tests.store.conftest import Clock


def image(document: str, text: str) -> Definition:
    return Definition("image", "i", document, text, f"manifest {document}", text)


def test_the_newest_definition_comes_first(store: Store, clock: Clock) -> None:
    for name in ("a", "b", "c"):
        with store.write() as tx:
            definitions.put(tx, "ann", [image(name, f"text of {name}")])
        clock.forward(1)
    with store.read() as tx:
        assert [each.document for each in definitions.find(tx, "ann", "image", "i")] == ["c", "b", "a"]


def test_those_that_say_the_same_are_one(store: Store, clock: Clock) -> None:
    for name in ("a", "b"):
        with store.write() as tx:
            definitions.put(tx, "ann", [image(name, "same")])
        clock.forward(1)
    with store.read() as tx:
        assert [each.document for each in definitions.find(tx, "ann", "image", "i")] == ["b"]


def test_a_document_defines_a_name_once_however_often_it_is_posted(store: Store, clock: Clock) -> None:
    for text in ("first", "second"):
        with store.write() as tx:
            definitions.put(tx, "ann", [image("a", text)])
    with store.read() as tx:
        assert [each.text for each in definitions.find(tx, "ann", "image", "i")] == ["first"]


def test_another_account_finds_nothing(store: Store) -> None:
    with store.write() as tx:
        definitions.put(tx, "ann", [image("a", "x")])
        definitions.put_uses(tx, "ann", "a", [Use("image", "j", (("y", "manifest b"),))])
    with store.read() as tx:
        assert definitions.find(tx, "bob", "image", "i") == ()
        assert definitions.uses_of(tx, "bob", "a") is None


def test_what_a_document_was_read_with_comes_back_as_it_was(store: Store) -> None:
    used = (Use("image", "j", (("newest", "manifest b"), ("older", "manifest c"))), Use("system", "s", ()))
    with store.write() as tx:
        definitions.put_uses(tx, "ann", "a", used)
        definitions.put_uses(tx, "ann", "a", ())
    with store.read() as tx:
        assert definitions.uses_of(tx, "ann", "a") == used


def test_a_document_that_goes_takes_its_definitions_along(store: Store) -> None:
    with store.write() as tx:
        definitions.put(tx, "ann", [image("a", "x"), image("b", "y")])
        definitions.forget(tx, "ann", "a")
        assert [each.document for each in definitions.find(tx, "ann", "image", "i")] == ["b"]
