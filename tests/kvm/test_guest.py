"""The whole product with a guest that boots: Debian under libvirt and TCG, its agent, its volume, its firewall.

Run by `make test-kvm`, in a network of its own: the broker, libvirt and the guest share it, and nothing leaves. The
image is built once, by `guest-image`; the boot takes a minute or two without KVM.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from providers import Provider, open_provider
from providers.protocol import Kind, Resource
from tests.pacs.installation import Installation, until
from tests.providers.libvirt import libvirt_host, options

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(2400),
    pytest.mark.skipif("ACCORDS_TEST_GUEST" not in os.environ, reason="`make test-kvm` runs it: minutes of a boot"),
]

GUEST = Path(os.environ.get("ACCORDS_TEST_GUEST_IMAGE", "/var/tmp/accords-guest.qcow2"))  # noqa: S108 - built once, then kept
DOOR = "10.198.99.1"
GRACE = 900
BOOTING = 1200.0
DOCUMENT = """\
<?xml version="1.0" encoding="UTF-8"?>
<manifest name="guest" xmlns="http://www.compatibleone.fr/schemes/manifest.xsd">
  <node name="one">
    <infrastructure name="one">
      <compute name="one" cores="1" memory="512MiB"/>
      <network name="lan"><port name="echo" protocol="tcp" from="7" to="7" range="0.0.0.0/0"/></network>
      <storage name="one"><volume name="data" size="1G" mountpoint="/srv/data" retain="yes"/></storage>
    </infrastructure>
    <image name="one"><system name="linux"/></image>
  </node>
  <configuration name="guest">
    <action name="mark" type="cordscript" expression="
      one.system('mountpoint /srv/data &amp;&amp; echo done >> /srv/data/marks');"/>
  </configuration>
</manifest>
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short enough for a socket's name, and not below /var, which the host has a view of its own of."""
    with tempfile.TemporaryDirectory(prefix="accords-kvm-") as made:
        yield Path(made)


@pytest.fixture
def cloud(folder: Path) -> Iterator[Provider]:
    """Where Debian can be booted."""
    if not GUEST.exists():
        subprocess.run([Path(__file__).with_name("guest-image"), GUEST], check=True)
    subprocess.run(["ip", "address", "add", f"{DOOR}/32", "dev", "lo"], check=True)
    home = folder / "host"
    home.mkdir()
    with libvirt_host(home, network=False):
        shutil.copy(GUEST, home / "pool" / "debian.qcow2")
        provider = open_provider("here", "kvm", _options(home))
        yield provider
        provider.close()


@pytest.fixture
def broker(folder: Path, cloud: Provider) -> Iterator[Installation]:
    home = folder / "broker"
    home.mkdir()
    mine = {"here": {"driver": "kvm", **_options(folder / "host")}}
    made = Installation(home, mine, 22_000 + 40 * secrets.randbelow(250), {"door_address": DOOR})
    try:
        made.start()
        yield made
    finally:
        made.stop()


def _options(host: Path) -> dict[str, object]:
    more = {"images": {"linux": "debian.qcow2"}, "sizes": {}, "grace": GRACE}
    return dict(options(host, **more))


def machine(cloud: Provider) -> Resource:
    return next(each for each in cloud.list({}, kinds={Kind.MACHINE}, deadline=20))


@contextmanager
def neighbour(bridge: str, address: str) -> Iterator[list[str]]:
    """What begins the command line of somebody else on the same bridge."""
    holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
    try:
        inside = ["nsenter", f"--net=/proc/{holder.pid}/ns/net"]
        until(lambda: _network(holder.pid) != _network(os.getpid()), "it is apart")
        words = f"link add other type veth peer name eth0 netns {holder.pid}"
        subprocess.run(["ip", *words.split()], check=True)
        subprocess.run(["ip", "link", "set", "other", "master", bridge, "up"], check=True)
        subprocess.run([*inside, "ip", "address", "add", f"{address}/24", "dev", "eth0"], check=True)
        subprocess.run([*inside, "ip", "link", "set", "eth0", "up"], check=True)
        yield inside
    finally:
        holder.kill()
        holder.wait()


def _network(process: int) -> Path:
    return Path(f"/proc/{process}/ns/net").readlink()


KNOCK = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 5).close()
    print("open")
except ConnectionRefusedError:
    print("refused")
except TimeoutError:
    print("dropped")
"""


def knock(inside: list[str], address: str, port: int) -> str:
    """What becomes of a connection: `refused` by the guest itself, where nothing listens, or `dropped` before it."""
    words = [*inside, sys.executable, "-c", KNOCK, address, str(port)]
    return subprocess.run(words, text=True, capture_output=True, check=True).stdout.strip()


def in_volume(folder: Path, volume: str, path: str) -> str:
    """A file in the file system that the guest made on its volume."""
    raw = folder / "volume.raw"
    subprocess.run(["qemu-img", "convert", "-O", "raw", volume, raw], check=True)
    words = ["debugfs", "-R", f"cat {path}", str(raw)]
    return subprocess.run(words, text=True, capture_output=True, check=True).stdout


def test_a_guest_boots_calls_home_mounts_its_volume_and_is_let_alone_by_its_neighbours(
    broker: Installation, cloud: Provider, folder: Path
) -> None:
    document = broker.home / "guest.xml"
    document.write_text(DOCUMENT)
    broker.told("up", str(document))
    until(
        lambda: broker.state("guest") == "active",
        lambda: f"{broker.report('guest')}\n{cloud.console(machine(cloud).id, deadline=20)[-3000:]}",
        patience=BOOTING,
        pause=2.0,
    )
    guest = machine(cloud)
    lan = next(each for each in cloud.list({}, kinds={Kind.NETWORK}, deadline=20))
    with neighbour(str(lan.facts["bridge"]), str(lan.facts["cidr"]).replace(".0/24", ".250")) as inside:
        assert knock(inside, guest.addresses[0], 7) == "refused"
        assert knock(inside, guest.addresses[0], 8) == "dropped"
    broker.told("stop", "guest", "--wait")  # it listens: its grace is longer than this test
    volume = next(each for each in cloud.list({}, kinds={Kind.VOLUME}, deadline=20))
    assert in_volume(folder, str(volume.facts["path"]), "/marks") == "done\n"
    broker.told("release", "guest", "--wait")
    assert {each.kind for each in cloud.list({}, deadline=20)} == {Kind.VOLUME}, "which is to be retained"
