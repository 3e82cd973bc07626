"""Machines: libcloud's nodes. There is no way to ask for one of them alone, so each look is a list of all.

A change of state that was asked for is PENDING until the cloud shows it, for a while: many show the old state at first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from providers.errors import Conflict, Refused
from providers.libcloud import images, keys, shape
from providers.libcloud.account import WANTED, Account, Session
from providers.libcloud.ledger import Row
from providers.libcloud.looking import Seen, Thing, metadata_of, one
from providers.libcloud.volumes import Volumes
from providers.protocol import Ability, Action, Kind, MachineSpec, State
from providers.rules import refusal

STATES: Mapping[str, State] = {
    "running": State.ACTIVE,
    "normal": State.ACTIVE,
    "stopped": State.STOPPED,
    "suspended": State.SUSPENDED,
    "paused": State.SUSPENDED,
    "error": State.ERROR,
}
"""By libcloud's NodeState; what is not here is on its way."""
GONE = "terminated"
ATTACHED = "attached"
"""What is remembered beside a machine's `volumes`: those that the cloud took to attach."""
# what is asked for -> state -> what does it (another action), None where it is so already. Else it is a Conflict.
CHANGES: Mapping[Action, Mapping[State, Action | None]] = {
    Action.START: {State.STOPPED: Action.START, State.SUSPENDED: Action.RESUME, State.ACTIVE: None},
    Action.STOP: {State.ACTIVE: Action.STOP, State.STOPPED: None},
    Action.RESTART: {State.ACTIVE: Action.RESTART},
    Action.SUSPEND: {State.ACTIVE: Action.SUSPEND, State.SUSPENDED: None},
    Action.RESUME: {State.SUSPENDED: Action.RESUME, State.ACTIVE: None},
}
COMES_TO: Mapping[Action, State] = {
    Action.START: State.ACTIVE,
    Action.STOP: State.STOPPED,
    Action.SUSPEND: State.SUSPENDED,
    Action.RESUME: State.ACTIVE,
}
"""A restart comes to the state that it begins with: the cloud says itself how far it is."""


class Machines:
    kind = Kind.MACHINE

    def things(self, session: Session) -> Sequence[Thing]:
        nodes = session.ask("list_nodes")
        return [_thing(session.account, each) for each in nodes if str(each.state) != GONE]

    def kept(self, spec: MachineSpec) -> Mapping[str, str | Sequence[str]]:
        found: dict[str, str | Sequence[str]] = {"networks": spec.networks, "size": spec.size or ""}
        return {**found, "volumes": [each.volume for each in spec.volumes], ATTACHED: []}

    def make(self, session: Session, spec: MachineSpec, name: str, row: Row) -> str:
        node = session.ask("create_node", **_asked(session, spec, name, row))
        return str(node.id)

    def remove(self, session: Session, seen: Seen) -> None:
        session.account.wanted.pop(seen.resource.id, None)
        session.tell("destroy_node", seen.own)


def act(session: Session, id: str, action: Action) -> None:
    """Tell it, where it is not so already."""
    seen = one(session, Machines(), id)
    method = _method(session, action)
    state = seen.resource.state
    if state not in CHANGES[action]:
        raise Conflict(f"machine {id} is {state}: it cannot {action} now")
    if does := CHANGES[action][state]:
        session.tell(method if does is action else _method(session, does), seen.own)
        if comes := COMES_TO.get(does):
            session.account.wanted[id] = (comes, session.account.now() + WANTED)


def _method(session: Session, action: Action) -> str:
    """Refused where this cloud's driver has none."""
    found = shape.method(session.shape, shape.ACTIONS[action])
    if found is None:
        raise Refused(f"libcloud cannot {action} machines of this cloud; choose another provider")
    return found


def _thing(account: Account, node: Any) -> Thing:
    extra = node.extra or {}
    addresses = _addresses(node)
    return Thing(str(node.id), str(node.name), _state(account, node), node, addresses, _facts(node), metadata_of(extra))


def _state(account: Account, node: Any) -> State:
    """PENDING as long as it is not what it was told to become, or the cloud says that something is being done."""
    state = STATES.get(str(node.state), State.PENDING)
    if state is State.ERROR:
        return state
    wanted, until = account.wanted.get(str(node.id), (state, 0.0))
    if wanted is state or account.now() > until:
        account.wanted.pop(str(node.id), None)
        wanted = state
    return state if wanted is state and not (node.extra or {}).get("task_state") else State.PENDING


def _addresses(node: Any) -> tuple[str, ...]:
    """First those that its siblings reach it at; of each the old version first."""
    every = [*(node.private_ips or ()), *(node.public_ips or ())]
    return tuple(sorted(map(str, filter(None, every)), key=_version))


def _version(address: str) -> int:
    try:
        return ip_address(address).version
    except ValueError:  # a name
        return 9


def _facts(node: Any) -> Mapping[str, str | int]:
    """What many drivers show."""
    found = {"size": getattr(node.size, "name", None), "image": getattr(node.image, "id", None)}
    return {key: str(value) for key, value in found.items() if value}


def _asked(session: Session, spec: MachineSpec, name: str, row: Row) -> dict[str, object]:
    """The arguments of create_node: those of the base API, and those that this driver has words for."""
    _refuse(session, spec)
    place = session.location()
    words: Sequence[tuple[Sequence[str], object]] = (
        (shape.LOCATION, place),
        (shape.ZONE, session.account.options.zone if place is None else None),
        (shape.USER_DATA, spec.user_data or None),
        (shape.METADATA, dict(row.tags)),
        (shape.HOSTNAME, spec.hostname),
        (shape.TOKEN, row.token),
    )
    found = {shape.word(session.shape, "create_node", names): value for names, value in words if value is not None}
    known = {word: value for word, value in found.items() if word is not None}
    key = keys.arguments(session, spec.key) if spec.key else {}
    size, image = session.named("list_sizes", str(spec.size)), images.one(session, spec.image)
    return {"name": name, "size": size, "image": image, **known, **key}


def _refuse(session: Session, spec: MachineSpec) -> None:
    """What could not be kept, before anything is made."""
    if spec.firewall is not None:
        raise refusal(Ability.FIREWALLS)
    if spec.user_data and shape.word(session.shape, "create_node", shape.USER_DATA) is None:
        raise Refused("libcloud hands no user-data to machines of this cloud; choose another provider")
    there = {row.id for row in session.account.ledger.of(Kind.NETWORK)}
    if missing := [each for each in spec.networks if each not in there]:
        raise Refused(f"there is no network {', '.join(missing)}; make it first")
    for each in spec.volumes:
        one(session, Volumes(), each.volume)
