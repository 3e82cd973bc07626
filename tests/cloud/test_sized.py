"""Another size of a compute, asked for by its client: a resize of the machine, or refused with the reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.worker import chores
from providers.fake import Knobs, Quotas
from providers.protocol import Ability, Kind, State
from tests.cloud.conftest import DEBIAN, INFRASTRUCTURE, SIZE, SMALL, Occi, category
from tests.operations.house import House, User

COMPUTE = f"Category: {category(INFRASTRUCTURE + 'compute', 'kind')}\n"
LARGE = SIZE + "large"


def machine(house: House) -> tuple[object, State]:
    (one,) = (each for each in house.cloud.list({}, deadline=5) if each.kind is Kind.MACHINE)
    return one.facts["size"], one.state


def cores(number: int) -> str:
    return f"{COMPUTE}X-OCCI-Attribute: occi.compute.cores={number}\n"


@pytest.fixture
def web(house: House, ann: Occi) -> str:
    path = ann.made(DEBIAN, SMALL, occi__core__title="web")
    house.work()
    return path


@pytest.mark.occi("INF-32")
def test_another_template_takes_the_place_of_the_first_and_the_machine_is_resized(
    house: House, ann: Occi, web: str
) -> None:
    answer = ann.post(web, f"{COMPUTE}Category: {category(LARGE)}\n")
    assert answer.status_code == 200, answer.text
    assert ann.attributes(web)["occi.compute.cores"] == 1
    house.work()
    found = ann.get(web, "application/occi+json").json()
    assert (found["attributes"]["occi.compute.cores"], found["attributes"]["occi.compute.memory"]) == (4, 8.0)
    assert (LARGE in found["mixins"], SMALL in found["mixins"], DEBIAN in found["mixins"]) == (True, False, True)
    assert machine(house) == ("large", State.ACTIVE)


@pytest.mark.occi("INF-32")
def test_a_template_of_a_smaller_size_or_of_one_that_differs_in_its_disk_alone_is_the_one_that_is_given(
    house: House, ann: Occi, web: str
) -> None:
    (small, *others) = Knobs().sizes
    roomy = replace(small, name="roomy", disk=2 * small.disk)
    house.cloud.turn_knobs(replace(Knobs(), sizes=(small, roomy, *others)))
    chores.refresh_offers(house.tools)
    house.work()
    for size in ("large", "roomy", "small"):
        answer = ann.post(web, f"{COMPUTE}Category: {category(SIZE + size)}\n")
        assert answer.status_code == 200, answer.text
        assert ann.post(web, f"{COMPUTE}Category: {category(SIZE + size)}\n").status_code == 200
        house.work()
        assert machine(house) == (size, State.ACTIVE)
        assert [each for each in ann.get(web, "application/occi+json").json()["mixins"] if SIZE in each] == [
            SIZE + size
        ]


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_other_cores_are_a_resize_and_the_template_is_no_longer_said(
    house: House, ann: Occi, web: str, method: str
) -> None:
    text = ann.get(web).text.replace("occi.compute.cores=1", "occi.compute.cores=2") if method == "PUT" else cores(2)
    answer = ann.send(method, web, text)
    assert answer.status_code == 200, answer.text
    house.work()
    found = ann.get(web, "application/occi+json").json()
    assert found["attributes"]["occi.compute.cores"] == 2
    assert SMALL not in found["mixins"]
    assert machine(house) == ("medium", State.ACTIVE)


def test_a_size_that_cannot_be_had_is_refused_with_the_reason_and_nothing_changes(
    house: House, ann: Occi, web: str
) -> None:
    answer = ann.post(web, cores(64))
    assert (answer.status_code, "the largest, has 8 cores of 64" in answer.text) == (409, True), answer.text
    house.cloud.turn_knobs(replace(Knobs(), quotas=Quotas(cores=1)))
    chores.refresh_offers(house.tools)
    answer = ann.post(web, cores(2))
    assert (answer.status_code, "has room for 0 cores" in answer.text) == (409, True), answer.text
    house.cloud.turn_knobs(replace(Knobs(), abilities=Knobs().abilities - {Ability.RESIZE}))
    chores.refresh_offers(house.tools)
    answer = ann.post(web, cores(2))
    assert (answer.status_code, "gives no other size" in answer.text) == (409, True), answer.text
    house.work()
    assert (ann.attributes(web)["occi.compute.cores"], machine(house)) == (1, ("small", State.ACTIVE))


def test_what_else_is_refused_is_refused_before_a_size_is_asked_for(house: House, ann: Occi, web: str) -> None:
    answer = ann.post(web, f'{cores(2)}X-OCCI-Attribute: occi.compute.hostname="other"\n')
    assert answer.status_code == 409, answer.text
    house.work()
    assert machine(house) == ("small", State.ACTIVE)


def test_asking_twice_is_asking_once(house: House, ann: Occi, web: str) -> None:
    assert [ann.post(web, cores(2)).status_code for _ in range(2)] == [200, 200]
    assert ann.post(web, cores(4)).status_code == 409
    house.work()
    assert machine(house) == ("medium", State.ACTIVE)


def test_a_machine_of_a_manifest_is_resized_by_its_service(house: House, ann: Occi, user: User) -> None:
    user.up()
    house.work()
    path = ann.get("/compute/", "text/uri-list").text.split()[0].removeprefix("http://127.0.0.1:8095")
    answer = ann.post(path, cores(2))
    assert (answer.status_code, "accords resize" in answer.text) == (409, True), answer.text


def test_a_template_of_a_size_that_is_no_round_number_can_be_had(house: House, ann: Occi) -> None:
    """613 MiB are 0.5986 GiB: rounded up, no machine of that size would be enough."""
    (tiny, *_) = Knobs().sizes
    house.cloud.turn_knobs(replace(Knobs(), sizes=(replace(tiny, name="micro", memory=613 * 1024**2),)))
    chores.refresh_offers(house.tools)
    house.work()
    ann.made(DEBIAN, SIZE + "micro", occi__core__title="web")
    house.work()
    assert machine(house) == ("micro", State.ACTIVE)
