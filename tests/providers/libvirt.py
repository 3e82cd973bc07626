"""A libvirtd of the suite's own, with qemu and a guest of one sector. Not a test.

It has its own view of the machine: mounts, processes and a network that no one else sees, and that end with the one
process that holds them. What it writes below /etc, /var and /run is laid over the machine's own and thrown away; its
socket and its pool are in the folder that it is given, which everybody sees. It needs no systemd and no user
libvirt-qemu: the guests are root's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.providers.lab import Missing

PATIENCE = 30.0
PROGRAMS = ("libvirtd", "qemu-system-x86_64", "qemu-img", "dnsmasq", "iptables", "ebtables", "unshare", "setpriv")
PACKAGES = "libvirt-daemon libvirt-daemon-driver-qemu qemu-system-x86 qemu-utils dnsmasq-base iptables"
IMAGE = "tiny.img"
WORD = "accords boots\r\n"
MIB = 1024**2
START = """
set -e
mount --make-rprivate /
for each in etc var run; do
    mkdir -p "$HERE/upper/$each" "$HERE/work/$each"
    mount -t overlay overlay -o "lowerdir=/$each,upperdir=$HERE/upper/$each,workdir=$HERE/work/$each" "/$each"
done
mount -t sysfs sysfs /sys
ip link set lo up
echo 1 >/proc/sys/net/ipv4/ip_forward
mkdir -p /etc/libvirt /run/libvirt
cp "$HERE/qemu.conf" /etc/libvirt/
getent group kvm >/dev/null || echo kvm:x:64000: >>/etc/group
getent group libvirt-qemu >/dev/null || echo libvirt-qemu:x:64055: >>/etc/group
getent passwd libvirt-qemu >/dev/null || echo libvirt-qemu:x:64055:64055::/nonexistent:/usr/sbin/nologin >>/etc/passwd
libvirtd --config "$HERE/libvirtd.conf" --pid-file "$HERE/libvirtd.pid" &
wait
"""
"""The shell stays: guests are its orphans, and it waits for them as a first process must."""
QEMU = """
user = "root"
group = "root"
security_driver = "none"
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
"""
LIBVIRTD = """
unix_sock_dir = "{here}"
unix_sock_group = "root"
auth_unix_ro = "none"
auth_unix_rw = "none"
log_outputs = "3:file:{here}/libvirtd.log"
host_uuid = "{uuid}"
"""
UUID = "6d9a3b5e-1c55-4b7e-9d0e-0c6f6f1a7b11"


def sector(word: str) -> bytes:
    """A boot sector that says a word on the serial port, and then does nothing for ever."""
    said = b"".join(b"\xba\xf8\x03\xb0" + bytes([each]) + b"\xee" for each in word.encode())
    return (b"\xfa" + said + b"\xfb\xf4\xeb\xfd").ljust(510, b"\0") + b"\x55\xaa"


@contextmanager
def libvirt_host(folder: Path, *, network: bool = True) -> Iterator[Path]:
    """The folder of a host that runs: its socket is `libvirt-sock`, its pool `pool`, with IMAGE in it. Without a
    network of its own it shares that of whoever starts it."""
    _possible()
    (folder / "pool").mkdir()
    (folder / "pool" / IMAGE).write_bytes(sector(WORD).ljust(MIB, b"\0"))
    (folder / "qemu.conf").write_text(QEMU)
    (folder / "libvirtd.conf").write_text(LIBVIRTD.format(here=folder, uuid=UUID))
    apart = ["unshare", *(["--net"] if network else []), "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    environment = {**os.environ, "HERE": str(folder), "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
    with (folder / "start.log").open("w") as log:
        words = ["setpriv", "--pdeathsig", "KILL", *apart, "sh", "-c", START]
        process = subprocess.Popen(words, env=environment, stdout=log, stderr=log)
        try:
            _started(process, folder)
            yield folder
        finally:
            process.kill()
            process.wait()


def options(folder: Path, **more: object) -> Mapping[str, object]:
    """How the driver is opened there: TCG, which boots anywhere, and guests that are switched off at once, because they
    have no system that would listen."""
    return {
        "uri": f"qemu+unix:///system?socket={folder}/libvirt-sock",
        "pool": "default",
        "images": {"linux": IMAGE},
        "virt": "qemu",
        "grace": 0,
        "sizes": {"small": {"cores": 1, "memory": 32 * MIB}, "large": {"cores": 2, "memory": 64 * MIB}},
        "overcommit": 16,
        **more,
    }


def _possible() -> None:
    if os.geteuid() != 0:
        raise Missing("a libvirtd of its own needs root; run the suite with sudo")
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    if lacking := [each for each in PROGRAMS if shutil.which(each, path=path) is None]:
        raise Missing(f"missing: {', '.join(lacking)}; apt-get install --no-install-recommends {PACKAGES}")
    try:
        import libvirt  # noqa: F401 - whether it is there
    except ModuleNotFoundError as error:
        raise Missing("libvirt-python is not installed; pip install 'accords[kvm]'") from error


def _started(process: subprocess.Popen[bytes], folder: Path) -> None:
    """With its pool, which libvirtd has from nobody else."""
    import libvirt

    uri, ends = f"qemu+unix:///system?socket={folder}/libvirt-sock", time.monotonic() + PATIENCE
    while True:
        try:
            host = libvirt.open(uri)
            break
        except libvirt.libvirtError as error:
            if process.poll() is not None or time.monotonic() > ends:
                said = (folder / "start.log").read_text()[-500:]
                raise Missing(f"libvirtd did not come up: {error}; {said}") from error
            time.sleep(0.05)
    target = f"<target><path>{folder}/pool</path></target>"
    host.storagePoolDefineXML(f"<pool type='dir'><name>default</name>{target}</pool>").create()
    host.close()
