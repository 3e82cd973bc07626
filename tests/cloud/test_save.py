"""`save` answers at once with the template of an image that is yet to be made; the worker fills it or takes it away."""

from __future__ import annotations

import pytest

from broker.store import volumes
from broker.worker import chores
from providers.fake import Trouble
from tests.cloud.conftest import DEBIAN, SMALL, Occi, compute, occi
from tests.operations.house import House, User

SAVED = "http://schemas.accords.org/occi/saved/os_tpl#"


def saved(client: Occi) -> dict[str, str]:
    return {name: title for name, title in client.mixins().items() if name.startswith(SAVED)}


@pytest.fixture
def path(house: House, ann: Occi) -> str:
    found = ann.made(DEBIAN, SMALL)
    house.work()
    return found


@pytest.mark.occi("INF-33")
def test_the_answer_is_the_new_template_which_is_listed_as_being_saved_and_then_as_saved(
    house: House, ann: Occi, path: str
) -> None:
    answer = ann.act(path, "save", 'method="deferred"', 'name="golden image"')
    assert answer.status_code == 200, answer.text
    assert answer.text.startswith("Category: golden-image-")
    assert 'rel="http://schemas.ogf.org/occi/infrastructure#os_tpl"' in answer.text
    assert list(saved(ann).values()) == ["golden image (being saved)"]
    house.work()
    assert list(saved(ann).values()) == ["golden image"]
    assert ann.attributes(path)["occi.compute.state"] == "active"


def test_nothing_is_made_of_an_image_before_it_is_there_and_machines_are_afterwards(
    house: House, ann: Occi, path: str
) -> None:
    ann.act(path, "save", 'name="golden"')
    (image,) = saved(ann)
    refused = ann.post("/compute/", compute(image, SMALL))
    assert (refused.status_code, "still being saved" in refused.text) == (409, True)
    house.work()
    copy = ann.made(image, SMALL)
    house.work()
    assert ann.attributes(copy)["occi.compute.state"] == "active"


def test_an_image_that_could_not_be_saved_takes_its_template_away(house: House, ann: Occi, path: str) -> None:
    house.cloud.trouble(Trouble("fail", "create", "snapshot", error="refused"))
    assert ann.act(path, "save").status_code == 200
    house.work()
    assert saved(ann) == {}
    assert ann.attributes(path)["occi.compute.state"] == "active"


def test_an_image_that_is_removed_takes_its_template_away(house: House, ann: Occi, user: User, path: str) -> None:
    ann.act(path, "save")
    house.work()
    with house.tools.store.read() as tx:
        (kept,) = volumes.every(tx, "ward")
    user.client.delete("service", f"/volumes/{kept.id}")
    house.work()
    assert saved(ann) == {}


def test_an_account_s_image_is_its_own(house: House, ann: Occi, path: str) -> None:
    ann.act(path, "save")
    house.work()
    chores.refresh_offers(house.tools)
    house.work()
    bob = occi(house, "bob", "clinic")
    assert saved(bob) == {}
    assert bob.mixins().keys() == {name for name in ann.mixins() if not name.startswith(SAVED)}
    bob.http.close()


def test_a_save_that_no_service_takes_leaves_no_template(house: House, ann: Occi, path: str) -> None:
    ann.act(path, "save")
    assert ann.act(path, "save").status_code == 409
    assert len(saved(ann)) == 1


def test_there_is_nothing_to_save_of_what_nothing_runs_for(ann: Occi) -> None:
    path = ann.made()
    ann.act(path, "start")
    assert ann.act(path, "save").status_code == 409
    assert saved(ann) == {}


def test_a_node_of_a_manifest_is_saved_the_same_way(house: House, ann: Occi, user: User) -> None:
    user.up()
    house.work()
    first = ann.get("/compute/", "text/uri-list").text.split()[0]
    assert ann.act(first.removeprefix("http://127.0.0.1:8095"), "save", 'name="pair"').status_code == 200
    house.work()
    assert list(saved(ann).values()) == ["pair"]
