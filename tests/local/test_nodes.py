"""Real nodes on this machine: three on one network, tried from each other, from this machine and from outside it."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from providers.errors import Conflict
from providers.local import Local
from providers.protocol import (
    Action,
    Attachment,
    FirewallSpec,
    Kind,
    MachineSpec,
    NetworkSpec,
    Resource,
    Rule,
    SnapshotSpec,
    State,
    VolumeSpec,
)

pytestmark = pytest.mark.lxc

TAGS = {"accords-service": "s1", "accords-installation": "tests"}
PATIENCE = 180.0  # seconds; layers may have to be built first
SERVE = "systemd-run --quiet python3 -m http.server {port} --directory /srv"
PORT, OPEN = 5432, 8042
TRY = """\
import socket, sys
found = socket.socket()
found.settimeout(1.5)
if len(sys.argv) > 3:
    found.bind((sys.argv[3], 0))
try:
    found.connect((sys.argv[1], int(sys.argv[2])))
    print("open", *found.recv(64).decode().split())
except OSError as error:
    print("closed", error)
"""


@dataclass(frozen=True, slots=True)
class World:
    """The provider and what the tests share in it."""

    cloud: Local
    network: Resource
    volume: Resource
    nodes: dict[str, Resource]

    def run(self, node: str, *argv: str) -> str:
        home = str(self.cloud.site.home / "nodes")
        command = ["lxc-attach", "-P", home, "-n", self.nodes[node].id, "--clear-env", "--", *argv]
        return subprocess.run(command, text=True, capture_output=True, timeout=30, check=False).stdout.strip()

    def connect(self, node: str, address: str, port: int, *source: str) -> str:
        return self.run(node, "python3", "-c", TRY, address, str(port), *source)

    def address(self, node: str) -> str:
        return self.nodes[node].addresses[0]


def until(look: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not look():
        assert time.monotonic() < end, f"{what} did not come"
        time.sleep(0.05)


def settle(cloud: Local, id: str, state: State) -> None:
    def there() -> bool:
        found = cloud.observe(Kind.MACHINE, id, deadline=20)
        assert found.state is not State.ERROR or state is State.ERROR, found.facts
        return found.state is state

    until(there, f"{id} {state}")


def user_data(*commands: str) -> str:
    return "#cloud-config\n" + json.dumps({"runcmd": [["sh", "-c", command] for command in (*commands, "touch /ran")]})


def ran(world: World, node: str) -> bool:
    return bool(world.run(node, "ls", "/ran"))


@pytest.fixture(scope="module")
def world(local: Local) -> Iterator[World]:
    network = local.create(NetworkSpec("lan"), token="lan", tags=TAGS, deadline=20)
    volume = local.create(VolumeSpec("images", 10**9), token="images", tags=TAGS, deadline=20)
    rules = {
        "db": (Rule("tcp", PORT, PORT, "node:pacs"),),
        "pacs": (Rule("tcp", OPEN, OPEN, "0.0.0.0/0"),),
        "third": (),
    }
    nodes = {name: _node(local, network, volume, name, rules[name]) for name in rules}
    found = World(local, network, volume, nodes)
    for name, node in nodes.items():
        settle(local, node.id, State.ACTIVE)
        until(lambda name=name: ran(found, name), f"user-data of {name}")  # type: ignore[misc]  # bound in the loop
    yield found


def _node(cloud: Local, network: Resource, volume: Resource, name: str, rules: Sequence[Rule]) -> Resource:
    firewall = cloud.create(
        FirewallSpec(name, tuple(rules), network.id), token=f"{name}.firewall", tags=TAGS, deadline=20
    )
    spec = MachineSpec(
        name,
        name,
        "linux",
        memory=256 * 1024**2,
        networks=(network.id,),
        firewall=firewall.id,
        volumes=(Attachment(volume.id, "/srv/images"),) if name == "pacs" else (),
        user_data=user_data(SERVE.format(port=PORT), SERVE.format(port=OPEN)),
    )
    return cloud.create(spec, token=name, tags=TAGS | {"accords-node": name}, deadline=20)


def test_root_in_a_node_is_not_root_here(world: World) -> None:
    assert world.run("pacs", "id", "-u") == "0"
    assert world.run("pacs", "cat", "/proc/self/uid_map").split() == ["0", str(world.cloud.site.uid_base), "65536"]
    world.run("pacs", "touch", "/srv/images/mine")
    folder = Path(str(world.volume.facts["host"]))
    assert (folder / "mine").stat().st_uid == world.cloud.site.uid_base


def test_nodes_know_each_other_by_name(world: World) -> None:
    assert world.run("pacs", "getent", "hosts", "db").split() == [world.address("db"), "db"]
    assert world.run("db", "hostname") == "db"


def test_a_port_answers_only_the_node_that_the_rule_names(world: World) -> None:
    db = world.address("db")
    until(lambda: reaches(world, "pacs", db, PORT), "the server in db")
    assert not reaches(world, "third", db, PORT)
    assert not from_here(db, PORT)


def test_an_open_port_answers_everybody_and_the_ports_beside_it_nobody(world: World) -> None:
    pacs = world.address("pacs")
    until(lambda: reaches(world, "third", pacs, OPEN), "the server in pacs")
    assert not reaches(world, "third", pacs, PORT)
    assert not reaches(world, "db", world.address("third"), OPEN)


def test_forging_an_address_opens_nothing(world: World) -> None:
    """The third node takes the address of the one that may."""
    mask = f"{world.address('pacs')}/32"
    world.run("third", "ip", "address", "add", mask, "dev", "eth0")
    try:
        found = world.connect("third", world.address("db"), PORT, world.address("pacs"))
        assert found.startswith("closed")
    finally:
        world.run("third", "ip", "address", "del", mask, "dev", "eth0")
    assert reaches(world, "pacs", world.address("db"), PORT)


def test_forging_a_hardware_address_opens_nothing(world: World) -> None:
    mac = str(world.nodes["pacs"].facts["mac"])
    own = str(world.nodes["third"].facts["mac"])
    world.run("third", "ip", "link", "set", "eth0", "address", mac)
    try:
        assert not reaches(world, "third", world.address("pacs"), OPEN)
    finally:
        world.run("third", "ip", "link", "set", "eth0", "address", own)
    until(lambda: reaches(world, "third", world.address("pacs"), OPEN), "the way back")


def test_nodes_reach_the_agents_door_and_nothing_else_of_this_machine(world: World) -> None:
    site = world.cloud.site
    with listening(str(site.door_address), site.door_port), listening("0.0.0.0", 18999):
        assert reaches(world, "third", str(site.door_address), site.door_port)
        assert not reaches(world, "third", str(site.door_address), 18999)
        assert not reaches(world, "third", str(world.network.facts["gateway"]), 18999)


def test_nodes_reach_what_is_outside_under_this_machines_address(world: World, outside: str) -> None:
    assert "203.0.113.1" in world.connect("third", outside, 7)
    assert from_outside(world.address("pacs"), OPEN)
    assert not from_outside(world.address("pacs"), PORT)


def test_limits_hold_a_node(world: World) -> None:
    found = world.run("pacs", "python3", "-c", "x = bytearray(400 * 1024**2); print(len(x))")
    assert found == ""
    assert world.cloud.observe(Kind.MACHINE, world.nodes["pacs"].id, deadline=20).state is State.ACTIVE


def test_a_node_is_suspended_and_goes_on(world: World) -> None:
    id = world.nodes["third"].id
    assert world.cloud.act(Kind.MACHINE, id, Action.SUSPEND, deadline=20).state is State.SUSPENDED
    assert world.cloud.act(Kind.MACHINE, id, Action.SUSPEND, deadline=20).state is State.SUSPENDED
    assert world.cloud.act(Kind.MACHINE, id, Action.RESUME, deadline=20).state is State.ACTIVE


def test_a_restart_is_over_when_the_node_has_begun_anew(world: World) -> None:
    id, born = world.nodes["third"].id, ("cut", "-d ", "-f22", "/proc/1/stat")  # proc(5): when init began
    before = world.run("third", *born)
    world.cloud.act(Kind.MACHINE, id, Action.RESTART, deadline=20)
    settle(world.cloud, id, State.ACTIVE)
    assert int(world.run("third", *born)) > int(before)
    until(
        lambda: world.run("third", "systemctl", "is-system-running") in {"running", "degraded"}, "the end of its boot"
    )


def test_the_console_shows_how_a_node_started(world: World) -> None:
    until(lambda: "systemd" in world.cloud.console(world.nodes["db"].id, deadline=5), "the console")


def test_what_is_used_cannot_be_given_back(world: World) -> None:
    for kind, id in ((Kind.NETWORK, world.network.id), (Kind.VOLUME, world.volume.id)):
        with pytest.raises(Conflict):
            world.cloud.delete(kind, id, deadline=20)


def test_a_saved_node_is_an_image_for_another(world: World) -> None:
    world.run("third", "sh", "-c", "rm -rf /etc/apt && mkdir /etc/apt && echo kept > /etc/kept")
    source = world.nodes["third"]
    saved = world.cloud.create(SnapshotSpec("good", source.id), token="saved", tags=TAGS, deadline=20)
    until(lambda: world.cloud.observe(Kind.SNAPSHOT, saved.id, deadline=20).state is State.ACTIVE, "the snapshot")
    assert world.cloud.observe(Kind.MACHINE, source.id, deadline=20).state is State.ACTIVE
    assert saved.id in {image.id for image in world.cloud.offers(deadline=5)[0].images}
    spec = MachineSpec(
        "twin", "twin", saved.id, networks=(world.network.id,), user_data=user_data("echo new > /etc/new")
    )
    world.nodes["twin"] = world.cloud.create(spec, token="twin", tags=TAGS, deadline=20)
    settle(world.cloud, world.nodes["twin"].id, State.ACTIVE)
    until(lambda: world.run("twin", "cat", "/etc/new") == "new", "the twin's own user-data")
    assert world.run("twin", "cat", "/etc/kept") == "kept"
    assert world.run("twin", "ls", "/etc/apt") == ""
    with pytest.raises(Conflict):
        world.cloud.delete(Kind.SNAPSHOT, saved.id, deadline=20)
    world.cloud.delete(Kind.MACHINE, world.nodes.pop("twin").id, deadline=20)
    world.cloud.delete(Kind.SNAPSHOT, saved.id, deadline=20)


def test_after_a_restart_of_this_machine_a_start_brings_a_node_back(world: World) -> None:
    cloud, site, id = world.cloud, world.cloud.site, world.nodes["pacs"].id
    world.run("pacs", "sh", "-c", "echo study > /srv/images/study")
    lose_everything(world)
    assert {cloud.observe(Kind.MACHINE, node.id, deadline=20).state for node in world.nodes.values()} == {State.STOPPED}
    for node in world.nodes.values():
        assert cloud.act(Kind.MACHINE, node.id, Action.START, deadline=20).state is State.ACTIVE
    until(lambda: world.run("pacs", "cat", "/srv/images/study") == "study", "the study")
    assert str(site.door_address) in command("ip", "-4", "address", "show", "dev", "lo")
    until(lambda: bool(world.run("pacs", "ip", "route")), id)
    assert not reaches(world, "third", world.address("db"), PORT)


def test_a_node_stops_gently_and_starts_again(world: World) -> None:
    id = world.nodes["third"].id
    assert world.cloud.act(Kind.MACHINE, id, Action.STOP, deadline=20).state in {State.PENDING, State.STOPPED}
    settle(world.cloud, id, State.STOPPED)
    with pytest.raises(Conflict):
        world.cloud.act(Kind.MACHINE, id, Action.SUSPEND, deadline=20)
    assert world.cloud.act(Kind.MACHINE, id, Action.START, deadline=20).state is State.ACTIVE
    until(lambda: world.run("third", "cat", "/etc/kept") == "kept", "its disk")  # one enters a node only once it is up


def test_nothing_is_left_when_all_is_given_back(world: World) -> None:
    cloud, site = world.cloud, world.cloud.site
    folder = Path(str(world.volume.facts["host"]))
    for node in world.nodes.values():
        cloud.delete(Kind.MACHINE, node.id, deadline=20)
    assert (folder / "study").read_text() == "study\n", "a volume outlives its node"
    for kind in (Kind.VOLUME, Kind.FIREWALL, Kind.NETWORK):
        for resource in cloud.list(TAGS, deadline=20):
            if resource.kind is kind:
                cloud.delete(kind, resource.id, deadline=20)
    assert list(cloud.list({}, deadline=20)) == []
    assert list(site.home.iterdir()) == []
    assert site.prefix not in [link[:3] for link in Path("/sys/class/net").iterdir() for link in [link.name]]
    assert site.table not in command("nft", "list", "tables")
    assert str(site.door_address) not in command("ip", "-4", "address", "show", "dev", "lo")
    assert str(site.home) not in Path("/proc/mounts").read_text()
    assert list(Path("/sys/fs/cgroup").glob(f"**/lxc.*.{site.prefix}*")) == []
    assert str(site.home) not in command("ps", "-eo", "args")


def reaches(world: World, node: str, address: str, port: int) -> bool:
    """Whether a connection is made. What listens may not speak first: then reading times out, which is no refusal."""
    return world.run(node, "python3", "-c", REACH, address, str(port)) == "yes"


REACH = """\
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 1.5)
    print("yes")
except OSError:
    print("no")
"""


def command(*argv: str) -> str:
    return subprocess.run(argv, text=True, capture_output=True, check=True, timeout=30).stdout


def from_here(address: str, port: int) -> bool:
    return command("python3", "-c", REACH, address, str(port)).strip() == "yes"


OUTSIDE = "acc-outside"


def from_outside(address: str, port: int) -> bool:
    argv = ("ip", "netns", "exec", OUTSIDE, "python3", "-c", REACH)
    return command(*argv, address, str(port)).strip() == "yes"


def lose_everything(world: World) -> None:
    """What a restart of the machine does to nodes, bridges, rules and the address."""
    site = world.cloud.site
    for node in world.nodes.values():
        command("lxc-stop", "-P", str(site.home / "nodes"), "-n", node.id, "-k")
    command("ip", "link", "del", world.network.id)
    for family in ("inet", "bridge"):
        command("nft", "delete", "table", family, site.table)
    command("ip", "address", "del", f"{site.door_address}/32", "dev", "lo")


class listening:  # noqa: N801 - used as a word: `with listening(...)`
    """A server that tells its callers their address."""

    def __init__(self, address: str, port: int, *before: str) -> None:
        self._argv = [*before, "python3", "-c", TELL, address, str(port)]

    def __enter__(self) -> None:
        self._process = subprocess.Popen(self._argv, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


TELL = """\
import socket, sys
found = socket.create_server((sys.argv[1], int(sys.argv[2])))
print("ready", flush=True)
while True:
    one, peer = found.accept()
    one.sendall(peer[0].encode())
    one.close()
"""


@pytest.fixture
def outside() -> Iterator[str]:
    """A namespace that stands for the world outside this machine, at 203.0.113.2 behind a cable."""
    command("ip", "netns", "add", OUTSIDE)
    try:
        command("ip", "link", "add", "accout0", "type", "veth", "peer", "name", "accout1", "netns", OUTSIDE)
        command("ip", "address", "add", "203.0.113.1/30", "dev", "accout0")
        command("ip", "link", "set", "accout0", "up")
        inside = ("ip", "-n", OUTSIDE)
        command(*inside, "address", "add", "203.0.113.2/30", "dev", "accout1")
        command(*inside, "link", "set", "accout1", "up")
        command(*inside, "link", "set", "lo", "up")
        command(*inside, "route", "add", "default", "via", "203.0.113.1")
        with listening("203.0.113.2", 7, "ip", "netns", "exec", OUTSIDE):
            yield "203.0.113.2"
    finally:
        command("ip", "netns", "del", OUTSIDE)
