"""OCCI's agreements: offered, accepted or not, suspended, ended; what was agreed stays (GFD.228)."""

from __future__ import annotations

import pytest

from tests.cloud.conftest import DEBIAN, SMALL, Occi, occi
from tests.operations.house import House

SLA = "http://schemas.ogf.org/occi/sla#"
KIND = f'Category: agreement; scheme="{SLA}"; class="kind"\n'


def said(**attributes: str) -> str:
    return KIND + "".join(f'X-OCCI-Attribute: occi.agreement.{name}="{each}"\n' for name, each in attributes.items())


@pytest.fixture
def path(ann: Occi) -> str:
    answer = ann.post("/agreement/", said(effectiveFrom="2027-02-01T00:00:00Z"))
    assert answer.status_code == 201, answer.text
    return str(answer.headers["Location"]).partition("8095")[2]


def act(ann: Occi, path: str, term: str) -> int:
    return ann.post(f"{path}?action={term}", f'Category: {term}; scheme="{SLA}"; class="action"\n').status_code


def state(ann: Occi, path: str) -> object:
    return ann.attributes(path)["occi.agreement.state"]


@pytest.mark.occi("SLA-01", "SLA-02", "SLA-11")
def test_the_kinds_mixins_and_actions_of_agreements_are_listed(ann: Occi) -> None:
    found = ann.get("/-/", "application/occi+json").json()
    ids = {each["scheme"] + each["term"] for part in ("kinds", "mixins", "actions") for each in found[part]}
    assert {SLA + term for term in ("agreement", "agreement_link", "agreement_tpl", "agreement_term")} <= ids
    assert {SLA + term for term in ("accept", "reject", "suspend", "resume", "terminate")} <= ids
    assert SLA + "unsuspend" not in ids


@pytest.mark.occi("SLA-03")
def test_an_agreement_goes_through_its_states(ann: Occi, path: str) -> None:
    assert state(ann, path) == "Pending"
    for term in ("suspend", "resume", "terminate"):
        assert act(ann, path, term) == 409
    steps = (("accept", "Accepted"), ("suspend", "Suspended"), ("resume", "Accepted"), ("terminate", "Terminated"))
    for term, then in steps:
        assert act(ann, path, term) == 200
        assert state(ann, path) == then
    assert act(ann, path, "accept") == 409


@pytest.mark.occi("SLA-03")
def test_a_rejected_one_is_over(ann: Occi, path: str) -> None:
    assert act(ann, path, "reject") == 200
    assert state(ann, path) == "Rejected"
    for term in ("accept", "suspend", "resume", "terminate"):
        assert act(ann, path, term) == 409


@pytest.mark.occi("SLA-04", "SLA-10")
def test_states_and_names_are_spelt_as_in_the_standards_table(ann: Occi, path: str) -> None:
    act(ann, path, "accept")
    text = ann.get(path).text
    assert 'X-OCCI-Attribute: occi.agreement.state="Accepted"' in text
    assert "X-OCCI-Attribute: occi.agreement.agreedAt=" in text
    assert "X-OCCI-Attribute: occi.agreement.effectiveFrom=" in text


@pytest.mark.occi("SLA-05")
def test_times_are_moments_in_their_order_and_settled_once_it_is_accepted(ann: Occi, path: str) -> None:
    for wrong in ("P1M", "2027-02-01", "2027-02-01T00:00:00Z/2027-03-01T00:00:00Z", "2027-13-01T00:00:00Z"):
        assert ann.post("/agreement/", said(effectiveFrom=wrong)).status_code == 400, wrong
    backwards = said(effectiveFrom="2027-02-01T00:00:00Z", effectiveUntil="2027-01-01T00:00:00Z")
    assert ann.post("/agreement/", backwards).status_code == 400
    assert ann.post("/agreement/", said(agreedAt="2027-02-01T00:00:00Z")).status_code == 403
    assert ann.post(path, said(effectiveUntil="2027-03-01T00:00:00Z")).status_code == 200
    assert "occi.agreement.agreedAt" not in ann.attributes(path)
    act(ann, path, "accept")
    assert "occi.agreement.agreedAt" in ann.attributes(path)
    assert ann.post(path, said(effectiveUntil="2027-04-01T00:00:00Z")).status_code == 409


@pytest.mark.occi("SLA-06")
def test_another_account_neither_sees_nor_accepts_it(house: House, ann: Occi, path: str) -> None:
    bob = occi(house, "bob", "clinic")
    assert act(bob, path, "accept") == 404
    assert state(ann, path) == "Pending"
    bob.http.close()


@pytest.mark.occi("SLA-09")
def test_an_agreement_is_linked_to_what_it_is_about(ann: Occi, path: str) -> None:
    compute = ann.made(DEBIAN, SMALL)
    kind = f'Category: agreement_link; scheme="{SLA}"; class="kind"\n'
    ends = 'X-OCCI-Attribute: occi.core.source="{}"\nX-OCCI-Attribute: occi.core.target="{}"\n'
    assert ann.post("/agreement_link/", kind + ends.format(path, compute)).status_code == 201
    assert ann.post("/agreement_link/", kind + ends.format(compute, path)).status_code == 400
    assert f"Link: <{compute}>" in ann.get(path).text
