"""What the worker does beside operations: offers, ends, comparing, sweeping, delivering."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest

from broker.client import Client
from broker.errors import RowDown
from broker.offers import offer_json
from broker.plans import plan_from_json, plan_to_json
from broker.store import PLATFORM, offers, operations, outbox, services
from broker.worker import chores, drifting
from broker.worker.delivery import body_of, by_row, deliver
from broker.worker.observing import Observing
from broker.worker.operation import carry_out
from providers.fake import Trouble
from providers.protocol import Kind, NetworkSpec, State
from tests.operations.house import House, User
from tests.operations.stage import ACCOUNT, INSTALLATION, Stage


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


class Rows:
    """Takes deliveries in place of rows; those in `down` do not answer."""

    def __init__(self, *down: str) -> None:
        self.down = down
        self.taken: list[tuple[str, Mapping[str, list[object]]]] = []

    def post(self, row: str, path: str, body: Mapping[str, list[object]]) -> None:
        if row in self.down:
            raise RowDown(f"{row} does not answer")
        self.taken.append((row, body))


def compare(stage: Stage) -> None:
    Observing(stage.tools, INSTALLATION).turn("paris")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drifting, "SETTLE", 0)


def test_offers_are_kept_with_the_time_they_were_seen(stage: Stage) -> None:
    chores.refresh_offers(stage.tools)
    with stage.store.read() as tx:
        (found,) = offers.every(tx, PLATFORM)
    assert (found.provider, found.zone) == ("paris", "fake-1")
    assert offers.from_json(offer_json(found)) == found


def test_a_provider_that_does_not_answer_keeps_its_old_offers(stage: Stage) -> None:
    chores.refresh_offers(stage.tools)
    stage.cloud.trouble(Trouble("fail", call="offers", times=0))
    chores.refresh_offers(stage.tools)
    with stage.store.read() as tx:
        assert len(offers.every(tx, PLATFORM)) == 1


def test_a_service_past_its_time_is_released_though_nobody_asks(stage: Stage) -> None:
    service = stage.deployed()
    with stage.store.write() as tx:
        services.change(tx, ACCOUNT, service, expires_at=tx.now - 1)
    chores.end_what_is_over(stage.tools)
    chores.end_what_is_over(stage.tools)
    stage.work()
    assert stage.service(service).state == "released"


def test_a_service_past_its_time_while_it_is_made_is_cancelled(stage: Stage) -> None:
    service = stage.submit()
    with stage.store.write() as tx:
        services.change(tx, ACCOUNT, service, expires_at=tx.now - 1)
    chores.end_what_is_over(stage.tools)
    stage.work()
    with stage.store.read() as tx:
        states = [each.state for each in operations.of_service(tx, ACCOUNT, service)]
    assert states == ["cancelled", "done"]
    assert stage.left() == []


def test_a_service_past_its_time_while_it_is_stopped_is_released_after_that(stage: Stage) -> None:
    service = stage.deployed()
    stage.ask(service, "stop")
    with stage.store.write() as tx:
        services.change(tx, ACCOUNT, service, expires_at=tx.now - 1)
    chores.end_what_is_over(stage.tools)
    stage.work()
    assert stage.service(service).state == "released"


def test_machines_that_stopped_by_themselves_make_a_stopped_service(stage: Stage) -> None:
    """The host was restarted. Starting the service brings it back."""
    service = stage.deployed()
    for machine in ("machine-1", "machine-2"):
        stage.cloud.turn(machine, State.STOPPED)
    compare(stage)
    assert stage.service(service).state == "stopped"
    stage.ask(service, "start")
    stage.work()
    compare(stage)
    assert stage.service(service).state == "active"


def test_a_machine_that_is_gone_is_a_failure_that_names_it(stage: Stage) -> None:
    service = stage.deployed()
    stage.cloud.lose(Kind.MACHINE, "machine-2")
    compare(stage)
    found = stage.service(service)
    assert found.state == "failed"
    assert found.error is not None
    assert "is gone and should be active" in found.error["message"]


def test_a_service_whose_provider_does_not_answer_is_not_judged(stage: Stage) -> None:
    service = stage.deployed()
    stage.cloud.lose(Kind.MACHINE, "machine-2")
    stage.cloud.trouble(Trouble("fail", call="list", times=0))
    compare(stage)
    assert stage.service(service).state == "active"


def test_a_stopped_node_that_was_asked_to_stop_differs_in_nothing(stage: Stage) -> None:
    service = stage.deployed()
    with stage.store.write() as tx:
        operations.submit(tx, ACCOUNT, service, "stop", arguments={"nodes": ["web"]})
    stage.work()
    compare(stage)
    assert stage.service(service).state == "active"


def test_what_a_late_call_made_for_a_released_service_is_swept(stage: Stage) -> None:
    service = stage.deployed()
    stage.ask(service, "release")
    stage.work()
    tags = {"accords-installation": INSTALLATION, "accords-service": service, "accords-account": ACCOUNT}
    stage.cloud.create(NetworkSpec("late"), token="late", tags=tags, deadline=5)
    stage.cloud.create(NetworkSpec("strange"), token="x", tags={"accords-installation": "another"}, deadline=5)
    compare(stage)
    assert stage.left() == ["volume/pair-db-data", "network/strange"]


def test_what_a_living_service_has_is_not_swept(stage: Stage) -> None:
    stage.deployed()
    before = stage.left()
    compare(stage)
    assert stage.left() == before


def test_a_row_that_is_down_keeps_its_parcels_and_no_other_rows(stage: Stage) -> None:
    stage.deployed()
    rows = Rows("cloud")
    assert deliver(stage.store, cast(Client, rows)) == 2
    with stage.store.read() as tx:
        waiting = outbox.pending(tx)
    assert {row for row, _ in rows.taken} == {"service"}
    assert all("infrastructure" in parcel.projection.kind for parcel in waiting)


def test_only_the_newest_of_an_entity_is_sent(stage: Stage) -> None:
    service = stage.deployed()
    stage.ask(service, "release", volumes=True)
    stage.work()
    with stage.store.read() as tx:
        sent = body_of([each for each in outbox.pending(tx) if each.projection.kind.endswith("#compute")])
    assert sent["put"] == []
    assert len(sent["delete"]) == 2


def test_a_delivery_that_was_held_up_brings_nothing_back(tmp_path: Path) -> None:
    """A worker reads the outbox and sleeps; another delivers that and the release; then the first one wakes."""
    house = House(tmp_path)
    ann = User(house.client("ann", "ward"))
    service = ann.up()
    with house.tools.store.write() as tx:
        lease = operations.take(tx, "house", 30)
    assert lease is not None
    carry_out(house.tools, house.installation.id, lease)
    with house.tools.store.read() as tx:
        late = by_row(outbox.pending(tx, 1000))
    house.work()
    ann.act(service, "release")
    house.work()
    for row, parcels in late.items():
        house.hands.post(row, "/.bulk", body_of(parcels))
    left = [ann.client.get("cloud", f"/{path}/").get("resources", []) for path in ("compute", "network", "storagelink")]
    assert left == [[], [], []]
    assert ann.client.get("service", "/contract/").get("resources", []) == []
    house.close()


def test_a_plan_is_the_same_after_it_was_stored(stage: Stage) -> None:
    plan = stage.plan()
    assert plan_from_json(plan_to_json(plan)) == plan
    assert plan_from_json(plan_to_json(plan)).hash == plan.hash
