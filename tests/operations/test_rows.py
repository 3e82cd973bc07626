"""From a document over HTTP to a service and back, every row in this process."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from broker.errors import AccordsError
from broker.occi import kinds
from broker.occi.model import CORDS, INFRASTRUCTURE
from broker.services import ROWS, row_of
from broker.store import entities
from broker.worker import chores
from providers.fake import Knobs
from providers.fake.knobs import SIZES
from tests.operations.house import House, User
from tests.operations.stage import PAIR

AGREEMENT = """<agreement xmlns="http://www.compatibleone.fr/schemes/slam.xsd" name="sla">
  <terms name="g" type="guarantees"><term name="t">
    <guarantee name="answers" scope="web">
      <variable name="v" property="tcp:connect" condition="eq" value="1" location="80"/>
      <business name="b" nature="penalty" expression=""/>
    </guarantee>
  </term></terms>
</agreement>"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    found = House(tmp_path)
    yield found
    found.close()


@pytest.fixture
def ann(house: House) -> User:
    return User(house.client("ann", "ward"))


def counted(house: House) -> int:
    """The entities of the account at all rows."""
    total = 0
    for site in house.rows.sites.values():
        with site.store.read() as tx:
            total += len(entities.page(tx, "ward", limit=1000).records)
    return total


def test_a_document_is_stored_element_by_element_and_comes_back_with_ids(house: House, ann: User) -> None:
    answer = ann.post_document()
    assert answer["document"].count('id="urn:uuid:') == PAIR.count("<") - PAIR.count("</")
    node = next(each for each in answer["elements"] if each["path"] == "manifest/node:db")
    found = ann.client.get("node", f"/node/{node['id']}")["attributes"]
    assert found["occi.node.name"] == "db"
    image = ann.client.get("image", found["occi.node.image"])
    assert image["attributes"]["occi.image.name"] == "im1"


def test_a_decorated_document_is_read_again(ann: User) -> None:
    assert ann.post_document(ann.post_document()["document"])["name"] == "pair"


def test_a_document_in_another_encoding_comes_back_as_it_was_written_and_is_planned_so(ann: User) -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-1"?>\n' + PAIR.replace("createdb app", "createdb café")
    headers = {"Content-Type": "application/xml"}
    reply = ann.client.request("manifest", "POST", "/manifest/", content=text.encode("latin-1"), headers=headers)
    assert 'configuration="createdb café"' in reply.json()["document"]
    steps = ann.plan(reply.json()["location"])["attributes"]["org.accords.steps"]
    assert any(each["inputs"].get("script") == "createdb café" for each in steps)


def test_every_attribute_of_a_document_is_known_of_its_kind(ann: User) -> None:
    """Ours too: a node's zone, a volume's mountpoint and retain, a system's architecture."""
    text = PAIR.replace('name="db">', 'name="db" zone="fake-1">')
    text = text.replace('name="data" size="2G"', 'name="data" size="2G" mountpoint="/data" retain="no"')
    text = text.replace('<system name="linux"/>', '<system name="linux" architecture="x86_64"/>')
    known = kinds.registry(*(row.name for row in ROWS))
    seen: dict[str, object] = {}
    for each in ann.post_document(text)["elements"]:
        path = known.path(each["kind"], each["id"])
        own = ann.client.get(row_of(each["kind"]).name, path)["attributes"]
        seen |= own
        assert {name for name in own if name.startswith("occi.")} <= known.definitions(each["kind"]).keys(), each[
            "path"
        ]
    ours = ("occi.node.zone", "occi.volume.mountpoint", "occi.volume.retain", "occi.system.architecture")
    assert [seen.get(name) for name in ours] == ["fake-1", "/data", "no", "x86_64"]


def test_repeating_a_document_changes_nothing(house: House, ann: User) -> None:
    first, count = ann.post_document(), counted(house)
    assert ann.post_document() == first
    assert counted(house) == count


def test_a_repeated_post_completes_what_was_cut_off(house: House, ann: User) -> None:
    first, count = ann.post_document(), counted(house)
    lost = next(each["id"] for each in first["elements"] if each["path"] == "manifest/node:db/image")
    with house.rows.sites["image"].store.write() as tx:
        entities.delete(tx, "ward", next(e["kind"] for e in first["elements"] if e["id"] == lost), lost)
    assert ann.post_document() == first
    assert counted(house) == count


def test_a_changed_document_is_another_version(ann: User) -> None:
    changed = PAIR.replace('cores="1"', 'cores="2"')
    assert ann.post_document()["id"] != ann.post_document(changed)["id"]


def test_every_mistake_comes_at_once_and_nothing_is_stored(house: House, ann: User) -> None:
    wrong = PAIR.replace('memory="1G"', 'memory="much"').replace("db.hostname", "dc.hostname")
    with pytest.raises(AccordsError) as caught:
        ann.post_document(wrong)
    assert caught.value.status == 422
    diagnostics = caught.value.fields["diagnostics"]
    assert isinstance(diagnostics, list)
    assert len(diagnostics) >= 3
    assert all(each["line"] for each in diagnostics)
    assert counted(house) == 0


def test_a_plan_says_what_would_be_done_where_and_why(ann: User) -> None:
    found = ann.plan(ann.post_document()["location"])["attributes"]
    assert "db.0.machine = create machine/db.0 on paris" in found["org.accords.listing"]
    assert found["org.accords.cost"] == "0.02 EUR"
    assert {each["node"] for each in found["org.accords.placements"]} == {"db", "web"}
    assert all(each["reasons"] for each in found["org.accords.placements"])


def test_the_same_document_gives_the_same_plan(ann: User) -> None:
    location = ann.post_document()["location"]
    hashes = {ann.plan(location)["attributes"]["org.accords.hash"] for _ in range(2)}
    assert len(hashes) == 1


def test_a_service_comes_up_is_stopped_started_and_released(house: House, ann: User) -> None:
    service = ann.up()
    assert ann.state(service) == "pending"
    house.work()
    assert ann.state(service) == "active"
    for action, during, after in (("stop", "stopping", "stopped"), ("start", "starting", "active")):
        assert ann.act(service, action)["attributes"]["org.accords.state"] == during
        house.work()
        assert ann.state(service) == after
    ann.act(service, "release")
    house.work()
    assert ann.state(service) == "released"
    assert ann.client.get("cloud", "/compute/").get("resources", []) == []


def test_a_name_that_runs_already_gives_the_same_service_for_the_same_plan(house: House, ann: User) -> None:
    service = ann.up()
    assert ann.up() == service
    house.work()
    assert ann.up() == service


def test_the_same_document_gives_the_same_service_though_it_would_be_placed_elsewhere_today(
    house: House, ann: User
) -> None:
    service = ann.up()
    house.work()
    house.cloud.turn_knobs(Knobs(sizes=(SIZES[2],), zones={"fake-2": Decimal(2)}))
    chores.refresh_offers(house.tools)
    plan = ann.plan(ann.post_document()["location"])["id"]
    body = {"kind": CORDS + "service", "attributes": {"occi.service.plan": plan, "occi.service.name": "pair"}}
    answer = ann.client.request("service", "POST", "/service/", json=body)
    assert (answer.status, answer.json()["id"]) == (200, f"urn:uuid:{service}")


def test_a_service_that_is_being_released_is_not_taken_for_the_one_asked_for(ann: User, house: House) -> None:
    service = ann.up()
    house.work()
    ann.act(service, "release")
    with pytest.raises(AccordsError, match="is being released") as caught:
        ann.up()
    assert caught.value.status == 409
    house.work()
    assert ann.up() != service


def test_a_changed_document_for_a_running_service_is_refused_with_the_difference(ann: User) -> None:
    ann.up()
    with pytest.raises(AccordsError) as caught:
        ann.up(PAIR.replace("createdb app", "createdb other").replace('name="nginx"', 'name="apache2"'))
    assert caught.value.status == 409
    difference = caught.value.fields["difference"]
    assert isinstance(difference, list)
    assert any(line.startswith("+web.0.install.apache2") for line in difference)


def test_what_runs_is_seen_in_the_cloud_row_and_leads_to_its_contract(house: House, ann: User) -> None:
    service = ann.up()
    house.work()
    machines = ann.client.get("cloud", "/compute/")["resources"]
    machine = next(each for each in machines if each["attributes"]["org.accords.node"] == "db")
    contract = ann.client.get("service", machine["attributes"]["org.accords.contract"])["attributes"]
    assert contract["occi.contract.reference"] == machine["attributes"]["org.accords.provider.id"]
    assert contract["occi.contract.provider"] == machine["location"]
    assert ann.client.get("node", contract["occi.contract.node"])["attributes"]["occi.node.name"] == "db"
    assert machine["attributes"]["org.accords.service"] == f"/service/{service}"
    assert {link["target"]["kind"].rpartition("#")[2] for link in machine["links"]} == {"network", "storage"}


def test_an_action_on_a_machine_of_a_service_is_the_services(house: House, ann: User) -> None:
    service = ann.up()
    house.work()
    machines = ann.client.get("cloud", "/compute/")["resources"]
    machine = next(each["location"] for each in machines if each["attributes"]["org.accords.node"] == "web")
    action = INFRASTRUCTURE.removesuffix("#") + "/compute/action#stop"
    ann.client.post("cloud", machine, {"action": action, "attributes": {}}, action="stop")
    house.work()
    assert ann.client.get("cloud", machine)["attributes"]["occi.compute.state"] == "inactive"
    assert {each["name"]: each["state"] for each in ann.report(service)["nodes"]} == {"db": "running", "web": "stopped"}


def test_a_machine_of_a_service_cannot_be_deleted(house: House, ann: User) -> None:
    ann.up()
    house.work()
    machine = ann.client.get("cloud", "/compute/")["resources"][0]["location"]
    with pytest.raises(AccordsError, match="belongs to the service") as caught:
        ann.client.delete("cloud", machine)
    assert caught.value.status == 409


def test_a_service_that_was_not_released_cannot_be_deleted(ann: User) -> None:
    service = ann.up()
    with pytest.raises(AccordsError, match="is pending"):
        ann.client.delete("service", f"/service/{service}")


def test_an_agreement_is_judged_for_the_nodes_it_names(house: House, ann: User) -> None:
    from broker.store import guarantees

    agreement = ann.post_document(AGREEMENT)["location"]
    ann.up(**{"occi.service.sla": agreement})
    house.work()
    with house.tools.store.read() as tx:
        (promise,) = guarantees.judged(tx)
    assert (promise.guarantee.name, promise.guarantee.target) == ("answers", "web")


def test_another_account_sees_nothing_of_it(house: House, ann: User) -> None:
    service = ann.up()
    house.work()
    bob = User(house.client("bob", "other"))
    for ask in (
        lambda: bob.report(service),
        lambda: bob.act(service, "stop"),
        lambda: bob.client.get("service", f"/service/{service}"),
    ):
        with pytest.raises(AccordsError) as caught:
            ask()
        assert caught.value.status == 404
    assert bob.client.get("cloud", "/compute/").get("resources", []) == []
    assert bob.client.get("service", "/event/", after="0")["events"] == []


def test_retained_volumes_are_listed_and_given_back_when_asked_for(house: House, ann: User) -> None:
    service = ann.up()
    house.work()
    ann.act(service, "release")
    house.work()
    (kept,) = ann.client.get("service", "/volumes")["volumes"]
    ann.client.delete("service", f"/volumes/{kept['id']}")
    house.work()
    assert ann.client.get("service", "/volumes")["volumes"] == []
    assert house.cloud.list({}, deadline=5) == ()


def test_events_are_read_past_a_number_and_none_twice(house: House, ann: User) -> None:
    service = ann.up()
    house.work()
    first = ann.client.get("service", "/event/", after="0", service=service)
    rest = ann.client.get("service", "/event/", after=str(first["last"]), service=service)
    assert first["events"][-1]["seq"] == first["last"]
    assert rest == {"events": [], "last": first["last"]}


def test_the_generated_secret_is_in_no_answer(house: House, ann: User) -> None:
    service = ann.up()
    house.work()
    seen = [ann.report(service), ann.client.get("service", "/event/", after="0")]
    seen += [
        ann.client.get(row, f"/{path}/")
        for row, path in (("cloud", "compute"), ("service", "contract"), ("manifest", "plan"))
    ]
    assert "canary" not in repr(seen)
    assert any("canary" in repr(each.arguments) for each in house.cloud.ledger.carried)


@pytest.mark.parametrize("ttl", ["0", "soon", "-1h", "2w"])
def test_a_time_to_live_that_is_none_is_refused(ann: User, ttl: str) -> None:
    with pytest.raises(AccordsError, match="is no time to live"):
        ann.up(**{"org.accords.ttl": ttl})
