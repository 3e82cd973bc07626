"""The volumes of a machine: attached by whoever looks at it once it runs, because the base API has no way to make a
machine with them. It is on its way until it has them all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from providers import devices
from providers.errors import ProviderError
from providers.libcloud import names, shape
from providers.libcloud.account import Session
from providers.libcloud.looking import Seen, look
from providers.libcloud.machines import ATTACHED
from providers.libcloud.options import seen_as
from providers.libcloud.volumes import Volumes, state_of
from providers.protocol import Kind, State

DEVICES = "fghijklmnop"
NOT_YET = frozenset({"available", "attaching"})
"""A volume that the cloud took to attach has come when it is no longer so. Drivers without states are believed."""


def finished(session: Session, machines: Sequence[Seen]) -> list[Seen]:
    """The same, with what is due begun. One list of volumes for all of them; none where nothing is due."""
    shown = [_shown(session, each) for each in machines]
    if not any(_due(each) for each in shown):
        return shown
    volumes = {each.resource.id: each for each in look(session, Volumes())}
    return [_finished(session, each, volumes) if _due(each) else each for each in shown]


def _shown(session: Session, machine: Seen) -> Seen:
    """With what it sees its volumes as."""
    wanted = machine.row.facts.get("volumes", ()) if machine.row else ()
    if not wanted:
        return machine
    called = {row.id: names.marked(row.name, row.token) for row in session.account.ledger.of(Kind.VOLUME)}
    patterns = session.account.options.devices
    found = {id: seen_as(patterns, id, called[id]) for id in wanted if id in called}
    return _as(machine, machine.resource.state, devices.told(found))


def _due(machine: Seen) -> bool:
    facts = machine.row.facts if machine.row else {}
    return machine.resource.state is State.ACTIVE and bool(facts.get("volumes")) and facts.get(ATTACHED) != "all"


def _finished(session: Session, machine: Seen, volumes: Mapping[str, Seen]) -> Seen:
    """One thread a machine; to the others it is on its way. What cannot be attached is this machine's failure, and not
    that of a list it is in."""
    try:
        with session.account.turns.held(f"volumes of machine {machine.resource.id}", 0.0):
            whole = _attach(session, machine, volumes)
    except ProviderError as error:
        return _as(machine, State.PENDING if error.retryable else State.ERROR, {"error": error.message})
    return machine if whole else _as(machine, State.PENDING, {})


def _attach(session: Session, machine: Seen, volumes: Mapping[str, Seen]) -> bool:
    """Whether it has them all."""
    row = machine.row
    if row is None:
        return True
    taken = list(row.facts.get(ATTACHED, ()))
    for id in row.facts["volumes"]:
        if id in volumes and id not in taken:
            session.tell("attach_volume", machine.own, volumes[id].own, *_device(session, len(taken)))
            taken.append(id)
            session.account.ledger.facts(Kind.MACHINE, row.token, {**row.facts, ATTACHED: taken})
            return False
    whole = not any(id in volumes and state_of(volumes[id].own) in NOT_YET for id in taken)
    if whole:
        session.account.ledger.facts(Kind.MACHINE, row.token, {**row.facts, ATTACHED: "all"})
    return whole


def _device(session: Session, number: int) -> tuple[str, ...]:
    """The name that some clouds want to be told: EC2 recommends those from f to p."""
    return (f"/dev/sd{DEVICES[number]}",) if shape.must(session.shape, "attach_volume", "device") else ()


def _as(machine: Seen, state: State, said: Mapping[str, str]) -> Seen:
    resource = machine.resource
    return replace(machine, resource=replace(resource, state=state, facts={**resource.facts, **said}))
