"""What the stand-in refuses, in Azure's words: code -> status and sentence. Taken from answers that users of Azure have
published in issue threads; where a code stands for several things, a word after a colon tells them apart."""

from __future__ import annotations

from collections.abc import Mapping

from tests.stands.azure.wire import ArmError

SENTENCES: Mapping[str, tuple[int, str]] = {
    # Resource Manager
    "AuthorizationFailed": (
        403,
        "The client '{client}' with object id '{client}' does not have authorization to perform action '{action}' "
        "over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your "
        "credentials.",
    ),
    "SubscriptionNotFound": (404, "The subscription '{name}' could not be found."),
    "ResourceGroupNotFound": (404, "Resource group '{name}' could not be found."),
    "InvalidResourceType": (400, "The resource type '{name}' could not be found in the namespace."),
    "MissingApiVersionParameter": (
        400,
        "The api-version query parameter (?api-version=) is required for all requests.",
    ),
    "InvalidRequestContent": (400, "The request content was invalid and could not be deserialized."),
    "LocationRequired": (400, "The location property is required for this definition."),
    "LocationNotAvailableForResourceGroup": (
        400,
        "The provided location '{name}' is not available for resource group. List of available regions is '{known}'.",
    ),
    "InvalidResourceLocation": (
        409,
        "The resource '{name}' already exists in location '{old}' in resource group '{group}'. A resource "
        "with the same "
        "name cannot be created in location '{new}'. Please select a new resource name.",
    ),
    "ParentResourceNotFound": (
        404,
        "Can not perform requested operation on nested resource. Parent resource '{name}' not found.",
    ),
    "PreconditionFailed": (412, "Precondition failed."),
    "Conflict": (
        409,
        "The request failed due to conflict with a concurrent request. To resolve it, please refer to "
        "https://aka.ms/activitylog to get more details on the conflicting requests.",
    ),
    "InvalidTagNameCharacters": (
        400,
        "The tag names '{name}' have reserved characters '<,>,%,&,\\,?,/' or control characters.",
    ),
    "InvalidTagValueLength": (
        400,
        "Tag value too large. Following tag value '{name}' exceeded the maximum length of 256.",
    ),
    "TooManyTags": (400, "The number of tags on the resource exceeds the limit of 50."),
    # networks
    "InvalidAddressPrefixFormat": (
        400,
        "Address prefix {text} of resource {of} is not formatted correctly. It should follow CIDR notation, "
        "for example "
        "10.0.0.0/24.",
    ),
    "InvalidCIDRNotation": (
        400,
        "The address prefix {text} in resource {of} has an invalid CIDR notation. For the given prefix length, the "
        "address prefix should be {found}.",
    ),
    "MissingAddressSpace": (400, "Virtual network {name} has no address space."),
    "NetcfgInvalidSubnet": (400, "Subnet '{name}' is not valid in virtual network '{network}'."),
    "NetcfgSubnetRangesOverlap": (
        400,
        "Subnet '{name}' is not valid because its IP address range overlaps with that of an existing subnet in virtual "
        "network '{network}'.",
    ),
    "InUseSubnetCannotBeDeleted": (
        400,
        "Subnet {name} is in use by {by} and cannot be deleted. In order to delete the subnet, delete all "
        "the resources "
        "within the subnet. See aka.ms/deletesubnet.",
    ),
    "NicInUse": (
        400,
        "Network Interface {id} is used by existing resource {by}. In order to delete the network interface, "
        "it must be "
        "dissociated from the resource. To learn more, see aka.ms/deletenic.",
    ),
    "IpConfigurationMissing": (400, "Network interface {id} must have at least one IP configuration."),
    "SubnetIsFull": (
        400,
        "Subnet {name} with address prefix {prefix} does not have enough capacity for 1 IP addresses.",
    ),
    "InvalidIPAddressFormat": (400, "IP address {text} is not formatted correctly."),
    "PrivateIPAddressNotInSubnet": (
        400,
        "Private static IP address {text} does not belong to the range of subnet prefix {prefix}.",
    ),
    "PrivateIPAddressInReservedRange": (
        400,
        "Private static IP address {text} falls within reserved IP range of subnet prefix {prefix}.",
    ),
    "PrivateIPAddressInUse": (
        400,
        "IP configuration {id} is using the same private IP address {text} as IP configuration {by}.",
    ),
    "PublicIPAddressInUse": (
        400,
        "Resource {id} is referencing public IP address {public} that is already allocated to resource {by}.",
    ),
    "PublicIPAddressCannotBeDeleted": (
        400,
        "Public IP address {id} can not be deleted since it is still allocated to resource {by}.",
    ),
    "InUseNetworkSecurityGroupCannotBeDeleted": (
        400,
        "Network security group {id} cannot be deleted because it is in use by the following resources: {by}. In order "
        "to delete the Network security group, remove the association with the resource(s).",
    ),
    "ApplicationSecurityGroupInUse": (
        400,
        "Application Security Group {name} cannot be deleted because it is referenced by {by}.",
    ),
    "SecurityRuleConflict": (
        400,
        "Security rule {name} conflicts with rule {other}. Rules cannot have the same Priority and Direction.",
    ),
    "SecurityRuleInvalidPriority": (
        400,
        "Security rule has invalid Priority. Value provided: {found} Allowed range 100-4096.",
    ),
    "SecurityRuleInvalidPortRange": (
        400,
        "Security rule has invalid Port range. Value provided: {found}. Value should be an integer OR integer range "
        "with '-' delimiter. Valid range 0-65535.",
    ),
    "SecurityRuleInvalidAddressPrefix": (
        400,
        "Security rule has invalid Address prefix. Value provided: {found}",
    ),
    "SecurityRuleInvalidProtocol": (400, "Security rule has invalid Protocol. Value provided: {found}"),
    # compute
    "SkuNotAvailable": (
        409,
        "The requested VM size for resource 'Following SKUs have failed for Capacity Restrictions: {name}' "
        "is currently "
        "not available in location '{location}'. Please try another size or deploy to a different location "
        "or different "
        "zone. See https://aka.ms/azureskunotavailable for details.",
    ),
    "OperationNotAllowed:quota": (
        409,
        "Operation could not be completed as it results in exceeding approved {name} quota. Additional details - "
        "Deployment Model: Resource Manager, Location: {location}, Current Limit: {limit}, Current Usage: {used}, "
        "Additional Required: {more}, (Minimum) New Limit Required: {all}. Setup Alerts when Quota reaches threshold. "
        "Learn more at https://aka.ms/quotamonitoringalerting . Submit a request for Quota increase at "
        "https://aka.ms/ProdportalCRP/#blade/Microsoft_Azure_Capacity/UsageAndQuota.ReactView by specifying parameters "
        "listed in the 'Details' section for deployment to succeed.",
    ),
    "OperationNotAllowed:attached": (409, "Disk {name} is attached to VM {by}."),
    "OperationNotAllowed:resize": (
        409,
        "Unable to resize the VM {name} because the requested size {size} is not available in the current hardware "
        "cluster. The available sizes in this cluster are: {known}. Find out more on the resizing VM at "
        "https://aka.ms/azure-resizevm.",
    ),
    "OperationNotAllowed:generalized": (
        409,
        "Operation '{verb}' is not allowed on VM '{name}' since the VM is generalized.",
    ),
    "OperationNotAllowed:specialized": (
        409,
        "The operation requires the VM to be stopped (or deallocated) and generalized. VM '{name}' is not.",
    ),
    "OperationNotAllowed:hibernation": (
        409,
        "The operation 'hibernate' cannot be performed on VM '{name}' since hibernation is not enabled on it.",
    ),
    "OperationNotAllowed:diagnostics": (409, "Boot diagnostics is not enabled on VM '{name}'."),
    "OperationNotAllowed:disks": (
        409,
        "The maximum number of data disks allowed to be attached to a VM of this size is {limit}.",
    ),
    "InvalidParameter:vmSize": (
        400,
        "The value {name} provided for the VM size is not valid. The valid sizes in the current region are: {known}. "
        "Find out more on the valid VM sizes in each region at https://aka.ms/azure-regions.",
    ),
    "InvalidParameter:architecture": (
        400,
        "The VM size '{name}' cannot boot with OS image or disk. Please check that disk CPU architecture is supported "
        "by the VM size.",
    ),
    "InvalidParameter:authentication": (
        400,
        "Authentication using either SSH or by user name and password must be enabled in Linux profile. For more "
        "information, see https://aka.ms/vmosprofile.",
    ),
    "InvalidParameter:custom": (
        400,
        "Custom data in OSProfile must be in Base64 encoding and with a maximum length of {limit} characters.",
    ),
    "InvalidParameter:small": (
        400,
        "The specified disk size {size} GB is smaller than the size of the corresponding disk in the VM image: {least} "
        "GB.",
    ),
    "InvalidParameter:size": (
        400,
        "Value '{size}' of parameter 'disk.diskSizeGB' is out of range. The value must be between '1' and '32767', "
        "inclusive.",
    ),
    "AttachDiskWhileBeingDetached": (
        409,
        "Cannot attach data disk '{name}' to VM '{vm}' because the disk is currently being detached or the last detach "
        "operation failed. Please wait until the disk is completely detached and then try again or delete/detach the "
        "disk explicitly again.",
    ),
    "ConflictingUserInput": (
        409,
        "Disk '{name}' cannot be attached as the disk is already owned by VM '{by}'.",
    ),
    "PropertyChangeNotAllowed": (409, "Changing property '{name}' is not allowed."),
    "PlatformImageNotFound": (
        404,
        "The platform image '{name}' is not available. Verify that all fields in the storage profile are correct. For "
        "more details about storage profile information, please refer to https://aka.ms/storageprofile",
    ),
    "ImageNotFound": (404, "The Image '{name}' cannot be found in '{location}' region."),
    "NotFound": (404, "Resource {name} was not found."),
    # quotas of Microsoft.Network
    "PublicIPCountLimitReached": (
        400,
        "Cannot create more than {limit} public IP addresses for this subscription in this region.",
    ),
    "IPv4BasicSkuPublicIpCountLimitReached": (
        400,
        "Cannot create more than {limit} IPv4 Basic SKU public IP addresses for this subscription in this region.",
    ),
    "NetworkCountLimitReached": (
        400,
        "Cannot create more than {limit} {name} for this subscription in this region.",
    ),
}


def refused(
    code: str, *, headers: Mapping[str, str] | None = None, target: str | None = None, **words: object
) -> ArmError:
    """The error of that code, its sentence filled in. Network's have an empty list of details, as there."""
    status, sentence = SENTENCES[code]
    details = () if status == 400 else None
    return ArmError(
        status,
        code.split(":", maxsplit=1)[0],
        sentence.format(**words),
        target=target,
        details=details,
        headers=headers,
    )
