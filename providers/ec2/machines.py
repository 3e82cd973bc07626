"""A machine is an instance: made, completed, told what to do.

`ClientToken` makes a repeated request the same machine; the token's tag makes it found where the cloud ignores that.
Volumes can only be attached to a machine that is up, so whoever looks at one that is, attaches what is missing.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network

from providers.ec2 import firewalls, tags
from providers.ec2.account import GIB, Account, Subnet
from providers.ec2.looking import Seen, look, missing, one, read, shown, told
from providers.ec2.networks import LIVING, subnets
from providers.ec2.wire import Call, filters, numbered
from providers.errors import Ambiguous, Conflict, NotFound, Refused
from providers.protocol import Ability, Action, Kind, MachineSpec, OfferedSize, Resource, State
from providers.rules import refusal

MOST_VOLUMES = 11
"""Devices f to p, what EC2 recommends for volumes."""
# what is asked for -> EC2's action, the state it is about, the states it may be asked in
ACTIONS: Mapping[Action, tuple[str, State | None, frozenset[State]]] = {
    Action.START: ("StartInstances", State.ACTIVE, frozenset({State.STOPPED})),
    Action.STOP: ("StopInstances", State.STOPPED, frozenset({State.ACTIVE})),
    Action.RESTART: ("RebootInstances", None, frozenset({State.ACTIVE})),
}


def make(call: Call, account: Account, spec: MachineSpec, token: str, given: Mapping[str, str]) -> Resource:
    """The machine of this token, looked for first where tokens are not known; what it needs EC2 looks at."""
    there = shown(call, account, Kind.MACHINE, {f"tag:{tags.TOKEN}": token})
    if living := [seen for each in there if (seen := read(Kind.MACHINE, each)) is not None]:
        return living[0].resource
    size, image = account.size(call, spec.size), account.image(call, spec.image)
    marks = {tags.VOLUMES: " ".join(each.volume for each in spec.volumes)} if spec.volumes else {}
    asked = {
        "MinCount": "1",
        "MaxCount": "1",
        "InstanceType": str(size.name),
        "ImageId": image.offered.id,
        # EC2 remembers one for as long as its machine is shown, and would answer with the one that has ended
        "ClientToken": f"{token}-{len(there)}",
        "MetadataOptions.HttpTokens": "required",
        **_placed(call, account, spec, given),
        **tags.tagging("instance", tags.all_of(spec.name, token, given) | marks),
    }
    if spec.user_data:
        asked["UserData"] = base64.b64encode(spec.user_data.encode()).decode()
    if spec.key:
        asked["KeyName"] = spec.key
    if spec.disk > image.gib * GIB:
        root = {"DeviceName": image.device, "Ebs.VolumeSize": str(-(-spec.disk // GIB))}
        asked |= {f"BlockDeviceMapping.1.{word}": value for word, value in root.items()}
    made = call.ask("RunInstances", asked).find("instancesSet/item")
    if made is None:
        raise Ambiguous(f"RunInstances: the answer has no machine for the token {token}; look again")
    return told(call, account, Kind.MACHINE, token, made)


def remove(call: Call, account: Account, id: str) -> None:
    call.ask("TerminateInstances", {"InstanceId.1": id})


def attach(call: Call, seen: Seen) -> None:
    """What a machine that is up is to have and has not. Another who does the same at the same time is no trouble."""
    if seen.element.findtext("instanceState/name") not in {"running", "stopped"}:
        return
    for volume, where in missing(seen.element, seen.marks):
        try:
            call.ask("AttachVolume", {"VolumeId": volume, "InstanceId": seen.resource.id, "Device": where})
        except Conflict:
            continue


def act(call: Call, account: Account, id: str, action: Action) -> Resource:
    """Ask for it, where the state allows; the machine as it is then."""
    seen = one(call, account, Kind.MACHINE, id).resource
    if action not in ACTIONS:
        raise refusal(Ability.SUSPEND)
    asked, about, states = ACTIONS[action]
    if seen.state is about:
        return seen
    if seen.state not in states:
        raise Conflict(f"machine {id} is {seen.state}: it cannot {action} now")
    call.ask(asked, {"InstanceId.1": id})
    return one(call, account, Kind.MACHINE, id).resource


def resize(call: Call, account: Account, id: str, size: OfferedSize) -> Resource:
    """Another instance type; EC2 takes it of a stopped machine only."""
    wanted, seen = account.size(call, size.name), one(call, account, Kind.MACHINE, id).resource
    if seen.facts["size"] == wanted.name:
        return seen
    if seen.state is not State.STOPPED:
        raise Conflict(f"machine {id} is {seen.state}: stop it, then give it the size {wanted.name}")
    call.ask("ModifyInstanceAttribute", {"InstanceId": id, "InstanceType.Value": str(wanted.name)})
    return one(call, account, Kind.MACHINE, id).resource


def console(call: Call, account: Account, id: str) -> str:
    """EC2 keeps the last 64 KiB of it."""
    one(call, account, Kind.MACHINE, id)
    said = call.ask("GetConsoleOutput", {"InstanceId": id}).findtext("output", "")
    return base64.b64decode(said).decode(errors="replace")


def _placed(call: Call, account: Account, spec: MachineSpec, given: Mapping[str, str]) -> dict[str, str]:
    """Where it is: zone, subnet, address, and its groups."""
    zone = _zone(call, account, spec)
    if not spec.networks:
        firewall = one(call, account, Kind.FIREWALL, spec.firewall).resource.id if spec.firewall else ""
        return _filled({"Placement.AvailabilityZone": zone or "", "SecurityGroupId.1": firewall})
    if len(spec.networks) > 1:
        raise Refused(f"machine {spec.name} is to be in {len(spec.networks)} networks; EC2 makes it in one: name one")
    network = spec.networks[0]
    address = spec.addresses[0] if spec.addresses else ""
    subnet = _subnet(call, account, network, zone, address)
    if address:
        _refuse_taken(call, account, network, address)
    groups = _groups(call, account, network, spec, given)
    return {**_filled({"SubnetId": subnet.id, "PrivateIpAddress": address}), **numbered("SecurityGroupId", groups)}


def _subnet(call: Call, account: Account, network: str, zone: str | None, address: str) -> Subnet:
    """Where the machine is to be. NotFound where there is no such network, Refused where it has no such place."""
    zones, known = account.zones(call), account.subnets.get(network, ())
    subnet = chosen(known, zones, zone, address)
    if subnet is None:
        account.subnets[network] = known = subnets(call, network)
        subnet = chosen(known, zones, zone, address)
    if not known:
        raise NotFound(f"there is no network {network}; create it first")
    if subnet is None:
        raise Refused(f"network {network} has no subnet in zone {zone} with the address {address or 'asked for'}")
    return subnet


def _filled(params: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in params.items() if value}


def chosen(found: Sequence[Subnet], zones: Sequence[str], zone: str | None, address: str) -> Subnet | None:
    """The subnet that is in the zone and has the address in it, where they are named: in the order of zones, the
    network's first range first. Pure."""
    order = {each: number for number, each in enumerate(zones)}
    fitting = [
        each
        for each in found
        if (zone is None or each.zone == zone) and (not address or IPv4Address(address) in IPv4Network(each.cidr))
    ]
    return min(fitting, key=lambda each: order.get(each.zone, len(order)), default=None)


def _zone(call: Call, account: Account, spec: MachineSpec) -> str | None:
    """The one asked for, or that of its volumes. Refused where they are elsewhere, Conflict where one is in use."""
    zone = spec.zone
    if len(spec.volumes) > MOST_VOLUMES:
        raise Refused(f"machine {spec.name} is to have {len(spec.volumes)} volumes; there is room for {MOST_VOLUMES}")
    for each in spec.volumes:
        facts = one(call, account, Kind.VOLUME, each.volume).resource.facts
        if holder := facts.get("machine"):
            raise Conflict(f"volume {each.volume} is in use by {holder}; delete that first")
        if zone not in {None, facts["zone"]}:
            raise Refused(
                f"volume {each.volume} is in zone {facts['zone']} and not in {zone}, where its machine is to be"
            )
        zone = str(facts["zone"])
    return zone


def _groups(call: Call, account: Account, network: str, spec: MachineSpec, given: Mapping[str, str]) -> list[str]:
    """Its firewall, or the network's own group, whose members reach each other; and that of its node."""
    node = given.get(tags.NODE)
    own = spec.firewall or _default(call, network)
    return [own, firewalls.members(call, account, network, node, given)] if node else [own]


def _default(call: Call, network: str) -> str:
    asked = filters({"vpc-id": network, "group-name": "default"})
    found = next(call.each("DescribeSecurityGroups", "securityGroupInfo/item/groupId", asked), None)
    if found is None:
        raise NotFound(f"there is no network {network}; create it first")
    return found.text or ""


def _refuse_taken(call: Call, account: Account, network: str, address: str) -> None:
    where = {"vpc-id": network, "private-ip-address": address, "instance-state-name": LIVING}
    if look(call, account, Kind.MACHINE, where):
        raise Conflict(f"{address} is in use in network {network}; choose another")
