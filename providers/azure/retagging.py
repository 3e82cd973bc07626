"""Tags put back on what is there. Azure takes all tags of a thing at once, so that those of others are sent along."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from azure.mgmt.compute.models import DiskUpdate, ImageUpdate, SshPublicKeyUpdateResource, VirtualMachineUpdate
from azure.mgmt.network.models import TagsObject

from providers.azure.account import UNPOLLED, Account
from providers.azure.names import checked
from providers.protocol import Kind


@dataclass(frozen=True, slots=True)
class Form:
    """Where things of a kind are, the method there that changes one, and the body that it takes. `begins`: Azure may
    take its time."""

    operations: Callable[[Account], Any]
    change: str
    body: Callable[[dict[str, Any]], object]
    begins: bool = False


FORMS: Mapping[Kind, Form] = {
    Kind.NETWORK: Form(lambda account: account.network.virtual_networks, "update_tags", TagsObject),
    Kind.FIREWALL: Form(lambda account: account.network.network_security_groups, "update_tags", TagsObject),
    Kind.ADDRESS: Form(lambda account: account.network.public_ip_addresses, "update_tags", TagsObject),
    Kind.VOLUME: Form(lambda account: account.compute.disks, "begin_update", DiskUpdate, begins=True),
    Kind.KEY: Form(lambda account: account.compute.ssh_public_keys, "update", SshPublicKeyUpdateResource),
    Kind.MACHINE: Form(
        lambda account: account.compute.virtual_machines, "begin_update", VirtualMachineUpdate, begins=True
    ),
    Kind.SNAPSHOT: Form(lambda account: account.compute.images, "begin_update", ImageUpdate, begins=True),
}


def retag(account: Account, kind: Kind, id: str, tags: Mapping[str, str]) -> None:
    """Beside the tags that it has under other names. Refused for what Azure would not keep."""
    form = FORMS[kind]
    operations = form.operations(account)
    there = operations.get(account.group, id)
    asked = form.body({"tags": checked({**(there.tags or {}), **tags})})
    getattr(operations, form.change)(account.group, id, asked, **(UNPOLLED if form.begins else {}))
