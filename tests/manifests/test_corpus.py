"""Every document of the original project is read, or refused with every reason; what stands in it is not lost."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from manifests import CODES, Manifest, Reading, Severity, elements, errors, read

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
EXPECTED: Mapping[str, Mapping[str, int]] = {
    "manifests": {"with warnings": 68, "refused": 7},
    "agreements": {"with warnings": 5, "refused": 1},
    "imports": {"read": 1, "with warnings": 24},
    "generated": {"read": 3, "with warnings": 7},
}
"""A template that was not filled in, a node that is not there, an open quote, and five statements without their end."""
REFUSED = {
    "agreements/manifests__sla-accords-platform@7a59a7f5.xml": {"missing"},
    "manifests/example2@509aae09.xml": {"action-syntax"},
    "manifests/example2@a33e0c41.xml": {"action-path"},
    "manifests/manifests__accords-coes@01860aa3.xml": {"action-syntax"},
    "manifests/manifests__small-accords@334059e2.xml": {"action-end"},
    "manifests/manifests__small-accords@899cf458.xml": {"action-end"},
    "manifests/manifests__small-accords@8ff43ef9.xml": {"action-end"},
    "manifests/manifests__small-accords@ee66d239.xml": {"action-end"},
}


@pytest.fixture(scope="module")
def readings() -> dict[str, Reading]:
    if not CORPUS.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{CORPUS} is not there: in CI these documents must be read")
        pytest.skip(f"{CORPUS} is not there")
    paths = [path for folder in EXPECTED for path in sorted((CORPUS / folder).glob("*.xml"))]
    return {f"{path.parent.name}/{path.name}": read(path.read_bytes()) for path in paths}


def test_as_many_documents_are_read_as_before(readings: dict[str, Reading]) -> None:
    found: dict[str, Counter[str]] = {folder: Counter() for folder in EXPECTED}
    for name, reading in readings.items():
        said = "with warnings" if reading.diagnostics else "read"
        found[name.partition("/")[0]]["refused" if reading.document is None else said] += 1
    assert found == EXPECTED


def test_what_is_refused_is_refused_for_these_reasons(readings: dict[str, Reading]) -> None:
    found = {name: {said.code for said in errors(reading.diagnostics)} for name, reading in readings.items()}
    assert {name: codes for name, codes in found.items() if codes} == REFUSED


def test_every_diagnostic_explains(readings: dict[str, Reading]) -> None:
    for name, reading in readings.items():
        for said in reading.diagnostics:
            assert said.line and said.column and said.summary, (name, said)
            assert said.severity is CODES[said.code].severity
            assert said.hint or said.severity is Severity.WARNING, (name, said)


def test_all_statements_of_a_historic_expression_are_kept(readings: dict[str, Reading]) -> None:
    counts = [
        len(action.statements)
        for reading in readings.values()
        for phase in (getattr(reading.document, "configuration", None),)
        for action in (phase.actions if phase else ())
    ]
    assert max(counts) > 1
    assert min(counts) > 0


def test_no_node_of_a_document_that_is_read_is_lost(readings: dict[str, Reading]) -> None:
    for name, reading in readings.items():
        if isinstance(reading.document, Manifest) and reading.tree:
            written = sum(element.name == "node" for element in reading.tree.children)
            assert len(reading.document.nodes) == written, name


def test_every_document_that_is_read_is_its_instances(readings: dict[str, Reading]) -> None:
    for name, reading in readings.items():
        if reading.document:
            items = elements(reading.document)
            assert len({item.path for item in items}) == len(items), name
            assert items[-1].name == reading.document.name
