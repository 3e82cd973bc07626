"""What a machine is told to do, and what it is found doing: PowerState, the instance view, the serial console."""

from __future__ import annotations

from collections.abc import Mapping

from tests.stands.azure.errors import refused
from tests.stands.azure.kinds import Action
from tests.stands.azure.resources import started
from tests.stands.azure.wire import Answer, Body, Request
from tests.stands.azure.world import Record, World

# What it is told -> PowerState meanwhile and afterwards. A machine that is stopped is still paid for and keeps its
# hardware; one that is deallocated is not, and does not.
POWER: Mapping[str, tuple[str, str]] = {
    "start": ("starting", "running"),
    "powerOff": ("stopping", "stopped"),
    "deallocate": ("deallocating", "deallocated"),
    "restart": ("running", "running"),
}
BOOTS = frozenset({"start", "restart"})


def _told(verb: str) -> Action:
    def told(world: World, record: Record, request: Request) -> Answer:
        hibernate = request.query.get("hibernate", "").lower() == "true"
        _allowed(record, verb, hibernate=hibernate)
        meanwhile, afterwards = POWER[verb]

        def ended() -> None:
            record.hidden |= {"power": afterwards, "hibernated": hibernate}

        operation = world.begin(record, verb, "Updating", ended)
        if record.hidden["power"] != afterwards:
            record.hidden["power"] = meanwhile
        return started(world, operation, request)

    return told


def _allowed(record: Record, verb: str, *, hibernate: bool) -> None:
    if record.operation:
        raise refused("Conflict")
    if verb in BOOTS and record.hidden.get("generalized"):
        raise refused("OperationNotAllowed:generalized", verb=verb, name=record.name)
    if verb == "restart" and record.hidden["power"] != "running":
        raise refused("Conflict")
    able = record.properties.get("additionalCapabilities", {}).get("hibernationEnabled")
    if hibernate and not able:
        raise refused("OperationNotAllowed:hibernation", name=record.name)


def _generalize(world: World, record: Record, request: Request) -> Answer:
    if record.hidden["power"] not in {"stopped", "deallocated"}:
        raise refused("OperationNotAllowed:specialized", name=record.name)
    record.hidden["generalized"] = True
    return Answer(200)


def _view(world: World, record: Record, request: Request) -> Answer:
    return Answer(200, view(world, record))


def view(world: World, record: Record) -> Body:
    """Of a machine that was not provisioned there is no PowerState yet."""
    state = str(record.properties["provisioningState"])
    power = record.hidden["power"]
    statuses = [_status(f"ProvisioningState/{state.lower()}", f"Provisioning {state.lower()}", world.clock.text())]
    if power != "starting" or state != "Creating":
        statuses.append(_status(f"PowerState/{power}", f"VM {power}"))
    if record.hidden.get("generalized"):
        statuses.append(_status("OSState/generalized", "VM generalized"))
    if record.hidden.get("hibernated"):
        statuses.append(_status("HibernationState/Hibernated", "VM hibernated"))
    name = record.properties.get("osProfile", {}).get("computerName")
    found: Body = {"hyperVGeneration": "V2", "statuses": statuses}
    return found | ({"computerName": name, "osName": "ubuntu", "osVersion": "24.04"} if power == "running" else {})


def _status(code: str, words: str, time: str = "") -> Body:
    return {"code": code, "level": "Info", "displayStatus": words} | ({"time": time} if time else {})


def _diagnostics(world: World, record: Record, request: Request) -> Answer:
    if not _enabled(record):
        raise refused("OperationNotAllowed:diagnostics", name=record.name)
    root = f"{request.base}/blobs/{record.properties['vmId']}"
    return Answer(
        200,
        {
            "consoleScreenshotBlobUri": f"{root}/screenshot.bmp?sig=abc",
            "serialConsoleLogBlobUri": f"{root}/serialconsole.log?sig=abc",
        },
    )


def _enabled(record: Record) -> bool:
    found = record.properties.get("diagnosticsProfile", {}).get("bootDiagnostics", {})
    return bool(found.get("enabled"))


def serial(record: Record) -> str:
    """The serial console of a machine: what a cloud image writes when it starts."""
    host = record.properties.get("osProfile", {}).get("computerName", record.name)
    size = len(record.hidden.get("custom_data", ""))
    return (
        "[    0.000000] Linux version 6.8.0-1018-azure\n"
        f"[    9.120000] cloud-init[512]: custom data of {size} characters\n"
        f"\nUbuntu 24.04 LTS {host} ttyS0\n\n{host} login: "
    )


def _sizes(world: World, record: Record, request: Request) -> Answer:
    """GET vmSizes: what it may become as it is now."""
    own = world.catalog.size(record.properties["hardwareProfile"]["vmSize"])
    free = record.hidden["power"] == "deallocated"
    fitting = [each for each in world.catalog.sizes if free or (own and each.hardware == own.hardware)]
    return Answer(
        200, {"value": [brief(each.name, each.cores, each.memory, each.temporary, each.data_disks) for each in fitting]}
    )


def brief(name: str, cores: int, memory: float, temporary: int, data_disks: int) -> Body:
    """A size as `vmSizes` lists it: MiB."""
    return {
        "name": name,
        "numberOfCores": cores,
        "osDiskSizeInMB": 1047552,
        "resourceDiskSizeInMB": temporary * 1024,
        "memoryInMB": int(memory * 1024),
        "maxDataDiskCount": data_disks,
    }


ACTIONS: Mapping[str, Action] = {verb.lower(): _told(verb) for verb in POWER} | {
    "generalize": _generalize,
    "instanceview": _view,
    "retrievebootdiagnosticsdata": _diagnostics,
    "vmsizes": _sizes,
}
