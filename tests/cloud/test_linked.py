"""Networks and storages that a plain OCCI client POSTs are real, and a compute that is POSTed with links is on them."""

from __future__ import annotations

import httpx
import pytest

from broker.store import PLATFORM, offers
from providers.fake import Trouble
from providers.protocol import Kind, Resource
from tests.cloud.conftest import DEBIAN, INFRASTRUCTURE, SMALL, Occi, category, compute, occi
from tests.operations.house import House, User

IP_NETWORK = "http://schemas.ogf.org/occi/infrastructure/network#ipnetwork"
IP_INTERFACE = "http://schemas.ogf.org/occi/infrastructure/networkinterface#ipnetworkinterface"
JSON = "application/occi+json"


def there(house: House, kind: Kind) -> list[Resource]:
    return [each for each in house.cloud.list({}, deadline=5) if each.kind is kind]


def inline(*ends: str, **attributes: str) -> str:
    """Links to these, as a compute's POST has them."""
    said = "".join(f'; {name.replace("__", ".")}="{value}"' for name, value in attributes.items())
    lines = []
    for end in ends:
        term = end.split("/")[1]
        link = {"network": "networkinterface", "storage": "storagelink"}[term]
        lines.append(f'Link: <{end}>; rel="{INFRASTRUCTURE}{term}"; category="{INFRASTRUCTURE}{link}"{said}')
    return "\n".join(lines) + "\n"


def joined(ann: Occi, *ends: str, **attributes: str) -> str:
    """The path of a compute that is made with links to these."""
    answer = ann.post("/compute/", compute(DEBIAN, SMALL, occi__core__title="web") + inline(*ends, **attributes))
    assert answer.status_code == 201, answer.text
    return httpx.URL(answer.headers["Location"]).path


def links(ann: Occi, path: str) -> list[dict[str, dict[str, object]]]:
    found: list[dict[str, dict[str, object]]] = ann.get(path, JSON).json()["links"]
    return found


@pytest.mark.occi("INF-03")
def test_a_network_is_made_at_a_provider_and_says_what_it_became(house: House, ann: Occi) -> None:
    path = ann.thing("network", occi__core__title="Ward 3", occi__network__label="ward")
    before = ann.attributes(path)
    assert (before["occi.network.state"], before["occi.network.state.message"]) == ("inactive", "is being made")
    house.work()
    after = ann.attributes(path)
    assert after["occi.network.state"] == "active"
    assert "occi.network.state.message" not in after
    assert after["occi.network.label"] == "ward"
    assert after["org.accords.provider"] == "paris"
    (network,) = there(house, Kind.NETWORK)
    assert after["org.accords.provider.id"] == network.id
    assert after["occi.network.address"] == network.facts["cidr"]
    found = ann.get(path, JSON).json()
    assert (found["title"], found["mixins"]) == ("Ward 3", [IP_NETWORK])


def test_a_network_has_the_range_that_was_asked_for(house: House, ann: Occi) -> None:
    path = ann.thing("network", IP_NETWORK, occi__network__address="127.77.0.0/18")
    house.work()
    assert ann.attributes(path)["occi.network.address"] == "127.77.0.0/18"
    assert there(house, Kind.NETWORK)[0].facts["cidr"] == "127.77.0.0/18"


def test_a_storage_is_a_volume_of_that_size(house: House, ann: Occi) -> None:
    path = ann.thing("storage", occi__storage__size=1.5, occi__core__title="studies")
    house.work()
    assert (ann.attributes(path)["occi.storage.state"], ann.attributes(path)["occi.storage.size"]) == ("online", 1.5)
    (volume,) = there(house, Kind.VOLUME)
    assert volume.facts["size"] == 3 * 1024**3 // 2
    ann.thing("storage", status=400, occi__storage__size=0)


@pytest.mark.occi("INF-08", "INF-09")
def test_a_compute_is_on_the_networks_and_has_the_volumes_it_is_linked_to(house: House, ann: Occi) -> None:
    lan, wan = ann.thing("network", occi__core__title="lan"), ann.thing("network", occi__core__title="wan")
    disk = ann.thing("storage", occi__storage__size=2, occi__core__title="studies")
    path = joined(ann, lan, disk, wan)
    assert len(links(ann, path)) == 3
    house.work()
    (machine,) = there(house, Kind.MACHINE)
    assert len(there(house, Kind.NETWORK)) == 2
    found = {each["target"]["location"]: each for each in links(ann, path)}
    assert set(found) == {lan, wan, disk}
    for index, network in enumerate((lan, wan)):
        said = found[network]["attributes"]
        assert said["occi.networkinterface.state"] == "active"
        assert said["occi.networkinterface.interface"] == f"eth{index}"
        assert said["occi.networkinterface.address"] == machine.addresses[index]
        assert said["occi.networkinterface.gateway"] == ann.attributes(network)["occi.network.gateway"]
        assert IP_INTERFACE in found[network]["mixins"]
    said = found[disk]["attributes"]
    assert (said["occi.storagelink.state"], said["occi.storagelink.mountpoint"]) == ("active", "/srv/studies")
    assert said["occi.storagelink.deviceid"] == "vdb"
    volume = there(house, Kind.VOLUME)[0]
    assert house.cloud.observe(Kind.VOLUME, volume.id, deadline=5)
    assert ann.delete(disk).status_code == 409


def test_the_same_in_json_with_a_mount_point(house: House, ann: Occi) -> None:
    disk = ann.thing("storage", occi__storage__size=1)
    link = {
        "kind": INFRASTRUCTURE + "storagelink",
        "target": {"location": disk},
        "attributes": {"occi.storagelink.mountpoint": "/data"},
    }
    said = {"kind": INFRASTRUCTURE + "compute", "mixins": [DEBIAN, SMALL], "links": [link]}
    made = ann.http.post("/compute/", json=said, headers={"Content-Type": JSON, "Accept": JSON})
    assert made.status_code == 201, made.text
    (before,) = made.json()["links"]
    house.work()
    (after,) = (each for each in links(ann, made.headers["Location"]) if each["id"] == before["id"])
    assert after["attributes"]["occi.storagelink.mountpoint"] == "/data"
    assert after["attributes"]["occi.storagelink.state"] == "active"


def test_computes_that_are_linked_to_one_network_share_it(house: House, ann: Occi) -> None:
    lan = ann.thing("network")
    paths = [joined(ann, lan) for _ in range(2)]
    house.work()
    assert len(there(house, Kind.NETWORK)) == 1
    addresses = {str(links(ann, path)[0]["attributes"]["occi.networkinterface.address"]) for path in paths}
    assert addresses == {each.addresses[0] for each in there(house, Kind.MACHINE)}
    assert ann.delete(paths[0]).status_code == 200
    house.work()
    assert len(there(house, Kind.NETWORK)) == 1
    assert ann.attributes(lan)["occi.network.state"] == "active"


@pytest.mark.occi("CORE-41")
def test_what_is_used_cannot_be_deleted_and_goes_when_its_users_went(house: House, ann: Occi) -> None:
    lan, disk = ann.thing("network"), ann.thing("storage", occi__storage__size=1)
    path = joined(ann, lan, disk)
    for used in (lan, disk):  # from the POST on, whether the worker has begun or not
        refused = ann.delete(used)
        assert refused.status_code == 409
        assert "is used by web-" in refused.text
    house.work()
    assert ann.delete(lan).status_code == 409
    assert [ann.delete(each).status_code for each in (path, lan, disk)] == [200, 200, 200]
    house.work()
    assert not house.cloud.list({}, deadline=5)
    for collection in ("/compute/", "/network/", "/storage/", "/networkinterface/", "/storagelink/"):
        assert ann.get(collection, "text/uri-list").text == ""


def test_everything_goes_at_once(house: House, ann: Occi) -> None:
    joined(ann, ann.thing("network"), ann.thing("storage", occi__storage__size=1))
    house.work()
    assert ann.delete("/").status_code == 200
    house.work()
    assert not house.cloud.list({}, deadline=5)
    assert ann.get("/", "text/uri-list").text == ""


def test_a_network_nobody_uses_goes_when_it_is_deleted(house: House, ann: Occi) -> None:
    path = ann.thing("network")
    house.work()
    assert ann.delete(path).status_code == 200
    assert ann.get(path).status_code == 404
    house.work()
    assert not house.cloud.list({}, deadline=5)
    assert ann.get("/network/", "text/uri-list").text == ""


def test_a_machine_that_is_there_is_joined_to_nothing_more_and_parted_from_nothing(house: House, ann: Occi) -> None:
    lan, other = ann.thing("network", occi__core__title="lan"), ann.thing("network")
    disk = ann.thing("storage", occi__storage__size=1)
    path = joined(ann, lan)
    house.work()
    ann.link("networkinterface", path, other, status=501)
    ann.link("storagelink", path, disk, status=501)
    refused = ann.post(path, f"Category: {category(INFRASTRUCTURE + 'compute', 'kind')}\n" + inline(other))
    assert refused.status_code == 501
    assert "web is a machine at paris" in refused.text
    (link,) = ann.get("/networkinterface/", "text/uri-list").text.split()
    own = httpx.URL(link).path
    assert ann.delete(own).status_code == 501
    kind = f"Category: {category(INFRASTRUCTURE + 'networkinterface', 'kind')}\n"
    changed = ann.post(own, kind + 'X-OCCI-Attribute: occi.networkinterface.mac="02:00:00:00:00:01"\n')
    assert changed.status_code == 501
    assert ann.post(own, kind + 'X-OCCI-Attribute: occi.core.title="first"\n').status_code == 200
    assert len(links(ann, path)) == 1


def test_what_no_driver_does_with_a_network_or_volume_is_refused_with_the_reason(house: House, ann: Occi) -> None:
    lan, disk = ann.thing("network"), ann.thing("storage", occi__storage__size=1)
    early = ann.act(lan, "up")
    assert early.status_code == 409
    assert "still being made" in early.text
    house.work()
    for path, term in ((lan, "down"), (disk, "offline")):
        refused = ann.act(path, term)
        assert refused.status_code == 501
        assert "paris" in refused.text
    for path, said in ((disk, "occi.storage.size=2"), (lan, "occi.network.vlan=7")):
        term = path.split("/")[1]
        kind = f"Category: {category(INFRASTRUCTURE + term, 'kind')}\n"
        assert ann.post(path, f"{kind}X-OCCI-Attribute: {said}\n").status_code == 409
        assert ann.post(path, f'{kind}X-OCCI-Attribute: occi.core.title="other"\n').status_code == 200
    assert ann.attributes(disk)["occi.storage.size"] == 1.0


def test_what_no_provider_has_is_refused_with_each_ones_reason(house: House, ann: Occi) -> None:
    refused = ann.post(
        "/network/",
        f'Category: {category(INFRASTRUCTURE + "network", "kind")}\nX-OCCI-Attribute: org.accords.provider="lyon"\n',
    )
    assert (refused.status_code, "lyon" in refused.text) == (409, True)
    with house.tools.store.write() as tx:
        offers.replace(tx, PLATFORM, "paris", ())
    for term, said in (("network", {}), ("storage", {"occi__storage__size": 1})):
        ann.thing(term, status=409, **said)
        assert ann.get(f"/{term}/", "text/uri-list").text == ""


def test_an_address_is_asked_for_only_where_the_provider_lets_one_choose(house: House, ann: Occi) -> None:
    lan = ann.thing("network", IP_NETWORK, occi__network__address="127.77.0.0/18")
    wished = compute(DEBIAN, SMALL) + inline(lan, occi__networkinterface__address="127.77.0.9")
    wished = wished.replace(
        f'category="{INFRASTRUCTURE}networkinterface"', f'category="{INFRASTRUCTURE}networkinterface {IP_INTERFACE}"'
    )
    with house.tools.store.read() as tx:
        able = any("fixed" in each.abilities for each in offers.every(tx, PLATFORM))
    answer = ann.post("/compute/", wished)
    assert answer.status_code == (201 if able else 501), answer.text
    if able:
        house.work()
        (link,) = links(ann, answer.headers["Location"])
        assert link["attributes"]["occi.networkinterface.address"] == "127.77.0.9"


def test_a_network_that_cannot_be_made_is_in_error_and_so_is_who_is_linked_to_it(house: House, ann: Occi) -> None:
    house.cloud.trouble(Trouble("fail", "create", "network", error="refused"))
    lan = ann.thing("network")
    path = joined(ann, lan)
    house.work()
    assert ann.attributes(lan)["occi.network.state"] == "error"
    assert "refused" in str(ann.attributes(lan)["occi.network.state.message"])
    found = ann.attributes(path)
    assert found["occi.compute.state"] == "error"
    assert "failed" in str(found["occi.compute.state.message"])
    assert [ann.delete(each).status_code for each in (path, lan)] == [200, 200]
    house.work()
    assert not house.cloud.list({}, deadline=5)


def test_what_is_anothers_or_a_services_or_only_an_entity_cannot_be_used(house: House, ann: Occi, user: User) -> None:
    user.up()
    house.work()
    (net,) = ann.get("/network/", "text/uri-list").text.split()
    refused = ann.post("/compute/", compute(DEBIAN, SMALL) + inline(httpx.URL(net).path))
    assert refused.status_code == 409
    assert "belongs to" in refused.text
    lan = ann.thing("network")
    bob = occi(house, "bob", "clinic")
    assert bob.post("/compute/", compute(DEBIAN, SMALL) + inline(lan)).status_code in (404, 409)
    bob.http.close()
