"""What Azure is asked for when a machine is: the body of one request, out of a specification. Pure."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from providers.azure.account import Account
from providers.azure.options import Options
from providers.errors import Refused
from providers.protocol import MachineSpec

GIB = 1024**3
IMAGE = "Microsoft.Compute/images"
DISK = "Microsoft.Compute/disks"
SMALLEST = 30 * GIB
"""The disk of a platform image for Linux; asked for less, Azure makes so much."""
MOST_DATA = 64 * 1024
"""Bytes of custom data."""


def machine(
    account: Account, spec: MachineSpec, tags: Mapping[str, str], interfaces: Sequence[str], key: str
) -> dict[str, Any]:
    """`interfaces` are ids, the first of them its main one; `key` a public SSH key. Refused where no such machine can
    be asked for."""
    if not spec.size:
        raise Refused(f"machine {spec.name} names no size; Azure's machines have one of the offered sizes")
    if spec.zone not in (None, offered_zone(account.options)):
        raise Refused(
            f"machine {spec.name} asks for zone {spec.zone}; this provider is {offered_zone(account.options)}"
        )
    properties = {
        "hardwareProfile": {"vmSize": spec.size},
        "storageProfile": _storage(account, spec),
        "osProfile": _profile(spec, account.options.user, key),
        "networkProfile": {
            "networkInterfaces": [_interface(id, first=not place) for place, id in enumerate(interfaces)]
        },
        "diagnosticsProfile": {"bootDiagnostics": {"enabled": True}},
    }
    return account.body(tags, properties, **account.zones())


def offered_zone(options: Options) -> str:
    """How the offering calls where everything is."""
    return f"{options.location}-{options.zone}" if options.zone else options.location


def image(account: Account, id: str) -> dict[str, str]:
    """An image by its four words, or by the name that it has in the group."""
    words = id.split(":")
    if len(words) == 4:
        return dict(zip(("publisher", "offer", "sku", "version"), words, strict=True))
    return {"id": account.id(IMAGE, id)}


def _storage(account: Account, spec: MachineSpec) -> dict[str, Any]:
    system: dict[str, Any] = {"createOption": "FromImage", "deleteOption": "Delete"}
    system["managedDisk"] = {"storageAccountType": account.options.disk_type}
    if spec.disk > SMALLEST:
        system["diskSizeGB"] = -(-spec.disk // GIB)
    data = [
        {
            "lun": place,
            "createOption": "Attach",
            "deleteOption": "Detach",
            "managedDisk": {"id": account.id(DISK, each.volume)},
        }
        for place, each in enumerate(spec.volumes)
    ]
    return {"imageReference": image(account, spec.image), "osDisk": system, "dataDisks": data}


def _profile(spec: MachineSpec, user: str, key: str) -> dict[str, Any]:
    ssh = {"publicKeys": [{"path": f"/home/{user}/.ssh/authorized_keys", "keyData": key}]}
    found: dict[str, Any] = {"computerName": spec.hostname, "adminUsername": user}
    found["linuxConfiguration"] = {"disablePasswordAuthentication": True, "ssh": ssh}
    data = spec.user_data.encode()
    if len(data) > MOST_DATA:
        raise Refused(f"user-data of {len(data)} bytes are too many; Azure takes {MOST_DATA}")
    return {**found, "customData": base64.b64encode(data).decode()} if data else found


def _interface(id: str, *, first: bool) -> dict[str, Any]:
    return {"id": id, "properties": {"primary": first, "deleteOption": "Delete"}}
