"""What a cloud was given for a machine makes one: the user-data as they arrived there are run by a machine whose disks
are real, for a service that is carried out to its end, volumes first."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from broker.agent import userdata
from broker.hooks.adopted import adopting
from manifests import Plan
from providers import Provider, devices, open_provider
from providers.ec2.wire import Call
from providers.protocol import Kind, Resource, State
from providers.transport import Clock
from tests.agent.conftest import DoorProcess, free_port, until
from tests.agent.guest import Guest, loop, required
from tests.operations.stage import XMLNS, Stage, manifest_of
from tests.providers import ec2
from tests.providers.cloud import Cloud
from tests.providers.lab import LAB_OPTIONS, LONG, Missing, openstack_lab, user_data
from tests.providers.nebula import furnish, options
from tests.providers.targets import absent, azure_options
from tests.stands import azure, opennebula

DOCUMENT = f"""<manifest xmlns="{XMLNS}" name="archive">
  <node name="pacs">
    <infrastructure name="i"><compute name="c" cores="1" memory="256MiB"/><network name="lan"/>
      <storage name="s"><volume name="studies" size="1G" mountpoint="/srv/studies"/></storage></infrastructure>
    <image name="im"><system name="linux"/></image>
  </node>
  <configuration name="conf"><action name="a" type="cordscript" expression="{{}}"/></configuration>
</manifest>"""
WRITES = "pacs.system('findmnt -M /srv/studies &amp;&amp; echo kept &gt; /srv/studies/scan');"
READS = "pacs.system('grep kept /srv/studies/scan');"
SLOWEST = 300.0
"""Seconds that a cloud may take for a machine: the lab's processors are the tests', too."""


@dataclass(frozen=True)
class Site:
    """A cloud, and how its user-data are read behind its back, or by who may: machine -> text."""

    cloud: Provider
    user_data: Callable[[str], str]


@contextmanager
def at_opennebula(folder: Path) -> Iterator[Site]:
    with opennebula.opened() as stand:
        furnish(stand)
        with closing(open_provider("paris", "opennebula", options(stand))) as cloud:
            yield Site(cloud, lambda id: opennebula.user_data(stand.cloud, int(id)))


@contextmanager
def at_azure(folder: Path) -> Iterator[Site]:
    with (
        azure.Stand(folder, usual=0.02) as stand,
        closing(open_provider("paris", "azure", azure_options(stand))) as cloud,
    ):
        yield Site(cloud, stand.custom_data)


@contextmanager
def at_ec2(folder: Path) -> Iterator[Site]:
    with ec2.moto(folder) as port, closing(ec2.opened(**ec2.options(port, ec2.IMAGES["moto"]))) as cloud:
        cloud.offers(deadline=60)  # moto takes its time to tell all sizes, which are asked for once

        def user_data(id: str) -> str:
            asked = {"InstanceId": id, "Attribute": "userData"}
            shown = Call(cloud._wire, Clock(20.0)).ask("DescribeInstanceAttribute", asked)
            return base64.b64decode(shown.findtext("userData/value", "")).decode()

        yield Site(cloud, user_data)


@contextmanager
def at_openstack(folder: Path) -> Iterator[Site]:
    try:
        with openstack_lab(), closing(open_provider("paris", "openstack", LAB_OPTIONS)) as cloud:
            yield Site(cloud, lambda id: user_data(cloud, id))
    except Missing as reason:
        absent("openstack", reason, os.environ)


SITES: dict[str, Callable[[Path], AbstractContextManager[Site]]] = {
    "opennebula": at_opennebula,
    "azure": at_azure,
    "moto": at_ec2,
    "openstack": at_openstack,
}
PARAMS = (
    "opennebula",
    "azure",
    pytest.param("moto", marks=pytest.mark.slow),
    pytest.param("openstack", marks=(pytest.mark.slow, pytest.mark.timeout(LONG))),
)


@pytest.fixture(params=PARAMS)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    with SITES[request.param](tmp_path) as found:
        yield found


@pytest.fixture
def stage(site: Site, tmp_path: Path) -> Iterator[Stage]:
    """A worker, and the door beside it."""
    run = uuid.uuid4().hex
    own = {"door_address": "127.9.8.6", "door_port": free_port(), "step_timeout": SLOWEST}
    found = Stage(tmp_path / "home", site.cloud, own=own, installation=run)  # type: ignore[arg-type]  # any provider
    found.settings.home.mkdir(exist_ok=True)  # where the database is elsewhere, nobody has made it
    door = DoorProcess(found.settings)
    door.open()
    yield found
    door.shut()
    Cloud(site.cloud, tags={"accords-installation": run}).give_back()  # what was kept: a site may be others', too


def volume_of(stage: Stage) -> Resource:
    """What a machine starts from may be shown as one, too."""
    ours = {"accords-installation": stage.installation, "accords-step": "pacs.0.volume.studies"}
    (found,) = stage.cloud.list(ours, kinds={Kind.VOLUME}, deadline=10)
    return found


@contextmanager
def machine(site: Site, shown: Resource, volume: str, folder: Path, disk: str) -> Iterator[Guest]:
    """What would come up there: with that disk, seen as one of the names that the cloud says, and with the agent."""
    *_, seen_as = devices.names(str(shown.facts[devices.FACT]), volume)
    text = site.user_data(shown.id)
    assert len(text.encode()) <= userdata.LIMIT
    guest, enclosed = Guest(folder / "guest"), userdata.parse(text)
    folder.mkdir(exist_ok=True)
    assert enclosed.agent == userdata.compact()
    guest.boot()
    guest.plug("vdq", disk, seen_as)
    own = {"agent.py": enclosed.agent, "config.json": json.dumps(enclosed.config)}
    for name, text in own.items():
        (folder / name).write_text(text)
    told = [sys.executable, "-I", str(folder / "agent.py"), "--config", str(folder / "config.json")]
    with (folder / "log").open("ab") as log:
        agent = subprocess.Popen([*guest.inside, *told, "--state", str(folder / "state")], stderr=log)
    try:
        yield guest
    finally:
        guest.power_off()
        agent.wait()


def walked(stage: Stage, site: Site, service: str, folder: Path, disk: str) -> str:
    """What is asked of a service is carried out, its only machine played by one here; its state afterwards."""
    walk = threading.Thread(target=stage.work)
    walk.start()
    up = until_up(site, service)
    with machine(site, up, volume_of(stage).id, folder, disk):
        walk.join(SLOWEST)
    return stage.service(service).state


def until_up(site: Site, service: str) -> Resource:
    found: list[Resource] = []

    def look() -> bool:
        machines = site.cloud.list({"accords-service": service}, kinds={Kind.MACHINE}, deadline=10)
        found[:] = [each for each in machines if each.state is State.ACTIVE]
        return bool(found)

    until(look, "the machine is up", SLOWEST)
    return found[0]


def planned(stage: Stage, action: str) -> Plan:
    stage.manifest = manifest_of(DOCUMENT.format(action))
    return stage.plan()


def test_what_arrives_at_a_cloud_makes_a_machine_whose_volume_outlives_it(
    site: Site, stage: Stage, tmp_path: Path
) -> None:
    required()
    with ExitStack() as stack:
        disk = stack.enter_context(loop(tmp_path / "disk.img"))
        first = stage._submit("archive", planned(stage, WRITES))
        assert walked(stage, site, first, tmp_path / "first", disk) == "active", stage.service(first).error
        stage.ask(first, "release")
        stage.work()
        volume = volume_of(stage)
        kept: dict[str, Any] = {"id": "kept", "kind": "volume", "name": volume.name}
        kept |= {"provider": "paris", "reference": volume.id, "size": volume.facts["size"]}
        again = stage._submit("again", adopting(planned(stage, READS), {"studies": "kept"}, [kept]))
        assert walked(stage, site, again, tmp_path / "again", disk) == "active", stage.service(again).error


@pytest.mark.parametrize("site", ["opennebula"], indirect=True)
def test_a_volume_that_cannot_be_mounted_is_said_with_its_device_and_why_and_retried_when_that_is_mended(
    site: Site, stage: Stage, tmp_path: Path
) -> None:
    required()
    with ExitStack() as stack:
        disk = stack.enter_context(loop(tmp_path / "disk.img"))
        subprocess.run(["mkswap", disk], check=True, capture_output=True)
        service = stage._submit("archive", planned(stage, WRITES))
        assert walked(stage, site, service, tmp_path / "pacs", disk) == "failed"
        error = stage.history(service)["pacs.0.mount.studies"].error
        assert error
        assert error["code"] == "step.mount"
        assert "/dev/vdq cannot be mounted at /srv/studies: it has no file system and is not empty" in error["message"]
        subprocess.run(["wipefs", "--all", disk], check=True, capture_output=True)
        stage.ask(service, "retry")
        assert walked(stage, site, service, tmp_path / "pacs", disk) == "active", stage.service(service).error
