"""An answer of the stand-in held against the models of Azure's own SDK: what do they not know?

The models are generated from Azure's specification by others, and so an independent judge of names and of types.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from azure.mgmt.compute import models as compute
from azure.mgmt.network import models as network
from tests.stands.azure.wire import Answer, Body, Request

MODELS: Mapping[str, Any] = {
    "virtualmachines": compute.VirtualMachine,
    "disks": compute.Disk,
    "snapshots": compute.Snapshot,
    "images": compute.Image,
    "sshpublickeys": compute.SshPublicKeyResource,
    "instanceview": compute.VirtualMachineInstanceView,
    "vmsizes": compute.VirtualMachineSize,
    "skus": compute.ResourceSku,
    "virtualnetworks": network.VirtualNetwork,
    "subnets": network.Subnet,
    "networkinterfaces": network.NetworkInterface,
    "networksecuritygroups": network.NetworkSecurityGroup,
    "securityrules": network.SecurityRule,
    "applicationsecuritygroups": network.ApplicationSecurityGroup,
    "publicipaddresses": network.PublicIPAddress,
}
"""The last word of a path that names a kind -> the model of one."""


def unknown(request: Request, answer: Answer) -> list[str]:
    """Where the answer has what its model does not: `properties.subnets.0.colour`. Empty when all is known, or when
    the answer is no resource of a kind that is in the table."""
    words = re.sub(r"^.*/providers/[^/]+/", "", request.path.lower()).split("/")
    model = next((MODELS[word] for word in reversed(words[-2:]) if word in MODELS), None)
    if model is None or answer.status >= 300 or not isinstance(answer.body, dict) or "artifacttypes" in words:
        return []
    bodies = answer.body.get("value", [answer.body])
    return [found for body in bodies for found in _strange(model(body), body)]


def _strange(model: Any, body: Body, path: str = "") -> Iterator[str]:
    known = {field._rest_name: name for name, field in model._attr_to_rest_field.items()}
    for name, value in body.items():
        if name not in known:
            yield f"{path}{name}"
        else:
            yield from _below(getattr(model, known[name]), value, f"{path}{name}.")


def _below(found: Any, value: Any, path: str) -> Iterator[str]:
    """What the model made of a value: a model, or a list of them; anything else it has read."""
    if hasattr(found, "_attr_to_rest_field") and isinstance(value, dict):
        yield from _strange(found, value, path)
    elif isinstance(found, list) and isinstance(value, list):
        for place, (one, two) in enumerate(zip(found, value, strict=True)):
            yield from _below(one, two, f"{path}{place}.")
