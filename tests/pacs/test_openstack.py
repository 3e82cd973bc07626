"""A service at OpenStack whose machine does not boot: a node here boots with the user-data that nova shows, and its
agent does what the service says. So what a guest there would be given is what makes a node."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from providers import Provider, open_provider
from providers.errors import Conflict
from providers.protocol import Kind, NetworkSpec, Resource
from tests.pacs.conftest import can_run
from tests.pacs.installation import OnThisMachine, until
from tests.providers.cloud import Cloud
from tests.providers.lab import LAB_OPTIONS, LONG, Missing, openstack_lab
from tests.providers.targets import absent

pytestmark = [pytest.mark.slow, pytest.mark.lxc, pytest.mark.timeout(LONG)]

DOCUMENT = """
<manifest name="far" xmlns="http://www.compatibleone.fr/schemes/manifest.xsd">
  <node name="one" provider="far">
    <infrastructure name="one"><compute name="one" cores="1" memory="256MiB"/><network name="lan"/></infrastructure>
    <image name="one"><system name="linux"/></image>
  </node>
  <configuration name="far">
    <action name="mark" type="cordscript" expression="one.system('echo done &gt; /root/mark');"/>
  </configuration>
</manifest>
"""
BEFORE, AFTER = "oslab: user-data follows\n", " login: "
"""What the lab's console shows around them."""


@pytest.fixture
def far() -> Iterator[Provider]:
    try:
        with openstack_lab():
            provider = open_provider("far", "openstack", LAB_OPTIONS)
            yield provider
            provider.close()
    except Missing as reason:
        absent("openstack", reason, os.environ)


@pytest.fixture
def broker(far: Provider) -> Iterator[OnThisMachine]:
    """One that has this machine and the lab."""
    made = OnThisMachine.made()
    made.providers = {**made.providers, "far": {"driver": "openstack", **LAB_OPTIONS}}
    try:
        can_run(made)
        made.start()
        yield made
        made.accords("release", "far", "--wait")
    finally:
        made.clear()


def user_data(far: Provider, machine: Resource) -> str:
    """What its console shows of them; empty while it shows nothing, or there is none."""
    try:
        shown = far.console(machine.id, deadline=20)
    except Conflict:  # it is still being built
        return ""
    _, _, found = shown.partition(BEFORE)
    return found.rpartition(AFTER)[0].rpartition("\n")[0] + "\n" if found else ""


def machines(far: Provider, name: str) -> list[Resource]:
    return [each for each in far.list({}, kinds={Kind.MACHINE}, deadline=20) if each.name == name]


def test_the_user_data_that_nova_was_given_make_a_node_that_its_service_is_carried_out_on(
    broker: OnThisMachine, far: Provider
) -> None:
    document = broker.home / "far.xml"
    document.write_text(DOCUMENT)
    broker.told("up", str(document))
    (server,) = until(lambda: machines(far, "far-one"), lambda: str(broker.report("far")))
    text = until(lambda: user_data(far, server), "nova shows the user-data", pause=1.0)
    here = Cloud(broker.cloud)
    lan = here.make(NetworkSpec(here.name("lan")))
    node = here.make(here.machine_spec("one", networks=(lan.id,), user_data=text))
    until(lambda: broker.state("far") == "active", lambda: str(broker.report("far")), pause=1.0)
    assert broker.run_in(node.id, "cat", "/root/mark") == "done"
