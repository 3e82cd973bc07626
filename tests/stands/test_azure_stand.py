"""The stand-in for Azure is read by Azure's own clients: every answer fits their models, and means what it should."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("azure.mgmt.compute", reason="the extra `azure` is not installed")

from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.core.rest import HttpRequest
from azure.identity import ClientSecretCredential
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.network import NetworkManagementClient

from tests.stands.azure import NO_CAPACITY, THROTTLED, Cut, Fault, Stand
from tests.stands.azure.reading import unknown

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIX8VZVgwIDnWcNXWoRcGUoDrFULKG5UNaZgTLW8cDYp accords"
GROUP, PLACE = Stand.group, Stand.location


class Azure:
    """The stand-in with the SDK's clients, and the shortest machine that can be made."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        trusted = str(stand.trusted)
        self.credential = ClientSecretCredential(
            stand.tenant,
            stand.client,
            stand.secret,
            authority=stand.endpoint,
            disable_instance_discovery=True,
            connection_verify=trusted,
        )
        words = {
            "base_url": stand.endpoint,
            "credential_scopes": [stand.scope],
            "connection_verify": trusted,
            "retry_total": 0,
            "polling_interval": 0.01,
        }
        self.compute = ComputeManagementClient(self.credential, stand.subscription, **words)
        self.network = NetworkManagementClient(self.credential, stand.subscription, **words)

    def id(self, type: str, name: str) -> str:
        return f"/subscriptions/{Stand.subscription}/resourceGroups/{GROUP}/providers/{type}/{name}"

    def lan(self, name: str = "lan", prefix: str = "10.0.0.0/24") -> str:
        subnets = [{"name": "first", "properties": {"addressPrefix": prefix}}]
        body = {"location": PLACE, "properties": {"addressSpace": {"addressPrefixes": [prefix]}, "subnets": subnets}}
        return str(self.network.virtual_networks.begin_create_or_update(GROUP, name, body).result().id)

    def nic(self, name: str = "nic", **more: object) -> str:
        subnet = {"id": self.id("Microsoft.Network/virtualNetworks", "lan/subnets/first")}
        configuration = {"name": "primary", "properties": {"subnet": subnet, **more}}
        body = {"location": PLACE, "properties": {"ipConfigurations": [configuration]}}
        return str(self.network.network_interfaces.begin_create_or_update(GROUP, name, body).result().id)

    def machine_body(self, nic: str, size: str = "Standard_D2s_v3") -> dict[str, object]:
        return {
            "location": PLACE,
            "tags": {"accords-token": "abc"},
            "properties": {
                "hardwareProfile": {"vmSize": size},
                "storageProfile": {
                    "imageReference": {
                        "publisher": "Canonical",
                        "offer": "ubuntu-24_04-lts",
                        "sku": "server",
                        "version": "latest",
                    },
                    "osDisk": {"name": "node-os", "createOption": "FromImage", "deleteOption": "Delete"},
                },
                "osProfile": {
                    "computerName": "node",
                    "adminUsername": "accords",
                    "customData": base64.b64encode(b"#cloud-config\n{}\n").decode(),
                    "linuxConfiguration": {
                        "disablePasswordAuthentication": True,
                        "ssh": {"publicKeys": [{"path": "/home/accords/.ssh/authorized_keys", "keyData": KEY}]},
                    },
                },
                "networkProfile": {"networkInterfaces": [{"id": nic, "properties": {"deleteOption": "Delete"}}]},
                "diagnosticsProfile": {"bootDiagnostics": {"enabled": True}},
            },
        }

    def machine(self, size: str = "Standard_D2s_v3") -> str:
        self.lan()
        body = self.machine_body(self.nic(), size)
        return str(self.compute.virtual_machines.begin_create_or_update(GROUP, "node", body).result().id)

    def power(self) -> str:
        view = self.compute.virtual_machines.instance_view(GROUP, "node")
        return next(each.code for each in view.statuses if each.code.startswith("PowerState/"))


@pytest.fixture
def azure(tmp_path: Path) -> Iterator[Azure]:
    """An operation has ended by the next request; at the end all answers are held against the SDK's models."""
    with Stand(tmp_path, usual=0.0) as stand:
        yield Azure(stand)
        for each in stand.exchanges:
            assert unknown(each.request, each.answer) == [], each.request.path


@pytest.fixture
def driven(tmp_path: Path) -> Iterator[Azure]:
    """Time passes when the test says so."""
    with Stand(tmp_path, driven=True, usual=30.0) as stand:
        yield Azure(stand)


def code(error: HttpResponseError) -> str:
    assert error.error is not None
    return str(error.error.code)


def test_a_machine_is_made_of_a_network_an_interface_and_an_image(azure: Azure) -> None:
    azure.machine()
    machine = azure.compute.virtual_machines.get(GROUP, "node", expand="instanceView")
    assert machine.provisioning_state == "Succeeded"
    assert machine.tags == {"accords-token": "abc"}
    assert machine.os_profile.custom_data is None
    assert machine.storage_profile.image_reference.exact_version == "24.04.202601010"
    assert azure.power() == "PowerState/running"
    assert azure.stand.custom_data("node") == "#cloud-config\n{}\n"
    nic = azure.network.network_interfaces.get(GROUP, "nic")
    assert nic.ip_configurations[0].private_ip_address == "10.0.0.4"
    assert nic.mac_address
    assert nic.virtual_machine.id == machine.id


def test_deleting_a_machine_takes_with_it_what_says_so(azure: Azure) -> None:
    azure.machine()
    azure.compute.virtual_machines.begin_delete(GROUP, "node").result()
    assert list(azure.compute.virtual_machines.list(GROUP)) == []
    assert list(azure.compute.disks.list()) == []
    assert list(azure.network.network_interfaces.list_all()) == []


def test_a_machine_keeps_its_disk_and_interface_unless_told_otherwise(azure: Azure) -> None:
    azure.lan()
    body = azure.machine_body(azure.nic())
    del body["properties"]["networkProfile"]["networkInterfaces"][0]["properties"]  # type: ignore[index]
    del body["properties"]["storageProfile"]["osDisk"]["deleteOption"]  # type: ignore[index]
    azure.compute.virtual_machines.begin_create_or_update(GROUP, "node", body).result()
    azure.compute.virtual_machines.begin_delete(GROUP, "node").result()
    assert [each.name for each in azure.compute.disks.list()] == ["node-os"]
    assert [each.name for each in azure.network.network_interfaces.list(GROUP)] == ["nic"]


def test_deleting_what_is_gone_is_fine_and_reading_it_is_not(azure: Azure) -> None:
    azure.compute.virtual_machines.begin_delete(GROUP, "node").result()
    with pytest.raises(ResourceNotFoundError) as error:
        azure.compute.virtual_machines.get(GROUP, "node")
    assert code(error.value) == "ResourceNotFound"
    with pytest.raises(ResourceNotFoundError) as error:
        azure.compute.virtual_machines.get("nowhere", "node")
    assert code(error.value) == "ResourceGroupNotFound"


def test_an_operation_is_seen_while_it_goes_on_and_when_it_has_ended(driven: Azure) -> None:
    body = {"location": PLACE, "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/24"]}}}
    poller = driven.network.virtual_networks.begin_create_or_update(GROUP, "lan", body, polling=False)
    del poller
    assert driven.network.virtual_networks.get(GROUP, "lan").provisioning_state == "Updating"
    made = driven.stand.exchanges[-2].answer
    assert made.status == 201
    assert "Azure-AsyncOperation" in made.headers
    driven.stand.clock.advance(30)
    assert driven.network.virtual_networks.get(GROUP, "lan").provisioning_state == "Succeeded"


def test_what_is_busy_refuses_others_and_answers_the_same_request_again(driven: Azure) -> None:
    disk = {"location": PLACE, "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 4}}
    driven.compute.disks.begin_create_or_update(GROUP, "data", disk, polling=False)
    driven.compute.disks.begin_create_or_update(GROUP, "data", disk, polling=False)
    other = {**disk, "tags": {"a": "b"}}
    with pytest.raises(ResourceExistsError) as error:
        driven.compute.disks.begin_create_or_update(GROUP, "data", other, polling=False)
    assert (error.value.status_code, code(error.value)) == (409, "Conflict")
    driven.stand.clock.advance(30)
    assert driven.compute.disks.get(GROUP, "data").provisioning_state == "Succeeded"


def test_what_is_not_ready_cannot_be_referred_to(driven: Azure) -> None:
    driven.lan = lambda: None  # type: ignore[method-assign]
    group = {"location": PLACE, "properties": {}}
    driven.network.network_security_groups.begin_create_or_update(GROUP, "fw", group, polling=False)
    id = driven.id("Microsoft.Network/networkSecurityGroups", "fw")
    subnet = {"name": "a", "properties": {"addressPrefix": "10.0.0.0/24", "networkSecurityGroup": {"id": id}}}
    body = {
        "location": PLACE,
        "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/24"]}, "subnets": [subnet]},
    }
    with pytest.raises(HttpResponseError) as error:
        driven.network.virtual_networks.begin_create_or_update(GROUP, "lan", body, polling=False)
    assert (error.value.status_code, code(error.value)) == (429, "RetryableError")
    assert error.value.response.headers["Retry-After"] == "10"


def test_a_creation_can_fail_in_the_end(azure: Azure) -> None:
    azure.lan()
    body = azure.machine_body(azure.nic())
    azure.stand.faults.add(Fault("PUT", "virtualMachines", ends=NO_CAPACITY))
    with pytest.raises(HttpResponseError) as error:
        azure.compute.virtual_machines.begin_create_or_update(GROUP, "node", body).result()
    assert code(error.value) == "AllocationFailed"
    assert azure.compute.virtual_machines.get(GROUP, "node").provisioning_state == "Failed"


def test_what_is_used_is_not_deleted(azure: Azure) -> None:
    azure.machine()
    network, compute = azure.network, azure.compute
    refused = {
        "InUseSubnetCannotBeDeleted": lambda: network.virtual_networks.begin_delete(GROUP, "lan"),
        "NicInUse": lambda: network.network_interfaces.begin_delete(GROUP, "nic"),
        "OperationNotAllowed": lambda: compute.disks.begin_delete(GROUP, "node-os"),
    }
    for expected, call in refused.items():
        with pytest.raises(HttpResponseError) as error:
            call()
        assert code(error.value) == expected


def test_a_machine_is_stopped_deallocated_and_started(azure: Azure) -> None:
    azure.machine()
    machines = azure.compute.virtual_machines
    machines.begin_power_off(GROUP, "node").result()
    assert azure.power() == "PowerState/stopped"
    machines.begin_deallocate(GROUP, "node").result()
    assert azure.power() == "PowerState/deallocated"
    assert azure.compute.disks.get(GROUP, "node-os").disk_state == "Reserved"
    machines.begin_start(GROUP, "node").result()
    machines.begin_restart(GROUP, "node").result()
    assert azure.power() == "PowerState/running"


def test_power_is_seen_to_change(driven: Azure) -> None:
    """`starting` and `stopping` are PowerStates, too."""
    driven.stand.world.usual = 0.0
    driven.machine()
    driven.stand.world.usual = 30.0
    driven.compute.virtual_machines.begin_power_off(GROUP, "node", polling=False)
    assert driven.power() == "PowerState/stopping"
    with pytest.raises(ResourceExistsError):
        driven.compute.virtual_machines.begin_start(GROUP, "node", polling=False)
    driven.stand.clock.advance(30)
    assert driven.power() == "PowerState/stopped"


def test_a_size_of_other_hardware_takes_a_deallocated_machine(azure: Azure) -> None:
    azure.machine()
    machines = azure.compute.virtual_machines
    same, other = (
        {"properties": {"hardwareProfile": {"vmSize": size}}} for size in ("Standard_D4s_v3", "Standard_D2as_v5")
    )
    assert machines.begin_update(GROUP, "node", same).result().hardware_profile.vm_size == "Standard_D4s_v3"
    assert "Standard_D2as_v5" not in {each.name for each in machines.list_available_sizes(GROUP, "node")}
    with pytest.raises(ResourceExistsError) as error:
        machines.begin_update(GROUP, "node", other)
    assert code(error.value) == "OperationNotAllowed"
    machines.begin_deallocate(GROUP, "node").result()
    machines.begin_update(GROUP, "node", other).result()
    assert machines.get(GROUP, "node").hardware_profile.vm_size == "Standard_D2as_v5"


def test_more_than_the_quota_is_refused_with_numbers(azure: Azure) -> None:
    azure.stand.world.catalog.limits["standardDSv3Family"] = 1
    with pytest.raises(ResourceExistsError) as error:
        azure.machine()
    assert code(error.value) == "OperationNotAllowed"
    assert "Current Limit: 1, Current Usage: 0, Additional Required: 2" in error.value.message
    usage = {each.name.value: (each.current_value, each.limit) for each in azure.compute.usage.list(PLACE)}
    assert usage["standardDSv3Family"] == (0, 1)


def test_a_size_that_is_not_to_be_had_is_told(azure: Azure) -> None:
    azure.stand.world.catalog.restricted = frozenset({"Standard_D2s_v3"})
    with pytest.raises(ResourceExistsError) as error:
        azure.machine()
    assert code(error.value) == "SkuNotAvailable"
    skus = {each.name: each for each in azure.compute.resource_skus.list(filter=f"location eq '{PLACE}'")}
    assert skus["Standard_D2s_v3"].restrictions[0].reason_code == "NotAvailableForSubscription"
    assert {each.name: each.value for each in skus["Standard_B1s"].capabilities}["MemoryGB"] == "1"


def test_a_disk_is_attached_and_given_back(azure: Azure) -> None:
    azure.machine()
    disk = {"location": PLACE, "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 4}}
    made = azure.compute.disks.begin_create_or_update(GROUP, "data", disk).result()
    assert (made.disk_size_gb, made.disk_state) == (4, "Unattached")
    attach = [{"lun": 0, "createOption": "Attach", "managedDisk": {"id": made.id}}]
    azure.compute.virtual_machines.begin_update(
        GROUP, "node", {"properties": {"storageProfile": {"dataDisks": attach}}}
    ).result()
    assert azure.compute.disks.get(GROUP, "data").managed_by
    with pytest.raises(ResourceExistsError):
        azure.compute.disks.begin_delete(GROUP, "data")
    azure.compute.virtual_machines.begin_update(
        GROUP, "node", {"properties": {"storageProfile": {"dataDisks": []}}}
    ).result()
    azure.compute.disks.begin_delete(GROUP, "data").result()


def test_a_snapshot_becomes_an_image_and_a_machine(azure: Azure) -> None:
    azure.machine()
    source = {"createOption": "Copy", "sourceResourceId": azure.id("Microsoft.Compute/disks", "node-os")}
    snapshot = azure.compute.snapshots.begin_create_or_update(
        GROUP, "snap", {"location": PLACE, "properties": {"creationData": source}}
    ).result()
    disk = {"osType": "Linux", "osState": "Generalized", "snapshot": {"id": snapshot.id}}
    body = {"location": PLACE, "properties": {"storageProfile": {"osDisk": disk}, "hyperVGeneration": "V2"}}
    image = azure.compute.images.begin_create_or_update(GROUP, "golden", body).result()
    second = azure.machine_body(azure.nic("other"))
    second["properties"]["storageProfile"] = {"imageReference": {"id": image.id}}  # type: ignore[index]
    assert azure.compute.virtual_machines.begin_create_or_update(GROUP, "copy", second).result().vm_id


def test_a_machine_is_generalized_before_it_is_an_image(azure: Azure) -> None:
    id = azure.machine()
    body = {"location": PLACE, "properties": {"sourceVirtualMachine": {"id": id}}}
    with pytest.raises(ResourceExistsError):
        azure.compute.images.begin_create_or_update(GROUP, "golden", body)
    azure.compute.virtual_machines.begin_deallocate(GROUP, "node").result()
    azure.compute.virtual_machines.generalize(GROUP, "node")
    azure.compute.images.begin_create_or_update(GROUP, "golden", body).result()
    with pytest.raises(ResourceExistsError):
        azure.compute.virtual_machines.begin_start(GROUP, "node")


def test_addresses_are_chosen_given_and_refused(azure: Azure) -> None:
    azure.lan()
    azure.nic("a", privateIPAllocationMethod="Static", privateIPAddress="10.0.0.9")
    azure.nic("b")
    found = {
        each.name: each.ip_configurations[0].private_ip_address for each in azure.network.network_interfaces.list_all()
    }
    assert found == {"a": "10.0.0.9", "b": "10.0.0.4"}
    for address, expected in {
        "10.0.0.9": "PrivateIPAddressInUse",
        "10.0.0.1": "PrivateIPAddressInReservedRange",
        "10.1.0.9": "PrivateIPAddressNotInSubnet",
    }.items():
        with pytest.raises(HttpResponseError) as error:
            azure.nic("c", privateIPAllocationMethod="Static", privateIPAddress=address)
        assert code(error.value) == expected


def test_a_public_address_is_had_by_one_interface(azure: Azure) -> None:
    azure.lan()
    body = {"location": PLACE, "sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}}
    made = azure.network.public_ip_addresses.begin_create_or_update(GROUP, "pub", body).result()
    assert made.ip_address
    azure.nic("a", publicIPAddress={"id": made.id})
    with pytest.raises(HttpResponseError) as error:
        azure.network.public_ip_addresses.begin_delete(GROUP, "pub")
    assert code(error.value) == "PublicIPAddressCannotBeDeleted"
    with pytest.raises(HttpResponseError) as error:
        azure.nic("b", publicIPAddress={"id": made.id})
    assert code(error.value) == "PublicIPAddressInUse"
    azure.nic("a")
    azure.network.public_ip_addresses.begin_delete(GROUP, "pub").result()


def test_rules_name_networks_and_application_groups(azure: Azure) -> None:
    group = azure.network.application_security_groups.begin_create_or_update(GROUP, "db", {"location": PLACE}).result()
    common = {"access": "Allow", "direction": "Inbound", "protocol": "Tcp", "sourcePortRange": "*"}
    rule = {**common, "priority": 100, "destinationPortRange": "5432", "destinationAddressPrefix": "*"}
    rule["sourceApplicationSecurityGroups"] = [{"id": group.id}]
    body = {"location": PLACE, "properties": {"securityRules": [{"name": "db", "properties": rule}]}}
    made = azure.network.network_security_groups.begin_create_or_update(GROUP, "fw", body).result()
    assert [each.name for each in made.security_rules] == ["db"]
    assert "AllowVnetInBound" in {each.name for each in made.default_security_rules}
    with pytest.raises(HttpResponseError) as error:
        azure.network.security_rules.begin_create_or_update(GROUP, "fw", "again", {"properties": rule})
    assert code(error.value) == "SecurityRuleConflict"
    with pytest.raises(HttpResponseError):
        azure.network.application_security_groups.begin_delete(GROUP, "db")
    azure.network.security_rules.begin_delete(GROUP, "fw", "db").result()
    azure.network.application_security_groups.begin_delete(GROUP, "db").result()


def test_subnets_are_within_their_network_and_do_not_overlap(azure: Azure) -> None:
    azure.lan(prefix="10.0.0.0/24")
    for prefix, expected in {
        "10.0.0.0/25": "NetcfgSubnetRangesOverlap",
        "10.9.0.0/24": "NetcfgInvalidSubnet",
        "10.0.0.1/24": "InvalidCIDRNotation",
    }.items():
        with pytest.raises(HttpResponseError) as error:
            azure.network.subnets.begin_create_or_update(GROUP, "lan", "b", {"properties": {"addressPrefix": prefix}})
        assert code(error.value) == expected


def test_lists_come_in_pages(azure: Azure) -> None:
    azure.stand.routes.pages = 2
    for place in range(5):
        azure.network.application_security_groups.begin_create_or_update(
            GROUP, f"g{place}", {"location": PLACE}
        ).result()
    assert len(list(azure.network.application_security_groups.list_all())) == 5
    assert len(list(azure.network.application_security_groups.list(GROUP))) == 5


def test_a_list_of_states_has_no_tags(azure: Azure) -> None:
    azure.machine()
    (full,) = azure.compute.virtual_machines.list_all()
    (brief,) = azure.compute.virtual_machines.list_all(status_only="true")
    assert (full.instance_view, brief.tags) == (None, None)
    assert "PowerState/running" in {each.code for each in brief.instance_view.statuses}


def test_an_etag_guards_against_a_lost_update(azure: Azure) -> None:
    azure.lan()
    body = {"location": PLACE, "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/24"]}}}
    with pytest.raises(HttpResponseError) as error:
        azure.network.virtual_networks.begin_create_or_update(GROUP, "lan", body, headers={"If-None-Match": "*"})
    assert error.value.status_code == 412


def test_a_public_key_is_kept(azure: Azure) -> None:
    azure.compute.ssh_public_keys.create(GROUP, "key", {"location": PLACE, "properties": {"publicKey": KEY}})
    assert azure.compute.ssh_public_keys.get(GROUP, "key").public_key == KEY
    azure.compute.ssh_public_keys.delete(GROUP, "key")
    azure.compute.ssh_public_keys.delete(GROUP, "key")
    assert list(azure.compute.ssh_public_keys.list_by_resource_group(GROUP)) == []


def test_platform_images_are_found_level_by_level(azure: Azure) -> None:
    images = azure.compute.virtual_machine_images
    assert {each.name for each in images.list_publishers(PLACE)} == {"Canonical", "Debian"}
    skus = images.list_skus(PLACE, "Canonical", "ubuntu-24_04-lts")
    assert [each.name for each in skus] == ["server", "server-arm64"]
    (version,) = images.list(PLACE, "Canonical", "ubuntu-24_04-lts", "server-arm64")
    assert images.get(PLACE, "Canonical", "ubuntu-24_04-lts", "server-arm64", version.name).architecture == "Arm64"


def test_network_usages_have_limits(azure: Azure) -> None:
    azure.lan()
    usage = {each.name.value: (each.current_value, each.limit) for each in azure.network.usages.list(PLACE)}
    assert usage["VirtualNetworks"] == (1, 1000)


def test_the_serial_log_is_behind_an_address_of_its_own(azure: Azure) -> None:
    azure.machine()
    found = azure.compute.virtual_machines.retrieve_boot_diagnostics_data(GROUP, "node")
    request = azure.stand.exchanges[-1].request
    path = found.serial_console_log_blob_uri.removeprefix(azure.stand.endpoint).split("?")[0]
    answer = azure.stand.answer(replace(request, method="GET", path=path, headers={}))
    assert "node login:" in str(answer.body)


def test_a_token_that_expired_is_refused_and_a_new_one_taken(azure: Azure) -> None:
    azure.lan()
    azure.stand.login.revoke()
    with pytest.raises(ClientAuthenticationError) as error:
        azure.network.virtual_networks.get(GROUP, "lan")
    assert code(error.value) == "ExpiredAuthenticationToken"
    assert "Bearer" in error.value.response.headers["WWW-Authenticate"]
    assert Azure(azure.stand).network.virtual_networks.get(GROUP, "lan").name == "lan"


def test_a_wrong_secret_is_refused_by_the_identity_platform(azure: Azure) -> None:
    azure.stand.login.secret = "another"
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        azure.lan()


def test_a_missing_right_is_named(azure: Azure) -> None:
    azure.stand.routes.denied.add("Microsoft.Network/virtualNetworks/write")
    with pytest.raises(HttpResponseError) as error:
        azure.lan()
    assert (error.value.status_code, code(error.value)) == (403, "AuthorizationFailed")


def test_throttling_says_how_long_to_wait(azure: Azure) -> None:
    azure.stand.faults.add(replace(THROTTLED, path="virtualNetworks"))
    with pytest.raises(HttpResponseError) as error:
        azure.network.virtual_networks.get(GROUP, "lan")
    assert (error.value.status_code, error.value.response.headers["Retry-After"]) == (429, "17")


@pytest.mark.parametrize(("cut", "made"), [(Cut.BEFORE, False), (Cut.AFTER, True), (Cut.HALF, True)])
def test_a_connection_is_cut_before_or_after_the_work(azure: Azure, cut: Cut, made: bool) -> None:
    azure.stand.faults.add(Fault("PUT", "virtualNetworks", cut=cut))
    with pytest.raises((ServiceRequestError, ServiceResponseError, HttpResponseError)):
        azure.lan()
    assert bool(list(azure.network.virtual_networks.list_all())) is made


def asked(azure: Azure, path: str, **query: str) -> dict[str, object]:
    """What a path of no client of ours answers."""
    answer = azure.compute.send_request(HttpRequest("GET", path, params={"api-version": "2021-04-01", **query}))
    answer.raise_for_status()
    found: dict[str, object] = answer.json()
    return found


def test_everything_with_a_tag_is_listed_by_one_request(azure: Azure) -> None:
    azure.machine()
    azure.nic("other")
    found = asked(
        azure,
        f"/subscriptions/{Stand.subscription}/resourceGroups/{GROUP}/resources",
        **{"$filter": "tagName eq 'accords-token' and tagValue eq 'abc'"},
    )
    assert [each["name"] for each in found["value"]] == ["node"]  # type: ignore[attr-defined]  # a list


def test_prices_are_by_region_and_need_no_token(azure: Azure) -> None:
    azure.stand.login.revoke()
    found = asked(azure, "/api/retail/prices", **{"$filter": "armRegionName eq 'northeurope'"})
    items = {each["armSkuName"]: each for each in found["Items"]}  # type: ignore[attr-defined]  # a list
    assert (items["Standard_B1s"]["retailPrice"], items["Standard_B1s"]["armRegionName"]) == (0.012, "northeurope")


def test_it_serves_as_a_process_and_says_where_it_is(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.stands.azure", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = json.loads(process.stdout.readline())
        process.kill()
    assert found["endpoint"].startswith("https://127.")
    assert Path(found["trusted"]).is_file()
