"""The examples mean what they say; their plans stand beside them (`--write-golden` writes them anew)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from manifests import Agreement, Manifest, Plan, read
from tests.library import library

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("name", ["pacs.xml", "web.yaml", "cluster.xml", "hospital.xml", "site.xml"])
def test_an_example_gives_the_plan_that_is_kept_beside_it(
    name: str, example: Callable[[str], Manifest], planned: Callable[[Manifest], Plan], request: pytest.FixtureRequest
) -> None:
    golden = (EXAMPLES / name).with_suffix(".plan")
    listing = planned(example(name)).listing()
    if request.config.getoption("--write-golden", default=False):
        golden.write_text(listing)
    assert listing == golden.read_text()


@pytest.mark.parametrize("name", ["pacs", "hospital", "site"])
def test_the_yaml_form_gives_the_same_document_and_the_same_plan_to_the_byte(
    name: str, example: Callable[[str], Manifest], planned: Callable[[Manifest], Plan]
) -> None:
    xml, yaml = example(f"{name}.xml"), example(f"{name}.yaml")
    assert xml == yaml
    assert planned(xml) == planned(yaml)
    assert planned(xml).listing().encode() == planned(yaml).listing().encode()
    assert planned(xml).hash == planned(yaml).hash


def test_every_example_is_read_without_a_word() -> None:
    for path in sorted((*EXAMPLES.glob("*.xml"), *EXAMPLES.glob("*.yaml"))):
        reading = read(path.read_bytes(), library=library)
        assert reading.document is not None, path
        assert not reading.diagnostics, path


def test_only_the_archive_reaches_the_database(
    example: Callable[[str], Manifest], planned: Callable[[Manifest], Plan]
) -> None:
    rules = planned(example("pacs.xml")).step("pacs-db.0.firewall").inputs["rules"]
    assert rules == ({"protocol": "tcp", "from": 5432, "to": 5432, "source": "node:pacs"},)


def test_each_archive_of_a_site_has_a_database_that_only_it_reaches(
    example: Callable[[str], Manifest], planned: Callable[[Manifest], Plan]
) -> None:
    plan = planned(example("site.xml"))
    for ward in ("cardiology", "radiology"):
        (rule,) = plan.step(f"{ward}/pacs-db.0.firewall").inputs["rules"]  # type: ignore[misc]  # a tuple of one
        assert rule["source"] == f"node:{ward}/pacs"  # type: ignore[index, call-overload]  # of mappings
        assert plan.step(f"{ward}/pacs.0.configure.pacs-db.password").inputs["symbol"] == "pacs_db_password"


def test_no_secret_is_in_the_plan_but_by_reference(
    example: Callable[[str], Manifest], planned: Callable[[Manifest], Plan]
) -> None:
    plan = planned(example("pacs.xml"))
    assert [s.id for s in plan.steps if s.verb == "generate"] == ["pacs-db.0.secret.password", "pacs.0.secret.password"]
    assert "from pacs-db.0.secret.password.value (secret)" in plan.listing()


def test_the_agreement_promises_an_answer_and_a_limit() -> None:
    document = read((EXAMPLES / "pacs-agreement.xml").read_bytes()).document
    assert isinstance(document, Agreement)
    guarantees = [g for terms in document.terms for term in terms.terms for g in term.guarantees]
    facts = [
        (
            g.scope,
            g.variable.property,
            g.variable.condition,
            g.variable.value,
            g.variable.location,
            g.business[0].nature,
        )
        for g in guarantees
    ]
    assert facts == [
        ("pacs", "dicom:echo", "eq", "1", "PACS@4242", "penalty"),
        ("pacs", "du:bytes", "ls", "8G", "/srv/images", "penalty"),
    ]
    assert [g.variable.metric.period for g in guarantees if g.variable.metric] == [5, 60]
