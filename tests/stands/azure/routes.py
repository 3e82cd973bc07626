"""Where a request goes: the identity platform, blobs and prices without a token; the rest of it with one."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tests.stands.azure import (
    addresses,
    containers,
    disks,
    groups,
    interfaces,
    machines,
    networks,
    offerings,
    resources,
)
from tests.stands.azure.errors import refused
from tests.stands.azure.kinds import Kind
from tests.stands.azure.login import Login
from tests.stands.azure.power import serial
from tests.stands.azure.wire import Answer, ArmError, Body, Path, Request, take_apart
from tests.stands.azure.world import Operation, World

KINDS: Mapping[str, Kind] = {
    kind.type.lower(): kind
    for room in (networks, interfaces, groups, addresses, disks, machines)
    for kind in room.KINDS
}
METHODS = {
    "GET": resources.read,
    "PUT": resources.put,
    "PATCH": resources.patch,
    "DELETE": resources.delete,
}
OPERATION = re.compile(
    r"/subscriptions/[^/]+/providers/[^/]+/locations/[^/]+/(?P<what>operations|operationResults)/(?P<id>[^/]+)",
    re.IGNORECASE,
)
BLOB = re.compile(r"/blobs/(?P<machine>[^/]+)/serialconsole\.log")
TAGS = frozenset("<>%&\\?/")


class Routes:
    """`denied`: actions (`Microsoft.Compute/virtualMachines/write`) that the client has no right to. `pages`: how
    many a list gives at once."""

    def __init__(self, world: World, login: Login, *, pages: int) -> None:
        self.world, self.login, self.pages = world, login, pages
        self.denied: set[str] = set()

    def answer(self, request: Request) -> Answer:
        """Never raises: what is refused is an answer, too."""
        with self.world.lock:
            self.world.settle()
            try:
                return self._open(request) or self._closed(request)
            except ArmError as error:
                return error.answer()

    def _open(self, request: Request) -> Answer | None:
        """What needs no token."""
        blob = BLOB.fullmatch(request.path)
        if blob:
            machines_ = self.world.of(disks.MACHINE)
            found = next((each for each in machines_ if each.properties["vmId"] == blob["machine"]), None)
            return Answer(200, serial(found)) if found else Answer(404, "The specified blob does not exist.")
        if request.path == "/api/retail/prices":
            return offerings.prices(self.world, request)
        return self.login.answer(request)

    def _closed(self, request: Request) -> Answer:
        self.login.check(request)
        if "api-version" not in request.query:
            raise refused("MissingApiVersionParameter")
        if request.path.rstrip("/").lower() == "/subscriptions":
            return Answer(200, {"value": [containers.subscription(self.world)]})
        path = take_apart(request.path)
        if path is None:
            raise refused("InvalidResourceType", name=request.path)
        if path.subscription != self.world.subscription:
            raise refused("SubscriptionNotFound", name=path.subscription)
        return self._asked(path, request) or self._resource(path, request)

    def _asked(self, path: Path, request: Request) -> Answer | None:
        """What is no single resource: operations, catalogues, groups."""
        operation = OPERATION.fullmatch(request.path)
        if operation:
            return self._operation(operation["what"], operation["id"])
        for pattern, asked in offerings.TABLE:
            found = pattern.fullmatch(request.path)
            if found:
                self._allow(request, path, f"{path.space or 'Microsoft.Resources'}/{path.rest[0]}")
                return asked(self.world, request, found, self.pages)
        return None if path.space else self._container(path, request)

    def _container(self, path: Path, request: Request) -> Answer:
        words = tuple(word.lower() for word in path.rest)
        self._allow(request, path, "Microsoft.Resources/subscriptions/resourceGroups")
        if words == ("resources",):
            return containers.resources(self.world, path, request, self.pages)
        if words == ("resourcegroups",):
            return containers.groups(self.world, request, self.pages)
        if words:
            raise refused("InvalidResourceType", name=request.path)
        return (
            containers.group(self.world, path, request)
            if path.group
            else Answer(200, containers.subscription(self.world))
        )

    def _resource(self, path: Path, request: Request) -> Answer:
        kind = KINDS.get(path.type)
        if kind and len(path.rest) % 2:
            self._allow(request, path, kind.type)
            return self._listed(kind, path, request)
        if kind:
            self._allow(request, path, kind.type)
            _tags(request)
            return METHODS[request.method](self.world, kind, path, request)
        return self._action(path, request)

    def _action(self, path: Path, request: Request) -> Answer:
        """`POST .../virtualMachines/x/start`, and a few that are GET."""
        owner = Path(path.subscription, path.group, path.space, path.rest[:-1])
        kind, name = KINDS.get(owner.type), path.rest[-1]
        if kind is None or name.lower() not in kind.actions:
            raise refused("InvalidResourceType", name=path.type)
        self._allow(request, path, f"{kind.type}/{name}")
        return resources.act(self.world, kind, owner, name, request)

    def _listed(self, kind: Kind, path: Path, request: Request) -> Answer:
        """All of a kind in the subscription, in a group, or in the resource they belong to."""
        if path.group and path.group.lower() not in self.world.groups:
            raise refused("ResourceGroupNotFound", name=path.group)
        found = [
            each for each in self.world.of(kind.type) if not path.group or each.group.lower() == path.group.lower()
        ]
        if len(path.rest) > 1:
            above = f"/{path.rest[0]}/{path.rest[1]}/".lower()
            found = [each for each in found if above in each.id.lower()]
        return resources.listed(self.world, kind, found, request, self.pages)

    def _operation(self, what: str, id: str) -> Answer:
        found = self.world.operations.get(id)
        if found is None:
            raise refused("NotFound", name=id)
        if what == "operations":
            return Answer(200, _status(self.world, found))
        return Answer(202 if found.status == "InProgress" else 200)

    def _allow(self, request: Request, path: Path, type: str) -> None:
        """Refused where the client has no right; a right is written as Azure's roles write it."""
        verb = {"GET": "read", "HEAD": "read", "DELETE": "delete", "POST": "action"}.get(request.method, "write")
        action = f"{type}/{verb}"
        if action.lower() in {each.lower() for each in self.denied}:
            raise refused("AuthorizationFailed", client=self.login.client, action=action, scope=request.path)


def _status(world: World, operation: Operation) -> Body:
    body: Body = {
        "startTime": world.clock.text(operation.started),
        "status": operation.status,
        "name": operation.id,
    }
    if operation.status != "InProgress":
        body["endTime"] = world.clock.text(operation.ends)
    if operation.failure and operation.status == "Failed":
        code, message = operation.failure
        body["error"] = {"code": code, "message": message}
    return body


def _tags(request: Request) -> None:
    """At most 50; names without reserved characters; values of at most 256."""
    if request.method not in {"PUT", "PATCH"}:
        return
    tags = resources.json_of(request).get("tags") or {}
    if len(tags) > 50:
        raise refused("TooManyTags")
    for name, value in tags.items():
        if TAGS & set(name) or len(name) > 512:
            raise refused("InvalidTagNameCharacters", name=name)
        if len(value) > 256:
            raise refused("InvalidTagValueLength", name=value)
