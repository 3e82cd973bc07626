"""What neutron's things carry: the token in the description, set with the thing itself; the tags as tags, which neutron
takes afterwards only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openstack.network.v2.floating_ip import FloatingIP
from openstack.network.v2.network import Network
from openstack.network.v2.security_group import SecurityGroup

from providers.openstack.account import Account
from providers.openstack.tags import NARROWING, TOKEN, labels, told
from providers.protocol import Resource

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


def token_of(thing: Any) -> str:
    """The token that its description holds; empty where it is none of ours."""
    key, _, token = str(thing.description or "").partition("=")
    return token if key == TOKEN else ""


def tags_of(thing: Any) -> dict[str, str]:
    """Its tags, without those that are ours."""
    return {key: value for key, value in told(thing.tags or ()).items() if key not in OURS}
