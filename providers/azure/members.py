"""Which machines a rule's `node:<name>` means: an application security group for each node in each network.

A machine's interface joins the group of its node when it is made, a rule names that group: whichever comes first makes
it, under a name that both know. So a rule holds for machines that come later. The groups of a network are removed with
it, when nothing is in them any more.
"""

from __future__ import annotations

from collections.abc import Mapping

from azure.mgmt.network.models import ApplicationSecurityGroup

from providers.azure.account import UNPOLLED, Account, found, ready
from providers.azure.names import NAME, NODE, PREFIX, digest
from providers.edge import current
from providers.groups import scope
from providers.turns import Turns

TYPE = "Microsoft.Network/applicationSecurityGroups"
NETWORK = "accords-network"
"""Tag: the network that a group is in."""


class Members:
    """The groups of all services in the resource group."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._turns = Turns()

    def group(self, tags: Mapping[str, str], node: str, network: str) -> str:
        """The id of the group of a node of the service of these tags; made where it is not there. One thread at a time,
        so that the machines of a node that come together make it once."""
        own = scope(tags)
        name = PREFIX + digest(network, node, *own.values())
        kept = {**own, NODE: node, NETWORK: network, NAME: f"machines of {node}"}
        with self._turns.held(f"the group of node {node}", current().clock.left()):
            self._there(name, kept, node)
        return self._account.id(TYPE, name)

    def _there(self, name: str, tags: Mapping[str, str], node: str) -> None:
        groups, group = self._account.network.application_security_groups, self._account.group
        seen = found(lambda: groups.get(group, name))
        if seen is None:
            asked = ApplicationSecurityGroup(self._account.body(tags, {}))
            seen = groups.begin_create_or_update(group, name, asked, **UNPOLLED).result()
        ready(seen, lambda: groups.get(group, name), f"the group of node {node}")

    def forget(self, network: str) -> None:
        """Remove those of a network. Raises where one cannot go now: without its network nobody would look for it."""
        groups = self._account.network.application_security_groups
        for each in groups.list(self._account.group):
            if (each.tags or {}).get(NETWORK) == network:
                self._remove(str(each.name))

    def _remove(self, name: str) -> None:
        remove = self._account.network.application_security_groups.begin_delete
        found(lambda: remove(self._account.group, name, **UNPOLLED))
