"""A machine's way: made when its layers are there, started, stopped, given back. Each function may be called again
after a crash at any point of it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

from providers.errors import Conflict, NotFound, ProviderError, Refused
from providers.local import building, claims, firewall, host, jobs, layers, machines, networks
from providers.local.locks import locked, try_lock
from providers.local.programs import Deadline
from providers.local.records import Records
from providers.local.site import Site
from providers.local.things import Machine, Things
from providers.protocol import Action, Kind, State

WAIT = 60.0  # seconds a job waits for locks and programs, layers apart


def refresh(site: Site, records: Records, deadline: Deadline) -> Things:
    """Firewall and names as the records now say. The caller holds the home's lock."""
    things = records.things()
    firewall.apply(site, things, deadline)
    for machine in things.machines.values():
        machines.write_hosts(site, machine, things)
    return things


def state(site: Site, machine: Machine, deadline: Deadline) -> State:
    """What it is in, as far as this driver's own doings are concerned too. A node that was told to stop has not stopped
    when it is seen so, but when the job that stops it has ended: a start before would be undone by that job."""
    if machine.error:
        return State.ERROR
    if machine.asked or not machine.booted:
        return State.PENDING
    return machines.observe(site, machine, deadline)


def forgive(site: Site, id: str, deadline: Deadline) -> None:
    """What failed may be tried again."""
    records = Records(site.home)
    if not records.get(Machine, id).error:
        return
    with locked(site.node(id), deadline):
        records.put(replace(records.get(Machine, id), error=""))


def advance(site: Site, id: str, deadline: Deadline) -> None:
    """Do what is next for a machine that is on its way; nothing when somebody else is at it."""
    records = Records(site.home)
    machine = records.get(Machine, id)
    if machine.error:
        return
    if machine.asked:
        jobs.spawn(site, machine.asked, id, site.node(id), deadline)
    if machine.booted:
        return
    stack = layers.stack(site, host.read(), records.things().snapshots, machine.spec)
    if not all(layer.ready for layer in stack):
        jobs.spawn(site, "boot", id, site.node(id), deadline)
    elif (held := try_lock(site.node(id))) is not None:
        try:
            boot(site, records, id, deadline)
        except Refused as error:  # looking at it must go on: it says why, and can be given back
            records.put(replace(records.get(Machine, id), error=error.message))
        finally:
            os.close(held)


def boot(site: Site, records: Records, id: str, deadline: Deadline) -> None:
    """Start it with all that it needs of this machine, whose restart takes bridges, rules and addresses away. The
    caller holds the machine's lock."""
    machine, here = records.get(Machine, id), host.read()
    stack = layers.made(site, machine.layers) or layers.stack(site, here, records.things().snapshots, machine.spec)
    missing = [layer.key for layer in stack if not layer.ready]
    if missing:
        raise Refused(f"layer {missing[0]} is gone from {site.cache}; node {machine.spec.name} stands on it")
    with locked(site.home, deadline):
        things = records.things()
        if machine.ports:
            claims.claim(site, deadline)
        for port in machine.ports:
            networks.up(site, things.networks[port.network], deadline)
        things = refresh(site, records, deadline)
    machines.prepare(site, here, machine, stack, things)
    seen = machines.observe(site, machine, deadline)
    if seen is State.PENDING:  # whoever was starting it died; LXC goes on, and a later look sees what came of it
        return
    if seen is State.STOPPED:
        machines.start(site, machine, deadline)
    records.put(replace(machine, booted=True, asked="", layers=tuple(layer.key for layer in stack), error=""))


def boot_when_built(site: Site, id: str) -> None:
    """A job: build what is missing, then boot. What fails is kept as the machine's error."""
    records = Records(site.home)
    with jobs.only(site.node(id)) as alone:
        if not alone:
            return
        try:
            _build_and_boot(site, records, id)
        except NotFound:
            return  # it was given back meanwhile
        except ProviderError as error:
            _fail(site, records, id, error.message)
        except OSError as error:
            _fail(site, records, id, f"{error.strerror}: {error.filename or site.home}")


def _fail(site: Site, records: Records, id: str, why: str) -> None:
    with locked(site.node(id), Deadline(WAIT)):
        records.put(replace(records.get(Machine, id), error=why))


def _build_and_boot(site: Site, records: Records, id: str) -> None:
    machine, here = records.get(Machine, id), host.read()
    for layer in layers.stack(site, here, records.things().snapshots, machine.spec):
        building.build(site, here, layer)
    deadline = Deadline(WAIT)
    with locked(site.node(id), deadline):
        if not records.get(Machine, id).booted:
            boot(site, records, id, deadline)


def halt(site: Site, id: str) -> None:
    """A job: stop it, and start it again where a restart was asked for. Nobody else starts or stops it meanwhile,
    because it is PENDING until `asked` is empty. Nothing when that was done before this job's turn came."""
    records = Records(site.home)
    with jobs.only(site.node(id)) as alone:
        if not alone or not records.get(Machine, id).asked:
            return
        machines.halt(site, records.get(Machine, id), Deadline(WAIT))
        deadline = Deadline(WAIT)
        with locked(site.node(id), deadline):
            _halted(site, records, id, deadline)


def _halted(site: Site, records: Records, id: str, deadline: Deadline) -> None:
    machine = records.get(Machine, id)
    if machine.asked == "restart":
        with contextlib.suppress(Refused):  # it is stopped then, and whoever starts it is told why
            boot(site, records, id, deadline)
            return
    records.put(replace(machine, asked=""))


def _start(site: Site, records: Records, machine: Machine, deadline: Deadline) -> None:
    boot(site, records, machine.id, deadline)


def _stop(site: Site, records: Records, machine: Machine, deadline: Deadline) -> None:
    records.put(replace(machine, asked="stop"))
    jobs.spawn(site, "stop", machine.id, site.node(machine.id), deadline)


def _restart(site: Site, records: Records, machine: Machine, deadline: Deadline) -> None:
    records.put(replace(machine, asked="restart"))
    jobs.spawn(site, "restart", machine.id, site.node(machine.id), deadline)


def _freeze(site: Site, records: Records, machine: Machine, deadline: Deadline) -> None:
    machines.freeze(site, machine, deadline)


def _thaw(site: Site, records: Records, machine: Machine, deadline: Deadline) -> None:
    machines.thaw(site, machine, deadline)


def _nothing(site: Site, records: Records, machine: Machine, deadline: Deadline) -> None:
    """It is so already."""


Change: TypeAlias = Callable[[Site, Records, Machine, Deadline], None]

# (what is asked for, the state it is in) -> how. What is not here is a Conflict.
CHANGES: Mapping[tuple[Action, State], Change] = {
    (Action.START, State.STOPPED): _start,
    (Action.START, State.SUSPENDED): _thaw,
    (Action.START, State.ACTIVE): _nothing,
    (Action.STOP, State.ACTIVE): _stop,
    (Action.STOP, State.STOPPED): _nothing,
    (Action.RESTART, State.ACTIVE): _restart,
    (Action.SUSPEND, State.ACTIVE): _freeze,
    (Action.SUSPEND, State.SUSPENDED): _nothing,
    (Action.RESUME, State.SUSPENDED): _thaw,
    (Action.RESUME, State.ACTIVE): _nothing,
}


def act(site: Site, id: str, action: Action, deadline: Deadline) -> None:
    """Change its state by the table CHANGES. NotFound when it is gone."""
    records = Records(site.home)
    records.get(Machine, id)
    with locked(site.node(id), deadline):
        machine = records.get(Machine, id)
        found = state(site, machine, deadline)
        if (action, found) not in CHANGES:
            raise Conflict(f"machine {id} is {found}: it cannot {action} now")
        CHANGES[action, found](site, records, machine, deadline)


def end(site: Site, id: str, deadline: Deadline) -> None:
    """It runs no more and has no disk. Its record is there still: until that goes this can be asked for again."""
    records = Records(site.home)
    folder = site.node(id)
    with contextlib.suppress(FileNotFoundError):  # it is gone, or going: another gives it back at the same time
        jobs.end(folder)
        with locked(folder, deadline):
            if records.there(Kind.MACHINE, id):
                machine = records.get(Machine, id)
                machines.kill(site, machine, deadline)
                machines.remove(site, machine, deadline)
