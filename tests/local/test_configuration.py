from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.local.cgroups import Layout
from providers.local.configuration import configuration, files, hosts, mount, neighbours
from providers.local.host import Host
from providers.local.site import Site
from providers.local.things import Machine, Network, Port, Things
from providers.protocol import Attachment, MachineSpec, NetworkSpec

LAN = Network("accnlan", "n", {}, NetworkSpec("lan"), "10.199.0.0/24")
DMZ = Network("accndmz", "d", {}, NetworkSpec("dmz"), "10.199.1.0/24")
LAYERS = (Path("/cache/base"), Path("/cache/packages"))


def node(name: str, number: int, *networks: Network) -> Machine:
    ports = tuple(
        Port(one.id, f"accm{name}{i}", f"02:00:00:00:00:0{i}", one.cidr.replace(".0/24", f".{number}"))
        for i, one in enumerate(networks)
    )
    volumes = (Attachment("accvimages", "/srv/dicom"),)
    spec = MachineSpec(
        name, name, "linux", cores=2, memory=2**30, volumes=volumes, user_data="#cloud-config\nruncmd: []\n"
    )
    return Machine(f"accm{name}", name, {}, spec, ports)


def config(site: Site, host: Host, *networks: Network) -> list[str]:
    machine = node("pacs", 10, *networks)
    return configuration(site, host, machine, {one.id: one for one in networks}).splitlines()


def test_root_in_a_node_is_not_root_outside(site: Site, debian: Host) -> None:
    found = config(site, debian, LAN)
    assert "lxc.idmap = u 0 1900000000 65536" in found
    assert "lxc.idmap = g 0 1900000000 65536" in found


def test_layers_are_stacked_with_the_nodes_own_on_top(site: Site, debian: Host) -> None:
    folder = site.node("accmpacs")
    found = config(site, debian, LAN)
    assert f"lxc.rootfs.path = dir:{folder}/disk/root" in found
    assert f"lxc.hook.pre-mount = {folder}/mount" in found
    script = mount(folder, LAYERS)
    assert f"lowerdir=/cache/packages:/cache/base,upperdir={folder}/disk/upper,workdir={folder}/disk/work," in script
    assert "userxattr" in script


def test_each_network_is_a_port_and_the_first_has_the_way_out(site: Site, debian: Host) -> None:
    found = config(site, debian, LAN, DMZ)
    assert "lxc.net.0.link = accnlan" in found
    assert "lxc.net.0.ipv4.address = 10.199.0.10/24" in found
    assert "lxc.net.0.ipv4.gateway = 10.199.0.1" in found
    assert "lxc.net.1.ipv4.address = 10.199.1.10/24" in found
    assert not [line for line in found if line.startswith("lxc.net.1.ipv4.gateway")]


def test_a_node_without_network_has_none_of_this_machines(site: Site, debian: Host) -> None:
    assert "lxc.net.0.type = empty" in config(site, debian)


def test_a_volume_is_mounted_where_it_was_asked_for(site: Site, debian: Host) -> None:
    assert f"lxc.mount.entry = {site.volume('accvimages')} srv/dicom none bind,create=dir 0 0" in config(
        site, debian, LAN
    )


@pytest.mark.parametrize(
    ("layout", "line"),
    [
        (Layout.V1, "lxc.cgroup.memory.limit_in_bytes = 1073741824"),
        (Layout.HYBRID, "lxc.cgroup.cpu.cfs_quota_us = 200000"),
        (Layout.V2, "lxc.cgroup2.cpu.max = 200000 100000"),
    ],
)
def test_limits_follow_the_layout_of_control_groups(site: Site, debian: Host, layout: Layout, line: str) -> None:
    assert line in config(site, replace(debian, layout=layout), LAN)


def test_an_ubuntu_machine_on_arm_gives_its_nodes_a_profile_and_its_processor(site: Site, debian: Host) -> None:
    """Unproven: there is no such machine to run it on; this is the configuration it would get."""
    ubuntu = replace(
        debian, distribution="ubuntu", codename="noble", architecture="aarch64", layout=Layout.V2, apparmor=True
    )
    found = config(site, ubuntu, LAN)
    assert "lxc.arch = aarch64" in found
    assert "lxc.apparmor.profile = generated" in found
    assert "lxc.apparmor.allow_nesting = 1" in found
    assert not [line for line in found if line.startswith("lxc.cgroup.")]


def test_the_seed_is_what_any_cloud_would_give(debian: Host) -> None:
    found = files(node("pacs", 10, LAN), debian)
    assert found["var/lib/cloud/seed/nocloud/user-data"] == "#cloud-config\nruncmd: []\n"
    meta = json.loads(found["var/lib/cloud/seed/nocloud/meta-data"])
    assert meta == {"instance-id": "accmpacs", "local-hostname": "pacs"}
    assert found["etc/resolv.conf"] == "nameserver 192.0.2.53\n"


def test_a_node_knows_the_names_on_its_own_networks_only() -> None:
    machines = [node("db", 10, LAN), node("pacs", 11, LAN, DMZ), node("web", 12, DMZ)]
    found = Things({LAN.id: LAN, DMZ.id: DMZ}, {}, {}, {machine.id: machine for machine in machines})
    assert neighbours(machines[0], found) == "10.199.0.10 db\n10.199.0.11 pacs\n"


def test_what_a_node_wrote_into_its_hosts_is_kept() -> None:
    first = hosts("", "10.0.0.1 a\n")
    later = hosts(f"{first}10.0.0.9 mine\n", "10.0.0.2 b\n")
    assert "10.0.0.9 mine" in later
    assert "10.0.0.1 a" not in later
    assert "localhost" in later


@given(st.text(), st.text(alphabet="ab ", max_size=5))
def test_writing_names_twice_changes_nothing(existing: str, names: str) -> None:
    once = hosts(existing, f"{names}\n")
    assert hosts(once, f"{names}\n") == once
