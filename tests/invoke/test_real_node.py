"""A method and a measurement on a real node: its arguments arrive whole, what it prints is seen, what is asked for is
measured in the node by the agent and from outside by the worker."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pacs.conftest import can_run
from tests.pacs.installation import OnThisMachine, until

pytestmark = [pytest.mark.lxc, pytest.mark.slow, pytest.mark.timeout(1200)]

METRICS = """<import xmlns="http://www.compatibleone.fr/schemes/cords.xsd" name="metrics">
  <metric name="words" period="1" samples="2" expression="wc -w &lt; /srv/words"/>
</import>"""
MANIFEST = """<manifest xmlns="http://www.compatibleone.fr/schemes/manifest.xsd" name="speaking">
  <node name="one">
    <infrastructure name="i">
      <compute name="c" cores="1" memory="512M"/>
      <network name="lan"><port name="p" protocol="tcp" from="1" to="65535" range="0.0.0.0/0"/></network>
      <storage name="s" size="2G"/>
    </infrastructure>
    <image name="im"><system name="debian"/></image>
  </node>
  <configuration name="c"><action name="a" type="cordscript"
    expression="one.system('echo three small words > /srv/words'); one.monitor(slam.words); one.monitor(slam.tasks);
                one.monitor(slam.tcp:connect, '9');"/></configuration>
  <interface name="i">
    <action name="say" type="cordscript" expression="one.system('printf &quot;%s|&quot; $# &quot;$@&quot;; echo');"/>
    <action name="fail" type="cordscript" expression="one.system('echo going wrong; exit 7');"/>
  </interface>
</manifest>"""
SERVICE = "speaking"


@pytest.fixture(scope="module")
def here() -> Iterator[OnThisMachine]:
    made = OnThisMachine.made()
    try:
        can_run(made)
        made.start()
        yield made
    finally:
        made.clear()


@pytest.fixture(scope="module")
def service(here: OnThisMachine) -> str:
    client = here.client()
    headers = {"Content-Type": "application/xml"}
    client.request("manifest", "POST", "/manifest/", content=METRICS.encode(), headers=headers)
    client.close()
    path = Path(here.home) / "speaking.xml"
    path.write_text(MANIFEST)
    here.told("up", str(path), "--wait")
    return SERVICE


def test_arguments_arrive_whole_and_what_is_printed_is_seen(here: OnThisMachine, service: str) -> None:
    given = ["two words", "'; exit 9; '", "$HOME *", ""]
    assert here.told("invoke", service, "say", *given, "--wait") == "one: 4|two words|'; exit 9; '|$HOME *||\n"
    until(lambda: "$HOME *" in here.told("logs", service), "it is in the logs")


def test_a_method_that_fails_leaves_the_service_as_it_is(here: OnThisMachine, service: str) -> None:
    done = here.accords("invoke", service, "fail", "--wait", "--json")
    operation = json.loads(done.stdout)
    assert done.returncode == 1
    assert operation["said"] == [{"node": "one", "exit": 7, "output": "going wrong\n"}]
    assert here.state(service) == "active"


def test_what_the_configuration_monitors_is_measured(here: OnThisMachine, service: str) -> None:
    def values() -> dict[str, float]:
        return {one["metric"]: one["value"] for one in here.report(service)["samples"]}

    until(lambda: {"words", "tasks", "tcp:connect"} <= values().keys(), lambda: f"all is measured: {values()}")
    found = values()
    assert (found["words"], found["tcp:connect"]) == (3.0, 0.0)
    assert found["tasks"] > 3
