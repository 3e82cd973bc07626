"""Why an empty list is believed: beside it each service was asked something whose answer is never empty."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from providers.errors import Unavailable
from providers.openstack.account import Account
from providers.openstack.machines import UNKNOWN
from providers.protocol import Kind


def compute(account: Account) -> None:
    """The project's limits are there; and no cell that is down hides machines: nova leaves its servers out of a list
    that is narrowed by tags, and shows them as unknown in one that is not."""
    limits = account.cloud.compute.get_limits().absolute
    if limits.instances is None:
        raise Unavailable("nova shows no limits of the project: its empty list is not believed")
    if limits.instances_used and any(each.status == UNKNOWN for each in account.cloud.compute.servers(details=False)):
        raise Unavailable("a cell of nova does not answer: nobody knows which machines are in it")


def network(account: Account) -> None:
    """neutron makes each project's own group when groups are looked for."""
    if not list(account.cloud.network.security_groups(name="default", project_id=account.project)):
        raise Unavailable("neutron does not show the project's own group: its empty list is not believed")


def storage(account: Account) -> None:
    if account.has_volumes() and account.volumes.get_limits().absolute.max_total_volumes is None:
        raise Unavailable("cinder shows no limits of the project: its empty list is not believed")


def image(account: Account) -> None:
    if not list(account.images.images(limit=1, paginated=False)):
        raise Unavailable("glance shows no image at all: its empty list is not believed")


PROOFS: Mapping[Kind, Callable[[Account], None]] = {
    Kind.MACHINE: compute,
    Kind.KEY: compute,
    Kind.NETWORK: network,
    Kind.FIREWALL: network,
    Kind.ADDRESS: network,
    Kind.VOLUME: storage,
    Kind.SNAPSHOT: image,
}
