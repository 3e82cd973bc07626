"""What not every provider can do: it is done where the offering names it, and refused where it does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest

from providers import devices
from providers.errors import Conflict, Refused
from providers.protocol import (
    Ability,
    AddressSpec,
    Attachment,
    KeySpec,
    Kind,
    MachineSpec,
    NetworkSpec,
    State,
    VolumeSpec,
)
from tests.providers.cloud import DEADLINE, Cloud, surely

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIX8VZVgwIDnWcNXWoRcGUoDrFULKG5UNaZgTLW8cDYp accords"


def refuses(cloud: Cloud, ability: Ability, call: Callable[[], object]) -> bool:
    """Whether the offering is without it; then the call is Refused, with a sentence."""
    if ability in cloud.offer().abilities:
        return False
    error = surely(call)
    assert isinstance(error, Refused)
    assert error.message
    return True


def test_a_public_key_is_made_found_and_given_back(cloud: Cloud) -> None:
    spec, token = KeySpec(cloud.name("key"), KEY), cloud.token()
    if refuses(cloud, Ability.KEYS, lambda: cloud.create(spec, token)):
        return
    made = cloud.make(spec, token)
    assert cloud.create(spec, token).id == made.id
    found = cloud.provider.find(Kind.KEY, token, deadline=DEADLINE)
    assert found is not None
    assert found.id == made.id
    assert [each.id for each in cloud.list() if each.kind is Kind.KEY] == [made.id]
    cloud.delete(made)
    cloud.delete(made)
    assert cloud.provider.find(Kind.KEY, token, deadline=DEADLINE) is None


def test_a_machine_is_made_with_a_key(cloud: Cloud) -> None:
    if Ability.KEYS not in cloud.offer().abilities:
        pytest.skip("keys by name are refused here: another test")
    key = cloud.make(KeySpec(cloud.name("key"), KEY))
    network = cloud.make(NetworkSpec(cloud.name("lan")))
    machine = cloud.make(cloud.machine_spec(key=key.id, networks=(network.id,)))
    assert machine.state is State.ACTIVE


def test_a_machine_gets_a_public_address_and_gives_it_back(cloud: Cloud) -> None:
    if refuses(cloud, Ability.ADDRESSES, lambda: cloud.create(AddressSpec(cloud.name("pub"), "nothing"))):
        return
    network = cloud.make(NetworkSpec(cloud.name("lan")))
    machine = cloud.make(cloud.machine_spec(networks=(network.id,)))
    token = cloud.token()
    made = cloud.make(AddressSpec(cloud.name("pub"), machine.id), token)
    assert len(made.addresses) == 1
    assert ip_address(made.addresses[0])
    assert made.addresses[0] != machine.addresses[0]
    assert cloud.create(AddressSpec(cloud.name("pub"), machine.id), token).id == made.id
    cloud.delete(made)
    cloud.delete(made)
    assert cloud.provider.find(Kind.ADDRESS, token, deadline=DEADLINE) is None
    assert cloud.observe(machine).state is State.ACTIVE


def test_a_machine_has_the_address_that_was_chosen_for_it(cloud: Cloud) -> None:
    ranged = Ability.FIXED in cloud.offer().abilities and cloud.provider.driver != "fake"
    network = cloud.make(NetworkSpec(cloud.name("lan"), "10.78.0.0/24" if ranged else None))
    chosen = str(ip_network(str(network.facts.get("cidr", "10.78.0.0/24")))[20])
    spec = cloud.machine_spec(networks=(network.id,), addresses=(chosen,))
    if refuses(cloud, Ability.FIXED, lambda: cloud.create(spec)):
        return
    assert chosen in cloud.make(spec).addresses
    assert _said_of_a_second(cloud, replace(spec, name=cloud.name("late")))


def test_a_machine_says_what_each_of_its_volumes_is_seen_as(cloud: Cloud) -> None:
    if Ability.DEVICES not in cloud.offer().abilities:
        pytest.skip("volumes are mounted by this provider")
    network = cloud.make(NetworkSpec(cloud.name("lan")))
    volumes = [cloud.make(VolumeSpec(cloud.name(word), size=64 * 1024**2)) for word in ("a", "b")]
    attached = tuple(Attachment(each.id, f"/srv/{each.name}") for each in volumes)
    machine = cloud.make(cloud.machine_spec(networks=(network.id,), volumes=attached))
    seen = [devices.names(str(machine.facts[devices.FACT]), each.id) for each in volumes]
    assert all(seen)
    assert not set(seen[0]) & set(seen[1])
    assert not any(name.startswith("/") for names in seen for name in names)


def _said_of_a_second(cloud: Cloud, spec: MachineSpec) -> str:
    """Why a machine cannot have the address of another: said at once, or, by a broker, of what came up broken."""
    try:
        made = cloud.make(spec)
    except (Conflict, Refused) as error:
        return error.message
    assert made.state is State.ERROR
    return str(made.facts["error"])


def test_a_network_has_more_than_one_subnet(cloud: Cloud) -> None:
    spec = NetworkSpec(cloud.name("lan"), "10.77.0.0/24", subnets=("10.77.1.0/24",))
    if refuses(cloud, Ability.SUBNETS, lambda: cloud.create(spec)):
        return
    made = cloud.make(spec)
    assert made.facts["cidr"] == "10.77.0.0/24"
    assert "10.77.1.0/24" in str(made.facts["subnets"])


def test_a_network_has_its_number_on_the_wire(cloud: Cloud) -> None:
    spec = NetworkSpec(cloud.name("lan"), vlan=123)
    if refuses(cloud, Ability.VLAN, lambda: cloud.create(spec)):
        return
    assert cloud.make(spec).facts["vlan"] == 123


def test_a_machine_gets_another_size(cloud: Cloud) -> None:
    offer = cloud.offer()
    network = cloud.make(NetworkSpec(cloud.name("lan")))
    machine = cloud.make(cloud.machine_spec(networks=(network.id,)))
    if refuses(cloud, Ability.RESIZE, lambda: cloud.provider.resize(machine.id, offer.sizes[0], deadline=DEADLINE)):
        return
    larger = sorted(offer.sizes, key=lambda each: (each.cores, each.memory))[1]
    cloud.resize(machine, larger)
    assert cloud.observe(machine).facts["size"] == larger.name
    assert cloud.settled(cloud.provider.resize(machine.id, larger, deadline=DEADLINE)).facts["size"] == larger.name
