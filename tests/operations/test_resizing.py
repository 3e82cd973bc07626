"""Another size for a machine that is there: asked for, planned, given, and kept by whatever happens to it later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.errors import Clash, Invalid, Missing
from broker.store import PLATFORM, offers
from broker.worker import chores, drifting
from broker.worker.observing import Observing
from providers.fake import Knobs, Quotas, Trouble
from providers.fake.knobs import SIZES
from providers.protocol import Ability, Kind, OfferedSize, Resource, State
from tests.operations.house import House, User

GIB = 1024**3


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setattr(drifting, "SETTLE", 0)
    found = House(tmp_path)
    yield found
    found.close()


@pytest.fixture
def ann(house: House) -> User:
    return User(house.client("ann", "ward"))


@pytest.fixture
def service(house: House, ann: User) -> str:
    found = ann.up()
    house.work()
    assert ann.state(found) == "active"
    return found


def machine(house: House, node: str) -> Resource:
    there = (each for each in house.cloud.list({}, deadline=5) if each.kind is Kind.MACHINE)
    return next(each for each in there if each.tags.get("accords-node") == node)


def look(house: House) -> None:
    Observing(house.tools, house.installation.id).turn("paris")


def would(ann: User, service: str, **asked: object) -> Any:
    return ann.client.get("service", f"/services/{service}/resize", **{name: str(each) for name, each in asked.items()})


def ask(ann: User, service: str, **asked: object) -> None:
    ann.client.post("service", f"/services/{service}/resize", asked)


def resize(house: House, ann: User, service: str, **asked: object) -> None:
    ask(ann, service, **asked)
    house.work()


def size(house: House, node: str) -> object:
    return machine(house, node).facts["size"]


def another(house: House, **changed: Any) -> None:
    house.cloud.turn_knobs(replace(Knobs(), **changed))
    chores.refresh_offers(house.tools)


LARGER = SIZES[1]


def test_the_plan_says_the_size_the_price_and_what_would_be_done(ann: User, service: str, house: House) -> None:
    found = would(ann, service, node="web", cores=LARGER.cores)
    (one,) = found["machines"]
    assert (one["name"], one["before"]["size"], one["after"]["size"]) == ("web.0", SIZES[0].name, LARGER.name)
    assert SIZES[0].price is not None and LARGER.price is not None
    assert (found["difference"], found["currency"]) == (str(LARGER.price - SIZES[0].price), "EUR")
    verbs = [line.split()[2] for line in found["listing"]]
    assert verbs == ["stop", "resize", "accept", "start"]
    assert size(house, "web") == SIZES[0].name


def test_a_machine_gets_the_size_runs_again_and_its_entity_says_so(house: House, ann: User, service: str) -> None:
    before = machine(house, "web")
    resize(
        house,
        ann,
        service,
        node="web",
        size=LARGER.name,
        plan=would(ann, service, node="web", size=LARGER.name)["plan"],
    )
    after = machine(house, "web")
    assert (after.id, after.facts["size"], after.state) == (before.id, LARGER.name, State.ACTIVE)
    assert ann.state(service) == "active"
    computes = ann.client.get("cloud", "/compute/")["resources"]
    cores = {each["attributes"]["org.accords.node"]: each["attributes"]["occi.compute.cores"] for each in computes}
    assert cores == {"web": LARGER.cores, "db": SIZES[0].cores}


def test_the_new_size_is_what_is_wanted_from_then_on(house: House, ann: User, service: str) -> None:
    resize(house, ann, service, node="web", cores=LARGER.cores)
    look(house)
    assert ann.report(service)["drift"] == []
    house.cloud.resize(machine(house, "web").id, SIZES[2], deadline=5)
    look(house)
    assert [each["aspect"] for each in ann.report(service)["drift"]] == ["size"]
    ann.client.post("service", f"/services/{service}/repair", {"how": "repair"})
    house.work()
    assert size(house, "web") == LARGER.name


def test_a_machine_that_is_made_anew_has_its_new_size(house: House, ann: User, service: str) -> None:
    resize(house, ann, service, node="web", cores=LARGER.cores)
    house.cloud.lose(Kind.MACHINE, machine(house, "web").id)
    look(house)
    ann.client.post("service", f"/services/{service}/repair", {"how": "repair"})
    house.work()
    assert (size(house, "web"), ann.state(service)) == (LARGER.name, "active")
    look(house)
    assert ann.report(service)["drift"] == []


def test_a_later_state_that_was_adopted_leaves_the_size(house: House, ann: User, service: str) -> None:
    resize(house, ann, service, node="web", cores=LARGER.cores)
    house.cloud.turn(machine(house, "web").id, State.STOPPED)
    look(house)
    ann.client.post("service", f"/services/{service}/repair", {"how": "adopt"})
    house.work()
    look(house)
    assert (ann.report(service)["drift"], size(house, "web")) == ([], LARGER.name)


def test_a_machine_that_rests_rests_afterwards(house: House, ann: User, service: str) -> None:
    ann.act(service, "stop")
    house.work()
    resize(house, ann, service, node="web", cores=LARGER.cores)
    assert (size(house, "web"), machine(house, "web").state) == (LARGER.name, State.STOPPED)
    assert ann.state(service) == "stopped"
    ann.act(service, "start")
    house.work()
    assert ann.state(service) == "active"


def test_a_second_resize_that_fails_leaves_the_first_as_wanted(house: House, ann: User, service: str) -> None:
    resize(house, ann, service, node="web", cores=LARGER.cores)
    house.cloud.trouble(Trouble("fail", call="resize", error="refused"))
    resize(house, ann, service, node="web", size=SIZES[2].name)
    report = ann.report(service)
    assert (report["service"]["state"], report["can"]) == ("failed", ["retry", "start", "release"])
    ann.act(service, "start")
    house.work()
    look(house)
    report = ann.report(service)
    assert (report["service"]["state"], report["drift"], size(house, "web")) == ("active", [], LARGER.name)


def test_a_resize_that_failed_is_retried_where_it_was(house: House, ann: User, service: str) -> None:
    house.cloud.trouble(Trouble("fail", call="resize", error="refused"))
    resize(house, ann, service, node="web", cores=LARGER.cores)
    assert ann.state(service) == "failed"
    ann.act(service, "retry")
    house.work()
    assert (ann.state(service), size(house, "web"), machine(house, "web").state) == (
        "active",
        LARGER.name,
        State.ACTIVE,
    )


def test_a_provider_that_cannot_says_so_before_anything_is_done(house: House, ann: User, service: str) -> None:
    another(house, abilities=Knobs().abilities - {Ability.RESIZE})
    with pytest.raises(Clash, match="paris/fake-1 gives no other size") as refused:
        ask(ann, service, node="web", cores=2)
    assert refused.value.code == "resize.refused"


def test_what_is_larger_than_everything_is_refused_with_the_numbers(ann: User, service: str) -> None:
    with pytest.raises(Clash, match=r"has no size with 999 cores.*the largest, has .* of 999"):
        would(ann, service, node="web", cores=999)
    with pytest.raises(Clash, match=r"has no size huge; it has: .*small"):
        would(ann, service, node="web", size="huge")


def test_only_what_comes_on_top_counts_against_what_is_left(house: House, ann: User, service: str) -> None:
    used = 2 * SIZES[0].cores
    another(house, quotas=Quotas(cores=used))
    with pytest.raises(Clash, match="has room for 0 cores; 1 more would be too much"):
        would(ann, service, node="web", cores=LARGER.cores)
    another(house, quotas=Quotas(cores=used + LARGER.cores - SIZES[0].cores))
    resize(house, ann, service, node="web", cores=LARGER.cores)
    assert size(house, "web") == LARGER.name


def test_what_it_has_already_is_nothing_to_do(ann: User, service: str) -> None:
    with pytest.raises(Clash, match=f"gives it what it has: {SIZES[0].name}"):
        would(ann, service, node="web", size=SIZES[0].name)


def test_any_amounts_can_be_had_where_sizes_are_flexible(house: House, ann: User) -> None:
    another(house, flexible=True, sizes=(OfferedSize(None, 8, 16 * GIB, 100 * 10**9),))
    service = ann.up()
    house.work()
    resize(house, ann, service, node="db", cores=3, memory="3GiB")
    facts = machine(house, "db").facts
    assert (facts["cores"], facts["memory"]) == (3, 3 * GIB)
    look(house)
    assert ann.report(service)["drift"] == []


def test_a_node_that_is_not_there_and_a_size_that_is_not_said(ann: User, service: str) -> None:
    with pytest.raises(Missing, match="no machine of a node queue"):
        would(ann, service, node="queue", cores=2)
    with pytest.raises(Invalid, match="no size is said for web"):
        would(ann, service, node="web")
    with pytest.raises(Invalid, match="memory"):
        would(ann, service, node="web", memory="much")


def test_old_offers_are_not_believed(house: House, ann: User, service: str) -> None:
    with house.tools.store.write() as tx:
        old = [replace(each, observed_at=0) for each in offers.every(tx, PLATFORM)]
        offers.replace(tx, PLATFORM, "paris", old)
    with pytest.raises(Clash, match="its offers were observed"):
        would(ann, service, node="web", cores=2)


def test_another_plan_than_the_one_shown_is_not_carried_out(ann: User, service: str) -> None:
    shown = would(ann, service, node="web", cores=2)["plan"]
    with pytest.raises(Clash, match="is not the one that was shown"):
        ask(ann, service, node="web", size=SIZES[2].name, plan=shown)


def test_nobody_resizes_another_accounts_service(house: House, service: str) -> None:
    bob = User(house.client("bob", "lab"))
    with pytest.raises(Missing):
        would(bob, service, node="web", cores=2)
    with pytest.raises(Missing):
        ask(bob, service, node="web", cores=2)


def test_a_resized_service_is_given_back_whole(house: House, ann: User, service: str) -> None:
    resize(house, ann, service, node="web", cores=LARGER.cores)
    ann.client.post(
        "service", f"/service/{service}", {"action": RELEASE, "attributes": {"volumes": True}}, action="release"
    )
    house.work()
    assert (ann.state(service), house.cloud.list({}, deadline=5)) == ("released", ())


RELEASE = "http://schemas.accords.org/occi/service/action#release"
