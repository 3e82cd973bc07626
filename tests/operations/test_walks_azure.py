"""A service at Azure comes up and goes, whatever is lost on the way; the resource group holds nothing afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from providers import open_provider
from providers.protocol import Kind
from tests.operations.stage import XMLNS, Stage, manifest_of
from tests.providers.targets import azure_options
from tests.stands.azure import Cut, Fault, Stand

TWO = f"""<manifest xmlns="{XMLNS}" name="two">
  <node name="db">
    <infrastructure name="i1"><compute name="c1" cores="1" memory="1G"/>
      <network name="n1"><port name="p" protocol="tcp" from="5432" to="5432" range="web"/></network>
      <storage name="s1" size="1G"><volume name="data" size="2G"/></storage></infrastructure>
    <image name="im1"><system name="linux"/></image>
  </node>
  <node name="web">
    <infrastructure name="i2"><compute name="c2" cores="1" memory="1G"/><network name="n1"/></infrastructure>
    <image name="im2"><system name="linux"/></image>
  </node>
  <configuration name="conf"/>
</manifest>"""
"""Two nodes in a network, one of which lets the other in; a volume."""
CHANGED = ("virtualNetworks", "networkSecurityGroups", "disks", "networkInterfaces", "virtualMachines")
FAULTS = {
    "lost": Fault(cut=Cut.AFTER),
    "cut": Fault(cut=Cut.BEFORE),
    "half": Fault(cut=Cut.HALF),
    "503": Fault(status=503, code="ServiceUnavailable"),
    "429": Fault(status=429, code="TooManyRequests", headers={"Retry-After": "1"}),
}


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with Stand(tmp_path, usual=0.01) as found:
        yield found


@pytest.fixture
def stage(stand: Stand, tmp_path: Path) -> Iterator[Stage]:
    cloud = open_provider("paris", "azure", {**azure_options(stand), "delivery": "none"})
    yield Stage(tmp_path, cloud, manifest_of(TWO))
    cloud.close()


def held(stage: Stage) -> list[Kind]:
    return sorted(each.kind for each in stage.cloud.list({}, deadline=20))


def test_a_service_comes_up_at_azure_and_leaves_nothing(stage: Stage, stand: Stand) -> None:
    service = stage.deployed()
    assert held(stage) == sorted([Kind.FIREWALL] * 2 + [Kind.MACHINE] * 2 + [Kind.NETWORK, Kind.VOLUME])
    stage.ask(service, "release", volumes=True)
    stage.work()
    assert stage.service(service).state == "released"
    assert not stand.world.records


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("kind", CHANGED)
def test_whatever_becomes_of_a_making_nothing_is_made_twice(
    stage: Stage, stand: Stand, kind: str, fault: Fault
) -> None:
    stand.faults.add(replace(fault, method="PUT", path=f"{kind}/"))
    service = stage.deployed()
    assert held(stage) == sorted([Kind.FIREWALL] * 2 + [Kind.MACHINE] * 2 + [Kind.NETWORK, Kind.VOLUME])
    stage.ask(service, "release", volumes=True)
    stage.work()
    assert not stand.world.records


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("kind", sorted({*CHANGED} - {"networkInterfaces"}))
def test_whatever_becomes_of_a_giving_back_nothing_is_left(stage: Stage, stand: Stand, kind: str, fault: Fault) -> None:
    service = stage.deployed()
    stand.faults.add(replace(fault, method="DELETE", path=f"{kind}/"))
    stage.ask(service, "release", volumes=True)
    stage.work()
    assert stage.service(service).state == "released"
    assert not stand.world.records
