"""Machines: virtual machines, each with an interface in every network of its. Interfaces and the disk that it starts
from go when it goes.

The interfaces are made first. One without its machine is what a call left that came to no end: it shows as a machine
in error, to be given back. What Azure says a machine is doing is in `states`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from azure.core.exceptions import HttpResponseError
from azure.mgmt.compute.models import VirtualMachine, VirtualMachineUpdate
from azure.mgmt.network.models import NetworkInterface

from providers import devices
from providers.azure import asking
from providers.azure.account import UNPOLLED, Account, found
from providers.azure.errors import translated
from providers.azure.interfaces import Interfaces, machine_of, public_ids
from providers.azure.keys import Keys, nobodys
from providers.azure.names import last, named, tagged
from providers.azure.resources import ours, resource
from providers.azure.states import DELETING, of_machine, word
from providers.errors import Conflict, NotFound, Refused
from providers.protocol import Action, Kind, MachineSpec, OfferedSize, Resource, State

TYPE = "Microsoft.Compute/virtualMachines"
# what is asked for -> PowerState -> what Azure is told; None where it is so already. What is not here is a Conflict. A
# machine that is stopped from inside is still paid for: it is given back to Azure as a stop of ours is.
ACTIONS: Mapping[Action, Mapping[str, str | None]] = {
    Action.START: {"stopped": "begin_start", "deallocated": "begin_start", "running": None},
    Action.STOP: {"running": "begin_deallocate", "stopped": "begin_deallocate", "deallocated": None},
    Action.RESTART: {"running": "begin_restart"},
}


@dataclass(frozen=True, slots=True)
class Machines:
    account: Account
    interfaces: Interfaces
    keys: Keys
    kind = Kind.MACHINE

    def create(self, spec: MachineSpec, token: str, tags: Mapping[str, str]) -> Resource:
        name, own = named(token), tagged(spec.name, token, tags)
        key = self.keys.text(spec.key) if spec.key else nobodys(token)
        try:
            nics = self.interfaces.made(name, spec, own)
            asked = asking.machine(self.account, spec, own, [str(each.id) for each in nics], key)
            begin = self.account.compute.virtual_machines.begin_create_or_update
            made = begin(self.account.group, name, VirtualMachine(asked), **UNPOLLED).result()
            return seen(made, nics, {})
        except (HttpResponseError, NotFound, Refused) as error:
            if isinstance(error, HttpResponseError) and translated(error).retryable:
                raise
            self.interfaces.delete_of(name)
            raise

    def get(self, id: str) -> Resource | None:
        machine = self._machine(id)
        if machine is None:
            return self._remains(id)
        return self._shown(machine)

    def look(self) -> Sequence[Resource]:
        """Three lists, four where there are public addresses. The group's says what is there, the subscription's
        what each is doing."""
        nics = self.interfaces.look()  # before the machines: one that is made meanwhile is not taken for what is left
        machines = [each for each in self._list() if ours(each)]
        views = {str(each.id).lower(): each for each in self._statuses()} if machines else {}
        whole = [self._with_view(each, views) for each in machines]
        there = {str(each.name) for each in whole}
        lost = {machine_of(each): each for each in nics if machine_of(each) not in there and _stays(each)}
        public = self.interfaces.public(nics)
        return [
            *(seen(each, [nic for nic in nics if machine_of(nic) == each.name], public) for each in whole),
            *(remains(nic) for nic in lost.values()),
        ]

    def delete(self, id: str) -> None:
        if self._machine(id) is None:
            self.interfaces.delete_of(id)
        else:
            self.account.compute.virtual_machines.begin_delete(self.account.group, id, **UNPOLLED)

    def act(self, id: str, action: Action) -> Resource:
        machine = self._idle(id, str(action))
        now = power(machine)
        if now not in ACTIONS[action]:
            raise Conflict(f"machine {id} is {now}: it cannot {action} now")
        told, shown = ACTIONS[action][now], self._shown(machine)
        if told is None:
            return shown
        getattr(self.account.compute.virtual_machines, told)(self.account.group, id, **UNPOLLED)
        return replace(shown, state=State.PENDING)

    def resize(self, id: str, size: OfferedSize) -> Resource:
        """Azure starts a running machine anew for it, and refuses (Conflict) where its hardware has no such size."""
        machine = self._idle(id, "be resized")
        shown = self._shown(machine)
        if shown.facts["size"] == size.name:
            return shown
        asked = VirtualMachineUpdate({"properties": {"hardwareProfile": {"vmSize": size.name}}})
        self.account.compute.virtual_machines.begin_update(self.account.group, id, asked, **UNPOLLED)
        return replace(shown, state=State.PENDING)

    def console(self, id: str) -> str:
        """What boot diagnostics kept of the serial console, by an address that is good for minutes."""
        if self._machine(id) is None:
            raise NotFound(f"machine {id} is not there")
        there = self.account.compute.virtual_machines.retrieve_boot_diagnostics_data(self.account.group, id)
        return self.account.wire.fetch(there.serial_console_log_blob_uri) if there.serial_console_log_blob_uri else ""

    def system_disk(self, id: str) -> str:
        """The id of the disk that the machine starts from. Conflict unless the machine is stopped."""
        machine = self._idle(id, "be saved")
        if of_machine(word(machine.provisioning_state), power(machine)) is not State.STOPPED:
            raise Conflict(f"machine {id} is {power(machine)}: stop it before its disk is saved")
        disk = machine.storage_profile.os_disk if machine.storage_profile else None
        if disk is None or disk.managed_disk is None:
            raise Refused(f"machine {id} has no disk of its own to save")
        return str(disk.managed_disk.id)

    def _shown(self, machine: VirtualMachine) -> Resource:
        nics = self.interfaces.of(machine)
        return seen(machine, nics, self.interfaces.public(nics))

    def _machine(self, id: str) -> VirtualMachine | None:
        """With what it is doing; None when there is none that was made here."""
        get = self.account.compute.virtual_machines.get
        there = found(lambda: get(self.account.group, id, expand="instanceView"))
        return there if there is not None and ours(there) else None

    def _idle(self, id: str, what: str) -> VirtualMachine:
        """The machine, when nothing else is being done with it."""
        machine = self._machine(id)
        if machine is None:
            raise NotFound(f"machine {id} is not there")
        if of_machine(word(machine.provisioning_state), power(machine)) is State.PENDING:
            raise Conflict(
                f"machine {id} is {word(machine.provisioning_state)}, {power(machine)}: it cannot {what} now"
            )
        return machine

    def _remains(self, id: str) -> Resource | None:
        nic = self.interfaces.first(id)
        return remains(nic) if nic is not None and _stays(nic) else None

    def _list(self) -> Sequence[VirtualMachine]:
        return list(self.account.compute.virtual_machines.list(self.account.group))

    def _statuses(self) -> Sequence[VirtualMachine]:
        """What the machines of the subscription are doing; none where only the group may be seen: then each machine is
        asked by itself."""
        try:
            return list(self.account.compute.virtual_machines.list_all(status_only="true"))
        except HttpResponseError as error:
            if error.status_code == 403:
                return []
            raise

    def _with_view(self, machine: VirtualMachine, views: Mapping[str, VirtualMachine]) -> VirtualMachine:
        """One that came between the lists is asked for by itself."""
        view = views.get(str(machine.id).lower())
        if view is None or view.instance_view is None:
            return self._machine(str(machine.name)) or machine
        machine.instance_view = view.instance_view
        return machine


def power(machine: VirtualMachine) -> str:
    """`running`, `deallocated`, ...; empty when Azure does not say."""
    statuses = machine.instance_view.statuses if machine.instance_view else None
    codes = [str(each.code) for each in statuses or ()]
    return next((code.partition("/")[2] for code in codes if code.startswith("PowerState/")), "")


def seen(machine: VirtualMachine, nics: Sequence[NetworkInterface], public: Mapping[str, str]) -> Resource:
    """A virtual machine and its interfaces as a resource, its addresses in its networks first. Pure."""
    ordered = sorted(nics, key=lambda each: str(each.name))
    every = [each for nic in ordered for each in nic.ip_configurations or ()]
    addresses = [*(each.private_ip_address for each in every), *map(public.get, public_ids(ordered))]
    return resource(
        Kind.MACHINE,
        machine,
        machine.provisioning_state,
        _facts(machine, ordered),
        addresses=[str(each) for each in addresses if each],
        state=of_machine(word(machine.provisioning_state), power(machine)),
    )


def remains(nic: NetworkInterface) -> Resource:
    """What is there of a machine that was not made to its end. Pure."""
    facts = {"error": "its making came to no end: it is an interface without a machine"}
    return resource(Kind.MACHINE, nic, nic.provisioning_state, facts, id=machine_of(nic), state=State.ERROR)


def _stays(nic: NetworkInterface) -> bool:
    return word(nic.provisioning_state) != DELETING


def _facts(machine: VirtualMachine, nics: Sequence[NetworkInterface]) -> dict[str, str | int]:
    profile, storage = machine.os_profile, machine.storage_profile
    found: dict[str, str | int] = {"size": word(machine.hardware_profile.vm_size) if machine.hardware_profile else ""}
    if profile and profile.computer_name:
        found["hostname"] = profile.computer_name
    image: Any = storage.image_reference if storage else None
    if image is not None:
        found["image"] = last(image.id) if image.id else ":".join(map(str, (image.publisher, image.offer, image.sku)))
    found |= devices.told(_devices(machine))
    macs = [str(each.mac_address) for each in nics if each.mac_address]
    if macs:
        found["mac"] = macs[0].replace("-", ":").lower()
    if word(machine.provisioning_state) == "Failed":
        found["error"] = _why(machine)
    return found


def _devices(machine: VirtualMachine) -> Mapping[str, Sequence[str]]:
    """By the links that Azure's own udev rules make of a LUN: azure-vm-utils', and those of its agent before."""
    disks = (machine.storage_profile.data_disks if machine.storage_profile else None) or ()
    return {
        last(disk.managed_disk.id): (f"disk/azure/data/by-lun/{disk.lun}", f"disk/azure/scsi1/lun{disk.lun}")
        for disk in disks
        if disk.managed_disk is not None
    }


def _why(machine: VirtualMachine) -> str:
    """What Azure says of a machine whose last change failed."""
    statuses = (machine.instance_view.statuses if machine.instance_view else None) or ()
    said = [each for each in statuses if str(each.code).startswith("ProvisioningState/failed")]
    return next((str(each.message or each.code) for each in said), "Azure gives no reason")
