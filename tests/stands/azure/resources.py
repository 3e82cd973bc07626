"""PUT, GET, PATCH, DELETE and lists, the same for every kind: checks, ETags, long-running operations, pages."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence

from tests.stands.azure.errors import refused
from tests.stands.azure.kinds import Kind
from tests.stands.azure.wire import Answer, ArmError, Body, Path, Request, missing
from tests.stands.azure.world import Operation, Record, World


def read(world: World, kind: Kind, path: Path, request: Request) -> Answer:
    record = find(world, kind, path)
    return Answer(200, kind.show(world, record, request.query), {"ETag": record.etag})


def put(world: World, kind: Kind, path: Path, request: Request) -> Answer:
    """201 when it was not there, 200 when it was (disks say 202 both times). Asked again for what is being made:
    the same operation."""
    asked = _body(request, kind)
    before = world.get(_id(world, path, kind))
    _precondition(request, before)
    if before and before.operation:
        if before.sent == asked and not before.operation.deletes:
            return _accepted(world, kind, before, before.operation, request, created=False)
        raise _busy(world, before)
    _parent(world, path, kind)
    record = _record(world, kind, path, asked, before)
    kind.fill(world, record, before.body if before else None)
    return _write(world, kind, record, request, created=before is None)


def patch(world: World, kind: Kind, path: Path, request: Request) -> Answer:
    """What is named is changed, the rest stays; a list is taken whole."""
    before = find(world, kind, path)
    if before.operation:
        raise _busy(world, before)
    asked = merge(before.sent, json_of(request))
    record = _record(world, kind, path, asked, before)
    kind.fill(world, record, before.body)
    return _write(world, kind, record, request, created=False)


def delete(world: World, kind: Kind, path: Path, request: Request) -> Answer:
    """204 for what is not there. A delete overtakes whatever else is going on."""
    _group(world, path)
    record = world.get(_id(world, path, kind))
    if record is None:
        return Answer(204)
    if record.operation and record.operation.deletes:
        return Answer(202, None, _headers(world, record.operation, request, location=True))
    kind.release(world, record)
    if not kind.lasting:
        world.remove(record)
        return Answer(200)

    def gone() -> None:
        kind.gone(world, record)
        world.remove(record)

    operation = world.begin(record, "delete", "Deleting", gone)
    operation.deletes = True
    return Answer(202, None, _headers(world, operation, request, location=True))


def act(world: World, kind: Kind, path: Path, name: str, request: Request) -> Answer:
    """POST on a resource."""
    record = find(world, kind, path)
    return kind.actions[name.lower()](world, record, request)


def started(world: World, operation: Operation, request: Request) -> Answer:
    """What a POST that takes long is answered with."""
    return Answer(202, None, _headers(world, operation, request, location=True))


def listed(world: World, kind: Kind, records: Sequence[Record], request: Request, size: int) -> Answer:
    """One page, with the address of the next."""
    return page([kind.show(world, each, request.query) for each in records], request, size)


def page(bodies: Sequence[Body], request: Request, size: int) -> Answer:
    start = int(request.query.get("$skiptoken") or 0)
    body: Body = {"value": list(bodies[start : start + size])}
    if start + size < len(bodies):
        query = {**request.query, "$skiptoken": str(start + size)}
        tail = "&".join(f"{name}={value.replace(' ', '%20')}" for name, value in query.items())
        body["nextLink"] = f"{request.base}{request.path}?{tail}"
    return Answer(200, body)


def find(world: World, kind: Kind, path: Path) -> Record:
    """The record at a path; refused when it or its group is not there."""
    _group(world, path)
    record = world.get(_id(world, path, kind))
    if record is None:
        raise missing(path, kind.type)
    return record


def merge(old: Body, new: Body) -> Body:
    """RFC 7396: a merge patch."""
    merged = copy.deepcopy(old)
    for name, value in new.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict) and isinstance(merged.get(name), dict) and name != "tags":
            merged[name] = merge(merged[name], value)
        else:
            merged[name] = value
    return merged


def _write(world: World, kind: Kind, record: Record, request: Request, *, created: bool) -> Answer:
    world.write(record)
    if not kind.lasting:
        record.properties.setdefault("provisioningState", "Succeeded")
        kind.made(world, record)
        return Answer(kind.created if created else 200, kind.show(world, record, request.query), {"ETag": record.etag})
    verb, state = ("create", kind.states[0]) if created else ("update", kind.states[1])
    operation = world.begin(record, verb, state, lambda: kind.made(world, record))
    return _accepted(world, kind, record, operation, request, created=created)


def _accepted(
    world: World, kind: Kind, record: Record, operation: Operation, request: Request, *, created: bool
) -> Answer:
    status = kind.created if created or kind.created == 202 else 200
    headers = _headers(world, operation, request, location=status == 202)
    return Answer(status, kind.show(world, record, request.query), headers)


def _record(world: World, kind: Kind, path: Path, asked: Body, before: Record | None) -> Record:
    """The record as it will be: what was asked for, with what Resource Manager adds."""
    body = copy.deepcopy(asked)
    id, name = _id(world, path, kind), path.rest[-1]
    own = {"id": id, "name": name} | ({"type": kind.type} if kind.located else {})
    body = {**own, **body, **own}
    body.setdefault("properties", {})
    if before is None:
        return Record(id, kind.type, name, path.group, body, asked)
    if kind.located and body["location"].lower() != before.location.lower():
        words = {"old": before.location, "group": path.group, "new": body["location"]}
        raise refused("InvalidResourceLocation", name=name, **words)
    return Record(before.id, kind.type, before.name, before.group, body, asked, hidden=dict(before.hidden))


def _id(world: World, path: Path, kind: Kind) -> str:
    """The id as Azure writes it: the group's name as the group has it, the type's words in their own case."""
    group = world.groups.get(path.group.lower(), {"name": path.group})["name"]
    space, *words = kind.type.split("/")
    names = path.rest[1::2]
    tail = "".join(f"/{word}/{name}" for word, name in zip(words, names, strict=True))
    return f"/subscriptions/{world.subscription}/resourceGroups/{group}/providers/{space}{tail}"


def json_of(request: Request) -> Body:
    try:
        found = json.loads(request.content or b"{}")
    except ValueError:
        found = None
    if isinstance(found, dict):
        return found
    raise refused("InvalidRequestContent")


def _body(request: Request, kind: Kind) -> Body:
    asked = json_of(request)
    if kind.located and not asked.get("location"):
        raise refused("LocationRequired")
    return asked


def _group(world: World, path: Path) -> None:
    if path.group.lower() not in world.groups:
        raise refused("ResourceGroupNotFound", name=path.group)


def _parent(world: World, path: Path, kind: Kind) -> None:
    """The group, and for a subnet or a rule the resource it is in: not busy with something else."""
    _group(world, path)
    if len(path.rest) < 4:
        return
    parent = world.get(_id(world, path, kind).rsplit("/", 2)[0])
    if parent is None:
        raise refused("ParentResourceNotFound", name=path.rest[1])
    if parent.operation:
        raise _occupied(world, parent.operation)


def _precondition(request: Request, record: Record | None) -> None:
    match, none = request.headers.get("if-match"), request.headers.get("if-none-match")
    if (none == "*" and record) or (match and (record is None or match not in {"*", record.etag})):
        raise refused("PreconditionFailed")


def _busy(world: World, record: Record) -> ArmError:
    assert record.operation is not None
    if record.type.startswith("Microsoft.Network"):
        return _occupied(world, record.operation)
    return refused("Conflict")


def _occupied(world: World, operation: Operation) -> ArmError:
    where = f"/subscriptions/{world.subscription}/providers/{operation.space}/locations/{operation.location}/operations"
    return ArmError(
        429,
        "AnotherOperationInProgress",
        "Another operation on this or dependent resource is in progress. To retrieve status of the operation use uri: "
        f"https://management.azure.com{where}/{operation.id}?api-version=2026-03-01.",
        details=(),
        headers={"Retry-After": "10"},
    )


def _headers(world: World, operation: Operation, request: Request, *, location: bool) -> dict[str, str]:
    root = (
        f"{request.base}/subscriptions/{world.subscription}/providers/{operation.space}/locations/{operation.location}"
    )
    version = request.query.get("api-version", "")
    headers = {"Azure-AsyncOperation": f"{root}/operations/{operation.id}?api-version={version}"}
    if location:
        headers["Location"] = f"{root}/operationResults/{operation.id}?api-version={version}"
    return headers
