"""A snapshot is a copy of a machine's own layer, which later machines stand on: an image of this site's."""

from __future__ import annotations

import shutil
from dataclasses import replace

from providers.errors import Conflict, NotFound, ProviderError
from providers.local import jobs, machines, whole
from providers.local.folders import discard
from providers.local.locks import locked
from providers.local.programs import Deadline, run
from providers.local.records import Records
from providers.local.site import Site
from providers.local.things import Machine, Snapshot
from providers.protocol import Kind, State

FROZEN = "frozen"  # a file that says who froze the machine, to a job that takes over from a dead one
COPYING = 3600.0  # seconds a copy may take


def check(machine: Machine) -> None:
    """Conflict while there is nothing to copy."""
    if not machine.booted:
        raise Conflict(f"machine {machine.id} has not started yet; save it when it has", thing=f"machine/{machine.id}")


def advance(site: Site, snapshot: Snapshot, deadline: Deadline) -> None:
    """Begin, or begin again, what is not done."""
    if not snapshot.done and not snapshot.error:
        jobs.spawn(site, "save", snapshot.id, site.snapshot(snapshot.id), deadline)


def save(site: Site, id: str) -> None:
    """A job: copy the layer while nothing in the node runs, so that the copy is of one moment."""
    records = Records(site.home)
    with jobs.only(site.snapshot(id)) as alone:
        if not alone:
            return
        try:
            _save(site, records, records.get(Snapshot, id))
        except NotFound:
            return  # given back meanwhile
        except ProviderError as error:
            records.put(replace(records.get(Snapshot, id), error=error.message))


def _save(site: Site, records: Records, snapshot: Snapshot) -> None:
    """A layer that is there is whole: whoever copied it died before the record said so."""
    if not (site.snapshot(snapshot.id) / "layer").is_dir():
        _copy(site, snapshot, records.get(Machine, snapshot.spec.machine), Deadline(COPYING))
    records.put(replace(snapshot, done=True))


def _copy(site: Site, snapshot: Snapshot, machine: Machine, deadline: Deadline) -> None:
    folder = site.snapshot(snapshot.id)
    part = whole.part(folder / "layer")
    with locked(site.node(machine.id), deadline):
        if machines.observe(site, machine, deadline) is State.ACTIVE:
            (folder / FROZEN).touch()
            machines.freeze(site, machine, deadline)
        try:
            shutil.rmtree(part, ignore_errors=True)
            # not shutil.copytree: what a layer hides are device nodes, and what it replaces has extended attributes
            run(["cp", "-a", "--reflink=auto", site.node(machine.id) / "disk/upper", part], deadline)
        finally:
            _thaw(site, snapshot, machine, deadline)
    part.replace(folder / "layer")


def remove(site: Site, snapshot: Snapshot, deadline: Deadline) -> None:
    """Also when it is not done: then its machine goes on."""
    folder = site.snapshot(snapshot.id)
    jobs.end(folder)
    records = Records(site.home)
    if records.there(Kind.MACHINE, snapshot.spec.machine):
        _thaw(site, snapshot, records.get(Machine, snapshot.spec.machine), deadline)
    discard(folder)


def _thaw(site: Site, snapshot: Snapshot, machine: Machine, deadline: Deadline) -> None:
    """Only when a job for this snapshot froze it."""
    frozen = site.snapshot(snapshot.id) / FROZEN
    if frozen.exists():
        machines.thaw(site, machine, deadline)
        frozen.unlink()
