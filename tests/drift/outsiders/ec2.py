"""At EC2: its Query API by httpx. The servers of the suite take any signature, so that none is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import httpx
from lxml import etree

from providers.protocol import Kind, Resource
from tests.drift.outsiders.waiting import until
from tests.providers.ec2 import REGION

SIGNED = f"AWS4-HMAC-SHA256 Credential=suite/20260101/{REGION}/ec2/aws4_request, SignedHeaders=host, Signature=00"
SIZES = ("t3.micro", "t3.small")


class Console:
    def __init__(self, port: int) -> None:
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": SIGNED})

    def delete(self, thing: Resource) -> None:
        match thing.kind:
            case Kind.MACHINE:
                self._ask("TerminateInstances", {"InstanceId.1": thing.id})
                until(lambda: self._state(thing) in ("terminated", ""), "the instance is terminated")
            case Kind.VOLUME:
                self._ask("DeleteVolume", {"VolumeId": thing.id})
            case Kind.FIREWALL:
                self._ask("DeleteSecurityGroup", {"GroupId": thing.id})
            case Kind.ADDRESS:
                self._ask("ReleaseAddress", {"AllocationId": self._let_go(thing)})
            case Kind.NETWORK:
                self._delete_vpc(thing.id)
            case _:
                raise NotImplementedError(thing.kind)

    def stop(self, machine: Resource) -> None:
        self._ask("StopInstances", {"InstanceId.1": machine.id})
        until(lambda: self._state(machine) == "stopped", "the instance is stopped")

    def resize(self, machine: Resource) -> None:
        self.stop(machine)
        size = next(each for each in SIZES if each != machine.facts["size"])
        self._ask("ModifyInstanceAttribute", {"InstanceId": machine.id, "InstanceType.Value": size})
        self._ask("StartInstances", {"InstanceId.1": machine.id})
        until(lambda: self._state(machine) == "running", "the instance runs")

    def mark(self, thing: Resource, tags: Mapping[str, str]) -> None:
        """All that it carries are taken, also those that nobody sees."""
        root = self._ask("DescribeTags", {"Filter.1.Name": "resource-id", "Filter.1.Value.1": thing.id})
        keys = [each.findtext("key", "") for each in root.iterfind(".//item")]
        taken = {f"Tag.{number}.Key": key for number, key in enumerate(keys, 1)}
        self._ask("DeleteTags", {"ResourceId.1": thing.id, **taken})
        if tags:
            self._ask("CreateTags", {"ResourceId.1": thing.id, **_tags("Tag", tags)})

    def leave(self, name: str, tags: Mapping[str, str]) -> None:
        given = _tags("TagSpecification.1.Tag", {**tags, "Name": name})
        asked = {"AvailabilityZone": f"{REGION}a", "Size": "1", "TagSpecification.1.ResourceType": "volume"}
        self._ask("CreateVolume", {**asked, **given})

    def _state(self, machine: Resource) -> str:
        root = self._ask("DescribeInstances", {"InstanceId.1": machine.id})
        return root.findtext(".//instanceState/name", "")

    def _let_go(self, address: Resource) -> str:
        root = self._ask("DescribeAddresses", {"AllocationId.1": address.id})
        if bound := root.findtext(".//associationId"):
            self._ask("DisassociateAddress", {"AssociationId": bound})
        return address.id

    def _delete_vpc(self, id: str) -> None:
        """With all that is in it, as the console does."""
        own = {"Filter.1.Name": "vpc-id", "Filter.1.Value.1": id}
        bound = {"Filter.1.Name": "attachment.vpc-id", "Filter.1.Value.1": id}
        for group in self._ask("DescribeSecurityGroups", own).iterfind("securityGroupInfo/item"):
            if group.findtext("groupName") != "default":
                self._ask("DeleteSecurityGroup", {"GroupId": group.findtext("groupId", "")})
        for each in self._ask("DescribeSubnets", own).iterfind(".//subnetId"):
            self._ask("DeleteSubnet", {"SubnetId": each.text or ""})
        for each in self._ask("DescribeInternetGateways", bound).iterfind(".//internetGatewayId"):
            self._ask("DetachInternetGateway", {"InternetGatewayId": each.text or "", "VpcId": id})
            self._ask("DeleteInternetGateway", {"InternetGatewayId": each.text or ""})
        self._ask("DeleteVpc", {"VpcId": id})

    def _ask(self, action: str, params: Mapping[str, str]) -> etree._Element:
        answer = self.http.post("/", data={"Action": action, "Version": "2016-11-15", **params})
        assert answer.is_success, (action, answer.text)
        root = cast(etree._Element, etree.fromstring(answer.content))
        for each in root.iter("*"):  # no comments
            each.tag = etree.QName(each).localname
        return root


def _tags(prefix: str, tags: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for number, (key, value) in enumerate(tags.items(), 1):
        found |= {f"{prefix}.{number}.Key": key, f"{prefix}.{number}.Value": value}
    return found
