"""What goes with another thing goes, or the other stays too: by itself nobody would look for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from providers import open_provider
from providers.errors import ProviderError, Throttled, Unavailable
from providers.protocol import NetworkSpec
from tests.providers.cloud import Cloud, surely
from tests.providers.targets import azure_options
from tests.stands.azure import NO_CAPACITY, Fault, Stand


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with Stand(tmp_path, usual=0.01) as found:
        yield found


@pytest.fixture
def cloud(stand: Stand) -> Iterator[Cloud]:
    provider = open_provider("west", "azure", azure_options(stand))
    yield Cloud(provider)
    provider.close()


FAULTS = [
    pytest.param(Fault("DELETE", "applicationSecurityGroups/", status=429, code="TooManyRequests"), id="429"),
    pytest.param(Fault("DELETE", "applicationSecurityGroups/", status=503, code="ServiceUnavailable"), id="503"),
    pytest.param(
        Fault("DELETE", "applicationSecurityGroups/", status=429, code="AnotherOperationInProgress"), id="busy"
    ),
]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_network_of_azure_stays_while_the_groups_of_its_nodes_do(cloud: Cloud, stand: Stand, fault: Fault) -> None:
    lan = cloud.make(NetworkSpec(cloud.name("lan")))
    machine = cloud.make(cloud.machine_spec(networks=(lan.id,)), **{"accords-node": "db"})
    cloud.delete(machine)
    stand.faults.add(fault)
    assert isinstance(surely(lambda: cloud.provider.delete(lan.kind, lan.id, deadline=20)), ProviderError)
    cloud.delete(lan)
    assert not stand.world.records


def test_the_interface_of_a_machine_that_azure_refused_stays_known_while_it_is_there(
    cloud: Cloud, stand: Stand
) -> None:
    lan = cloud.make(NetworkSpec(cloud.name("lan")))
    token, spec = cloud.token(), cloud.machine_spec(networks=(lan.id,))
    stand.faults.add(Fault("PUT", "virtualMachines/", status=409, code=NO_CAPACITY[0]))
    stand.faults.add(Fault("DELETE", "networkInterfaces/", status=429, code="TooManyRequests"))
    assert isinstance(surely(lambda: cloud.create(spec, token)), Throttled | Unavailable)
    cloud.delete(cloud.make(spec, token))
    cloud.delete(lan)
    assert not stand.world.records
