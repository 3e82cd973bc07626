"""What neutron's things carry: whose they are in the description, set with the thing itself; the tags as tags, which
neutron takes afterwards only.

A request that is carried out when nobody waits for it any more leaves a thing without tags. So lists of networks and
groups are not narrowed by tags: neutron finds descriptions as a whole only. An address needs its machine, and is not
made when that is gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from openstack.network.v2.floating_ip import FloatingIP
from openstack.network.v2.network import Network
from openstack.network.v2.security_group import SecurityGroup

from providers.openstack.account import Account
from providers.openstack.tags import NARROWING, TOKEN, described, labels, told
from providers.protocol import Resource, State

NAME, RULES = "accords-name", "accords-rules"
"""What we keep in tags beside those that were given: a floating address has no name, and a group is complete when it
has so many rules."""
OURS = frozenset({NAME, RULES})
NOTHING: Mapping[str, str] = {}

Marked = Network | SecurityGroup | FloatingIP


def tag(
    account: Account, thing: Marked, root: Resource, tags: Mapping[str, str], own: Mapping[str, str] = NOTHING
) -> None:
    """Its tags, and those of our own, where it has them not."""
    if not tags.items() <= root.tags.items():
        account.cloud.network.set_tags(thing, labels({**tags, **own}))


def narrowed(tags: Mapping[str, str]) -> dict[str, str]:
    """The query that narrows a list to some of these tags; empty for all."""
    found = labels({key: tags[key] for key in NARROWING if key in tags})
    return {"tags": ",".join(found)} if found else {}


def owned(account: Account, tags: Mapping[str, str] = NOTHING) -> dict[str, str]:
    """The query for what was made with these tags; where they are not known, for all that is the project's own. Others
    share theirs with it, and an administrator is shown everybody's."""
    return {"description": described(tags)} if tags else {"project_id": account.project}


def token_of(thing: Any) -> str:
    """The token that its description holds; empty where it is none of ours."""
    return whose(thing).get(TOKEN, "")


def attributed(thing: Any, seen: Resource) -> Resource:
    """With the tags of its description, where it is not whole and has had no others yet."""
    return seen if seen.tags or seen.state is not State.ERROR else replace(seen, tags=whose(thing))


def tags_of(thing: Any) -> dict[str, str]:
    """Its tags, without those that are ours."""
    return {key: value for key, value in told(thing.tags or ()).items() if key not in OURS}


def whose(thing: Any) -> dict[str, str]:
    """What its description says: our token, installation and service."""
    return told(str(thing.description or "").split(","))
