"""The infrastructure kinds as GFD.224 has them, over HTTP: states, links, addresses."""

from __future__ import annotations

import pytest

from providers.protocol import Kind
from tests.cloud.conftest import DEBIAN, INFRASTRUCTURE, SMALL, Occi, compute
from tests.operations.house import House, User

IP_NETWORK = "http://schemas.ogf.org/occi/infrastructure/network#ipnetwork"
IP_INTERFACE = "http://schemas.ogf.org/occi/infrastructure/networkinterface#ipnetworkinterface"


@pytest.mark.occi("INF-01", "INF-03", "INF-04")
def test_each_kind_begins_in_its_state_and_exposes_its_actions(bare: Occi) -> None:
    for term, state, action in (("network", "inactive", "up"), ("storage", "offline", "online")):
        path = bare.thing(term, **({"occi__storage__size": 1.5} if term == "storage" else {}))
        found = bare.attributes(path)
        assert found[f"occi.{term}.state"] == state
        assert f"occi.{term}.state.message" not in found
        scheme = f"http://schemas.ogf.org/occi/infrastructure/{term}/action#"
        assert f"<{path}?action={action}>" in bare.get(path).text
        done = bare.post(f"{path}?action={action}", f'Category: {action}; scheme="{scheme}"; class="action"\n')
        assert done.status_code == 200
        assert bare.attributes(path)[f"occi.{term}.state"] != state


@pytest.mark.occi("INF-05")
def test_values_outside_their_range_are_refused(ann: Occi) -> None:
    ann.thing("compute", status=400, occi__compute__architecture="arch")
    ann.thing("network", status=400, occi__network__vlan=4096)
    ann.thing("storage", status=400, occi__storage__size=-1)
    ann.thing("network", IP_NETWORK, status=400, occi__network__allocation="sometimes")


@pytest.mark.occi("INF-06", "INF-08")
def test_the_server_assigns_what_the_client_left_out_of_a_link(bare: Occi) -> None:
    compute, network, storage = (
        bare.thing("compute"),
        bare.thing("network"),
        bare.thing("storage", occi__storage__size=1),
    )
    for number in range(2):
        found = bare.attributes(bare.link("networkinterface", compute, network))
        assert found["occi.networkinterface.interface"] == f"eth{number}"
        assert str(found["occi.networkinterface.mac"]).startswith("02:")
    assert bare.attributes(bare.link("storagelink", compute, storage))["occi.storagelink.deviceid"] == "vdb"
    own = bare.link("storagelink", compute, storage, occi__storagelink__deviceid="sdx")
    assert bare.attributes(own)["occi.storagelink.deviceid"] == "sdx"
    bare.link("networkinterface", network, compute, status=400)
    bare.link("storagelink", compute, network, status=400)


@pytest.mark.occi("INF-36")
def test_a_device_id_may_be_an_object_of_cdmi(bare: Occi) -> None:
    compute, storage = bare.thing("compute"), bare.thing("storage", occi__storage__size=1)
    cdmi = "00007ED900104F67A3F6A2F5B2C3D4E5"
    path = bare.link("storagelink", compute, storage, occi__storagelink__deviceid=cdmi)
    assert bare.attributes(path)["occi.storagelink.deviceid"] == cdmi


@pytest.mark.occi("INF-07")
def test_memory_and_sizes_are_gib(house: House, ann: Occi, user: User) -> None:
    path = ann.made(DEBIAN, SMALL)
    user.up()
    house.work()
    assert ann.attributes(path)["occi.compute.memory"] == 2.0  # the small size of the fake cloud has 2 GiB
    (storage,) = ann.get("/storage/", "application/occi+json").json()["resources"]
    assert storage["attributes"]["occi.storage.size"] == 1.863  # the manifest says 2 GB


@pytest.mark.occi("INF-09", "INF-41")
def test_an_interface_with_an_address_exposes_it_given_or_not(bare: Occi) -> None:
    compute = bare.thing("compute")
    plain = bare.thing("network")
    ranged = bare.thing("network", IP_NETWORK, occi__network__address="10.0.0.0/30", occi__network__gateway="10.0.0.1")
    for given in ("10.0.0.65", "10.0.0.65/24", "2001:db8::7"):
        path = bare.link("networkinterface", compute, plain, IP_INTERFACE, occi__networkinterface__address=given)
        found = bare.attributes(path)
        assert (found["occi.networkinterface.address"], found["occi.networkinterface.allocation"]) == (given, "dynamic")
    bare.link("networkinterface", compute, plain, IP_INTERFACE, status=400)
    bare.link("networkinterface", compute, plain, IP_INTERFACE, status=400, occi__networkinterface__address="here")
    found = bare.attributes(bare.link("networkinterface", compute, ranged, IP_INTERFACE))
    assert found["occi.networkinterface.address"] == "10.0.0.2"
    assert found["occi.networkinterface.gateway"] == "10.0.0.1"
    assert IP_NETWORK in bare.mixins()
    bare.link("networkinterface", compute, ranged, IP_INTERFACE, status=409)


@pytest.mark.occi("INF-09")
def test_what_the_provider_reports_of_addresses_is_in_the_ip_mixins(house: House, ann: Occi) -> None:
    ann.made(DEBIAN, SMALL)
    house.work()
    (network,) = ann.get("/network/", "application/occi+json").json()["resources"]
    assert network["mixins"] == [IP_NETWORK]
    assert network["attributes"]["occi.network.allocation"] == "dynamic"
    assert "/" in network["attributes"]["occi.network.address"]
    assert network["attributes"]["occi.network.gateway"]
    (interface,) = ann.get("/networkinterface/", "application/occi+json").json()["links"]
    assert interface["mixins"] == [IP_INTERFACE]
    assert interface["attributes"]["occi.networkinterface.address"]


@pytest.mark.occi("INF-35")
def test_the_operating_system_is_a_templates_and_no_storages(house: House, ann: Occi) -> None:
    storage = ann.thing("storage", occi__storage__size=1)
    link = f'<{storage}>; rel="{INFRASTRUCTURE}storage"; category="{INFRASTRUCTURE}storagelink"'
    assert ann.post("/compute/", f"{compute(DEBIAN, SMALL)}Link: {link}\n").status_code == 201
    house.work()
    (machine,) = (each for each in house.cloud.list({}, deadline=5) if each.kind is Kind.MACHINE)
    assert machine.facts["image"] == house.cloud.offers(deadline=5)[0].images[0].id
