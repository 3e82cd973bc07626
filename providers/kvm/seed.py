"""The seed of a machine: a small disk that cloud-init reads when it boots (its NoCloud data source).

It holds who the machine is, its user-data as it was given, and its addresses: an interface in a further range of a
network has no DHCP there. pycdlib writes it: libvirt makes no such disks, and a program of the broker's machine would
be one more thing to install.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Interface

from pycdlib import PyCdlib

LABEL = "cidata"
"""By which cloud-init knows it."""
NOTHING = "#cloud-config\n{}\n"


@dataclass(frozen=True, slots=True)
class Nic:
    """An interface: its hardware address, the name of its network there, its address, the host's in that range, and
    whether libvirt serves the range by DHCP."""

    mac: str
    network: str
    address: IPv4Interface
    gateway: str
    served: bool


def files(id: str, hostname: str, user_data: str, key: str, nics: Sequence[Nic]) -> Mapping[str, bytes]:
    """What is on it. JSON is YAML, which cloud-init reads. Pure."""
    meta: dict[str, object] = {"instance-id": id, "local-hostname": hostname}
    meta |= {"public-keys": [key]} if key else {}
    return {
        "meta-data": json.dumps(meta).encode(),
        "network-config": json.dumps(_network(nics)).encode(),
        "user-data": (user_data or NOTHING).encode(),
    }


def disk(content: Mapping[str, bytes]) -> bytes:
    """An ISO 9660 image with these files, by their names in Rock Ridge and Joliet."""
    image = PyCdlib()
    image.new(interchange_level=3, joliet=3, rock_ridge="1.09", vol_ident=LABEL)
    for number, (name, data) in enumerate(content.items()):
        path = f"/FILE{number}.;1"
        image.add_fp(io.BytesIO(data), len(data), path, rr_name=name, joliet_path=f"/{name}")
    written = io.BytesIO()
    image.write_fp(written)
    image.close()
    return written.getvalue()


def _network(nics: Sequence[Nic]) -> Mapping[str, object]:
    """cloud-init's network configuration, version 2. The first interface has the way out."""
    found = {f"nic{number}": _interface(nic, first=number == 0) for number, nic in enumerate(nics)}
    return {"version": 2, "ethernets": found}


def _interface(nic: Nic, *, first: bool) -> Mapping[str, object]:
    match = {"match": {"macaddress": nic.mac}}
    if nic.served:
        return {**match, "dhcp4": True} | ({} if first else {"dhcp4-overrides": {"use-routes": False}})
    static = {**match, "addresses": [str(nic.address)], "nameservers": {"addresses": [nic.gateway]}}
    return static | ({"routes": [{"to": "0.0.0.0/0", "via": nic.gateway}]} if first else {})
