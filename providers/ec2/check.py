"""What keeps an account from working, and how to mend it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from providers.ec2.account import Account
from providers.ec2.offers import left
from providers.ec2.wire import Call
from providers.errors import Auth, ProviderError, Unavailable
from providers.protocol import Problem

# Asked for with DryRun, of things that are not there: nothing is made where a cloud does not know DryRun.
RIGHTS = {
    "CreateSubnet": {"VpcId": "vpc-00000000", "CidrBlock": "10.0.0.0/24"},
    "AuthorizeSecurityGroupIngress": {"GroupId": "sg-00000000", "IpPermissions.1.IpProtocol": "-1"},
    "StartInstances": {"InstanceId.1": "i-00000000"},
    "AttachVolume": {"VolumeId": "vol-00000000", "InstanceId": "i-00000000", "Device": "/dev/sdf"},
    "AssociateAddress": {"AllocationId": "eipalloc-00000000", "InstanceId": "i-00000000"},
}
MENDS: dict[type[ProviderError], str] = {
    Auth: "correct `key` and `secret` or the role, and give it the rights of docs/providers/ec2.md",
    Unavailable: "correct `region` or `endpoint`, and look whether this machine reaches it",
}


def problems(call: Call, account: Account) -> list[Problem]:
    """Every one that a look finds; the first two make the others moot."""
    found = [*_tried(lambda: account.prove(call))]
    return found or [*_zones(call, account), *_images(call, account), *_rights(call), *_quotas(call, account)]


def _tried(look: Callable[[], object]) -> Iterator[Problem]:
    try:
        look()
    except ProviderError as error:
        yield Problem(error.message, MENDS.get(type(error), "look at what the provider says"))


def _zones(call: Call, account: Account) -> Iterator[Problem]:
    known = account.every_zone(call)
    for zone in account.options.zones:
        if zone not in known:
            yield Problem(f"{account.options.region} has no zone {zone}", f"name some of {', '.join(known)} in `zones`")


def _images(call: Call, account: Account) -> Iterator[Problem]:
    mend = "name images of this region in `images`: name -> ami-…"
    if not account.options.images:
        yield Problem("no image has a name of ours, so only our own account's can be had", mend)
    for name, id in account.options.images.items():
        for problem in _tried(lambda id=id: account.image(call, id)):  # type: ignore[misc]  # bound now, not later
            yield Problem(f"image {name}: {problem.what}", mend)


def _rights(call: Call) -> Iterator[Problem]:
    for action, params in RIGHTS.items():
        try:
            call.ask(action, {**params, "DryRun": "true"})
        except Auth as error:
            yield Problem(f"no right to {action}: {error.message}", MENDS[Auth])
        except ProviderError:
            continue  # DryRunOperation, and what is wrong with the example, both say that it may be asked


def _quotas(call: Call, account: Account) -> Iterator[Problem]:
    for what, room in left(call, account, account.sizes(call)).items():
        if not room:
            yield Problem(
                f"nothing is left of the quota of {what}", "give something back, or raise it, also in `quotas`"
            )
