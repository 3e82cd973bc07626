"""A service at OpenStack whose machines do not boot: for each a node here boots with the user-data that nova shows, and
its agent does what the service says. So what a guest there would be given is what makes a node."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from broker.agent import userdata
from providers import Provider, open_provider
from providers.protocol import Kind, NetworkSpec, Resource
from tests.pacs.conftest import can_run
from tests.pacs.installation import OnThisMachine, until
from tests.providers.cloud import Cloud
from tests.providers.lab import LAB_OPTIONS, LONG, Missing, openstack_lab, user_data
from tests.providers.targets import absent

pytestmark = [pytest.mark.slow, pytest.mark.lxc, pytest.mark.timeout(LONG)]

NODE = """
  <node name="{0}" provider="far">
    <infrastructure name="{0}"><compute name="{0}" cores="1" memory="256MiB"/><network name="lan"/></infrastructure>
    <image name="{0}"><system name="linux"/></image>
  </node>"""
DOCUMENT = f"""
<manifest name="far" xmlns="http://www.compatibleone.fr/schemes/manifest.xsd">{NODE.format("one")}{NODE.format("two")}
  <configuration name="far">
    <action name="mark" type="cordscript" expression="
      one.system('echo done &gt; /root/mark');
      two.configure(one.hostname);
      two.system('echo after $one_hostname &gt; /root/mark');"/>
  </configuration>
</manifest>
"""


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
        if made.state("far") != "absent":  # where the test failed: the lab is shared, and goes on
            made.accords("release", "far", "--wait")
    finally:
        made.clear()


def of_service(far: Provider, service: str) -> list[Resource]:
    """All that it has there. Others use the lab at the same time, and may have left machines of any name."""
    return list(far.list({"accords-service": service}, deadline=20))


def servers(far: Provider, service: str) -> dict[str, Resource]:
    """Its machines by node, when both are there."""
    found = {each.tags["accords-node"]: each for each in of_service(far, service) if each.kind is Kind.MACHINE}
    return found if len(found) == 2 else {}


def test_the_user_data_that_nova_was_given_make_nodes_that_their_service_is_carried_out_on(
    broker: OnThisMachine, far: Provider
) -> None:
    document = broker.home / "far.xml"
    document.write_text(DOCUMENT)
    broker.told("up", str(document))
    service = str(broker.report("far")["service"]["id"]).removeprefix("urn:uuid:")
    there = until(lambda: servers(far, service), lambda: str(broker.report("far")), pause=1.0)
    here = Cloud(broker.cloud)
    lan = here.make(NetworkSpec(here.name("lan")))
    nodes = {}
    for name, server in there.items():
        text = until(lambda id=server.id: user_data(far, id), f"nova shows the user-data of {name}", pause=1.0)
        assert userdata.parse(text).agent == userdata.compact()
        nodes[name] = here.make(here.machine_spec(name, networks=(lan.id,), user_data=text))
    until(lambda: broker.state("far") == "active", lambda: str(broker.report("far")), pause=1.0)
    assert broker.run_in(nodes["one"].id, "cat", "/root/mark") == "done"
    assert broker.run_in(nodes["two"].id, "cat", "/root/mark") == "after one"
    broker.told("release", "far", "--wait")
    assert of_service(far, service) == []
