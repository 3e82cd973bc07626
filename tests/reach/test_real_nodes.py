"""Real nodes that are told by SSH what to do: one the broker comes to, one that is only reachable through it, and some
that may be reached either way and cannot call."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest

from broker import auth
from broker.agent import keys
from broker.worker.tunnels import Way, connected
from tests.pacs.conftest import can_run
from tests.pacs.installation import OnThisMachine

pytestmark = [pytest.mark.lxc, pytest.mark.slow, pytest.mark.timeout(1200)]

NODE = """<node name="{name}"><infrastructure name="{name}-i"><compute name="c" cores="1" memory="512M"/>
<network name="lan"/></infrastructure><image name="{name}-im"><system name="debian"/></image></node>"""
MANIFEST = """<manifest xmlns="http://www.compatibleone.fr/schemes/manifest.xsd" name="{name}">{nodes}
<configuration name="c"><action name="a" type="cordscript" expression="{told}"/></configuration></manifest>"""
SSH = {"packages": ["openssh-server"], "via": "node:gate"}


def document(name: str, *nodes: str) -> str:
    told = " ".join(f"{node}.system('echo told {node} &gt; /srv/told');" for node in nodes)
    return MANIFEST.format(name=name, nodes="".join(NODE.format(name=node) for node in nodes), told=told)


@pytest.fixture
def here(request: pytest.FixtureRequest) -> Iterator[OnThisMachine]:
    """An installation whose local provider is reached in the way that the test says."""
    made = OnThisMachine.made(own={"door_address": "127.0.0.1"} if request.param == "either" else {})
    door = str(made.cloud.site.door_address) if request.param == "ssh" else "10.198.89.1"
    made.providers["local"].update(reach=request.param, ssh=SSH, door_address=door)  # type: ignore[attr-defined]
    try:
        can_run(made)
        made.start()
        yield made
    finally:
        made.clear()


@pytest.mark.parametrize("here", ["ssh"], indirect=True)
def test_a_node_is_told_by_ssh_and_one_behind_it_through_it(here: OnThisMachine) -> None:
    path = Path(here.home) / "reached.xml"
    path.write_text(document("reached", "gate", "inner"))
    here.told("up", str(path), "--wait")
    for node in ("gate", "inner"):
        assert here.run(node, "cat", "/srv/told") == f"told {node}"
        assert json.loads(here.run(node, "cat", "/etc/accords-agent.json"))["addresses"] == ["127.0.0.1"]
    asyncio.run(_only_the_way_is_open(here))
    here.told("release", "reached", "--wait")


async def _only_the_way_is_open(here: OnThisMachine) -> None:
    """The service's key runs nothing; a node that shows another key is not talked to; the inner node lets nobody in but
    the gate."""
    (service,) = (each["id"] for each in json.loads(here.told("status", "--json")) if each["name"] == "reached")
    key = auth.installation(here.settings).key
    machines = here.machines()
    gate, inner = machines["gate"], machines["inner"]
    mine = keys.of_service(key, service.removeprefix("urn:uuid:")).private
    to_gate = Way(gate.addresses[0], 22, "root", keys.of_host(key, gate.token).public, mine)
    to_inner = Way(inner.addresses[0], 22, "root", keys.of_host(key, inner.token).public, mine)
    async with connected(to_gate) as line:
        done = await line.run("id")
        assert (done.exit_status, done.stdout) == (1, "")
        with pytest.raises(asyncssh.ChannelListenError):
            await line.forward_remote_port("0.0.0.0", 9999, "127.0.0.1", 22)
    with pytest.raises(asyncssh.HostKeyNotVerifiable):
        async with connected(Way(gate.addresses[0], 22, "root", to_inner.host_key, mine)):
            pass
    with pytest.raises((OSError, TimeoutError, asyncssh.Error)):
        async with connected(to_inner):
            pass


@pytest.mark.parametrize("here", ["either"], indirect=True)
def test_a_node_that_cannot_call_is_called(here: OnThisMachine) -> None:
    path = Path(here.home) / "either.xml"
    path.write_text(document("either", "gate"))
    here.told("up", str(path), "--wait")
    assert here.run("gate", "cat", "/srv/told") == "told gate"
    assert "tunnel.open" in here.log("work")
    here.told("release", "either", "--wait")
