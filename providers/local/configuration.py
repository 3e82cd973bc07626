"""The LXC configuration of a node, and the files that are in it before it starts. Pure: text from values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Network
from pathlib import Path

from providers.local import cgroups
from providers.local.host import Host
from providers.local.networks import gateway
from providers.local.site import IDS, Site
from providers.local.things import Machine, Network, Port, Things

COMMON = ("/usr/share/lxc/config/common.conf", "/usr/share/lxc/config/userns.conf")
SEED = "var/lib/cloud/seed/nocloud"
CONSOLE_BYTES = 1024**2

# The host's part of /etc/hosts stands between these lines; what a node adds outside them is kept.
BEGIN, END = "# names of this network: begin", "# names of this network: end"
LOOPBACK = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n"


def configuration(site: Site, host: Host, machine: Machine, networks: Mapping[str, Network]) -> str:
    """lxc.container.conf(5)."""
    folder = site.node(machine.id)
    lines = [
        *(("lxc.include", path) for path in COMMON),
        ("lxc.uts.name", machine.spec.hostname),
        ("lxc.arch", host.architecture),
        ("lxc.idmap", f"u 0 {site.uid_base} {IDS}"),
        ("lxc.idmap", f"g 0 {site.uid_base} {IDS}"),
        ("lxc.rootfs.path", f"dir:{folder / 'disk/root'}"),
        ("lxc.hook.pre-mount", str(folder / "mount")),
        ("lxc.signal.halt", "SIGRTMIN+3"),  # systemd(1): power off
        ("lxc.console.logfile", str(folder / "console")),
        ("lxc.console.size", str(CONSOLE_BYTES)),
        *_apparmor(host),
        *cgroups.limits(host.layout, machine.spec.cores, machine.spec.memory),
        *_ports(folder, machine.ports, networks),
        ("lxc.mount.entry", f"{folder / 'hosts'} etc/hosts none bind,create=file 0 0"),
        *_volumes(site, machine),
    ]
    return "".join(f"{key} = {value}\n" for key, value in lines)


def mount(folder: Path, layers: Sequence[Path]) -> str:
    """The script that mounts a node's disk in its namespaces, at each start; `layers` lowest first.

    Not LXC's own overlay: at a reboot from within, LXC forgets the option `userxattr`, without which an overlay of a
    user namespace can replace no folder of a layer.
    """
    lower = ":".join(map(str, reversed(layers)))
    options = f"lowerdir={lower},upperdir={folder / 'disk/upper'},workdir={folder / 'disk/work'},userxattr"
    return f'#!/bin/sh\nexec mount -t overlay overlay -o "{options}" {folder / "disk/root"}\n'


def isolate(port: Port) -> str:
    """The script that LXC runs when it has put a port on its bridge, each time: a node that reboots gets a new port."""
    return f"#!/bin/sh\nexec ip link set dev {port.device} type bridge_slave isolated on\n"


def files(machine: Machine, host: Host) -> dict[str, str]:
    """Path in the node -> text, of a node that never ran. The seed is cloud-init's NoCloud one: the user-data is what a
    machine in any cloud would get. The id of the instance is new, so that a snapshot's node runs it too."""
    return {
        "etc/hostname": f"{machine.spec.hostname}\n",
        "etc/machine-id": "",
        "etc/resolv.conf": "".join(f"nameserver {address}\n" for address in host.resolvers),
        f"{SEED}/user-data": machine.spec.user_data or "#cloud-config\n{}\n",
        f"{SEED}/meta-data": json.dumps({"instance-id": machine.id, "local-hostname": machine.spec.hostname}) + "\n",
    }


def neighbours(machine: Machine, things: Things) -> str:
    """The names of all nodes on this node's networks, itself first, as lines of hosts(5)."""
    own = {port.network for port in machine.ports}
    others = (other for other in things.machines.values() if other.id != machine.id)
    found = [_names(machine, own), *(_names(other, own) for other in others)]
    return "".join(found)


def hosts(existing: str, names: str) -> str:
    """/etc/hosts with its part between BEGIN and END replaced; the rest, which the node may have written, stays."""
    before, begin, rest = (existing or LOOPBACK).partition(f"{BEGIN}\n")
    after = rest.partition(f"{END}\n")[2] if begin else ""
    return f"{before}{BEGIN}\n{names}{END}\n{after}"


def _names(machine: Machine, networks: Iterable[str]) -> str:
    names = " ".join(dict.fromkeys((machine.spec.hostname, machine.spec.name)))
    return "".join(f"{port.address} {names}\n" for port in machine.ports if port.network in networks)


def _apparmor(host: Host) -> list[tuple[str, str]]:
    """Where AppArmor is on, systemd in a node needs a profile that lets it mount within its own namespace."""
    if not host.apparmor:
        return []
    return [("lxc.apparmor.profile", "generated"), ("lxc.apparmor.allow_nesting", "1")]


def _ports(folder: Path, ports: Sequence[Port], networks: Mapping[str, Network]) -> list[tuple[str, str]]:
    if not ports:
        return [("lxc.net.0.type", "empty")]
    return [line for index, port in enumerate(ports) for line in _port(folder, index, port, networks[port.network])]


def _port(folder: Path, index: int, port: Port, network: Network) -> list[tuple[str, str]]:
    lines = {
        "type": "veth",
        "link": network.id,
        "veth.pair": port.device,
        "hwaddr": port.mac,
        "name": f"eth{index}",
        "flags": "up",
        "ipv4.address": f"{port.address}/{IPv4Network(network.cidr).prefixlen}",
        "script.up": str(folder / f"port{index}"),
    }
    if index == 0:
        lines["ipv4.gateway"] = str(gateway(network))
    return [(f"lxc.net.{index}.{key}", value) for key, value in lines.items()]


def _volumes(site: Site, machine: Machine) -> list[tuple[str, str]]:
    return [
        ("lxc.mount.entry", f"{site.volume(one.volume)} {one.mountpoint.strip('/')} none bind,create=dir 0 0")
        for one in machine.spec.volumes
    ]
