"""What a site has: its version, zone, clusters, hosts, datastores, and the users with their quotas and tokens."""

from __future__ import annotations

from tests.stands.opennebula import rendering
from tests.stands.opennebula.cloud import IMAGES, SYSTEM, Cloud
from tests.stands.opennebula.errors import Code, Refusal, missing
from tests.stands.opennebula.pairs import every, first, merged, read, xml
from tests.stands.opennebula.records import User
from tests.stands.opennebula.states import State

VERSION = "7.0.1"
USUAL_EXPIRATION = 36000
"""Seconds a login token lasts when -1 is asked for."""


def version(cloud: Cloud, user: User) -> str:
    return VERSION


def user_info(cloud: Cloud, user: User, id: int = -1, decrypt: bool = False) -> str:
    """-1 is whoever asks: the cheapest answer that cannot be empty."""
    found = user if id == -1 else cloud.users.get(id)
    if found is None:
        raise missing("user", id)
    return rendering.user(found, cloud.counted(found), cloud.stored(found))


def user_login(  # noqa: PLR0917 - the API's order
    cloud: Cloud, user: User, name: str, token: str, seconds: int, egid: int = -1
) -> str:
    """A new token that ends after so many seconds; 0 takes back the one that is named."""
    if name != user.name and not user.admin:
        raise Refusal(Code.AUTHORIZATION, f"User [{user.id}] : Not authorized to perform MANAGE USER [{name}].")
    owner = next((each for each in cloud.users.values() if each.name == name), None)
    if owner is None:
        raise missing("user", -1)
    if seconds == 0:
        owner.tokens.pop(token, None)
        return ""
    return cloud.token(owner, USUAL_EXPIRATION if seconds < 0 else seconds)


def user_update(cloud: Cloud, user: User, id: int, template: str, append: int = 0) -> int:
    """Attributes of one's own: SSH_PUBLIC_KEY is one by custom."""
    if id != user.id and not user.admin:
        raise Refusal(Code.AUTHORIZATION, f"User [{user.id}] : Not authorized to perform MANAGE USER [{id}].")
    found = cloud.users[id]
    found.attributes = merged(found.attributes, read(template)) if append else read(template)
    return id


def user_quota(cloud: Cloud, user: User, id: int, template: str) -> int:
    """VM=[VMS=.., CPU=.., MEMORY=..], DATASTORE=[ID=1, IMAGES=.., SIZE=..]; -1 and -2 take a limit away."""
    if not user.admin:
        raise Refusal(Code.AUTHORIZATION, f"User [{user.id}] : Not authorized to perform ADMIN USER [{id}].")
    wanted = read(template)
    for limits in every(wanted, "VM") + every(wanted, "DATASTORE"):
        for metric, _value in limits:
            limit = int(first(limits, metric))
            if metric != "ID" and limit < 0:
                cloud.users[id].limits.pop(metric, None)
            elif metric != "ID":
                cloud.users[id].limits[metric] = limit
    return id


def hosts(cloud: Cloud, user: User) -> str:
    """Seen by who may see hosts: a usual user sees none, and no error."""
    shown = []
    for host in cloud.hosts:
        here = [
            each.id for each in cloud.machines.values() if each.host == host.id and each.place.state is State.ACTIVE
        ]
        shown.append(rendering.host(host, cloud.usage(host), here, _free_storage(cloud)))
    return rendering.pool("HOST_POOL", shown if user.admin else [])


def clusters(cloud: Cloud, user: User) -> str:
    ids = {"HOSTS": [each.id for each in cloud.hosts], "DATASTORES": [SYSTEM, IMAGES], "VNETS": list(cloud.networks)}
    members = [(name, [("ID", id) for id in each]) for name, each in ids.items()]
    return rendering.pool(
        "CLUSTER_POOL", [xml("CLUSTER", [("ID", 0), ("NAME", "default"), *members, ("TEMPLATE", [])])]
    )


def datastores(cloud: Cloud, user: User) -> str:
    rows: tuple[tuple[int, str, int, list[int]], ...] = (
        (SYSTEM, "system", 1, []),
        (IMAGES, "default", 0, list(cloud.images)),
    )
    return rendering.pool("DATASTORE_POOL", [_datastore(cloud, *row) for row in rows])


def zones(cloud: Cloud, user: User) -> str:
    template = [("ENDPOINT", "http://localhost:2633/RPC2")]
    zone = [("ID", 0), ("NAME", "OpenNebula"), ("STATE", 0), ("TEMPLATE", template), ("SERVER_POOL", [])]
    return rendering.pool("ZONE_POOL", [xml("ZONE", zone)])


def _free_storage(cloud: Cloud) -> int:
    return cloud.storage - sum(each.size for each in cloud.images.values())


def _datastore(cloud: Cloud, id: int, name: str, type: int, images: list[int]) -> str:
    free = _free_storage(cloud)
    owner = cloud.users[0]
    return xml(
        "DATASTORE",
        [
            *rendering.owned(id, name, owner),
            ("DS_MAD", "fs" if type == 0 else "-"),
            ("TM_MAD", "qcow2"),
            ("BASE_PATH", f"/var/lib/one//datastores/{id}"),
            ("TYPE", type),
            ("DISK_TYPE", 0),
            ("STATE", 0),
            ("CLUSTERS", [("ID", 0)]),
            ("TOTAL_MB", cloud.storage),
            ("FREE_MB", free),
            ("USED_MB", cloud.storage - free),
            ("IMAGES", [("ID", each) for each in images]),
            ("TEMPLATE", [("DS_MAD", "fs"), ("TM_MAD", "qcow2")]),
        ],
    )
