"""Volumes that outlived their service, joined to a new one: what is on them is there again, and stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from broker.errors import AccordsError
from broker.occi.model import CORDS
from broker.worker.observing import Observing
from providers.protocol import Kind
from tests.operations.house import House, User
from tests.operations.stage import PAIR


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    found = House(tmp_path)
    yield found
    found.close()


@pytest.fixture
def ann(house: House) -> User:
    return User(house.client("ann", "ward"))


@pytest.fixture
def kept(house: House, ann: User) -> dict[str, Any]:
    """What a service left."""
    service = ann.up()
    house.work()
    ann.act(service, "release")
    house.work()
    (found,) = volumes(ann)
    return found


def volumes(ann: User) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ann.client.get("service", "/volumes")["volumes"]
    return found


def planned(ann: User, joined: object, text: str = PAIR) -> dict[str, Any]:
    location = ann.post_document(text)["location"]
    attributes = {"occi.plan.manifest": location, "org.accords.volumes": joined}
    answer: dict[str, Any] = ann.client.post("manifest", "/plan/", {"kind": CORDS + "plan", "attributes": attributes})
    return answer


def references(house: House) -> set[str]:
    return {each.id for each in house.cloud.list({}, deadline=5) if each.kind is Kind.VOLUME}


@pytest.mark.parametrize("name", ["data", "db.data"])
def test_a_kept_volume_is_joined_in_place_of_a_new_one(
    house: House, ann: User, kept: dict[str, Any], name: str
) -> None:
    plan = planned(ann, {name: kept["id"]})
    assert "db.0.volume.data = adopt volume/db.0.data on paris" in plan["attributes"]["org.accords.listing"]
    service = ann.service(plan["id"], name="second")
    house.work()
    assert ann.state(service) == "active"
    assert references(house) == {kept["reference"]}, "nothing was made beside it"
    (shown,) = ann.report(service)["volumes"]
    assert (shown["id"], shown["retain"]) == (kept["reference"], True)
    assert [each["user"] for each in volumes(ann)] == ["second"]


def test_it_is_the_accounts_and_outlives_whoever_used_it(house: House, ann: User, kept: dict[str, Any]) -> None:
    service = ann.service(planned(ann, {"data": kept["id"]})["id"], name="second")
    house.work()
    ann.act(service, "release", volumes=True)
    house.work()
    assert ann.state(service) == "released"
    assert volumes(ann) == [kept]
    Observing(house.tools, house.installation.id).turn("paris")
    assert references(house) == {kept["reference"]}
    ann.client.delete("service", f"/volumes/{kept['id']}")
    house.work()
    assert house.cloud.list({}, deadline=5) == ()


def test_it_can_neither_be_removed_nor_joined_to_another_while_it_is_used(
    house: House, ann: User, kept: dict[str, Any]
) -> None:
    ann.service(planned(ann, {"data": kept["id"]})["id"], name="second")
    for attempt in (
        lambda: ann.client.delete("service", f"/volumes/{kept['id']}"),
        lambda: ann.service(planned(ann, {"data": kept["id"]})["id"], name="third"),
    ):
        with pytest.raises(AccordsError, match="the volume data is used by second") as caught:
            attempt()
        assert caught.value.status == 409


def test_a_volume_that_went_at_its_provider_fails_its_step_and_nothing_else(
    house: House, ann: User, kept: dict[str, Any]
) -> None:
    service = ann.service(planned(ann, {"data": kept["id"]})["id"], name="second")
    house.cloud.delete(Kind.VOLUME, kept["reference"], deadline=5)
    house.work()
    report = ann.report(service)
    assert report["service"]["state"] == "failed"
    assert [each["id"] for each in report["steps"] if each["state"] == "failed"] == ["db.0.volume.data"]


@pytest.mark.parametrize(
    ("joined", "said"),
    [
        ({"data": "no-such-id"}, "no volume no-such-id is kept"),
        ({"tapes": "KEPT"}, "tapes is no volume of the manifest"),
        ({"data": 5}, "is an object of texts"),
    ],
)
def test_what_cannot_be_joined_is_refused_with_what_can(
    ann: User, kept: dict[str, Any], joined: dict[str, Any], said: str
) -> None:
    with pytest.raises(AccordsError, match=said):
        planned(ann, {name: kept["id"] if id == "KEPT" else id for name, id in joined.items()})


def test_a_volume_that_is_too_small_is_refused(ann: User, kept: dict[str, Any]) -> None:
    with pytest.raises(AccordsError, match="has 2000000000 bytes, and 4000000000 are asked for"):
        planned(ann, {"data": kept["id"]}, PAIR.replace('size="2G"', 'size="4G"'))


def test_another_accounts_volume_is_not_there(house: House, kept: dict[str, Any]) -> None:
    bob = User(house.client("bob", "other"))
    with pytest.raises(AccordsError, match=f"no volume {kept['id']} is kept"):
        planned(bob, {"data": kept["id"]})
