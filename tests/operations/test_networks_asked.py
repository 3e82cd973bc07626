"""Networks as a manifest asks for them, as the driver is asked: ranges, subnets, VLAN numbers, chosen addresses."""

from __future__ import annotations

from pathlib import Path

import pytest

from providers.protocol import Kind, MachineSpec, NetworkSpec, Resource, Spec
from tests.operations.stage import XMLNS, Stage, manifest_of

LAN = f"""<manifest xmlns="{XMLNS}" name="lab">
  <node name="a"><infrastructure name="i1"><compute name="c1" cores="1" memory="1G"/>
    <network name="imaging" vlan="120" label="modalities"><port name="p" protocol="tcp" from="104" to="104"/>
      <endpoint name="e1" subnet="10.20.0.0/24" range="10.20.0.9"/><endpoint name="e2" subnet="10.21.0.0/24"/>
    </network></infrastructure><image name="im1"><system name="linux"/></image></node>
  <node name="b"><infrastructure name="i2"><compute name="c2" cores="1" memory="1G"/><network name="imaging">
    <endpoint name="e3"/></network></infrastructure><image name="im2"><system name="linux"/></image></node>
  <node name="c"><infrastructure name="i3"><compute name="c3" cores="1" memory="1G"/><network name="office"/>
    </infrastructure><image name="im3"><system name="linux"/></image></node>
  <configuration name="conf"/>
</manifest>"""


def test_what_a_manifest_says_of_its_networks_reaches_the_driver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(tmp_path, manifest=manifest_of(LAN))
    asked: list[Spec] = []
    create = stage.cloud.create

    def seen(spec: Spec, **more: object) -> Resource:
        asked.append(spec)
        return create(spec, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(stage.cloud, "create", seen)
    service = stage.submit("lab")
    stage.work()
    assert stage.service(service).state == "active", stage.service(service).error
    networks = {each.name: each for each in asked if isinstance(each, NetworkSpec)}
    assert networks == {
        "lab-imaging": NetworkSpec("lab-imaging", "10.20.0.0/24", "modalities", ("10.21.0.0/24",), 120),
        "lab-office": NetworkSpec("lab-office"),
    }
    machines = {each.name: each for each in asked if isinstance(each, MachineSpec)}
    assert [machines[f"lab-{name}"].addresses for name in "abc"] == [("10.20.0.9",), (), ()]
    there = {each.name: each for each in stage.cloud.list({}, deadline=5) if each.kind is Kind.MACHINE}
    assert there["lab-a"].addresses[0] == "10.20.0.9"
