"""Which machines a rule's `node:<name>` means: an application security group for each node in each network.

A machine's interface joins the group of its node when it is made, a rule names that group: whichever comes first makes
it, under a name that both know. So a rule holds for machines that come later. The groups of a network are removed with
it, when nothing is in them any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from azure.core.exceptions import HttpResponseError
from azure.mgmt.network.models import ApplicationSecurityGroup

from providers.azure.account import UNPOLLED, Account, ready
from providers.azure.names import INSTALLATION, NAME, NODE, PREFIX, SERVICE, digest

TYPE = "Microsoft.Network/applicationSecurityGroups"
NETWORK = "accords-network"
"""Tag: the network that a group is in."""


@dataclass(frozen=True, slots=True)
class Members:
    account: Account

    def group(self, tags: Mapping[str, str], node: str, network: str) -> str:
        """The id of the group of a node of the service of these tags; made where it is not there."""
        own = {key: tags[key] for key in (INSTALLATION, SERVICE) if key in tags}
        name = PREFIX + digest(network, node, *own.values())
        body = self.account.body({**own, NODE: node, NETWORK: network, NAME: f"machines of {node}"}, {})
        groups = self.account.network.application_security_groups
        made = groups.begin_create_or_update(
            self.account.group, name, ApplicationSecurityGroup(body), **UNPOLLED
        ).result()
        ready(made, lambda: groups.get(self.account.group, name), f"the group of node {node}")
        return self.account.id(TYPE, name)

    def forget(self, network: str) -> None:
        """Remove those of a network that nobody is in; the network itself refuses to go while somebody is."""
        groups = self.account.network.application_security_groups
        for each in groups.list(self.account.group):
            if (each.tags or {}).get(NETWORK) == network:
                with suppress(HttpResponseError):
                    groups.begin_delete(self.account.group, str(each.name), **UNPOLLED)
