"""Public addresses that are things of their own: in the report, in the machine's entity, and told to whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from broker.worker import chores
from providers.fake import Knobs
from providers.protocol import Ability, Kind
from tests.operations.house import House, User
from tests.operations.stage import PAIR

SHOP = PAIR.replace('<node name="web"', '<node name="web" access="public"').replace(
    "web.configure(db.hostname);", "web.configure(db.hostname); db.configure(web.public);"
)
SHOP = SHOP.replace("web.configure(db.hostname); ", "").replace("web.configure(db.password);", "")
OUTPUT = SHOP.replace("</manifest>", '<output name="site" value="web.public"/></manifest>')


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    found = House(tmp_path)
    yield found
    found.close()


@pytest.fixture
def ann(house: House) -> User:
    return User(house.client("ann", "ward"))


def public(house: House) -> str:
    (one,) = [each for each in house.cloud.list({}, deadline=5) if each.kind is Kind.ADDRESS]
    return one.addresses[0]


def test_the_report_says_it_and_nodes_without_one_have_none(house: House, ann: User) -> None:
    service = ann.up(OUTPUT)
    house.work()
    report = ann.report(service)
    assert report["service"]["state"] == "active", report["error"]
    assert {node["name"]: node["public"] for node in report["nodes"]} == {"db": None, "web": public(house)}
    assert report["outputs"] == [{"name": "site", "value": public(house)}]


def test_the_report_says_the_size(house: House, ann: User) -> None:
    service = ann.up(OUTPUT)
    house.work()
    assert {node["size"]["size"] for node in ann.report(service)["nodes"]} == {"small"}


def test_it_is_among_the_addresses_of_the_machine_and_stays_there(house: House, ann: User) -> None:
    service = ann.up(OUTPUT)
    house.work()
    for action in ("restart", "stop"):
        computes = ann.client.get("cloud", "/compute/")["resources"]
        said = {
            each["attributes"]["org.accords.node"]: each["attributes"]["org.accords.addresses"] for each in computes
        }
        assert public(house) in said["web"].split()
        assert public(house) not in said["db"].split()
        ann.act(service, action)
        house.work()


def test_another_node_is_told_it_when_it_is_there(house: House, ann: User) -> None:
    service = ann.up(SHOP)
    house.work()
    found = ann.report(service)
    assert found["service"]["state"] == "active", found["error"]
    told = [each for each in house.cloud.ledger.carried if each.method == "configure"]
    assert [public(house) in str(each) for each in told] == [True]


def test_where_a_provider_gives_it_by_itself_it_is_the_last_of_the_machines(house: House, ann: User) -> None:
    house.cloud.turn_knobs(replace(Knobs(), abilities=Knobs().abilities - {Ability.ADDRESSES}))
    chores.refresh_offers(house.tools)
    service = ann.up(OUTPUT)
    house.work()
    report = ann.report(service)
    (web,) = [node for node in report["nodes"] if node["name"] == "web"]
    assert web["public"] == web["addresses"][-1] == report["outputs"][0]["value"]
