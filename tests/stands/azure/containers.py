"""Subscriptions and resource groups, and the list of everything in them by tag."""

from __future__ import annotations

import json
import re

from tests.stands.azure.errors import refused
from tests.stands.azure.resources import page
from tests.stands.azure.wire import Answer, Body, Path, Request
from tests.stands.azure.world import World

WORDS = re.compile(r"tagName eq '([^']*)'(?: and tagValue eq '([^']*)')?", re.IGNORECASE)


def subscription(world: World, name: str = "") -> Body:
    return {
        "id": f"/subscriptions/{world.subscription}",
        "subscriptionId": world.subscription,
        "displayName": "Accords",
        "state": "Enabled",
        "subscriptionPolicies": {"spendingLimit": "Off"},
        "authorizationSource": "RoleBased",
    }


def group(world: World, path: Path, request: Request) -> Answer:
    """GET, HEAD, PUT, DELETE of a resource group."""
    known = world.groups.get(path.group.lower())
    if request.method == "PUT":
        return _put(world, path, json.loads(request.content or b"{}"), known)
    if known is None:
        if request.method == "HEAD":
            return Answer(404)
        raise refused("ResourceGroupNotFound", name=path.group)
    if request.method == "DELETE":
        return _delete(world, path.group)
    return Answer(204 if request.method == "HEAD" else 200, None if request.method == "HEAD" else known)


def _put(world: World, path: Path, asked: Body, known: Body | None) -> Answer:
    if not asked.get("location"):
        raise refused("LocationRequired")
    if asked["location"] not in world.catalog.locations:
        places = ",".join(world.catalog.locations)
        raise refused("LocationNotAvailableForResourceGroup", name=asked["location"], known=places)
    name = known["name"] if known else path.group
    body = {
        "id": f"/subscriptions/{world.subscription}/resourceGroups/{name}",
        "name": name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": asked["location"],
        "tags": asked.get("tags", {}),
        "properties": {"provisioningState": "Succeeded"},
    }
    world.groups[path.group.lower()] = body
    return Answer(200 if known else 201, body)


def _delete(world: World, name: str) -> Answer:
    """With all that is in it, at once: nobody watches it go."""
    for record in [each for each in world.records.values() if each.group.lower() == name.lower()]:
        world.remove(record)
    del world.groups[name.lower()]
    return Answer(200)


def groups(world: World, request: Request, size: int) -> Answer:
    return page([world.groups[name] for name in sorted(world.groups)], request, size)


def resources(world: World, path: Path, request: Request, size: int) -> Answer:
    """All of the subscription's or a group's, `$filter=tagName eq 'n' and tagValue eq 'v'`: id, name, type, location,
    tags, and nothing of what they are."""
    wanted = WORDS.search(request.query.get("$filter", ""))
    found = [
        {name: record.body[name] for name in ("id", "name", "type", "location", "tags", "sku") if name in record.body}
        for record in sorted(world.records.values(), key=lambda record: record.id.lower())
        if record.type.count("/") == 1
        and (not path.group or record.group.lower() == path.group.lower())
        and (wanted is None or _has(record.body.get("tags") or {}, wanted[1], wanted[2]))
    ]
    return page(found, request, size)


def _has(tags: dict[str, str], name: str, value: str | None) -> bool:
    """A tag's name is without regard to case, its value is not."""
    return any(each.lower() == name.lower() and value in {None, tags[each]} for each in tags)
