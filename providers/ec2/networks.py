"""A network is a VPC with its subnets, an internet gateway and the route to it.

A VPC each, and not subnets of one, so that a network has the range it asks for and nobody else's machines. A machine
can therefore be in one network only: EC2 makes no machine that is in two VPCs. The VPC is made first and goes last, so
that whatever a lost answer left of a network is found by it; a mark that is set last says that it is whole. A gateway
is the one part that EC2 makes even when its VPC is gone: it carries the network's tags, and passes for a network then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network

from lxml import etree

from providers.ec2 import tags
from providers.ec2.account import Account, Subnet
from providers.ec2.looking import Seen, look, settled
from providers.ec2.wire import Call, filters
from providers.errors import Conflict, NotFound, Quota, Refused
from providers.protocol import Kind, NetworkSpec, Resource, State

SMALLEST = 28
LARGEST = 16
USUAL = 20
"""Prefix lengths: what EC2 takes for a VPC and a subnet, and that of a network that names no range."""
GATEWAY = "igw-"
EVERYWHERE = "0.0.0.0/0"
LIVING = ("pending", "running", "stopping", "stopped", "shutting-down")


def make(call: Call, account: Account, spec: NetworkSpec, token: str, given: Mapping[str, str]) -> Resource:
    """The VPC of this token with all its parts."""
    there = look(call, account, Kind.NETWORK, {})
    mine = next((each for each in there if each.resource.token == token), None)
    if mine is None:
        cidr = _asked(spec.cidr) if spec.cidr else _free(account.options.pool, token, there)
        marked = tags.tagging("vpc", tags.all_of(spec.name, token, given))
        made = call.ask("CreateVpc", {"CidrBlock": str(cidr), **marked})
        id, own = made.findtext("vpc/vpcId", ""), tags.all_of(spec.name, token, given)
        _complete(call, account, id, own, _wanted(spec, cidr), fresh=True)
    elif tags.WHOLE not in mine.marks:
        cidr = _asked(str(mine.resource.facts["cidr"]))
        own = tags.all_of(spec.name, token, given)
        _complete(call, account, mine.resource.id, own, _wanted(spec, cidr), fresh=False)
    return settled(call, account, Kind.NETWORK, token, lambda id: remove(call, account, id))


def remove(call: Call, account: Account, id: str) -> None:
    """Its parts, then itself. Nothing is touched while a machine or a firewall uses it."""
    if id.startswith(GATEWAY):
        call.ask("DeleteInternetGateway", {"InternetGatewayId": id})
        return
    groups = list(call.each("DescribeSecurityGroups", "securityGroupInfo/item", filters({"vpc-id": id})))
    _refuse_used(call, account, id, groups)
    for group in groups:
        if tags.PART in tags.read(group):
            call.ask("DeleteSecurityGroup", {"GroupId": group.findtext("groupId", "")})
    for subnet in subnets(call, id):
        call.ask("DeleteSubnet", {"SubnetId": subnet.id})
    for gateway, attached in _gateways(call, id):
        if attached:
            call.ask("DetachInternetGateway", {"InternetGatewayId": gateway, "VpcId": id})
        call.ask("DeleteInternetGateway", {"InternetGatewayId": gateway})
    call.ask("DeleteVpc", {"VpcId": id})


def gateways(call: Call, wanted: Mapping[str, str | Sequence[str]]) -> list[Resource]:
    """Those that are attached to nothing, as the networks that they were to be parts of."""
    there = call.each("DescribeInternetGateways", "internetGatewaySet/item", filters(wanted))
    return [_lone(each) for each in there if each.find("attachmentSet/item") is None]


def lone(found: Sequence[Resource], networks: Sequence[Resource]) -> list[Resource]:
    """The gateways whose network is none of these: it was given back before they were made. Pure."""
    there = {each.id for each in networks}
    return [each for each in found if each.tags and each.facts["network"] not in there]


def one(call: Call, id: str) -> Resource:
    """A gateway without a network; NotFound."""
    for each in gateways(call, {"internet-gateway-id": id}):
        if each.id == id:
            return each
    raise NotFound(f"there is no network {id!r}")


def _lone(gateway: etree._Element) -> Resource:
    id, marks = gateway.findtext("internetGatewayId", ""), tags.read(gateway)
    facts = {"network": marks.get(tags.PART, ""), "error": "an internet gateway whose VPC is gone"}
    name, token = marks.get(tags.NAME, id), marks.get(tags.TOKEN, "")
    return Resource(Kind.NETWORK, id, name, State.ERROR, token, tags.told(marks), (), facts)


def subnets(call: Call, network: str) -> list[Subnet]:
    """The network's subnets as the cloud tells them."""
    return [
        Subnet(each.findtext("subnetId", ""), each.findtext("availabilityZone", ""), each.findtext("cidrBlock", ""))
        for each in call.each("DescribeSubnets", "subnetSet/item", filters({"vpc-id": network}))
    ]


def parts(cidr: IPv4Network, zones: Sequence[str]) -> list[tuple[str, IPv4Network]]:
    """A range cut into as many equal parts as there are zones; the whole where there is one. Refused where it is too
    small. Pure."""
    longer = (len(zones) - 1).bit_length()
    if cidr.prefixlen + longer > SMALLEST:
        raise Refused(f"{cidr} is too small for {len(zones)} zones: EC2 takes no subnet smaller than a /{SMALLEST}")
    return list(zip(zones, cidr.subnets(prefixlen_diff=longer), strict=False))


def _asked(cidr: str) -> IPv4Network:
    try:
        found = IPv4Network(cidr)
    except ValueError as error:
        raise Refused(f"{cidr!r} is not an IPv4 network: {error}") from error
    if not LARGEST <= found.prefixlen <= SMALLEST:
        raise Refused(f"EC2 takes networks from /{LARGEST} to /{SMALLEST}, not {found}; ask for another range")
    return found


def _wanted(spec: NetworkSpec, cidr: IPv4Network) -> list[IPv4Network]:
    return [cidr, *(_asked(each) for each in spec.subnets)]


def _free(pool: IPv4Network, token: str, there: Sequence[Seen]) -> IPv4Network:
    """A range that no VPC has. Tokens begin at different places, so that two who look at the same time choose apart."""
    used = [IPv4Network(each.resource.facts["cidr"]) for each in there]
    for candidate in _ranges(pool, int(hashlib.sha256(token.encode()).hexdigest(), 16)):
        if not any(candidate.overlaps(other) for other in used):
            return candidate
    raise Quota(f"no range of /{USUAL} is free in {pool}; {len(used)} networks are there")


def _ranges(pool: IPv4Network, start: int) -> Iterator[IPv4Network]:
    """All of the pool's, from one of them on and around."""
    prefix = max(USUAL, pool.prefixlen)
    count, size = 2 ** (prefix - pool.prefixlen), 2 ** (32 - prefix)
    for number in range(count):
        yield IPv4Network((int(pool.network_address) + (start + number) % count * size, prefix))


def _complete(
    call: Call, account: Account, id: str, own: Mapping[str, str], ranges: Sequence[IPv4Network], *, fresh: bool
) -> None:
    """What is missing of a VPC; where it is fresh, everything is."""
    _ranged(call, id, ranges[1:], fresh=fresh)
    _subnetted(call, account, id, ranges, fresh=fresh)
    gateway = _gateway(call, id, own, fresh=fresh)
    _routed(call, id, gateway)
    call.ask("CreateTags", {"ResourceId.1": id, "Tag.1.Key": tags.WHOLE, "Tag.1.Value": "yes"})


def _ranged(call: Call, id: str, further: Sequence[IPv4Network], *, fresh: bool) -> None:
    if not further:
        return
    path = "vpcSet/item/cidrBlockAssociationSet/item/cidrBlock"
    has = set() if fresh else {each.text for each in call.each("DescribeVpcs", path, filters({"vpc-id": id}))}
    for each in further:
        if str(each) not in has:
            call.ask("AssociateVpcCidrBlock", {"VpcId": id, "CidrBlock": str(each)})


def _subnetted(call: Call, account: Account, id: str, ranges: Sequence[IPv4Network], *, fresh: bool) -> None:
    there = [] if fresh else subnets(call, id)
    has = {each.cidr: each.id for each in there}
    zones = account.zones(call)
    for zone, part in (found for each in ranges for found in parts(each, zones)):
        asked = {"VpcId": id, "CidrBlock": str(part), "AvailabilityZone": zone}
        subnet = has.get(str(part), "") or call.ask("CreateSubnet", asked).findtext("subnet/subnetId", "")
        if account.options.outward:
            call.ask("ModifySubnetAttribute", {"SubnetId": subnet, "MapPublicIpOnLaunch.Value": "true"})


def _gateway(call: Call, id: str, own: Mapping[str, str], *, fresh: bool) -> str:
    there = [] if fresh else list(_gateways(call, id))
    marked = tags.tagging("internet-gateway", {**own, tags.PART: id})
    if not there:
        made = call.ask("CreateInternetGateway", marked)
        there = [(made.findtext("internetGateway/internetGatewayId", ""), False)]
    gateway, attached = there[0]
    if not attached:
        call.ask("AttachInternetGateway", {"InternetGatewayId": gateway, "VpcId": id})
    return gateway


def _gateways(call: Call, id: str) -> Iterator[tuple[str, bool]]:
    """(gateway, whether it is attached) of a network; its mark finds it in either case."""
    for each in call.each("DescribeInternetGateways", "internetGatewaySet/item", filters({f"tag:{tags.PART}": id})):
        yield each.findtext("internetGatewayId", ""), each.find("attachmentSet/item") is not None


def _routed(call: Call, id: str, gateway: str) -> None:
    """The way out, in the route table that the VPC came with."""
    table = next(call.each("DescribeRouteTables", "routeTableSet/item", filters({"vpc-id": id})))
    if EVERYWHERE in {each.text for each in table.iterfind("routeSet/item/destinationCidrBlock")}:
        return
    target = {"RouteTableId": table.findtext("routeTableId", ""), "GatewayId": gateway}
    call.ask("CreateRoute", {**target, "DestinationCidrBlock": EVERYWHERE})


def _refuse_used(call: Call, account: Account, id: str, groups: Sequence[etree._Element]) -> None:
    there = look(call, account, Kind.MACHINE, {"vpc-id": id, "instance-state-name": LIVING})
    machines = [each for each in there if each.element.findtext("vpcId") == id]  # who does not know a filter passes all
    firewalls = [
        each for each in groups if each.findtext("groupName") != "default" and tags.PART not in tags.read(each)
    ]
    if machines or firewalls:
        who = f"{len(machines)} machines and {len(firewalls)} firewalls"
        raise Conflict(f"network {id} is used by {who}; delete those first")
