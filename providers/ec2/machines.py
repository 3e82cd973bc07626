"""A machine is an instance: made, completed, told what to do.

`ClientToken` makes a repeated request the same machine; the token's tag makes it found where the cloud ignores that.
Volumes can only be attached to a machine that is up, so whoever looks at one that is, attaches what is missing.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network

from lxml import etree

from providers.ec2 import firewalls, tags
from providers.ec2.account import GIB, Account
from providers.ec2.looking import FORMS, Seen, look, missing, one, read
from providers.ec2.networks import LIVING, subnets
from providers.ec2.wire import Call, filters, numbered
from providers.errors import Conflict, NotFound, Refused
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


def make(call: Call, account: Account, spec: MachineSpec, token: str, given: Mapping[str, str]) -> None:
    """The machine of this token. Everything it needs is looked at before it is asked for."""
    ended = _ended(call, account, token)
    if ended is None:
        return
    size, image = account.size(call, spec.size), account.image(call, spec.image)
    marks = {tags.VOLUMES: " ".join(each.volume for each in spec.volumes)} if spec.volumes else {}
    asked = {
        "MinCount": "1",
        "MaxCount": "1",
        "InstanceType": str(size.name),
        "ImageId": image.offered.id,
        "ClientToken": f"{token}-{ended}",
        "MetadataOptions.HttpTokens": "required",
        **_placed(call, account, spec, given),
        **tags.tagging("instance", tags.all_of(spec.name, token, given) | marks),
    }
    if spec.user_data:
        asked["UserData"] = base64.b64encode(spec.user_data.encode()).decode()
    if spec.key:
        asked["KeyName"] = one(call, account, Kind.KEY, spec.key).resource.id
    if spec.disk > image.gib * GIB:
        root = {"DeviceName": image.device, "Ebs.VolumeSize": str(-(-spec.disk // GIB))}
        asked |= {f"BlockDeviceMapping.1.{word}": value for word, value in root.items()}
    call.ask("RunInstances", asked)


def remove(call: Call, account: Account, seen: Seen) -> None:
    call.ask("TerminateInstances", {"InstanceId.1": seen.resource.id})


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


def _ended(call: Call, account: Account, token: str) -> int | None:
    """How many machines of this token have ended, None where one is there. It goes into the client token: EC2 remembers
    one for as long as its machine is shown, and would answer with the one that is gone."""
    form = FORMS[Kind.MACHINE]
    found = list(call.each(form.action, form.path, filters({f"tag:{tags.TOKEN}": token})))
    account.proven() if found else account.prove(call)
    return None if any(read(Kind.MACHINE, each) for each in found) else len(found)


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
    there = subnets(call, network)
    if not there:
        raise NotFound(f"there is no network {network}; create it first")
    subnet = chosen(there, account.zones(call), zone, address)
    if subnet is None:
        raise Refused(f"network {network} has no subnet in zone {zone} with the address {address or 'asked for'}")
    if address:
        _refuse_taken(call, account, network, address)
    groups = _groups(call, network, spec, given)
    where = _filled({"SubnetId": subnet.findtext("subnetId", ""), "PrivateIpAddress": address})
    return {**where, **numbered("SecurityGroupId", groups)}


def _filled(params: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in params.items() if value}


def chosen(
    found: Sequence[etree._Element], zones: Sequence[str], zone: str | None, address: str
) -> etree._Element | None:
    """The subnet that is in the zone and has the address in it, where they are named: in the order of zones, the
    network's first range first. Pure."""
    order = {each: number for number, each in enumerate(zones)}
    fitting = [
        each
        for each in found
        if (zone is None or each.findtext("availabilityZone") == zone)
        and (not address or IPv4Address(address) in IPv4Network(each.findtext("cidrBlock", "")))
    ]
    return min(fitting, key=lambda each: order.get(each.findtext("availabilityZone", ""), len(order)), default=None)


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


def _groups(call: Call, network: str, spec: MachineSpec, given: Mapping[str, str]) -> list[str]:
    """Its firewall, or the network's own group, whose members reach each other; and that of its node."""
    found = call.each("DescribeSecurityGroups", "securityGroupInfo/item", filters({"vpc-id": network}))
    names = {each.findtext("groupName", ""): each.findtext("groupId", "") for each in found}
    if spec.firewall and spec.firewall not in names.values():
        raise NotFound(f"there is no firewall {spec.firewall} in network {network}; create it first")
    groups = [spec.firewall or names["default"]]
    node = given.get(tags.NODE)
    if node:
        name = firewalls.members_name(node, given)
        groups.append(names.get(name) or firewalls.make_members(call, network, name, node))
    return groups


def _refuse_taken(call: Call, account: Account, network: str, address: str) -> None:
    where = {"vpc-id": network, "private-ip-address": address, "instance-state-name": LIVING}
    if look(call, account, Kind.MACHINE, where):
        raise Conflict(f"{address} is in use in network {network}; choose another")
