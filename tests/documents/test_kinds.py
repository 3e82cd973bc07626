"""The grammar's table against the kinds' files: whatever a document can say has a place in an entity."""

from __future__ import annotations

from collections.abc import Iterator

from broker.hooks.delivering import everything
from broker.hooks.withheld import is_withheld
from broker.occi.model import CORDS
from manifests import GRAMMAR
from manifests.grammar import ROOTS
from manifests.grammar.kinds import Kind


def elements() -> Iterator[tuple[str, str]]:
    """(term, rule) of every element that a document can have."""
    seen: set[tuple[str, str]] = set()
    waiting = [(root, root) for root in ROOTS]
    while waiting:
        term, rule = waiting.pop()
        if (term, rule) not in seen:
            seen.add((term, rule))
            waiting += [(child.historic or name, child.rule) for name, child in GRAMMAR[rule].children.items()]
    return iter(sorted(seen))


def test_every_element_has_a_kind_with_all_its_attributes_and_counters() -> None:
    missing = []
    for term, rule in elements():
        known = everything().definitions(CORDS + term)
        said = [name for name, each in GRAMMAR[rule].attributes.items() if each.kind is not Kind.READ]
        said = [name for name in said if not GRAMMAR[rule].attributes[name].historic and not is_withheld(term, name)]
        said += [child.counter for child in GRAMMAR[rule].children.values() if child.counter]
        said += [name for name, child in GRAMMAR[rule].children.items() if not (child.many or child.among)]
        missing += [f"occi.{term}.{name}" for name in said if f"occi.{term}.{name}" not in known]
    assert missing == []


def test_an_attribute_that_holds_a_secret_is_either_hashed_or_has_no_place() -> None:
    shown = [
        each.name
        for kind in everything().kinds.values()
        for each in kind.attributes
        if is_withheld(kind.term, each.name.rpartition(".")[2]) and not each.secret
    ]
    assert shown == ["occi.contract.rootpass"]  # written by the worker alone: a reference `secret:<id>`


def test_every_kind_of_document_keeps_its_text() -> None:
    for root in ROOTS:
        assert "org.accords.document" in everything().definitions(CORDS + root)
