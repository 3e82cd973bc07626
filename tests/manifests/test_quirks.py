"""What real documents are like (cords.md, section 8), each quirk in a document of our own, with what is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from manifests import Agreement, Manifest, Reading, Record, elements, read

DOCUMENTS = Path(__file__).parent / "documents"
READ: Mapping[str, tuple[str, ...]] = {
    "blank-before-declaration": ("repaired-declaration",),
    "unquoted-values": ("repaired-quotes", "repaired-quotes"),
    "typographic-quotes": ("repaired-quotes", "repaired-quotes"),
    "broken-tags": ("repaired-blank", "repaired-mark", "repaired-tag", "repaired-tag"),
    "bare-ampersands": ("repaired-escape",),
    "namespace-of-imports": (),
    "namespace-of-a-file": (),
    "attributes-outside-the-schema": (
        *("empty-guarantee", "historic-attribute", "historic-attribute", "historic-attribute", "historic-attribute"),
        *("repaired-duplicate", "terms-type", "terms-type"),
    ),
    "prefixed-types-of-terms": ("terms-type", "terms-type"),
    "two-values-of-one-name": (),
    "names-alone": ("reference-nowhere", "reference-nowhere"),
    "a-complex-node": ("nested-unread",),
    "units-of-all-kinds": (),
    "names-of-all-kinds": (),
    "names-of-a-domain": (),
    "secrets-in-clear": ("historic-attribute", "not-acted-on"),
    "things-of-all-kinds": ("historic-attribute", "historic-attribute", "not-acted-on"),
    "what-a-provider-has": ("not-acted-on",),
    "towns-together": ("not-acted-on",),
    "an-application-for-easiclouds": ("not-acted-on",),
    "an-application-for-a-paas": ("not-acted-on",),
    "decorated-by-the-original": (),
}
REFUSED: Mapping[str, tuple[str, ...]] = {
    "namespace-of-somebody-else": ("namespace",),
    "a-node-of-another-document": ("action-path",),
    "a-statement-without-its-end": ("action-end",),
    "names-that-become-paths": ("bad-value", "bad-value", "bad-value"),
}
ALL = {**READ, **REFUSED}


def reading(name: str) -> Reading:
    return read((DOCUMENTS / f"{name}.xml").read_bytes())


def manifest(name: str) -> Manifest:
    document = reading(name).document
    assert isinstance(document, Manifest)
    return document


def agreement(name: str) -> Agreement:
    document = reading(name).document
    assert isinstance(document, Agreement)
    return document


def record(name: str) -> Record:
    document = reading(name).document
    assert isinstance(document, Record)
    return document


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_quirk_is_said_and_survived(name: str) -> None:
    found = reading(name)
    assert tuple(sorted(said.code for said in found.diagnostics)) == ALL[name]
    assert (found.document is not None) is (name in READ)


def test_every_document_is_in_the_table() -> None:
    assert {path.stem for path in DOCUMENTS.iterdir()} == ALL.keys()


@pytest.mark.parametrize("name", sorted(READ))
def test_every_element_that_is_kept_is_an_instance_of_a_path_of_its_own(name: str) -> None:
    document = reading(name).document
    assert document is not None
    paths = [item.path for item in elements(document)]
    assert len(paths) == len(set(paths))


def test_no_action_of_broken_markup_is_lost() -> None:
    configuration = manifest("broken-tags").configuration
    assert configuration is not None
    assert [action.expression for action in configuration.actions] == ["shelf.system('dust');", "shelf.fork('open');"]


def test_decimals_and_units_are_what_they_say() -> None:
    shelf, desk = manifest("units-of-all-kinds").nodes
    assert shelf.infrastructure and shelf.infrastructure.compute and shelf.infrastructure.storage
    assert (shelf.infrastructure.compute.memory, shelf.infrastructure.compute.speed) == (5 * 10**8, 16 * 10**8)
    assert shelf.infrastructure.storage.size == 10**12
    assert desk.infrastructure and desk.infrastructure.storage
    assert desk.infrastructure.storage.size == 40 * 10**9


def test_terms_are_of_the_type_that_their_content_is() -> None:
    document = agreement("prefixed-types-of-terms")
    assert [terms.type for terms in document.terms] == ["services", "conditions"]
    assert [term.name for terms in document.terms for term in terms.terms] == ["loan:book", "loan:zone"]


def test_two_values_of_one_name_stay_two() -> None:
    (guarantee,) = agreement("two-values-of-one-name").terms[1].terms[0].guarantees
    assert [(one.name, one.nature) for one in guarantee.business] == [("loan:bv", "reward"), ("loan:bv", "penalty")]


def test_the_historic_name_of_an_attribute_or_an_element_is_read_as_the_present_one() -> None:
    assert agreement("attributes-outside-the-schema").serviceprovider == "agreementResponder"
    children = record("things-of-all-kinds").children
    things = {(child.term, child.name): child for child in children if isinstance(child, Record)}
    assert things["quota", "shop:cores"].attributes["offered"] == "30"
    assert things["price", "card"].attributes["rate"] == "2"


def test_an_import_holds_the_values_that_a_manifest_would() -> None:
    terms = [item.term for item in elements(record("things-of-all-kinds"))]
    assert {"infrastructure", "compute", "image", "system", "metric", "firewall", "port"} <= set(terms)
    assert terms[-1] == "import"


def test_what_an_import_counts_and_names_is_as_its_kinds_have_it() -> None:
    items = {item.path: item for item in elements(record("what-a-provider-has"))}
    assert items["provider"].attributes["quotas"] == 1
    assert items["provider/quota:town:cpu"].singles == (("price", "provider/quota:town:cpu/price"),)
    assert items["provider/quota:town:cpu/price"].attributes["rate"] == "0.04"


def test_what_is_only_mentioned_is_an_attribute() -> None:
    items = {item.path: item for item in elements(record("towns-together"))}
    assert items["federation/saas:catalogue"].attributes["manifest"] == "library"
    assert "federation/saas:catalogue/manifest" not in items


def test_a_password_is_nowhere_but_in_the_attribute_of_its_user() -> None:
    for item in elements(record("secrets-in-clear")):
        assert {name for name, value in item.attributes.items() if value == "swordfish"} <= {"password"}
