"""A service's plan, journal and results -> what it should have at its providers, and in what state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from broker.reconcile.values import ACCOUNT, INSTALLATION, SERVICE, Desired, Wanted
from broker.store import Service
from broker.store.journal import Entry
from manifests import SIZES, Plan, Step, as_resized, node_of
from providers.protocol import Kind, State

Made = Mapping[str, Mapping[str, Any] | None]

BROUGHT: Mapping[str, State] = {
    "start": State.ACTIVE,
    "restart": State.ACTIVE,
    "resume": State.ACTIVE,
    "stop": State.STOPPED,
    "suspend": State.SUSPENDED,
}
"""The state each verb that was done last brought its machine to."""


def desired_of(installation: str, service: Service, deploy: Plan, made: Made, entries: Mapping[str, Entry]) -> Desired:
    """Each thing that was made and not given back: a machine in the state and of the size it was last brought to."""
    things = {}
    for step in deploy.steps:
        result = made.get(step.id)
        if step.verb in ("create", "adopt") and result and result.get("id"):
            shared = {INSTALLATION: installation, ACCOUNT: service.account, SERVICE: service.id}
            things[step.id] = _wanted(step, result, shared, entries)
    return Desired(service.id, service.desired, things, service.updated)


def _wanted(step: Step, result: Mapping[str, Any], shared: Mapping[str, str], entries: Mapping[str, Entry]) -> Wanted:
    kind, provider, id = Kind(step.subject.partition("/")[0]), str(step.provider), str(result["id"])
    tags = _tags(step, shared, entries) if step.verb == "create" else {}
    if kind is not Kind.MACHINE:
        return Wanted(provider, kind, id, tags=tags)
    prefix = step.id.removesuffix("machine")
    return Wanted(provider, kind, id, brought_to(prefix, entries), sized(prefix, result, entries), tags)


def _tags(step: Step, shared: Mapping[str, str], entries: Mapping[str, Entry]) -> Mapping[str, str]:
    """Those it was made with (`broker.verbs.job`), or those that were accepted since and not put back."""
    since = list(_since(step.id, (f"{step.id}.accept", f"{step.id}.retag"), entries))
    if since and since[-1].step.endswith(".accept"):
        return {str(name): str(value) for name, value in dict((since[-1].result or {})["tags"]).items()}
    known = {**shared, "accords-step": step.id}
    if step.id in entries:
        known["accords-token"] = entries[step.id].token
    return {**known, "accords-node": node_of(step.id)} if node_of(step.id) else known


def brought_to(prefix: str, entries: Mapping[str, Entry]) -> State:
    """The state of the last change that was done with a node since it was made, or that was accepted; active when there
    was none."""
    state = State.ACTIVE
    for entry in _changes(prefix, ("accept", *BROUGHT), entries):
        verb = entry.step.removeprefix(prefix)
        state = BROUGHT[verb] if verb in BROUGHT else State((entry.result or {}).get("state", state))
    return state


def sized(prefix: str, result: Mapping[str, Any], entries: Mapping[str, Entry]) -> Mapping[str, str | int]:
    """The facts of a machine's size as it was made, resized, or accepted, whichever came last."""
    facts = dict(result)
    for entry in _changes(prefix, ("accept", "resize"), entries):
        facts |= entry.result or {}
    return {name: facts[name] for name in SIZES if name != "disk" and facts.get(name) not in (None, "")}


def as_it_is(deploy: Plan, entries: Mapping[str, Entry]) -> Plan:
    """The deploy plan with each machine of the size that it was last given or that was accepted: so it is made anew, so
    it is brought back, and so it is shown."""
    given: dict[str, dict[str, Any]] = {}
    changed = (entry for entry in entries.values() if entry.step.endswith(_SIZING))
    for entry in sorted(changed, key=lambda entry: entry.ended or 0):
        machine = f"{entry.step.rpartition('.')[0]}.machine"
        known = {name: value for name, value in (entry.result or {}).items() if name in SIZES}
        if entry.state == "done" and known:
            given.setdefault(machine, {}).update(known)
    return as_resized(deploy, given)


_SIZING = (".accept", ".resize")


def _changes(prefix: str, verbs: Iterable[str], entries: Mapping[str, Entry]) -> Iterator[Entry]:
    """What was done with a node's machine since that was made, oldest first."""
    yield from _since(f"{prefix}machine", [prefix + verb for verb in verbs], entries)


def _since(maker: str, steps: Iterable[str], entries: Mapping[str, Entry]) -> Iterator[Entry]:
    """Which of these steps were done since that one made its thing, oldest first."""
    made = (entries[maker].ended or 0) if maker in entries else 0
    done = [entries[step] for step in steps if step in entries]
    since = [entry for entry in done if entry.state == "done" and (entry.ended or 0) >= made]
    yield from sorted(since, key=lambda entry: entry.ended or 0)
