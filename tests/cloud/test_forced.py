"""A compute that belongs to a manifest's service goes with it; alone it goes when that is insisted on."""

from __future__ import annotations

import pytest

from providers.protocol import Kind
from tests.cloud.conftest import Occi
from tests.operations.house import House, User


@pytest.fixture
def service(house: House, user: User) -> str:
    found = user.up()
    house.work()
    return found


def path_of(ann: Occi, node: str) -> str:
    found = ann.get("/compute/", "application/json").json()["resources"]
    (path,) = (each["location"] for each in found if each["attributes"]["org.accords.node"] == node)
    return str(path).removeprefix("http://127.0.0.1:8095")


def machines(house: House) -> list[str]:
    return [each.name for each in house.cloud.list({}, deadline=5) if each.kind is Kind.MACHINE]


def test_it_is_refused_and_the_answer_says_how_to_insist(house: House, ann: Occi, service: str) -> None:
    refused = ann.delete(path_of(ann, "web"))
    assert refused.status_code == 409
    assert f"belongs to the service {service}" in refused.text
    assert "?force=true" in refused.text
    assert ann.delete("/compute/").status_code == 409
    house.work()
    assert len(machines(house)) == 2


def test_insisting_gives_back_that_machine_and_the_rest_of_the_service_stays(
    house: House, ann: Occi, user: User, service: str
) -> None:
    path = path_of(ann, "web")
    assert ann.delete(path, force="true").status_code == 200
    assert ann.get(path).status_code == 404
    house.work()
    assert machines(house) == ["pair-db"]
    assert user.state(service) == "active"
    assert len(ann.get("/compute/", "text/uri-list").text.split()) == 1
    house.worker._observing.turn("paris")
    assert user.state(service) == "active"
    user.act(service, "release")
    house.work()
    assert machines(house) == []


def test_a_network_of_a_service_goes_with_the_service_alone(ann: Occi, service: str) -> None:
    (net,) = ann.get("/network/", "text/uri-list").text.split()
    assert ann.delete(net.removeprefix("http://127.0.0.1:8095"), force="true").status_code == 409
